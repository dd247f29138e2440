"""The commands of tasks: list the bundled ones, and start, check or export a task folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rsf_core.cli.arguments import Json
from rsf_core.cli.output import escape, say
from rsf_core.domain.errors import SettingsError
from rsf_core.project import task_folders
from rsf_core.project.client import connect
from rsf_core.project.commands import plain
from rsf_core.prompts import tasks


class TaskAction(StrEnum):
    NEW = "new"
    CHECK = "check"
    EXPORT = "export"


def task(
    action: Annotated[
        TaskAction,
        typer.Argument(help="Start a task folder DIR, check one, or export the project DIR to a new one, OUT."),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The task folder; for export, the project.")],
    into: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="For export: a new folder for the task.")] = None,
    with_sealed: Annotated[bool, typer.Option("--sealed", help="For export: include the sealed prompts.")] = False,
    as_json: Json = False,
) -> None:
    """A task as a folder: task.toml, prompts.jsonl, README.md. `rsf init DIR --task FOLDER` creates a project from it. `check`
    lists all problems, with exit code 1 if no project can be created from it."""
    if (action is TaskAction.EXPORT) is (into is None):
        raise SettingsError(
            "`rsf task export PROJECT OUT` takes two folders, `rsf task new DIR` and `check DIR` take one"
        )
    if into is not None:
        with connect(folder, "rsf task export") as connection:
            arguments = {"folder": str(into.absolute()), "sealed": with_sealed}
            findings = [task_folders.Finding(**one) for one in connection.call("export_task", arguments)]
    elif action is TaskAction.NEW:
        task_folders.new(folder)
        findings = task_folders.check(folder)
    else:
        findings = task_folders.check(folder)
    lines = [f"[{'red' if finding.error else 'yellow'}]•[/] {escape(finding.message)}" for finding in findings]
    where = escape(str(into or folder))
    ending = f"[green]✓[/] {where}" + ("" if findings else ": nothing is wrong")
    broken = any(finding.error for finding in findings)
    answer = {"folder": str(into or folder), "findings": plain(findings)}
    say(answer, as_json, lambda: "\n".join(lines if broken else [*lines, ending]))
    if broken:
        raise typer.Exit(1)


def list_tasks(as_json: Json = False) -> None:
    """The bundled tasks."""
    bundled = [{"name": name, "title": tasks.load(name).title} for name in tasks.names()]
    say(bundled, as_json, lambda: "\n".join(f"[bold]{task['name']}[/]  {task['title']}" for task in bundled))
