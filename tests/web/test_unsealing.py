"""The sealed set on the Models page: none of it is shown before one deliberate act opens it, and then it names who did so."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from rsf_core.domain import Split
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.web import session
from tests.support.pages import page_of, words_of


def button(app: AppTest, label: str) -> Button:
    return next(b for b in app.button if label in b.label)


@pytest.fixture
def sealed(jobs_in_threads: None, project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    project.seal_prompts([11, 12])
    project.run(1)
    project.train_control(person("ann"))
    project.wait()
    monkeypatch.setattr(session, "_project", project)
    return project


def test_opening_takes_a_confirmation_and_is_done_once(sealed: Project) -> None:
    texts = [p.text for p in sealed.prompts(Split.SEALED)]
    app = page_of("models", show="Sealed set")
    assert "2 sealed prompts" in words_of(app) and not any(text in words_of(app) for text in texts)
    assert app.selectbox[0].options == ["m1-1"]
    assert button(app, "Open for").disabled
    next(box for box in app.checkbox if "cannot be undone" in box.label).check()
    app.run()
    button(app, "Open for").click()
    app.run()
    assert not app.exception
    sealed.wait()
    opening, comparison = sealed.sealed_opening(), sealed.sealed_comparison()
    assert opening is not None and opening.model_id == "m1-1" and comparison is not None
    app = page_of("models", show="Sealed set")
    assert f"**{opening.author}**" in words_of(app) and f"{opening.opened_at:%Y-%m-%d %H:%M}" in words_of(app)
    assert "The figure to publish" in app.metric[0].label and "2 sealed prompts" in words_of(app)
    assert "random control" in app.dataframe[0].value.columns
    assert all("Open for" not in b.label and "Go on" not in b.label for b in app.button)


def test_without_sealed_prompts_it_says_how_there_come_to_be_some(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    app = page_of("models", show="Sealed set")
    assert any(b.label == "Prompts" for b in app.button)
