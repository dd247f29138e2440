"""The Judges part of the Scorers page: a judge is set up, tried, saved, scores beside the target, and is put into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rsf_core.domain.errors import ScorerError
from rsf_core.project import Project
from rsf_core.scorers import kept_answers
from rsf_core.web import browser, in_address, page_draft, session
from tests.support.judge_server import JudgeServer, Reply, error, says, serving
from tests.support.pages import labelled, page_of, words_of


@pytest.fixture
def same_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages are opened in the same browser."""
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _: {browser.COOKIE: "mine"}))


def click(app: AppTest, label: str) -> None:
    labelled(app.button, label).click().run()
    assert not app.exception


def fill(app: AppTest, server: JudgeServer, name: str = "kind") -> None:
    labelled(app.text_input, "Name").set_value(name)
    labelled(app.text_input, "Endpoint").set_value(server.endpoint)
    labelled(app.text_input, "Model").set_value("m").run()


def by_length(body: dict[str, Any]) -> Reply:
    return says(f'{{"score": {1 + len(body["messages"][0]["content"]) % 5}}}')


def test_a_judge_is_set_up_tried_saved_scores_beside_the_target_and_is_used(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    decided, target = complete.counts(1), complete.settings.target
    with serving(by_length) as server:
        app = page_of("scorers", show="Judges")
        labelled(app.selectbox, "Begin with").select_index(2)
        click(app, "Insert it")
        assert "How kind and polite" in labelled(app.text_area, "Rubric").value
        rubric = 'Is it kind?\n\n5: yes, "very"\n1: no\n' + "Mind the tone.\n" * 300
        labelled(app.text_area, "Rubric").set_value(rubric)
        fill(app, server)
        assert f"kind sends completions and prompts to {server.endpoint}" in words_of(app.caption)
        click(app, "Try on 8 candidates")
        assert len(app.dataframe[0].value) == 8 and "8 candidates scored" in words_of(app.success)
        assert len(server.seen) == 8 and rubric.strip() in server.seen[0]["messages"][0]["content"]
        assert not (complete.folder / kept_answers.NAME).exists(), "nothing of a try is kept"

        click(app, "Save")
        (file,) = complete.own_scorers.files()
        name = f"kind@{file.version}"
        assert file.judge is not None and file.judge["rubric"] == rubric and file.judge["highest"] == 5
        assert app.query_params["judge"] in ("kind", ["kind"])
        assert "scored 0 of 32 candidates of round 1" in words_of(app.caption) and "0 of 50 decisions" in words_of(
            app.warning
        )
        click(app, "Score without deciding")
        complete.wait()
        app.run()
        assert "scored 32 of 32 candidates" in words_of(app.caption)
        assert (complete.store.score_column(1, name, everywhere=True) >= 1).all()
        assert complete.counts(1) == decided and complete.settings.target == target, "nothing was decided by it"
        assert "of questions and" in words_of(app.caption), "the cost is shown"

        labelled(app.number_input, "Weight").set_value(2.0).run()
        click(app, "Use as a reward")
        assert complete.settings.target.rewards[name] == 2.0
        assert "kind = 2.0" in (complete.folder / "project.toml").read_text()
        asked = len(server.seen)
        complete.score()
        complete.wait()
        assert len(server.seen) == asked, "the judge's answers are not requested again"


def test_a_refusing_endpoint_and_a_key_in_the_wrong_place_are_reported(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    with serving(error(404)) as server:
        app = page_of("scorers", show="Judges")
        fill(app, server)
        click(app, "Try on 8 candidates")
        assert "no such model" in words_of(app.error)
        asked = len(server.seen)
        labelled(app.text_input, "Environment variable with the endpoint’s key").set_value("hf_secretSECRET").run()
        for button in ("Try on 8 candidates", "Save"):
            click(app, button)
            assert "NAME of an environment variable" in words_of(app.error) and "secretSECRET" not in words_of(
                app.error
            )
        assert len(server.seen) == asked and complete.own_scorers.files() == []
        labelled(app.text_input, "Environment variable with the endpoint’s key").set_value("")
        labelled(app.text_input, "Name").set_value("length").run()
        click(app, "Save")
        assert "installed already" in words_of(app.error)


def test_a_candidate_without_a_score_says_why_and_the_others_are_shown(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    with serving(says("It is nice."), says('{"score": 4}')) as server:
        app = page_of("scorers", show="Judges")
        labelled(app.number_input, "Concurrent questions").set_value(1)
        fill(app, server)
        click(app, "Try on 8 candidates")
        assert "No score for 1 of 8 candidates: the judge’s answer is not a score: 'It is nice.'" in words_of(app.error)
        assert "7 candidates scored, from 4 to 4, all equal" in words_of(app.success)


def test_what_is_typed_outlasts_a_look_at_another_part_and_a_saved_judge_is_shown_as_it_is(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    complete.own_scorers.save_judge("ten", {"endpoint": "http://h/v1", "model": "m", "rubric": "How good?", "seed": 7})
    app = page_of("scorers", show="Judges")
    labelled(app.text_area, "Rubric").set_value("Mine").run()
    app.query_params["show"] = "Installed"
    app.run()
    app.query_params["show"] = "Judges"
    app.run()
    assert labelled(app.text_area, "Rubric").value == "Mine"
    app.query_params["judge"] = "ten"
    app.run()
    assert labelled(app.text_area, "Rubric").value == "How good?" and labelled(app.number_input, "Seed").value == 7
    assert labelled(app.number_input, "Highest score").value == 10 and labelled(app.text_input, "Name").disabled


def test_what_is_typed_outlasts_a_reload_and_no_key_goes_into_the_address(
    complete: Project, monkeypatch: pytest.MonkeyPatch, same_browser: None
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    complete.own_scorers.save_judge(
        "ten", {"endpoint": "http://h/v1", "model": "m", "rubric": "How good?", "seconds": 0.05}
    )
    app = page_of("scorers", show="Judges", judge="ten")
    assert "judge-draft" not in app.query_params and labelled(app.number_input, "Longest wait (s)").value == 0.05
    labelled(app.text_area, "Rubric").set_value("How kind?")
    labelled(app.number_input, "Seed").set_value(9)
    labelled(app.text_input, "Environment variable with the endpoint’s key").set_value("hf_secretSECRET").run()
    kept = "".join(app.query_params["judge-draft"])
    text = in_address.unpacked(kept.partition(".")[0])
    assert text is not None and "How kind?" in text and "SECRET" not in text
    again = page_of("scorers", show="Judges", judge="ten", **{"judge-draft": kept})
    assert labelled(again.text_area, "Rubric").value == "How kind?" and labelled(again.number_input, "Seed").value == 9
    assert labelled(again.number_input, "Longest wait (s)").value == 0.05
    assert page_draft.NOTE in words_of(again.caption)
    click(again, "Save")
    assert "NAME of an environment" not in words_of(again.error) and "judge-draft" not in again.query_params
    (file,) = complete.own_scorers.files()
    assert file.judge is not None and (file.judge["rubric"], file.judge["seconds"]) == ("How kind?", 0.05)
    other = page_of("scorers", show="Judges", **{"judge-draft": kept})
    assert labelled(other.text_area, "Rubric").value != "How kind?", "it is of another judge, in an earlier version"


@pytest.mark.parametrize("held", ["x", "", None, 3, [], ["", "", 3], ["A new one", "", ["n", {"seed": -1}]]])
def test_an_address_that_holds_no_draft_of_a_judge_changes_nothing(
    complete: Project, monkeypatch: pytest.MonkeyPatch, same_browser: None, held: Any
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    text = in_address.packed(json.dumps(held)) or ""
    app = page_of("scorers", show="Judges", **{"judge-draft": f"{text}.{session.seal('judge-draft', text)}"})
    assert labelled(app.text_input, "Name").value == "judge" and labelled(app.number_input, "Seed").value == 0


def test_a_key_is_allowed_by_a_person_before_a_try_sends_it(
    complete: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("judge_key", "sk-secret")
    with serving(by_length) as server:
        app = page_of("scorers", show="Judges")
        fill(app, server)
        labelled(app.text_input, "Environment variable with the endpoint’s key").set_value("judge_key").run()
        click(app, "Try on 8 candidates")
        assert "may not be sent" in words_of(app.error) and not server.seen
        click(app, "Allow sending this key there")
        click(app, "Try on 8 candidates")
        assert "8 candidates scored" in words_of(app.success)
        assert {headers["Authorization"] for headers in server.headers} == {"Bearer sk-secret"}
        assert not [one for one in app.button if one.label == "Allow sending this key there"]


def test_a_new_judge_takes_no_others_place(complete: Project) -> None:
    options = {"endpoint": "http://h/v1", "model": "m", "rubric": "How good?"}
    first = complete.own_scorers.save_judge("ten", options, new=True)
    with pytest.raises(ScorerError, match="has a scorer 'ten' already"):
        complete.own_scorers.save_judge("ten", options | {"rubric": "Another"}, new=True)
    assert [file.version for file in complete.own_scorers.files()] == [first.version]
    assert complete.own_scorers.save_judge("ten", options | {"rubric": "Another"}).version != first.version


def test_any_scorer_scores_a_round_beside_the_target(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    app, target, decided = page_of("scorers"), complete.settings.target, complete.counts(1)
    labelled(app.selectbox, "Scorer").set_value("readability").run()
    assert not app.exception
    click(app, "Score without deciding")
    complete.wait()
    assert "readability" in page_of("scorers").dataframe[0].value["scorer"].tolist()
    assert complete.settings.target == target and complete.counts(1) == decided
