"""The card of Rank: put candidates of a prompt in order in the browser; /api/review (web/ranking_api.py) records the
rankings."""

from __future__ import annotations

from rsf_core.domain.access import Actor
from rsf_core.store.review_records import GuideVersion
from rsf_core.web.components import declare
from rsf_core.web.components.choosing_data import choosing_data

_component = declare("rank_card", styled_like="review_card")


def rank_card(project: str, round_number: int, reviewer: Actor, *, again: bool, guide: GuideVersion | None) -> None:
    """Show `reviewer` candidates of prompts of a round to rank; with `again`, those that they have ranked before. `guide` is
    shown beside them."""
    _component(key="rank-card", data=choosing_data(project, round_number, reviewer, again, guide))
