"""The Prompts page: completions made elsewhere are previewed, and their possible uses are named before they are added."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Split
from rsf_core.project import Project
from rsf_core.web import session
from tests.support.pages import page_of


def prompts_page(project: Project, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setattr(session, "_project", project)
    return page_of("prompts", **query)


def test_a_file_is_looked_at_and_added_by_its_person(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    known = project.prompts(Split.TRAIN)[0].text
    rows = [
        {"prompt": known, "completion": "<b>A fine one.</b>", "log_q": -4.5},
        {"prompt": project.prompts(Split.HELD_OUT)[0].text, "completion": "Seen."},
    ]
    upload = project.imports.keep("a teacher.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    app = prompts_page(project, monkeypatch, rows="completions", **{"import": upload})
    words = " ".join(one.value for one in app.markdown)
    assert "People decide them" in words and "M, acceptance rate" in words
    assert "**1 candidate** can be added, of 1 prompt of the project." in words
    assert any("log-probability −4.50 nats" in one.value or "log-probability -4.50" in one.value for one in app.caption)
    assert any("held out" in one.value for one in app.text)
    assert next(one for one in app.text_input if one.label == "Made by").value == "a teacher"
    next(button for button in app.button if button.label == "Add 1 candidate").click().run()
    assert not app.exception
    (one,) = project.candidates_elsewhere()
    assert (one.completion, one.source, one.stated_log_q) == ("<b>A fine one.</b>", "a teacher", -4.5)
    app = prompts_page(project, monkeypatch, rows="completions")
    assert any("1 candidate of round 1 made elsewhere: 0 accepted" in caption.value for caption in app.caption)


def test_another_column_is_chosen_and_a_wrong_one_is_reported_by_line(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"prompt": project.prompts(Split.TRAIN)[0].text, "first": "One.", "second": 2}
    upload = project.imports.keep("made.jsonl", json.dumps(row).encode())
    app = prompts_page(project, monkeypatch, rows="completions", **{"import": upload})
    column = next(box for box in app.selectbox if box.label == "Completion column")
    column.set_value("first").run()
    assert any(button.label == "Add 1 candidate" for button in app.button)
    next(box for box in app.selectbox if box.label == "Completion column").set_value("second").run()
    assert any(one.value == "line 1, second: must be text, not int" for one in app.text)
    assert next(button for button in app.button if button.label == "Add 0 candidates").disabled
