"""The commands of whole projects: create, list, back up, restore, open in the app, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsf_core.cli.arguments import Folder, Json
from rsf_core.cli.output import escape, say
from rsf_core.cli.terminal import doctor_table, projects_table
from rsf_core.domain.words import plural
from rsf_core.project.client import connect
from rsf_core.project.commands import plain


def init(
    folder: Folder,
    task: Annotated[
        str,
        typer.Option(
            help="A bundled task, a folder with task.toml and prompts.jsonl, or blank for prompts of your own."
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="A Hugging Face id or folder; the embedded model by default.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random choice in the project.")] = None,
    as_json: Json = False,
) -> None:
    """Create a project in DIR from a task."""
    from rsf_core.models.library import folder_of
    from rsf_core.project import Project

    if model is not None:
        folder_of(model)  # a name on the hub is looked up only when something is drawn
    with Project.create(folder, task, model, what="rsf init", seed=seed) as project:
        counts = project.prompt_counts()
        answer = {"folder": str(project.folder), "task": project.settings.task, "prompts": plain(counts)}
    say(answer, as_json, lambda: _created_in_words(folder, answer["prompts"]))


def _created_in_words(folder: Path, prompts: dict[str, int]) -> str:
    """What was created, and the next command; a blank task has no prompts yet."""
    name = escape(str(folder))
    counts = ", ".join(f"{count} {side.replace('_', ' ')}" for side, count in prompts.items())
    if not counts:
        return f"[green]✓[/] {name}: no prompts yet. Next: [bold]rsf import {name} FILE[/]"
    return f"[green]✓[/] {name}: {counts} prompts. Next: [bold]rsf run {name}[/]"


def backup(
    folder: Folder,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file; by default a new one in DIR/exports.")
    ] = None,
    models: Annotated[bool, typer.Option("--models", help="Include the models' files, which can be large.")] = False,
    as_json: Json = False,
) -> None:
    """Back up prompts, candidates, scores, decisions, results and settings to one file; also while the app is open. Models
    can be trained again from it, so their files are included only on request."""
    with connect(folder, "rsf backup") as connection:
        report = connection.call("backup", {"file": None if file is None else str(file.absolute()), "models": models})
    rows = sum(report["tables"].values())
    say(
        report,
        as_json,
        lambda: f"[green]✓[/] {escape(report['file'])}: {plural(rows, 'row')} in {len(report['tables'])} tables",
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file written by `rsf backup`.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the project.")],
    as_json: Json = False,
) -> None:
    """Create a project from a backup."""
    from rsf_core.store.backup import restore as restored

    manifest = restored(file.absolute(), folder.absolute())
    rows = sum(manifest.tables.values())
    missing = [name for name in manifest.models if not (folder / "models" / name).is_dir()]
    text = f"[green]✓[/] {escape(str(folder))}: {plural(rows, 'row')} in {len(manifest.tables)} tables."
    if missing:
        text += f" Without the files of {escape(', '.join(missing))}: train them again to draw from them"
    answer = {"folder": str(folder.absolute()), "tables": manifest.tables, "missing_models": missing}
    say(answer, as_json, lambda: text)


def open_app(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The project to open.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on; others reach it with --access links only.")] = (
        "127.0.0.1"
    ),
    access: Annotated[
        str, typer.Option(help="local: only this machine, without a login. links: only people with a link.")
    ] = ("local"),
    url: Annotated[
        str | None,
        typer.Option(
            help="The address that browsers use, if it differs (a proxy or tunnel), e.g. https://rsf.lab.org."
        ),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Without DIR: the folder of the projects to list; ./projects by default.")
    ] = None,
) -> None:
    """Open the app: without DIR on the list of projects (the first is created from the task positive_reviews), with DIR on
    that project alone (created on first use)."""
    from rsf_core.web import own
    from rsf_core.web.server import serve

    serve(folder, host, port, own.parse_access(access), url, workspace)


def list_projects(
    workspace: Annotated[
        Path, typer.Argument(metavar="[WORKSPACE]", help="The folder of the projects to list.")
    ] = Path("projects"),
    as_json: Json = False,
) -> None:
    """List the projects in a folder: task, model, round, gain, last change, size, and running jobs."""
    from rsf_core.project.workspace import entries

    projects = entries(workspace.absolute())
    say({"projects": projects}, as_json, lambda: projects_table(workspace, projects))


def doctor(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Also check this project.")] = None,
    as_json: Json = False,
) -> None:
    """Check the installation: packages, folders, locks and the model."""
    from rsf_core.project.doctor import examine

    checks = examine(folder)
    say(plain(checks), as_json, lambda: doctor_table(checks))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
