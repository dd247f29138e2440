"""The data that the page passes to the cards of Compare and of Rank."""

from __future__ import annotations

from typing import Any

from rsf_core.domain.access import Actor
from rsf_core.store.review_records import GuideVersion
from rsf_core.web import api, session


def choosing_data(
    project: str, round_number: int, reviewer: Actor, again: bool, guide: GuideVersion | None
) -> dict[str, Any]:
    """`again`: show those that the reviewer has compared or ranked before. `guide` is shown beside them."""
    return {
        "project": project,
        "round": round_number,
        "reviewer": reviewer.name,
        "token": api.token(reviewer.name, reviewer.link_id, session.opening()),
        "again": again,
        "guide": None if guide is None else {"version": guide.version, "text": guide.text},
    }
