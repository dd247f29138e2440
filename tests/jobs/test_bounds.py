"""If most scores lie outside their scorer's bounds, the job that asked for them fails: in scoring, in scoring again and in
evaluation. Once the scorer is mended, the job goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain.errors import JobError
from rsf_core.project import Project
from rsf_core.scorers.length import Words
from rsf_core.scorers.sentiment import Sentiment
from rsf_core.store.database import utc_now
from rsf_core.store.records import ModelRecord
from tests.support.seeding import add_candidates, candidates

OUTSIDE = r"the scorer '{}' has no score for .* it returned \S+, outside its bounds \[5, 6\] \({}\)"


def expect_failed(project: Project, scorer: str, candidate: str) -> str:
    with pytest.raises(JobError, match=OUTSIDE.format(scorer, candidate)):
        project.wait()
    return project.jobs()[-1].job_id


def test_scoring_and_scoring_by_one_scorer_more(
    jobs_in_threads: None, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    for scorer, added in ((Sentiment, None), (Words, "{ sentiment = 1.0, words = 0.1 }")):
        if added is not None:
            project.set("target.rewards", added)
        with monkeypatch.context() as patch:
            patch.setattr(scorer, "bounds", (5.0, 6.0))
            project.score()
            job_id = expect_failed(project, scorer.name, r"1\.\d\.\d")
        project.resume(job_id)
        project.wait()
        assert scorer.name in project.scorers() and project.counts().decided == 16


def test_evaluation(jobs_in_threads: None, project: Project, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    for model_id, parent in (("base", None), ("m1-1", "base")):
        made = (str(tiny_model), str(tiny_model), "", parent, int(parent is not None), None, utc_now())
        project.store.add_model(ModelRecord(model_id, *made))
    with monkeypatch.context() as patch:
        patch.setattr(Sentiment, "bounds", (5.0, 6.0))
        assert project.evaluate() is not None
        job_id = expect_failed(project, "sentiment", r"held-out \d+\.0 of base")
    project.resume(job_id)
    project.wait()
    samples = project.store._db._cursor().execute("SELECT count(*) FROM evaluation_samples").fetchone()
    assert samples == (2 * 4 * 2,)
