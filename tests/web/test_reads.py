"""The figures of a page are read once: its parts use the same ones, and each query runs only once per run of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Scope
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.store.database import Database
from rsf_core.web import session
from rsf_core.web.navigation import PAGES
from tests.support.pages import SHELL


@contextmanager
def questions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[tuple[str, str]]]:
    """Count the queries to the database by name and parameters."""
    asked: Counter[tuple[str, str]] = Counter()
    with monkeypatch.context() as patch:
        for how in ("rows", "arrow", "look_up"):
            ask = getattr(Database, how)

            def counted(database: Database, name: str, given: Any = None, ask: Any = ask) -> Any:
                asked[name, repr(given)] += 1
                return ask(database, name, given)

            patch.setattr(Database, how, counted)
        yield asked


def repeated(asked: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {question: times for question, times in asked.items() if times > 1}


@pytest.fixture
def app(complete: Project, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(session, "_project", complete)
    return AppTest.from_file(str(SHELL), default_timeout=60).run()


def test_no_page_asks_the_database_the_same_question_twice(
    complete: Project, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = set()
    for page, *_ in PAGES:
        threshold = complete.threshold()
        assert threshold is not None
        # the figures kept for the previous page are out of date
        complete.set_threshold(threshold.log_m + 0.01, threshold.scope)
        with questions(monkeypatch) as asked:
            app.switch_page(f"../../pages/{page}.py").run()
        assert not app.exception, page
        assert not repeated(asked), f"{page} reads the same more than once"
        asking |= {page} if asked else set()
    assert len(asking) > len(PAGES) / 2  # a page may show only figures that are already kept


def test_a_page_that_is_drawn_again_asks_for_little_and_shows_what_was_saved_in_between(
    complete: Project, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.switch_page("../../pages/acceptance.py").run()
    with questions(monkeypatch) as asked:
        app.run()
    assert not {"thresholds", "targets", "ratios", "tally", "prompt_counts"} & {name for name, _ in asked}
    complete.set_threshold(0.1234, Scope.GLOBAL, author=person("ann"))
    with questions(monkeypatch) as asked:
        app.run()
    assert "log M = 0.123" in " ".join(caption.value for caption in app.caption)
    assert [name for name, _ in asked.elements()].count("thresholds") == 1
