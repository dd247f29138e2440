"""The commands with which a project learns from its decisions: embed, learn."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.job_progress import follow
from rsf_core.cli.output import escape, say
from rsf_core.domain.words import fixed, in_percent, plural
from rsf_core.project.client import connect


def embed(folder: Folder, as_json: Json = False) -> None:
    """Compute missing features of candidates, which a scorer learned from your decisions uses."""
    with connect(folder, "rsf embed") as connection:
        connection.call("embed")
        follow(connection, as_json)
        counts = connection.call("features")
    say(
        counts,
        as_json,
        lambda: f"[green]✓[/] {counts['embedded']:,} of {counts['candidates']:,} candidates have features",
    )


def learn(
    folder: Folder,
    show: Annotated[bool, typer.Option("--show", help="Only show what was learned so far.")] = False,
    as_json: Json = False,
) -> None:
    """Learn a scorer from people's individual decisions, and report how good it is on prompts that it has not seen."""
    with connect(folder, "rsf learn") as connection:
        report = connection.call("taste")
        if not show and not report["current"]:
            connection.call("learn", {"author": who()})
            follow(connection, as_json)
            report = connection.call("taste")
    say(report, as_json, lambda: taste_text(report))


def taste_text(taste: dict[str, Any]) -> str:
    """The newest learned version in a few lines, and the earlier ones in a line each."""
    decisions, versions = taste["decisions"], taste["versions"]
    text = f"{decisions['accepted']:,} accepted, {decisions['rejected']:,} rejected by people, one by one"
    if decisions["pairs"]:
        text += f"; {plural(decisions['pairs'], 'pair')} compared"
        text += f" ({plural(decisions['rankings'], 'ranking')} included)" if decisions["rankings"] else ""
    if not versions:
        return f"{text}: nothing was learned yet" + (
            f", it takes {decisions['lacking']}" if decisions["lacking"] else ""
        )
    newest, report = versions[0], versions[0]["report"]
    lines = [
        f"[green]✓[/] {escape(newest['scorer'])}: learned from {_learned_from(report)}",
        f"AUC {interval(report['auc'])}, precision {interval(report['precision'])} at a rate of {in_percent(report['rate'])}",
    ]
    for other in (report["best"], report["rule"]):
        if other is not None:
            way = " (the lower the better)" if other["falling"] else ""
            lines.append(
                f"{escape(other['name'])}{way}: AUC {interval(other['auc'])}, precision {interval(other['precision'])}; "
                f"it gains {interval(other['auc_gain'], '+')} and {interval(other['precision_gain'], '+')}"
            )
    lines += [
        f"where it says {in_percent(one['predicted'])}, people accept {in_percent(one['accepted']['value'])} "
        f"({in_percent(one['accepted']['low'])} to {in_percent(one['accepted']['high'])}) of {one['count']:,}"
        for one in report["calibration"]
    ]
    lines += map(escape, newest["says"])
    lines += [
        f"earlier: {escape(old['scorer'])}, from {_learned_from(old['report'])}, AUC {interval(old['report']['auc'])}"
        for old in versions[1:]
    ]
    return "\n".join(lines)


def _learned_from(report: dict[str, Any]) -> str:
    pairs = f" and {plural(report['pairs'], 'pair')}" if report["pairs"] else ""
    return plural(report["decisions"], "decision") + pairs


def interval(estimate: dict[str, Any], sign: str = "") -> str:
    """An estimate with its limits: 0.81 (0.74 to 0.86)."""
    value, low, high = (fixed(estimate[name], 2, bool(sign)) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
