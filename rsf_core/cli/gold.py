"""`rsf gold`: candidates whose right decision is known, and how often reviewers make it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.output import escape, say
from rsf_core.domain.errors import StageError
from rsf_core.domain.words import in_percent, plural
from rsf_core.project.client import connect


def gold_items(
    folder: Folder,
    candidate: Annotated[
        str | None, typer.Argument(metavar="[CANDIDATE]", help="The candidate to mark, as round.prompt.k: 1.17.3")
    ] = None,
    decision: Annotated[str | None, typer.Argument(metavar="[accept|reject]", help="Its right decision.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the gold mark from CANDIDATE.")] = False,
    round_number: Annotated[
        int | None, typer.Option("--round", help="The round to report; the newest by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Gold items: mark a candidate whose right decision you know, and see how often each reviewer finds it."""
    if (candidate is None) != (decision is None and not remove):
        raise StageError(
            "give a CANDIDATE with accept or reject, or with --remove; or no CANDIDATE, to see how reviewers do"
        )
    if remove and decision is not None:
        raise StageError("give accept or reject, or --remove, not both")
    with connect(folder, "rsf gold") as connection:
        if candidate is not None and remove:
            connection.call("unmark_gold", {"candidate_id": candidate, "author": who()})
        elif candidate is not None:
            connection.call("mark_gold", {"candidate_id": candidate, "action": decision, "author": who()})
        named = int(candidate.partition(".")[0]) if candidate is not None else round_number
        report = connection.call("gold", {"round_number": named})
    say(report, as_json, lambda: gold_text(report))


def gold_text(report: dict[str, Any]) -> Group | str:
    """`report` from the command `gold`, as text and a table."""
    items = report["items"]
    if not items:
        return f"Round {report['round']} has no gold item: rsf gold DIR CANDIDATE accept|reject marks one"
    accepts = sum(item["action"] == "accept" for item in items)
    text = (
        f"Round {report['round']}: {plural(len(items), 'gold item')}, {accepts:,} to accept, {len(items) - accepts:,} to "
        f"reject; {in_percent(report['share'])} of what reviewers are shown, until they have answered all"
    )
    if report["outdated"]:
        text += f"\n{report['outdated']:,} were decided by an older guide than version {report['guide']}: confirm them"
    if not report["reviewers"]:
        return Group(text, "Nobody has answered a gold item yet.")
    table = Table(box=SIMPLE)
    for column in ("reviewer", "guide", "answered", "right", "accuracy", "turned away", "let through", "other guide"):
        table.add_column(column)
    for one in report["reviewers"]:
        parts = one["by_guide"] if len(one["by_guide"]) > 1 else {}
        for guide, part in {"all": one["whole"], **parts}.items():
            table.add_row(*(escape(cell) for cell in _cells(one["reviewer"], str(guide), part)))
    return Group(text, table)


def _cells(reviewer: str, guide: str, part: dict[str, Any]) -> list[str]:
    value, low, high = part["accuracy"]
    return [
        reviewer,
        guide,
        f"{part['answered']:,}",
        f"{part['right']:,}",
        f"{in_percent(value)} ({in_percent(low)} to {in_percent(high)})",
        f"{part['turned_away']:,} of {part['to_accept']:,}",
        f"{part['let_through']:,} of {part['to_reject']:,}",
        f"{part['other_guide']:,}",
    ]
