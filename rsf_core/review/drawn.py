"""The drawn part of a round: statements about the rule and about q hold for drawn candidates only."""

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
    """The index without the candidates made elsewhere, and the mask (n,) of those that are kept. Agreement between people is
    not affected: `opinions` stay everybody's on everything."""
    here: Bools = (index.table.places & ((1 << K_BITS) - 1)) < ELSEWHERE_K
    if here.all():
        return index, here
    table = RoundTable(**{field.name: getattr(index.table, field.name)[here] for field in fields(RoundTable)})
    part = copy(index)
    part.table, part._own, part._orders = table, {}, {}
    for name in _COLUMNS:
        setattr(part, name, getattr(index, name)[here])
    return part, here
