"""The Scorers page: what is installed, and what each scorer gives on this project's candidates."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.project import Project
from rsf_core.scorers import registry
from rsf_core.web import session

SHELL = Path(session.__file__).with_name("shell.py")


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/scorers.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_what_the_scorers_gave_is_shown_with_examples_and_agreement(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    app = opened()
    shown = app.dataframe[0].value
    assert shown["scorer"].tolist() == complete.scorers(1)
    assert shown["in the target"][0].startswith("reward × ")
    assert (shown["cost (ms a candidate)"] > 0).all()
    assert [one.value for one in app.subheader][:2] == ["Highest", "Lowest"]
    best = complete.store.examples(1, complete.scorers(1)[0], 1, highest=True)[0]
    assert f"**{best.score:.4g}**" in [one.value for one in app.markdown]


def test_every_installed_scorer_is_listed(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    shown = opened(show="Installed").dataframe[0].value
    assert shown["scorer"].tolist() == [card.name for card in registry.cards()]
    assert shown.set_index("scorer")["scores"]["sentiment"] == "−1 to 1"


def test_an_empty_round_says_what_will_be_here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", project)
    app = opened()
    assert [button.label for button in app.button if button.label == "Generate candidates"]
