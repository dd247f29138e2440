"""The Target page: the form shows the effect of a change before anything is saved, saves it whole, and can go back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import Act, Action, ActKind, Scope
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.settings import Accept, Target
from rsf_core.project import Project
from rsf_core.project.target_book import Fate
from rsf_core.web import session, target_parts
from tests.support.pages import SHELL, labelled, words_of
from tests.support.seeding import add_candidates, add_scores, candidates

EXAMPLE = "**bold** [link](http://127.0.0.1:9/x)"


@pytest.fixture
def scored(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a decided first round, shown by the app; its jobs are queued and never begin."""
    project.supervisor.stop()
    monkeypatch.setattr(project.supervisor, "_begin", lambda job: None)
    monkeypatch.setattr(session, "_project", project)
    rows = candidates(8, 4, log_q=-2.0, log_model=-2.0, completions=[f"{EXAMPLE} {i}" for i in range(32)])
    add_candidates(project.store, rows)
    rng = np.random.default_rng(1)
    add_scores(project.store, rows, {"sentiment": rng.uniform(-1, 1, 32), "ended": (rng.random(32) < 0.7) * 1.0})
    assert project.score() is None
    return project


def page() -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/target.py").run()  # without the Overview first
    assert not app.exception
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_nothing_is_changed_yet_and_the_button_waits(scored: Project) -> None:
    app = page()
    assert "No change yet" in words_of(app) and "Round 1 was decided by it" in words_of(app)
    assert labelled(app.button, "Use this target").disabled
    shown_metrics = metrics(app)
    assert (
        shown_metrics["Accepted now"] == "16 of 32"
        and shown_metrics["Accepted then"] == "16"
        and shown_metrics["Newly accepted"] == "0"
    )


def test_an_edit_shows_what_would_change_saves_nothing_and_is_then_used(scored: Project) -> None:
    app = page()
    before = scored.store.drawn(1)["accepted"].to_pylist()
    labelled(app.number_input, "Weight of sentiment").set_value(-1.0).run()
    assert not app.exception
    expected = scored.target_book.preview(
        Draft(scored.settings.target.model_copy(update={"rewards": {"sentiment": -1.0}}), scored.settings.accept), 1
    )
    assert expected is not None and expected.gained.any()
    shown_metrics = metrics(app)
    assert shown_metrics["Newly accepted"] == str(
        int(expected.gained.sum())
    ) and "weight of sentiment 1 → -1" in words_of(app)
    texts = [str(element.proto.body) for element in app.get("html")]
    assert sum(EXAMPLE in text for text in texts) >= 2  # the examples are shown, as text
    assert scored.settings.target.rewards == {"sentiment": 1.0} and len(scored.target_book.versions()) == 1
    labelled(app.text_input, "Why").set_value("the other way round").run()
    labelled(app.button, "Use this target").click().run()
    assert not app.exception and scored.settings.target.rewards == {"sentiment": -1.0}
    assert scored.target_book.versions()[0].reason == "the other way round"
    assert scored.store.drawn(1)["accepted"].to_pylist() == expected.after.tolist() != before
    assert "No change yet" in words_of(app) and metrics(app)["Newly accepted"] == "0"


def test_without_its_tick_the_round_stays_decided_and_can_be_decided_later(scored: Project) -> None:
    app = page()
    before = scored.store.drawn(1)["accepted"].to_pylist()
    labelled(app.number_input, "Weight of sentiment").set_value(-1.0).run()
    labelled(app.checkbox, "Decide round 1").uncheck().run()
    assert "keeps its decisions" in words_of(app)
    labelled(app.button, "Use this target").click().run()
    assert scored.store.drawn(1)["accepted"].to_pylist() == before
    assert "was decided by another one" in words_of(app) and not labelled(app.button, "Use this target").disabled
    labelled(app.button, "Use this target").click().run()
    assert not app.exception and "Round 1 was decided by it" in words_of(app)
    assert scored.store.drawn(1)["accepted"].to_pylist() != before and len(scored.target_book.versions()) == 2


