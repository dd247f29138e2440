"""The table of the Review page."""

from __future__ import annotations

import pytest

from rsf_core.project import Project
from rsf_core.web import review_parts, session
from tests.support.pages import page_of


@pytest.mark.parametrize(
    ("given", "shown"), [("2", 2), ("0", 1), ("99", 1), ("-1", 1), ("x", 1), ("²", 1), ("9" * 5_000, 1)]
)
def test_the_page_of_the_table_is_that_of_the_address_or_the_first(
    complete: Project, monkeypatch: pytest.MonkeyPatch, given: str, shown: int
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    monkeypatch.setattr(review_parts, "PAGE", 3)
    app = page_of("review", show="Table", view="all", page=given)
    assert not app.exception
    assert next(field for field in app.number_input if field.label.startswith("Page of ")).value == shown
