"""The elements that every page uses."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from rsf_core.review.filters import Order, View
from rsf_core.review.what_next import EndOfQueue, suggestions
from rsf_core.web import scorer_parts, session, ui


@pytest.mark.parametrize("name", ["page", "round", "self", "query", "query_params"])
def test_an_address_may_hold_any_parameter_on_the_way_to_a_page(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    gone: list[dict[str, Any]] = []
    monkeypatch.setattr(session, "query", lambda: {"project": "p"})
    monkeypatch.setattr(st, "switch_page", lambda path, query_params: gone.append(query_params))
    ui.go("overview", **{name: "3"})
    assert gone == [{"project": "p", name: "3"}]


def test_the_end_of_a_queue_leads_to_a_part_of_scorers_that_is_there() -> None:
    (suggestion,) = suggestions(EndOfQueue(View.PENDING, False, Order.BOUNDARY, 0, 0, 0, 50, 1_000, learnable=3))
    assert suggestion.page == "scorers" and suggestion.query["show"] in scorer_parts.WAYS
