"""Candidates without a score: named on the pages where they matter, decided by hand, and scored again on request."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Action
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.sentiment import Sentiment
from rsf_core.web import session
from tests.support.pages import SHELL
from tests.support.seeding import add_candidates, candidates


def page(name: str) -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page(f"../../pages/{name}.py").run()
    assert not app.exception
    return app


def test_they_are_listed_can_be_decided_by_hand_and_scored_again(
    jobs_in_threads: None, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", project)
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    scored = Sentiment.score

    def score(self: Sentiment, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [
            NoScore("<b>no words</b>") if one.candidate_id == "1.3.1" else value
            for one, value in zip(batch, scored(self, batch), strict=True)
        ]

    with monkeypatch.context() as patch:
        patch.setattr(Sentiment, "score", score)
        project.score()
        project.wait()
    counts = project.counts()
    assert (counts.decided, counts.unscored, counts.undecided) == (15, 1, 0)
    assert project.score() is None and project.counts().unscored == 1  # it is not scored again by itself
    stage = project.stages()[1]
    assert stage.detail == "15 scored, 1 without a score" and "<b>no words</b> (1.3.1)" in stage.note
    project.override("1.3.1", Action.ACCEPT, person("ann"))
    assert project.freeze(person("ann")).summary["accepted"] == project.counts().accepted

    for name in ("review", "acceptance"):
        app = page(name)
        assert "1 candidate has no score" in [one.label for one in app.expander]
        shown = next(one.value for one in app.dataframe if "why" in one.value.columns)
        assert shown.values.tolist() == [["1.3.1", "sentiment", "<b>no words</b>"]]
    app.button("score-again").click().run()
    assert not app.exception
    project.wait()
    counts = project.counts()
    assert (counts.decided, counts.unscored, counts.undecided) == (16, 0, 0)
    assert "has no score" not in " ".join(one.label for one in page("acceptance").expander)
