"""The filter form of the Review page: a cleared field stays cleared."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def form() -> None:
    from types import SimpleNamespace
    from typing import Any

    import streamlit as st

    from rsf_core.review.filters import CandidateFilter
    from rsf_core.web import filter_form

    project: Any = SimpleNamespace(scorers=lambda number: ["sentiment"])
    in_url = CandidateFilter.from_query({n: v for n, v in st.query_params.items() if n == "tokens" or "." in n})
    filter_form.form(project, 1, in_url)


def limits(page: AppTest, label: str) -> list[float | None]:
    return [field.value for field in page.number_input if field.label == label]


def test_a_limit_that_was_cleared_does_not_come_back_with_the_next_filter() -> None:
    page = AppTest.from_function(form)
    page.query_params["tokens"] = "2..9"
    page.run(timeout=30)
    assert limits(page, "Tokens from") == [2] and limits(page, "to") == [9, None, None]
    page.button[1].click().run(timeout=30)  # Clear
    assert "tokens" not in page.query_params and limits(page, "to") == [None, None, None]
    page.button[0].click().run(timeout=30)  # Apply
    assert "tokens" not in page.query_params
