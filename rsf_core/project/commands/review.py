"""The commands of review: decisions, the guide, and gold items."""

from __future__ import annotations

from typing import Any

from rsf_core.domain import Action
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import SettingsError
from rsf_core.project import Project
from rsf_core.project.commands.table import command, plain
from rsf_core.review.gold import Accuracy


@command
def override(project: Project, candidate_id: str, action: str, reviewer: Actor) -> bool:
    try:
        chosen = Action(action)
    except ValueError as error:
        raise SettingsError(f"{action!r} is not an action: give one of {', '.join(Action)}") from error
    return project.override(candidate_id, chosen, reviewer)


@command
def guide(project: Project) -> dict[str, Any]:
    """The current guide (None if there is none), and every version, the newest first."""
    return {"guide": project.guide_book.current(), "versions": project.guide_book.versions()}


@command
def save_guide(project: Project, text: str, reason: str, author: Actor) -> int:
    """Make `text` the guide; the number of its version."""
    return project.guide_book.save(text, reason, author)


@command
def gold(project: Project, round_number: int | None = None) -> dict[str, Any]:
    """The gold items of a round (None: the newest), and how often each reviewer is right on them."""
    number = project.current_round if round_number is None else round_number
    gold_report = project.gold.report(number)
    reviewers = [
        {"reviewer": reviewer.reviewer, "whole": _accuracy(reviewer.whole)}
        | {"by_guide": {guide: _accuracy(part) for guide, part in reviewer.by_guide.items()}}
        for reviewer in gold_report.reviewers
    ]
    report = {"guide": gold_report.guide, "outdated": gold_report.outdated, "reviewers": reviewers}
    return {"round": number, "share": project.settings.review.gold_share, "items": gold_report.marks} | report


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    made: dict[str, Any] = plain(accuracy)
    share = accuracy.share
    return made | {"accuracy": None if share is None else [share.value, share.low, share.high]}


@command
def mark_gold(project: Project, candidate_id: str, action: str, author: Actor) -> None:
    project.gold.mark(candidate_id, action, author)


@command
def unmark_gold(project: Project, candidate_id: str, author: Actor) -> None:
    project.gold.unmark(candidate_id, author)
