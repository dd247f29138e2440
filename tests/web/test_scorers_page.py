"""The Scorers page: the installed scorers, and the scores of each on this project's candidates."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.project import Project
from rsf_core.scorers import registry
from rsf_core.web import session
from tests.support.pages import labelled, page_of


def test_what_the_scorers_gave_is_shown_with_examples_and_agreement(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    app = page_of("scorers")
    shown = app.dataframe[0].value
    assert shown["scorer"].tolist() == complete.scorers(1)
    assert shown["in the target"][0].startswith("reward × ")
    assert (shown["cost (ms a candidate)"] > 0).all()
    assert [one.value for one in app.subheader][:2] == ["Highest", "Lowest"]
    best = complete.scorer_book.of_round(1).scorers[0].highest[0]
    assert f"**{best.score:.4g}**" in [one.value for one in app.markdown]


def test_every_installed_scorer_is_listed(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    shown = page_of("scorers", show="Installed").dataframe[0].value
    assert shown["scorer"].tolist() == [card.name for card in registry.cards()]
    assert shown.set_index("scorer")["scores"]["sentiment"] == "−1 to 1"


def test_an_empty_round_says_what_will_be_here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", project)
    app = page_of("scorers")
    assert [button.label for button in app.button if button.label == "Generate candidates"]


def test_a_scorer_is_written_tried_saved_and_used_by_clicks(
    complete: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    app = page_of("scorers", show="Your own")
    assert labelled(app.button, "Try on 20 candidates").disabled, "nothing runs before somebody has allowed it"
    labelled(app.button, "Allow this project's code to run here").click().run()
    assert "def short(" in str(app.text_area[0].value)
    app.text_area[0].set_value("def score(completion): return {'long': len(completion)}").run()
    labelled(app.text_input, "Name").set_value("size").run()
    labelled(app.button, "Try on 20 candidates").click().run()
    assert not app.exception and len(app.dataframe[0].value) == 20 and "20 candidates scored" in app.success[0].value
    labelled(app.button, "Save").click().run()
    assert not app.exception and [file.name for file in complete.own_scorers.files()] == ["size"]
    assert labelled(app.selectbox, "Score").options == ["size.long"], "what was tried says its keys"
    labelled(app.button, "Use as a reward").click().run()
    assert not app.exception
    version = complete.own_scorers.files()[0].version
    assert complete.settings.target.rewards[f"size.long@{version}"] == 1.0
    assert f"size.long@{version} × 1" in " ".join(one.value for one in app.caption).replace("\\", "").replace(
        "\u2060", ""
    )


def test_a_draft_that_fails_says_why_and_is_not_saved(
    complete: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    complete.own_scorers.trust()
    app = page_of("scorers", show="Your own")
    app.text_area[0].set_value("def score(completion): return 1 / 0").run()
    labelled(app.button, "Try on 20 candidates").click().run()
    assert "No score for 20 of 20 candidates: ZeroDivisionError" in app.error[0].value.replace("\\", "")
    app.text_area[0].set_value("def score(").run()
    for button in ("Try on 20 candidates", "Save"):
        labelled(app.button, button).click().run()
        assert "it is not Python" in app.error[0].value and not complete.own_scorers.files()
