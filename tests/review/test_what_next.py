"""What helps most at the end of a queue: each combination of open work gives exactly its suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from rsf_core.review.filters import Order, View
from rsf_core.review.what_next import AUDIT_ENOUGH, EndOfQueue, Suggestion, suggestions

NOTHING = EndOfQueue(View.PENDING, False, Order.BOUNDARY, 0, 0, 0, AUDIT_ENOUGH, 1_000)


def only(**more: Any) -> list[Suggestion]:
    return suggestions(replace(NOTHING, **more))


def test_where_all_is_done_nothing_is_next() -> None:
    assert only() == []


@pytest.mark.parametrize(
    ("more", "words", "page", "query"),
    [
        ({"open_here": 1, "open": 1}, "Read the 1 open candidate again", "review", {}),
        ({"open_here": 1_200, "open": 1_200}, "Read the 1,200 open candidates again", "review", {}),
        ({"disputed": 2}, "Settle 2 candidates", "review", {"view": "disagreement"}),
        ({"open": 3, "filtered": True}, "Go on with 3 other candidates", "review", {"view": "pending"}),
        ({"open": 3, "view": View.FLAGGED}, "Go on with 3 other candidates", "review", {"view": "pending"}),
        ({"learnable": 31}, "Learn from the decisions", "scorers", {"show": "Learned"}),
        ({"starving": 1}, "Draw again for 1 prompt", "generate", {}),
        ({"step": "Fine-tune"}, "Fine-tune", "overview", {}),
    ],
)
def test_each_suggestion_is_offered_where_it_applies(
    more: Mapping[str, object], words: str, page: str, query: Mapping[str, str]
) -> None:
    (suggestion,) = only(**more)
    assert (suggestion.words, suggestion.page, dict(suggestion.query)) == (words, page, query)
    assert suggestion.stays == ("open_here" in more) and len(suggestion.why) > 20


@pytest.mark.parametrize(
    ("order", "filtered", "view", "open_", "audited", "offered"),
    [
        (Order.BOUNDARY, False, View.PENDING, 5, AUDIT_ENOUGH - 1, True),
        (Order.BOUNDARY, False, View.PENDING, 5, AUDIT_ENOUGH, False),
        (Order.BOUNDARY, False, View.PENDING, 0, 0, False),  # nothing is left for a random audit
        (Order.AUDIT, False, View.PENDING, 5, 0, False),  # the queue was the audit itself
        (Order.AUDIT, True, View.PENDING, 5, 0, True),
        (Order.AUDIT, False, View.FLAGGED, 5, 0, True),
    ],
)
def test_the_random_audit_is_offered_until_it_says_enough(
    order: Order, filtered: bool, view: View, open_: int, audited: int, offered: bool
) -> None:
    suggested = only(order=order, filtered=filtered, view=view, open=open_, open_here=open_, audited=audited)
    named = [one for one in suggested if one.words == "Decide some at random"]
    assert len(named) == offered
    for one in named:
        assert one.query == {"view": "pending", "order": "audit"} and f"{audited} of 50" in one.why


@pytest.mark.parametrize(("audited", "ruled", "why"), [(0, 48, "0 of 48"), (47, 48, "47 of 48"), (3, 51, "3 of 50")])
def test_the_random_audit_is_no_larger_than_the_round(audited: int, ruled: int, why: str) -> None:
    suggested = only(order=Order.BOUNDARY, filtered=True, open=3, audited=audited, ruled=ruled)
    assert suggested[0].words == "Decide some at random" and suggested[0].why.startswith(f"{why} of the random audit")


def test_where_the_rule_decides_nothing_there_is_no_random_audit() -> None:
    assert [one.words for one in only(filtered=True, open=3, audited=0, ruled=0)] == ["Go on with 3 other candidates"]


def test_any_mixture_offers_each_thing_once_and_in_order() -> None:
    kinds = ["Read", "Settle", "Decide", "Go", "Learn", "Draw", "Fine-tune"]
    for here, more, disputed, audited, learnable, starving, step in product([0, 2], repeat=7):
        suggested = only(
            open_here=here,
            open=here + more,
            disputed=disputed,
            audited=audited * AUDIT_ENOUGH,
            learnable=learnable,
            starving=starving,
            step="Fine-tune" if step else "",
        )
        due = [here, disputed, (here or more) and not audited, more, learnable, starving, step]
        assert [one.words.split()[0] for one in suggested] == [
            kind for kind, is_due in zip(kinds, due, strict=True) if is_due
        ]


def test_a_disagreement_that_was_looked_at_is_not_offered_again() -> None:
    assert only(view=View.DISAGREEMENT, disputed=2) == []
