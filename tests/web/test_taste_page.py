"""The score learned from decisions, on the Scorers page: its text, and where its buttons lead."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Action
from rsf_core.domain.access import person
from rsf_core.learning.report import Report
from rsf_core.learning.taste import LEARNER
from rsf_core.project import Project
from rsf_core.sampling.intervals import Interval
from rsf_core.scorers import tastes
from rsf_core.web import session
from tests.support.pages import page_of, words_of
from tests.support.taste_reports import against, report

REPORT = report()


def learned_page(project: Project, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(session, "_project", project)
    return page_of("scorers", show="Learned")


def kept(project: Project, report: Report) -> None:
    """Store a learned version as its job does."""
    from dataclasses import asdict

    body = {"identity": "x", "hidden": [0.0], "others": [], "intercept": 0.0, "report": asdict(report)}
    project.store.tastes.add("0a1b2c3d", body, "ann")
    tastes.keep(project.folder, "0a1b2c3d", body)


def test_before_enough_is_decided_it_says_what_is_lacking_and_leads_to_review(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete.override("1.1.0", Action.ACCEPT, person("ann"))
    app = learned_page(complete, monkeypatch)
    assert "1 accepted, 0 rejected" in words_of(
        app
    ) and "29 more decisions, 1 more accepted and 2 more rejected among them" in words_of(app)
    assert "Review" in [button.label for button in app.button]
    assert not {"Learn", "Learn again"} & {button.label for button in app.button}


def test_a_version_shows_its_figures_and_leads_to_the_preview(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(complete, REPORT)
    app = learned_page(complete, monkeypatch)
    figures = app.dataframe[0].value
    assert figures["ordered by"].tolist() == ["learned from decisions", "sentiment"]
    assert (
        figures["AUC"][0] == "0.81 (0.74 to 0.87)" and figures["AUC that learning gains"][1] == "+0.11 (+0.04 to +0.18)"
    )
    assert figures["precision that learning gains"][1] == "+0.10 (+0.02 to +0.19)"
    assert app.dataframe[1].value["people accept"].tolist() == ["25% (10% to 40%)", "70% (50% to 90%)"]
    for words in (
        "better than the best single scorer",
        "another 50 raise the AUC by about 0.02",
        "affects every row alike",
    ):
        assert words in words_of(app)
    went: list[str] = []
    monkeypatch.setattr("rsf_core.web.ui.go", lambda page, **query: went.append(page))
    next(button for button in app.button if button.label == "Look at the target with it").click().run()
    assert not app.exception and went == ["target"]
    filled = app.session_state["target-form"]["form"].filled
    assert filled.target.rewards['taste(version="0a1b2c3d")'] == filled.target.beta
    assert complete.settings.target.rewards.keys() == {"sentiment"}, "nothing changes before it is saved there"


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (report(auc=Interval(0.55, 0.44, 0.66, 40)), "It has not learned anything yet"),
        (
            report(best=against(auc_gain=Interval(0.02, -0.03, 0.07, 40))),
            "It is not shown to be better than the scorer sentiment alone",
        ),
        (report(best=None), "reject,** on prompts that it has not seen"),
        (report(calibration=()), "That cannot be judged yet: it takes 40 decisions of 20 prompts"),
        (report(best=against(flattered=0.034)), "Its AUC is 0.03 less than on them"),
        (REPORT, "learned by an earlier version of this program"),
        (report(basis="audit", judged=45), "On 45 candidates that were picked at random for people"),
        (report(further=0.001), "by less than 0.01"),
    ],
)
def test_the_verdict_is_what_the_figures_say(
    complete: Project, monkeypatch: pytest.MonkeyPatch, report: Report, words: str
) -> None:
    kept(complete, report)
    assert words in words_of(learned_page(complete, monkeypatch)).replace("\\", "")


def test_a_scorer_whose_lower_values_are_the_better_ones_is_named_so_and_a_version_of_today_is_no_earlier_one(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(complete, report(best=against(falling=True), learner=LEARNER))
    app = learned_page(complete, monkeypatch)
    assert app.dataframe[0].value["ordered by"][1] == "sentiment (the lower the better)"
    assert "earlier version" not in words_of(app) and "flattered" not in words_of(app)


def test_learning_is_the_owners_and_starts_a_job(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for prompt in complete.prompts_in_round(1):
        for candidate in complete.candidates(prompt.prompt_id, 1):
            action = Action.ACCEPT if candidate.token_count < 8 else Action.REJECT
            complete.override(candidate.candidate_id, action, person("ann"))
    asked: list[str] = []
    monkeypatch.setattr(
        complete.taste, "_supervisor", SimpleNamespace(submit=lambda spec, inputs: asked.append(spec.taste))
    )
    app = learned_page(complete, monkeypatch)
    next(button for button in app.button if button.label == "Learn").click().run()
    assert not app.exception and len(asked) == 1