@pytest.mark.parametrize("name", ["verifiable", "base", "best"])
def test_a_preset_fills_the_form_and_saves_nothing(scored: Project, name: str) -> None:
    scored.set("target.beta", "0.3")
    scored.score()
    app = page()
    app.button(key=f"preset-{name}").click().run()
    assert not app.exception and "is loaded into the form" in words_of(app) and scored.settings.target.beta == 0.3
    assert labelled(app.text_input, "Why").value.startswith("preset")
    assert labelled(app.button, "Use this target").disabled == (name == "base")  # this preset is the current target


def test_a_teacher_has_to_be_named_and_is_scored_by_a_job(scored: Project, tiny_model: Path) -> None:
    app = page()
    app.button(key="preset-teacher").click().run()
    assert "Name the teacher" in words_of(app) and labelled(app.button, "Use this target").disabled
    labelled(app.text_input, "Which model").set_value(str(tiny_model)).run()
    assert "has no score on 32 of 32" in words_of(app) and not app.metric
    assert "first gets the missing scores" in words_of(app)
    labelled(app.button, "Use this target").click().run()
    assert not app.exception and [job.job_id for job in scored.jobs(active=True)] == ["r1-score-1"]
    assert scored.settings.target.reference == str(tiny_model)


def test_what_the_form_lacks_is_reported_in_words(scored: Project) -> None:
    app = page()
    labelled(app.multiselect, "Constraints").set_value(["length"]).run()
    labelled(app.number_input, "length at least").set_value(None).run()
    assert (
        "length has no limit: give at least or at most" in words_of(app)
        and labelled(app.button, "Use this target").disabled
    )
    labelled(app.number_input, "length at least").set_value(9.0).run()
    labelled(app.number_input, "length at most").set_value(3.0).run()
    assert "no score of length is at least 9.0 and at most 3.0" in words_of(app)
    assert labelled(app.button, "Use this target").disabled
    labelled(app.number_input, "length at most").set_value(9.0).run()
    assert not app.error and not labelled(app.button, "Use this target").disabled
    labelled(app.multiselect, "Constraints").set_value(["ended"]).run()
    labelled(app.number_input, "ended at least").set_value(2.0).run()
    assert "The scores of ended lie between 0 and 1, so none is at least 2" in words_of(app)
    labelled(app.multiselect, "Constraints").set_value([]).run()
    labelled(app.multiselect, "Rewards").set_value(["nobodys"]).run()
    assert (
        "There is no scorer 'nobodys'" in words_of(app).replace("\\", "")
        and labelled(app.button, "Use this target").disabled
    )


def test_an_earlier_version_is_put_in_the_form_and_becomes_a_new_one(scored: Project) -> None:
    scored.set_threshold(0.4, Scope.GLOBAL, author=person("ann"))
    before = scored.store.drawn(1)["accepted"].to_pylist()
    now = scored.target_book.draft()
    scored.target_book.use(Draft(now.target.model_copy(update={"beta": 4.0}), now.accept), decide=True)
    app = page()
    labelled(app.button, "Load it into the form").click().run()
    assert "Version 1 is loaded into the form" in words_of(app) and "The M that a person chose" in words_of(app)
    labelled(app.button, "Use this target").click().run()
    assert scored.target_book.versions()[0].reason == "back to version 1"
    assert scored.store.drawn(1)["accepted"].to_pylist() == before


def test_a_form_that_somebody_else_has_overtaken_says_so(scored: Project) -> None:
    app = page()
    scored.set("target.beta", "0.9")
    app.run()
    assert "has been changed by somebody else" in words_of(app) and all(
        b.label != "Use this target" for b in app.button
    )
    labelled(app.button, "Show the current target").click().run()
    assert "No change yet" in words_of(app) and labelled(app.number_input, "β").value == 0.9


