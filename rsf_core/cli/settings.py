"""The commands of settings and of the target: set, unset, target."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rsf_core.acceptance.target import compounding
from rsf_core.cli.arguments import Folder, Json, Key, who
from rsf_core.cli.job_progress import follow
from rsf_core.cli.output import escape, say
from rsf_core.cli.terminal import target_text
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Generate, Target
from rsf_core.project import model_names
from rsf_core.project.client import connect


def set_value(
    folder: Folder,
    key: Key,
    value: Annotated[str, typer.Argument(help="As in TOML; text needs no quotes.")],
    as_json: Json = False,
) -> None:
    """Change a setting, e.g. `rsf set DIR generate.candidates 16`."""
    with connect(folder, "rsf set") as connection:
        settings = connection.call("set_value", {"key": key, "value": model_names.kept(key, value), "author": who()})
    say(settings, as_json, lambda: f"[green]✓[/] {escape(key)} = {escape(value)}{_compounding(settings, key)}")


def _compounding(settings: dict[str, Any], key: str) -> str:
    """On a line of its own, how the temperature and the target now compound, if `key` belongs to one of them."""
    target, sampling = Target.model_validate(settings["target"]), Generate.model_validate(settings["generate"])
    note = compounding(target, sampling) if key.startswith(("target.", "generate.")) else None
    return f"\n[yellow]![/] {escape(note)}" if note else ""


def unset(folder: Folder, key: Key, as_json: Json = False) -> None:
    """Reset a setting to its default, e.g. `rsf unset DIR generate.candidates`."""
    with connect(folder, "rsf unset") as connection:
        settings = connection.call("unset_value", {"key": key, "author": who()})
    say(settings, as_json, lambda: f"[green]✓[/] {escape(key)}: the default{_compounding(settings, key)}")


def target(
    folder: Folder,
    back: Annotated[int | None, typer.Option(min=1, metavar="N", help="Return to version N, as a new version.")] = None,
    decide: Annotated[
        bool,
        typer.Option("--decide", help="With --back: decide the newest round again, computing missing scores first."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the target and its earlier versions. `rsf set DIR target.beta 0.5` changes one value."""
    if decide and back is None:
        raise StageError("--decide goes with --back N; `rsf score DIR` decides the newest round by the current target")
    with connect(folder, "rsf target") as connection:
        if back is not None:
            connection.call("target_back", {"version": back, "decide": decide, "author": who()})
            follow(connection, as_json)
        report = connection.call("target")
    say(report, as_json, lambda: target_text(report, folder))
