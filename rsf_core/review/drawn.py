"""What of a round was drawn: whatever is told of the rule and of q is told of these alone."""

from __future__ import annotations

from copy import copy
from dataclasses import fields

from rsf_core.domain import ELSEWHERE_K, K_BITS
from rsf_core.domain.arrays import Bools
from rsf_core.review.index import ReviewIndex
from rsf_core.review.round_table import RoundTable

_COLUMNS = (
    "scored",
    "margin",
    "automatic",
    "p_accept",
    "violated",
    "voices",
    "settled",
    "votes",
    "accepted",
    "_split",
    "_flags",
)


def drawn(index: ReviewIndex) -> tuple[ReviewIndex, Bools]:
    """The index without the candidates made elsewhere, and where in it (n,) the others are. What people say of each other's
    decisions stays whole: `opinions` are everybody's on everything."""
    here: Bools = (index.table.places & ((1 << K_BITS) - 1)) < ELSEWHERE_K
    if here.all():
        return index, here
    table = RoundTable(**{field.name: getattr(index.table, field.name)[here] for field in fields(RoundTable)})
    part = copy(index)
    part.table, part._own, part._orders = table, {}, {}
    for name in _COLUMNS:
        setattr(part, name, getattr(index, name)[here])
    return part, here
