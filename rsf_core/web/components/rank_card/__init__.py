"""The card of Rank: put candidates of a prompt in order in the browser; /api/review (web/ranking_api.py) keeps what is
said."""

from __future__ import annotations

from rsf_core.domain.access import Actor
from rsf_core.store.records import GuideVersion
from rsf_core.web import api, session
from rsf_core.web.components import declare

_component = declare("rank_card", dressed_like="review_card")


def rank_card(project: str, round_number: int, reviewer: Actor, *, again: bool, guide: GuideVersion | None) -> None:
    """Show `reviewer` candidates of prompts of a round to rank, with `again` those that they have ranked before. `guide` is
    shown beside them."""
    _component(
        key="rank-card",
        data={
            "project": project,
            "round": round_number,
            "reviewer": reviewer.name,
            "token": api.token(reviewer.name, reviewer.link_id, session.opening()),
            "again": again,
            "guide": None if guide is None else {"version": guide.version, "text": guide.text},
        },
    )
