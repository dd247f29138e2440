"""The commands of settings and of the target."""

from __future__ import annotations

from typing import Any

from rsf_core.acceptance.target_words import describe
from rsf_core.domain.access import LOCAL, Actor
from rsf_core.project import Project
from rsf_core.project.commands.table import command


@command
def set_value(project: Project, key: str, value: str, author: Actor = LOCAL) -> Any:
    return project.set(key, value, author)


@command
def unset_value(project: Project, key: str, author: Actor = LOCAL) -> Any:
    return project.unset(key, author)


@command
def target(project: Project) -> dict[str, Any]:
    """Every target the project has had, the current one first, and the one that the newest round is decided by."""
    number = project.current_round
    decided_by = project.target(number)
    return {
        "versions": project.target_book.versions(),
        "round": number,
        "decided_by": None if decided_by is None else describe(decided_by),
        "decided_by_this": decided_by == project.settings.target,
    }


@command
def target_back(project: Project, version: int, decide: bool, author: Actor) -> str | None:
    """Make an earlier version the target again, and with `decide` decide the newest round by it; the scoring job's id."""
    return project.target_book.back(version, decide, author)
