"""Unsaved text of a form comes back from the address if this browser put it there; nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rsf_core.project import Project
from rsf_core.web import browser, in_address, page_draft, session
from rsf_core.web.own_scorer_parts import EXAMPLE
from tests.support.pages import SHELL

FOREIGN = "import os\nos.system('foreign')\n"
NEW = ("A new one", "")


class Tab(SimpleNamespace):
    """The part of Streamlit that a draft needs; `captions` collects the page's captions."""

    def __init__(self, **query: str) -> None:
        super().__init__(session_state={}, query_params=query, captions=[])

    def caption(self, words: str) -> None:
        self.captions.append(words)


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes every request come from the browser of this name."""

    def become(name: str) -> None:
        monkeypatch.setattr(type(st.context), "cookies", property(lambda _: {browser.COOKIE: name}))

    become("mine")
    return become


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tab]:
    def open_tab(**query: str) -> Tab:
        page = Tab(**query)
        monkeypatch.setattr("rsf_core.web.page_draft.st", page)
        return page

    return open_tab


def held(value: Any) -> str:
    """The draft as it stands in an address, without a seal."""
    text = in_address.packed(json.dumps([*NEW, value]))
    assert text is not None
    return text


def sealed(parameter: str, value: Any) -> str:
    text = held(value)
    return f"{text}.{session.seal(parameter, text)}"


def begun(tab: Tab, value: str = "saved", changed: bool = False) -> tuple[Any, list[str]]:
    """The initial value of a form, and the page's captions about it."""
    beginning = page_draft.read("draft", NEW)
    page_draft.keep("draft", NEW, value, value, changed)
    return beginning, tab.captions


def test_only_what_this_browser_has_put_into_the_address_comes_back(
    be: Callable[[str], None], tab: Callable[..., Tab], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = sealed("draft", "typed")
    text, _, seal = mine.partition(".")
    assert begun(tab(draft=mine)) == ("typed", [page_draft.NOTE])
    assert begun(tab()) == (None, [])
    for foreign in (
        text,
        f"{text}.",
        f"{text}.{'0' * 20}",
        f"{text}.é",
        f"{held('other')}.{seal}",
        sealed("judge-draft", "typed"),
        sealed(session.NAME, "typed"),
    ):
        assert begun(tab(draft=foreign)) == (None, [page_draft.LEFT_OUT]), foreign
    be("another")
    assert begun(tab(draft=mine)) == (None, [page_draft.LEFT_OUT])
    be("mine")
    monkeypatch.setattr(session, "_key", b"of another start of the app")
    assert begun(tab(draft=mine)) == (None, [page_draft.LEFT_OUT])


def test_it_is_shown_at_each_run_until_it_is_saved(be: Callable[[str], None], tab: Callable[..., Tab]) -> None:
    for query, words in (
        ({"draft": held("x")}, page_draft.LEFT_OUT),
        ({"draft": sealed("draft", "x")}, page_draft.NOTE),
    ):
        page = tab(**query)
        begun(page)
        page_draft.keep("draft", NEW, "typed", "typed", True)
        assert page.captions == [words] * 2
        page_draft.forget("draft", NEW)
        page_draft.keep("draft", NEW, "saved", "saved", False)
        assert page.captions == [words] * 2 and page.query_params == {}


def test_a_draft_is_kept_while_another_entry_is_looked_at_and_written_in(
    be: Callable[[str], None], tab: Callable[..., Tab]
) -> None:
    page, other = tab(), ("polite", "abc")
    page_draft.keep("draft", NEW, "typed", "typed", True)
    assert page_draft.read("draft", other) is None
    page_draft.keep("draft", other, "other", "other", True)
    assert page_draft.read("draft", NEW) == "typed" and page_draft.read("draft", other) == "other"
    assert page_draft.read("draft", ("polite", "newer")) is None
    page_draft.forget("draft", other)
    page_draft.keep("draft", NEW, "saved", "saved", False)
    assert page_draft.read("draft", NEW) is None and page_draft.read("draft", other) is None
    assert page.query_params == {}


def test_a_link_fills_no_program_and_no_address_of_a_judge_into_a_form(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/scorers.py")
    app.query_params["show"] = "Your own"
    app.query_params["scorer-draft"] = held(["mine", FOREIGN])
    app.query_params["judge-draft"] = held(["mine", {"endpoint": "http://foreign/v1"}])
    app.run()
    assert app.text_area(key="own-scorer-source").value == EXAMPLE
    assert page_draft.LEFT_OUT in [one.value for one in app.caption] and "scorer-draft" not in app.query_params
    app.query_params["show"] = "Judges"
    app.run()
    assert "foreign" not in str(app.text_input(key="judge-endpoint").value) and not app.exception
    assert page_draft.LEFT_OUT in [one.value for one in app.caption] and "judge-draft" not in app.query_params
