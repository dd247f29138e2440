"""The `rsf` command. A thin layer: every command is forwarded to the owner of the project, or run here when nobody else
has it open."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from rsf_core.acceptance.target import compounding
from rsf_core.cli.terminal import (
    ProgressLine,
    comparison_table,
    doctor_table,
    invitation_text,
    links_table,
    projects_table,
    prompts_table,
    replicate_line,
    replicates_table,
    sealed_text,
    status_panel,
    target_text,
    until_line,
)
from rsf_core.domain import Action, Control, Split, access, settings_file
from rsf_core.domain import trust as consent
from rsf_core.domain.errors import AccessError, ExportError, JobError, PromptError, RsfError, SettingsError, StageError
from rsf_core.domain.settings import Generate, Target
from rsf_core.domain.settings_file import model_name
from rsf_core.domain.version import VERSION
from rsf_core.domain.words import plural, seconds
from rsf_core.project import replicating, task_folders
from rsf_core.project.client import Connection, connect
from rsf_core.project.commands import plain
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.project.invites import DAYS
from rsf_core.prompts import tasks
from rsf_core.rounds import replicates
from rsf_core.rounds.drive import last_round
from rsf_core.scorers import own, registry
from rsf_core.store.records import Fit

app = typer.Typer(
    help="RSF Studio: rejection-sampling fine-tuning of language models with a person in the loop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The project folder.")]
Key = Annotated[str, typer.Argument(help="A setting, e.g. generate.candidates: docs/REFERENCE.md lists them.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
out = Console()
err = Console(stderr=True)
POLL_SECONDS = 0.3
NEXT_SECONDS = 600.0  # from the end of a job to the start of the next: a million decisions lie between


def main() -> None:
    """The entry point. An RsfError is for the person: one message, exit code 1, no traceback. What is written is for this
    user alone."""
    os.umask(0o077)
    try:
        app()
    except RsfError as error:
        if "--json" in sys.argv:
            print(json.dumps({"error": str(error), "kind": type(error).__name__}))
        else:
            err.print(f"[bold red]error[/] {escape(str(error))}", highlight=False, markup=True, soft_wrap=True)
        sys.exit(1)


@app.command()
def init(
    folder: Folder,
    task: Annotated[str, typer.Option(help="A bundled task, or a folder with task.toml and prompts.jsonl.")],
    model: Annotated[
        str | None, typer.Option(help="A Hugging Face id or folder; the embedded model by default.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Fixes every random choice of the project.")] = None,
    as_json: Json = False,
) -> None:
    """Make a project in DIR from a task."""
    from rsf_core.project import Project

    with Project.create(folder, task, model, what="rsf init", seed=seed) as project:
        counts = project.store.prompt_counts()
        answer = {"folder": str(project.folder), "task": project.settings.task, "prompts": plain(counts)}
    _say(
        answer,
        as_json,
        lambda: (
            f"[green]✓[/] {escape(str(folder))}: {', '.join(f'{n} {s}' for s, n in answer['prompts'].items())} prompts. "
            f"Next: [bold]rsf run {escape(str(folder))}[/]"
        ),
    )


@app.command()
def run(
    folder: Folder,
    rounds: Annotated[int, typer.Option(min=1, help="How many rounds to complete.")] = 1,
    control: Annotated[bool, typer.Option("--control", help="Train the random control of each round as well.")] = False,
    constraints: Annotated[
        bool,
        typer.Option(
            "--constraints-control",
            help="And that of the constraints alone, where they leave a choice; both may be given.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run whole rounds: generate, score, accept, freeze, fine-tune, evaluate."""
    with connect(folder, "rsf run") as connection:
        last = last_round(connection.call("status")["round"], rounds, connection.call("round_complete"))
        while connection.call("status")["round"] < last or not connection.call("round_complete"):
            connection.call("advance", {"author": _who()})
            _follow(connection, as_json)
            for kind in [*([Control.RANDOM] if control else []), *([Control.CONSTRAINTS] if constraints else [])]:
                if connection.call("round_complete") and not connection.call("has_control", {"control": kind}):
                    asked = {"author": _who(), "round_number": None, "control": kind}
                    connection.call("train_control", asked)
                    _follow(connection, as_json)
        found = connection.call("comparisons")
    _say(
        {"comparisons": found},
        as_json,
        lambda: comparison_table(found) if found else "Complete, but not compared: there are no held-out prompts",
    )


