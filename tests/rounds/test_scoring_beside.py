"""A scorer that is not in the target scores a round: nothing follows from it, and nothing of the round's own waits for it."""

from __future__ import annotations

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, ScorerError, StageError
from rsf_core.project import Project
from rsf_core.project.commands import execute


def test_it_scores_what_lacks_a_score_and_decides_nothing(complete: Project) -> None:
    before, stages, target = complete.counts(1), complete.stages(), complete.target(1)
    job = complete.score_by('contains(text="a")')
    assert job is not None
    complete.wait()
    name = 'contains(text="a")'
    assert complete.scorer_book.scored_by(name, 1).left == 0 and complete.score_by(name) is None
    assert (complete.counts(1), complete.stages(), complete.target(1)) == (before, stages, target)
    assert complete.store.job(job).state is JobState.DONE
    found = execute(complete, "judging", {"scorer": name})
    assert found["scorer"] == name and found["decisions"] == 0 and found["kappa"] is None


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
    project.set("accept.rate", "0.05")  # so that some prompts have none accepted
    project.generate()
    project.wait()
    with project.supervisor.still():  # both wait, so that it is active when the drawing ends
        project.draw_for_starving()
        assert project.score_by("readability") is not None
    project.wait()
    counts = project.counts(1)
    assert counts.undecided == 0 and counts.decided == counts.candidates