def test_a_round_without_candidates_shows_the_way_and_can_be_prepared(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", project)
    app = page()
    assert "Once candidates are drawn" in words_of(app) and not app.metric
    labelled(app.number_input, "β").set_value(0.7).run()
    assert "has no candidates yet" in words_of(app)
    labelled(app.button, "Use this target").click().run()
    assert not app.exception and project.settings.target.beta == 0.7


def test_a_reviewer_looks_and_does_not_save(scored: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "actor", lambda: Actor("bob", Role.REVIEWER, "link"))
    app = page()
    labelled(app.number_input, "Weight of sentiment").set_value(-1.0).run()
    assert not app.exception and labelled(app.button, "Use this target").disabled


def fate(**changed: Any) -> Fate:
    plain = {
        "round": 2,
        "candidates": 64,
        "decided": True,
        "tuned": False,
        "running": False,
        "overridden": 0,
        "curated": 0,
    }
    return Fate(**plain | changed)


@pytest.mark.parametrize(
    ("state", "decide", "words"),
    [
        ({"running": True}, False, "Round 2 is being drawn or scored by a job"),
        ({"candidates": 0, "decided": False}, False, "Round 2 has no candidates yet"),
        ({}, True, "Round 2 is decided again."),
        ({"tuned": True}, True, "The model of round 2 is already trained"),
        ({}, False, "Round 2 keeps its decisions"),
        ({"decided": False}, False, "Round 2 is not decided yet"),
        ({"curated": 1}, False, "1 frozen curated set in this project: never changed"),
    ],
)
def test_the_effect_of_saving_is_explained_for_this_round_the_next_and_frozen_sets(
    state: dict[str, Any], decide: bool, words: str
) -> None:
    sentences = target_parts.consequences(fate(**state), decide, None)
    assert any(line.startswith(words) for line in sentences)
    assert "Round 3 uses this target from the start." in sentences


def test_peoples_decisions_stay_when_a_round_is_decided_again(scored: Project) -> None:
    scored.store.acts.say([Act("a", ActKind.DECIDE, ("1.1.0",), Action.ACCEPT)], 1, "ann")
    draft = Draft(Target(reference="proposal", rewards={"sentiment": -1.0}), Accept(rate=0.5))
    preview = scored.target_book.preview(draft, 1)
    sentences = target_parts.consequences(scored.target_book.fate(), True, preview)
    assert "People's decisions on 1 candidate stay." in sentences[0]


def reloaded(app: AppTest) -> AppTest:
    """The page as a reload makes it: a session of its own at the same address."""
    fresh = AppTest.from_file(str(SHELL), default_timeout=60)
    fresh.switch_page("../../pages/target.py")
    for name, values in app.query_params.items():
        fresh.query_params[name] = values[0] if isinstance(values, list) else values
    fresh.run()
    assert not fresh.exception
    return fresh


def test_a_draft_outlasts_a_reload_and_a_look_at_another_page(scored: Project) -> None:
    app = page()
    assert "draft" not in app.query_params
    labelled(app.number_input, "Weight of sentiment").set_value(-2.0).run()
    again = reloaded(app)
    assert labelled(again.number_input, "Weight of sentiment").value == -2.0
    assert "weight of sentiment 1 → -2" in words_of(again) and "The form shows an unsaved draft" in words_of(again)
    app.switch_page("../../pages/scorers.py").run()
    app.switch_page("../../pages/target.py").run()
    assert not app.exception and labelled(app.number_input, "Weight of sentiment").value == -2.0
    labelled(again.button, "Use this target").click().run()
    assert scored.settings.target.rewards == {"sentiment": -2.0} and "draft" not in again.query_params


def test_a_draft_of_a_target_that_was_changed_since_says_so_and_cannot_be_used(scored: Project) -> None:
    app = page()
    labelled(app.number_input, "Weight of sentiment").set_value(-2.0).run()
    scored.set("target.beta", "0.123")
    again = reloaded(app)
    assert "has been changed by somebody else" in words_of(again) and not [
        b for b in again.button if b.label == "Use this target"
    ]
    labelled(again.button, "Show the current target").click().run()
    assert labelled(again.number_input, "β").value == 0.123 and "draft" not in again.query_params


def test_an_address_with_nonsense_shows_the_target_in_force(scored: Project) -> None:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/target.py")
    app.query_params["draft"] = "nonsense"
    app.run()
    assert not app.exception and "cannot be read" in words_of(app) and "No change yet" in words_of(app)
