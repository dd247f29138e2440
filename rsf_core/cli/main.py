"""The `rsf` command, a thin layer: every command is forwarded to the owner of the project, or run here if no other process has
it open. A command is a function in the module of its subject, and a line here: `rsf --help` lists them in this order."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated

import typer

from rsf_core.cli import (
    autopilot,
    comparing,
    exporting,
    gold,
    guides,
    importing,
    learning,
    people,
    projects,
    prompts,
    rounds,
    scorers,
    settings,
    tasks,
)
from rsf_core.cli.output import err, escape, out
from rsf_core.cli.root import Root, wants_json
from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import in_words
from rsf_core.domain.version import VERSION

app = typer.Typer(
    cls=Root,
    help="RSF Studio: rejection-sampling fine-tuning of language models with a person in the loop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_NEGATIVE_VALUES = {"ignore_unknown_options": True}  # rsf set DIR KEY -1

app.command()(projects.init)
app.command()(rounds.run)
app.command()(rounds.generate)
app.command()(rounds.score)
app.command()(rounds.freeze)
app.command()(rounds.finetune)
app.command()(comparing.evaluate)
app.command()(comparing.control)
app.command()(comparing.replicate)
app.command()(comparing.sealed)
app.command()(autopilot.autopilot)
app.command()(rounds.status)
app.command()(rounds.override)
app.command()(prompts.prompts)
app.command(name="import")(importing.import_file)
app.command(name="set", context_settings=_NEGATIVE_VALUES)(settings.set_value)
app.command()(settings.unset)
app.command()(settings.target)
app.command()(guides.guide)
app.command(name="gold")(gold.gold_items)
app.command()(projects.backup)
app.command()(projects.restore)
app.command()(exporting.export)
app.command(name="app")(projects.open_app)
app.command(name="projects")(projects.list_projects)
app.command()(learning.embed)
app.command()(learning.learn)
app.command(name="scorers")(scorers.list_scorers)
app.command()(scorers.trust)
app.command()(scorers.allow_key)
app.command()(people.invite)
app.command()(projects.doctor)
app.command()(tasks.task)
app.command(name="tasks")(tasks.list_tasks)


def main() -> None:
    """The entry point. An RsfError is meant for the person: one message, exit code 1, no traceback. Only this user can read
    the files that are written."""
    os.umask(0o077)
    try:
        with in_words():
            app(prog_name="rsf")
    except RsfError as error:
        if wants_json():
            print(json.dumps({"error": str(error), "kind": type(error).__name__}))
        else:
            err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, markup=True, soft_wrap=True)
        sys.exit(1)


def _version(show: bool) -> None:
    if show:
        out.print(VERSION)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
