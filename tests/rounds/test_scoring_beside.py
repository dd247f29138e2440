"""A scorer outside the target scores a round: nothing follows from it, and the round's own jobs do not wait for it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, ScorerError, StageError
from rsf_core.project import Project
from rsf_core.project.commands import execute
from tests.support.judge_server import says, serving


def test_it_scores_what_lacks_a_score_and_decides_nothing(complete: Project) -> None:
    before, stages, target = complete.counts(1), complete.stages(), complete.target(1)
    job = complete.score_by('contains(text="a")')
    assert job is not None
    complete.wait()
    name = 'contains(text="a")'
    assert complete.scorer_book.scored_by(name, 1).left == 0 and complete.score_by(name) is None
    assert (complete.counts(1), complete.stages(), complete.target(1)) == (before, stages, target)
    assert complete.store.job(job).state is JobState.DONE
    judging = execute(complete, "judging", {"scorer": name})
    assert judging["scorer"] == name and judging["decisions"] == 0 and judging["kappa"] is None


def test_one_that_breaks_off_leaves_the_round_as_it_was_and_can_go_on(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages, step = complete.stages(), complete.next_step()
    monkeypatch.setenv("RSF_CONFIG", str(complete.folder / "config"))
    complete.own_scorers.trust()
    file = complete.own_scorers.save("odd", "def score(c): return 1 / 0")
    assert complete.score_by("odd") is not None
    with pytest.raises(JobError):
        complete.wait()
    name = f"odd@{file.version}"
    assert complete.scorer_book.scored_by(name, 1).scored == 0
    assert (complete.stages(), complete.next_step()) == (stages, step)
    job = complete.score_by("readability")
    complete.wait()
    assert job is not None and complete.store.job(job).state is JobState.DONE


def test_a_scorer_that_is_not_there_is_refused(complete: Project) -> None:
    with pytest.raises(ScorerError, match="did you mean 'length'"):
        complete.score_by("lenght")
    with pytest.raises(ScorerError, match="needs options"):
        complete.score_by("llm_judge")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "no scorer was given"), ("  ", "no scorer was given"), (None, "no scorer was given"),
        (3, "no scorer was given"), ("a\nb", "no scorer can be called"), ("\x00", "no scorer can be called"),
        ("x" * 3000, "no scorer can be called|at most"), ("x" * 300, "at most 200"), ("contains(", "there is no scorer"),
        ('contains(text="', "cannot be read|there is no scorer"), ("\ud800", "no scorer"), ("length()", None),
        ("short.key@zzzz", "there is no scorer"), ("é", "there is no scorer"),
    ],
)  # fmt: skip
def test_an_odd_name_is_refused_in_words(complete: Project, name: Any, why: str | None) -> None:
    with suppress(ScorerError):  # no other error
        execute(complete, "judging", {"scorer": name})
    if why is None:
        assert complete.score_by(name) is not None
        return
    with pytest.raises(ScorerError, match=why) as raised:
        complete.score_by(name)
    assert "validation error" not in str(raised.value) and "pydantic" not in str(raised.value)


def test_a_judge_whose_key_nobody_has_allowed_is_refused_before_a_job_begins(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSF_CONFIG", str(complete.folder / "config"))
    monkeypatch.setenv("JUDGE_KEY", "sk-secret")
    with serving(says('{"score": 4}')) as server:
        judge_options = {"endpoint": server.endpoint, "model": "m", "rubric": "Is it kind?", "key": "JUDGE_KEY"}
        complete.own_scorers.save_judge("kind", judge_options)
        jobs = len(complete.jobs())
        for name in ("kind", server.name(key="JUDGE_KEY")):
            with pytest.raises(ScorerError, match=r"JUDGE_KEY to http.* may not be sent.*rsf allow-key JUDGE_KEY http"):
                complete.score_by(name)
        complete.own_scorers.use("kind", 1.0)
        with pytest.raises(ScorerError, match="may not be sent"):
            complete.score()
        assert len(complete.jobs()) == jobs and not server.seen
        sent = complete.own_scorers.key_to_allow(judge_options)
        assert sent is not None
        complete.own_scorers.allow_key(sent)
        assert complete.own_scorers.key_to_allow(judge_options) is None
        complete.score()
        complete.wait()
        assert {headers["Authorization"] for headers in server.headers} == {"Bearer sk-secret"}


def test_a_round_without_candidates_is_refused(project: Project) -> None:
    with pytest.raises(StageError, match="no candidates to score"):
        project.score_by("length")


def test_scoring_of_the_round_itself_is_not_superseded_by_it(complete: Project) -> None:
    with complete.supervisor.still():
        first = complete.score_by("readability")
        assert first is not None
        complete.cancel(first)
    other = complete.score_by("compression")
    complete.wait()
    assert other is not None and complete.store.job(first).state is JobState.CANCELLED
    complete.resume(first)
    complete.wait()
    assert complete.scorer_book.scored_by("readability", 1).left == 0


def test_what_was_drawn_meanwhile_is_scored_once_it_ends(project: Project) -> None:
    project.set("accept.rate", "0.05")  # so that some prompts have no accepted candidate
    project.generate()
    project.wait()
    with project.supervisor.still():  # both wait, so that the scoring is active when the drawing ends
        project.draw_for_starving()
        assert project.score_by("readability") is not None
    project.wait()
    counts = project.counts(1)
    assert counts.undecided == 0 and counts.decided == counts.candidates


def test_what_a_later_round_drew_meanwhile_is_scored_once_it_ends(complete: Project) -> None:
    with complete.supervisor.still():  # both wait, so that scoring round 1 is active when the drawing ends
        complete.draw_next_round()
        assert complete.score_by("readability", 1) is not None
    complete.wait()
    assert complete.counts(2).decided == complete.counts(2).candidates > 0