@app.command()
def generate(
    folder: Folder,
    starving: Annotated[
        bool, typer.Option("--starving", help="Draw more for the prompts of which nothing is accepted.")
    ] = False,
    until_accepted: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Draw and score, some prompts at a time, until N more are accepted."),
    ] = None,
    most: Annotated[int | None, typer.Option(min=1, help="With it: for so many prompts at most; else for all.")] = None,
    log_m: Annotated[
        float | None, typer.Option(help="With it: log M in nats, fixed before; else the M in force.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the candidates of the newest round."""
    if until_accepted is None:
        if most is not None or log_m is not None:
            raise StageError("--most and --log-m go with --until-accepted N")
        _stage(folder, "generate", as_json, {"starving": starving})
        return
    if starving:
        raise StageError("--starving and --until-accepted are two ways to draw: say one of them")
    with connect(folder, "rsf generate") as connection:
        asked = {"wanted": until_accepted, "most": most, "log_m": log_m, "author": _who()}
        connection.call("draw_until", asked)
        while True:
            _follow(connection, as_json)
            found = connection.call("drawn_until")
            if not as_json:
                err.print(until_line(found), highlight=False)
            if found["end"] is not None:
                break
            _await_next(connection, lambda: connection.call("drawn_until")["end"] is not None)
    _say(found, as_json, lambda: f"[green]✓[/] {found['end']}")


@app.command()
def score(
    folder: Folder,
    again: Annotated[
        bool, typer.Option("--again", help="Ask again for candidates that a scorer was found to have no score for.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Score the candidates and derive the decisions."""
    _stage(folder, "score", as_json, {"again": again})


@app.command()
def freeze(folder: Folder, as_json: Json = False) -> None:
    """Freeze the effective decisions into a curated set."""
    with connect(folder, "rsf freeze") as connection:
        found = connection.call("freeze", {"author": _who()})
    summary = found["summary"]
    _say(
        found,
        as_json,
        lambda: (
            f"[green]✓[/] curated set {found['curated_id']}: {plural(summary['samples'], 'sample')} of "
            f"{summary['accepted']} accepted, from {plural(summary['prompts'], 'prompt')} ({found['content_hash'][:12]})"
        ),
    )


@app.command()
def finetune(folder: Folder, as_json: Json = False) -> None:
    """Fine-tune the proposal on the newest curated set."""
    _stage(folder, "finetune", as_json)


@app.command()
def evaluate(folder: Folder, as_json: Json = False) -> None:
    """Compare the models on the held-out prompts."""
    with connect(folder, "rsf evaluate") as connection:
        connection.call("evaluate")
        _follow(connection, as_json)
        found = connection.call("comparisons")
    _say({"comparisons": found}, as_json, lambda: comparison_table(found))


@app.command()
def control(
    folder: Folder,
    round_number: Annotated[int | None, typer.Option("--round", help="Of which round; the newest by default.")] = None,
    kind: Annotated[
        Control,
        typer.Option(help="random: among all that was drawn; constraints: among what passes the constraints alone."),
    ] = Control.RANDOM,
    as_json: Json = False,
) -> None:
    """Fine-tune on a random selection of the same size: what selection gained over it."""
    with connect(folder, "rsf control") as connection:
        connection.call("train_control", {"author": _who(), "round_number": round_number, "control": kind})
        _follow(connection, as_json)
        found = connection.call("comparisons")
    _say({"comparisons": found}, as_json, lambda: comparison_table(found))


@app.command()
def replicate(
    folder: Folder,
    seeds: Annotated[int, typer.Option(min=1, help="How many runs of the procedure, each with a seed of its own.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="How many rounds each.")] = 1,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Where the runs and their results lie; DIR/replicates by default.")
    ] = None,
    delete_models: Annotated[
        bool,
        typer.Option(
            "--delete-models", help="Delete a run's tuned models once its results are written: they are large."
        ),
    ] = False,
    open_sealed: Annotated[
        bool,
        typer.Option(
            "--sealed", help="Open each run's sealed prompts at its end. Who sees the figures has looked at them."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the procedure of DIR again with other seeds, in projects of their own: what another run of it would gain. What is
    complete is not run again, and DIR itself stays as it is."""
    found = []
    begins = partial(_begin_replicate, seeds, as_json)
    for one in replicating.replicate(
        folder,
        seeds,
        rounds,
        _who(),
        lambda connection: _follow(connection, as_json),
        out=out_folder,
        delete_models=delete_models,
        open_sealed=open_sealed,
        begins=begins,
    ):
        found.append(one)
        if not as_json:
            err.print(f"[green]✓[/] {replicate_line(one)}")
    told = replicates.procedure(found)
    _say({"replicates": found, "procedure": told}, as_json, lambda: replicates_table(found, told))


@app.command()
def sealed(
    folder: Folder,
    open_them: Annotated[
        bool, typer.Option("--open", help="Open them, once: compare the model that is chosen, and say so for ever.")
    ] = False,
    model_id: Annotated[
        str | None, typer.Option("--model", help="For which model; by default the one that would draw the next round.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The sealed prompts, which nothing is drawn for before a person opens them: the figure to publish."""
    with connect(folder, "rsf sealed") as connection:
        if open_them:
            connection.call("open_sealed", {"author": _who(), "model_id": model_id})
            _follow(connection, as_json)
        found = connection.call("sealed")
    _say(found, as_json, lambda: sealed_text(found))


def _begin_replicate(seeds: int, quiet: bool, number: int, seed: int, left: float | None) -> None:
    if not quiet:
        remaining = "" if left is None else f", about {seconds(left)} left for all"
        err.print(f"replicate [bold]{number}[/] of {seeds} (seed {seed}){remaining}", highlight=False)


@app.command()
def autopilot(
    folder: Folder,
    rounds: Annotated[int, typer.Option(help="How many rounds, the open one included.")] = 1,
    pause: Annotated[bool, typer.Option("--pause", help="Wait for a review before each fine-tuning.")] = False,
    control: Annotated[
        bool | None, typer.Option(help="Train the random control of each round as well; without it, as last time.")
    ] = None,
    constraints: Annotated[
        bool | None,
        typer.Option(
            "--constraints-control/--no-constraints-control",
            help="Train the control of the constraints alone as well; without it, as last time.",
        ),
    ] = None,
    go_on: Annotated[bool, typer.Option("--go-on", help="Go on after the review.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Go no further.")] = False,
    as_json: Json = False,
) -> None:
    """Let rounds run by themselves in the app that has the project open, with guardrails."""
    with connect(folder, "rsf autopilot") as connection:
        if stop or go_on:
            connection.call("autopilot_stop" if stop else "autopilot_go_on", {"author": _who()})
        else:
            for key, wanted in (("control", control), ("constraints_control", constraints)):
                if wanted is not None:
                    said = {"key": f"autopilot.{key}", "value": str(wanted).lower(), "author": _who()}
                    connection.call("set_value", said)
            connection.call("autopilot", {"rounds": rounds, "pause": pause, "author": _who()})
        _follow_flight(connection, as_json)
        found = connection.call("status")["autopilot"]
    _say(found, as_json, lambda: f"autopilot {found['state']}: {found['reason']}")


@app.command()
def status(folder: Folder, as_json: Json = False) -> None:
    """Where the newest round stands."""
    with connect(folder, "rsf status") as connection:
        found = connection.call("status") | {"active": connection.call("active_job")}
    _say(found, as_json, lambda: status_panel(found))


@app.command()
def override(
    folder: Folder,
    candidate: Annotated[str, typer.Argument(help="A candidate: round.prompt.k, e.g. 1.17.3.")],
    action: Annotated[Action, typer.Argument(help="What to do with it; auto goes back to the rule.")],
    as_json: Json = False,
) -> None:
    """Accept or reject a candidate by hand, or give it back to the rule."""
    arguments = {"candidate_id": candidate, "action": str(action), "reviewer": _who()}
    with connect(folder, "rsf override") as connection:
        connection.call("override", arguments)
    _say(arguments, as_json, lambda: f"[green]✓[/] {candidate}: {action} by {escape(_who())}")


class PromptAction(StrEnum):
    LIST = "list"
    EDIT = "edit"
    RETIRE = "retire"
    RESTORE = "restore"
    SEAL = "seal"


@app.command()
def prompts(
    folder: Folder,
    action: Annotated[PromptAction, typer.Argument(help="What to do.")] = PromptAction.LIST,
    prompt_ids: Annotated[list[int] | None, typer.Argument(metavar="[NO]...", help="Numbers of prompts.")] = None,
    text: Annotated[str | None, typer.Option(help="edit: the new text.")] = None,
    reference: Annotated[str | None, typer.Option(help='edit: the new reference; "" for none.')] = None,
    system: Annotated[str | None, typer.Option(help='edit: the new system prompt; "" for none.')] = None,
    search: Annotated[str, typer.Option(help="list: only those with this in text or reference.")] = "",
    split: Annotated[Split | None, typer.Option(help="list: only those of one side.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="list: only those that are retired.")] = False,
    fit: Annotated[Fit | None, typer.Option(help="list: only those the model takes, or does not.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="list: at most so many.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="list: after so many.")] = 0,
    as_json: Json = False,
) -> None:
    """List prompts, or edit, retire, put back (restore) and seal some. What was drawn for them stays as it is."""
    numbers = prompt_ids or []
    if action is PromptAction.LIST and not numbers:
        asked = {"split": split, "retired": retired, "text": search, "fit": fit, "limit": limit, "offset": offset}
        with connect(folder, "rsf prompts") as connection:
            found = connection.call("prompts", asked)
        _say(found, as_json, lambda: prompts_table(found))
        return
    if not numbers or (action in (PromptAction.LIST, PromptAction.EDIT) and len(numbers) > 1):
        wanted = "the number of one prompt" if action is PromptAction.EDIT else "the numbers of prompts"
        raise PromptError(f"name {wanted}: rsf prompts DIR {action} NO; rsf prompts DIR list shows them")
    with connect(folder, "rsf prompts") as connection:
        if action is PromptAction.LIST:
            found = connection.call(
                "prompts", {"split": None, "retired": None, "text": str(numbers[0]), "limit": 1, "offset": 0}
            )
            _say(found, as_json, lambda: prompts_table(found))
        elif action is PromptAction.EDIT:
            change = {"text": text, "reference": reference, "system": system}
            number = connection.call("edit_prompt", {"prompt_id": numbers[0], **change, "author": _who()})
            _say(
                {"prompt_id": number, "replaces": numbers[0]},
                as_json,
                lambda: f"[green]✓[/] prompt {number} replaces {numbers[0]}",
            )
        else:
            connection.call(f"{action}_prompts", {"prompt_ids": numbers, "author": _who()})
            done = {PromptAction.RETIRE: "retired", PromptAction.SEAL: "sealed"}.get(action, "put back")
            _say({"prompt_ids": numbers}, as_json, lambda: f"[green]✓[/] {done}: {', '.join(map(str, numbers))}")


@app.command(name="set", context_settings={"ignore_unknown_options": True})  # so that a value may be negative
def set_value(
    folder: Folder,
    key: Key,
    value: Annotated[str, typer.Argument(help="As in TOML; text may stand without quotes.")],
    as_json: Json = False,
) -> None:
    """Change a setting, e.g. `rsf set DIR generate.candidates 16`."""
    with connect(folder, "rsf set") as connection:
        named = model_name(value) if key == "model" else value
        found = connection.call("set_value", {"key": key, "value": named, "author": _who()})
    _say(found, as_json, lambda: f"[green]✓[/] {escape(key)} = {escape(value)}{_compounding(found, key)}")


def _compounding(settings: dict[str, Any], key: str) -> str:
    """What the temperature does to the target now, on a line of its own, where one of them was set."""
    target, sampling = Target.model_validate(settings["target"]), Generate.model_validate(settings["generate"])
    note = compounding(target, sampling) if key.startswith(("target.", "generate.")) else None
    return f"\n[yellow]![/] {escape(note)}" if note else ""


@app.command()
def unset(folder: Folder, key: Key, as_json: Json = False) -> None:
    """Go back to the default of a setting, e.g. `rsf unset DIR generate.candidates`."""
    with connect(folder, "rsf unset") as connection:
        found = connection.call("unset_value", {"key": key, "author": _who()})
    _say(found, as_json, lambda: f"[green]✓[/] {escape(key)}: the default{_compounding(found, key)}")


@app.command()
def target(
    folder: Folder,
    back: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Make version N the target again, as a new version.")
    ] = None,
    decide: Annotated[
        bool, typer.Option("--decide", help="With it: decide the newest round anew by it, scoring first what it lacks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The target, and every one before it. `rsf set DIR target.beta 0.5` changes one value."""
    if decide and back is None:
        raise StageError("--decide goes with --back N; `rsf score DIR` decides the newest round by the target of now")
    with connect(folder, "rsf target") as connection:
        if back is not None:
            connection.call("target_back", {"version": back, "decide": decide, "author": _who()})
            _follow(connection, as_json)
        found = connection.call("target")
    _say(found, as_json, lambda: target_text(found, folder))


@app.command()
def backup(
    folder: Folder,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="By default a new one in DIR/exports.")] = None,
    models: Annotated[bool, typer.Option("--models", help="The models' files too: they can be large.")] = False,
    as_json: Json = False,
) -> None:
    """Back up prompts, candidates, scores, decisions, results and settings to one file; also while the app is open. Models
    can be trained again from it, so their files are left out unless asked for."""
    with connect(folder, "rsf backup") as connection:
        found = connection.call("backup", {"file": None if file is None else str(file.absolute()), "models": models})
    rows = sum(found["tables"].values())
    _say(
        found,
        as_json,
        lambda: f"[green]✓[/] {escape(found['file'])}: {plural(rows, 'row')} in {len(found['tables'])} tables",
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file written by `rsf backup`.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the project.")],
    as_json: Json = False,
) -> None:
    """Make a project from a backup."""
    from rsf_core.store.backup import restore as restored

    manifest = restored(file.absolute(), folder.absolute())
    rows = sum(manifest.tables.values())
    missing = [name for name in manifest.models if not (folder / "models" / name).is_dir()]
    text = f"[green]✓[/] {escape(str(folder))}: {plural(rows, 'row')} in {len(manifest.tables)} tables."
    if missing:
        text += f" Without the files of {escape(', '.join(missing))}: train them again to draw from them"
    answer = {"folder": str(folder.absolute()), "tables": manifest.tables, "missing_models": missing}
    _say(answer, as_json, lambda: text)


@app.command()
def export(
    folder: Folder,
    what: Annotated[
        What,
        typer.Option(
            help="sft: a curated set; preference: accepted against rejected; labels: each with yes or no; all: every "
            "candidate with its numbers and who said what."
        ),
    ],
    kind: Annotated[
        Format, typer.Option("--format", help="datasets: a folder of Parquet files as the hub has it.")
    ] = Format.JSONL,
    shape: Annotated[
        Shape | None,
        typer.Option(
            help="chat: lists of messages; messages: one list (sft); plain: texts. By default chat; csv: plain."
        ),
    ] = None,
    round_number: Annotated[int | None, typer.Option("--round", help="Of which round; by default the newest.")] = None,
    curated_id: Annotated[
        str | None, typer.Option("--set", help="sft: which curated set; by default the newest.")
    ] = None,
    pairing: Annotated[
        Pairing, typer.Option(help="preference: the best with the worst by reward; at random; all with all.")
    ] = Pairing.REWARD,
    seed: Annotated[int, typer.Option(min=0, help="preference: of the pairing at random.")] = 0,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="A new folder for it; by default one in DIR/exports.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what was drawn and decided as files for other tools, with a card. The same set gives the same bytes."""
    asked = {"what": what, "format": kind, "shape": shape, "round_number": round_number, "curated_id": curated_id}
    asked |= {"pairing": pairing, "seed": seed}
    Request.parse(asked)  # what makes no sense is said before the project is opened
    with connect(folder, "rsf export") as connection:
        place = None if out_folder is None else str(out_folder.absolute())
        export_id = connection.call("export_start", {"asked": asked, "out": place})
        try:
            while (found := connection.call("export_state", {"export_id": export_id}))["made"] is None:
                if found["problem"] is not None:
                    raise ExportError(found["problem"])
                if not as_json:
                    err.print(found["message"], end="\r", highlight=False, soft_wrap=True)
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            connection.call("export_cancel", {"export_id": export_id})
            raise
    made = found["made"]
    _say(
        made,
        as_json,
        lambda: (
            f"[green]✓[/] {escape(made['folder'])}: {plural(made['rows'], 'row')} in "
            f"{escape(', '.join(name for name, _ in made['files'] if name != 'README.md'))}, with a card"
        ),
    )


@app.command(name="app")
def open_app(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The project to open.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on; others reach it with --access links only.")] = (
        "127.0.0.1"
    ),
    access: Annotated[str, typer.Option(help="local: open on this machine, without a step. links: by links alone.")] = (
        "local"
    ),
    url: Annotated[
        str | None,
        typer.Option(help="Where browsers reach it, if not there: a proxy, a tunnel; e.g. https://rsf.lab.org."),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Without DIR: the folder whose projects are listed; ./projects by default.")
    ] = None,
) -> None:
    """Open the app: without DIR on the list of projects (the first is made from the task positive_reviews), with DIR on that
    project alone (made on first use)."""
    from rsf_core.web import own
    from rsf_core.web.server import serve

    serve(folder, host, port, own.named(access), url, workspace)


@app.command(name="projects")
def list_projects(
    workspace: Annotated[
        Path, typer.Argument(metavar="[WORKSPACE]", help="The folder whose projects are listed.")
    ] = Path("projects"),
    as_json: Json = False,
) -> None:
    """The projects in a folder: task, model, round, gain, last change, size, and what runs."""
    from rsf_core.project.workspace import entries

    found = entries(workspace.absolute())
    _say({"projects": found}, as_json, lambda: projects_table(workspace, found))


@app.command(name="scorers")
def list_scorers(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A project: its own scorers too.")] = None,
    as_json: Json = False,
) -> None:
    """The scorers that a target may name, with what each measures."""
    found = registry.available()
    if folder is not None:
        settings_file.check_folder(folder)
        found |= {file.name: file.problem or file.description for file in own.files(folder)}
    _say(
        {"scorers": found},
        as_json,
        lambda: "\n".join(f"[bold]{name}[/] {escape(said)}" for name, said in found.items()),
    )


@app.command()
def trust(
    folder: Folder,
    revoke: Annotated[bool, typer.Option("--revoke", help="Its code may not run here any more.")] = False,
    as_json: Json = False,
) -> None:
    """Allow code of a project (its scorers/*.py) to run on this machine, in jobs, as you: read it first."""
    settings_file.check_folder(folder)
    (consent.distrust if revoke else consent.trust)(folder.absolute())
    names = [file.name for file in own.files(folder)]
    text = "may not run here any more" if revoke else f"may run here: {', '.join(names) or 'it has none so far'}"
    _say({"trusted": not revoke, "scorers": names}, as_json, lambda: f"Code of {escape(str(folder))} {escape(text)}")


@app.command()
def invite(
    folder: Folder,
    name: Annotated[str | None, typer.Argument(help="Whose link it is: what they say carries this name.")] = None,
    owner: Annotated[bool, typer.Option("--owner", help="They may do everything; else they look and review.")] = False,
    days: Annotated[int, typer.Option(help="How long the link is good.")] = DAYS,
    show: Annotated[bool, typer.Option("--list", help="Every link there has been.")] = False,
    revoke: Annotated[str | None, typer.Option(metavar="NAME|ID", help="End the links of a name, or one.")] = None,
    as_json: Json = False,
) -> None:
    """Make a link by which a person comes into the app (rsf app --access links); list or end links."""
    if (name is not None) + show + (revoke is not None) != 1:
        raise AccessError("say one of: a NAME to invite, --list, or --revoke NAME|ID")
    with connect(folder, "rsf invite") as connection:
        if name is not None:
            made = connection.call("invite", {"name": name, "owner": owner, "days": days, "author": _who()})
            print(json.dumps(made) if as_json else invitation_text(made, folder))  # not wrapped: it is copied
            return
        if revoke is not None:
            found = connection.call("revoke", {"name_or_id": revoke, "author": _who()})
        else:
            found = connection.call("links")
    _say(found, as_json, lambda: links_table(found))


@app.command()
def doctor(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A project to look at as well.")] = None,
    as_json: Json = False,
) -> None:
    """What is installed, writable and locked, and which model is there."""
    from rsf_core.project.doctor import examine

    checks = examine(folder)
    _say(plain(checks), as_json, lambda: doctor_table(checks))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


class TaskAction(StrEnum):
    NEW = "new"
    CHECK = "check"
    EXPORT = "export"


@app.command()
def task(
    action: Annotated[
        TaskAction, typer.Argument(help="Begin a task folder DIR, check one, or make one, OUT, of the project DIR.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The task folder; of export the project.")],
    into: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="Of export: a new folder for the task.")] = None,
    with_sealed: Annotated[bool, typer.Option("--sealed", help="Of export: the sealed prompts too.")] = False,
    as_json: Json = False,
) -> None:
    """A task as a folder of one's own: task.toml, prompts.jsonl, README.md. `rsf init DIR --task FOLDER` makes a project of
    it. `check` says everything that is wrong, with exit code 1 where no project can be made of it."""
    if (action is TaskAction.EXPORT) is (into is None):
        raise SettingsError(
            "`rsf task export PROJECT OUT` takes two folders, `rsf task new DIR` and `check DIR` take one"
        )
    if into is not None:
        with connect(folder, "rsf task export") as connection:
            asked = {"folder": str(into.absolute()), "sealed": with_sealed}
            found = [task_folders.Finding(**one) for one in connection.call("export_task", asked)]
    elif action is TaskAction.NEW:
        task_folders.new(folder)
        found = task_folders.check(folder)
    else:
        found = task_folders.check(folder)
    lines = [f"[{'red' if one.error else 'yellow'}]•[/] {escape(one.message)}" for one in found]
    where = escape(str(into or folder))
    ending = f"[green]✓[/] {where}" + ("" if found else ": nothing is wrong")
    broken = any(one.error for one in found)
    answer = {"folder": str(into or folder), "findings": plain(found)}
    _say(answer, as_json, lambda: "\n".join(lines if broken else [*lines, ending]))
    if broken:
        raise typer.Exit(1)


@app.command(name="tasks")
def list_tasks(as_json: Json = False) -> None:
    """The bundled tasks."""
    found = [{"name": name, "title": tasks.load(name).title} for name in tasks.names()]
    _say(found, as_json, lambda: "\n".join(f"[bold]{task['name']}[/]  {task['title']}" for task in found))


def _version(wanted: bool) -> None:
    if wanted:
        out.print(VERSION)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _stage(folder: Path, command: str, as_json: bool, arguments: dict[str, Any] | None = None) -> None:
    with connect(folder, f"rsf {command}") as connection:
        job_id = connection.call(command, arguments or {})
        _follow(connection, as_json)
        found = connection.call("status")
    _say(found | {"job_id": job_id}, as_json, lambda: status_panel(found))


def _follow(connection: Connection, quiet: bool) -> None:
    """Show the running jobs until all is quiet. Ctrl-C cancels them; raises JobError when one did not end well."""
    seen: set[str] = set()
    with ProgressLine(err, quiet) as line:
        try:
            while (active := connection.call("active_job")) is not None:
                seen.add(active["job_id"])
                line.show(active)
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            for job_id in seen:
                connection.call("cancel", {"job_id": job_id})
            err.print("cancelling; what is finished is kept. `rsf run` goes on from there")
            while connection.call("active_job") is not None:
                time.sleep(POLL_SECONDS)
            raise
    for job_id in sorted(seen):
        job = connection.call("job", {"job_id": job_id})
        if job["state"] != "done":
            raise JobError(job["outcome"])
        if job["message"] != "done":
            err.print(f"{job_id}: {job['message']}", markup=False)


def _follow_flight(connection: Connection, quiet: bool) -> None:
    """Follow the jobs of the autopilot until it waits or ends."""

    def flies() -> bool:
        return bool(connection.call("status")["autopilot"]["state"] == "flying")

    while True:
        _follow(connection, quiet)
        if not flies():
            return
        _await_next(connection, lambda: not flies())


def _await_next(connection: Connection, ended: Callable[[], bool]) -> None:
    """Wait for the job that follows the one that has ended, or until there is none to come. Raises JobError where neither
    is seen."""
    give_up = time.monotonic() + NEXT_SECONDS
    while connection.call("active_job") is None and not ended():
        if time.monotonic() > give_up:
            raise JobError(f"no job has followed for {NEXT_SECONDS:g} s: `rsf status` says where the round stands")
        time.sleep(POLL_SECONDS)


def _say(data: Any, as_json: bool, text: Callable[[], Any]) -> None:
    if as_json:
        print(json.dumps(plain(data), ensure_ascii=False))
    else:
        out.print(text())


def _who() -> str:
    """Who speaks. Raises AccessError where that is no name for a person."""
    return access.usual_name()
