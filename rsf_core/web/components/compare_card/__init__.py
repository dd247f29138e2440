"""The card of Compare: choose the better of two in the browser; /api/review (web/comparing_api.py) records the choices."""

from __future__ import annotations

from rsf_core.domain.access import Actor
from rsf_core.store.review_records import GuideVersion
from rsf_core.web.components import declare
from rsf_core.web.components.choosing_data import choosing_data

_component = declare("compare_card", styled_like="review_card")


def compare_card(project: str, round_number: int, reviewer: Actor, *, again: bool, guide: GuideVersion | None) -> None:
    """Show `reviewer` pairs of a round; with `again`, those that they have compared before. `guide` is shown beside them."""
    _component(key="compare-card", data=choosing_data(project, round_number, reviewer, again, guide))
