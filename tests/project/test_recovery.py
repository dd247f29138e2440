"""Recovery from failures in the middle of the work, with real processes that are really killed. No finished work is lost,
and every candidate is there once."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import JobState, Split, settings_file
from rsf_core.domain.errors import JobError, ProjectLockedError, ScorerError
from rsf_core.jobs import process
from rsf_core.project import Project
from tests.support import warm
from tests.support.seeding import add_candidates, candidates, replaced
from tests.support.waiting import until

JOB = "r1-generate-1"
PER_PROMPT = 16  # two prompts make a unit, so there are four
OWNER = """
import os, sys, time
from rsf_core.project import Project
project = Project.open(sys.argv[1], what="the first owner")
project.generate()
{then}
project.wait()
"""


@pytest.fixture
def slow(project: Project) -> Project:
    """A project that draws its candidates one at a time, which leaves time to interfere."""
    for key, value in (("candidates", PER_PROMPT), ("batch_size", 1)):
        project.set(f"generate.{key}", str(value))
    return project


def segments(project: Project, job_id: str = JOB) -> list[Path]:
    return sorted((project.folder / "spool" / job_id).glob("*.parquet"))


def worker(project: Project, job_id: str = JOB) -> int:
    return int(json.loads((project.folder / "spool" / job_id / "process.json").read_text())["pid"])


def messages(project: Project, job_id: str = JOB) -> str:
    return "\n".join(event.message for event in project.store.job_events(job_id))


def expect_every_candidate_once(project: Project) -> None:
    expected = {f"1.{prompt.prompt_id}.{k}" for prompt in project.prompts(Split.TRAIN) for k in range(PER_PROMPT)}
    names = [c.candidate_id for p in project.prompts(Split.TRAIN) for c in project.candidates(p.prompt_id)]
    assert len(names) == len(expected) and set(names) == expected
    assert project.store.job(JOB).state is JobState.DONE


# -- the job process ---------------------------------------------------------------------------------------------------


def test_an_unknown_model_fails_with_a_clear_word_and_goes_on_once_it_is_corrected(
    project: Project, tiny_model: Path
) -> None:
    settings_file.change(project.folder, "model", "/nowhere/tiny")
    project.generate()
    with pytest.raises(JobError, match="r1-generate-1 failed: there is no folder /nowhere/tiny"):
        project.wait()
    assert project.counts().candidates == 0 and project.models() == []
    project.set("model", str(tiny_model))
    project.advance()
    project.wait()
    assert project.counts().decided == 32 and [job.job_id for job in project.jobs()] == [JOB, "r1-score-1"]


def test_a_cancelled_job_keeps_finished_candidates_and_resumes_to_exactly_all(slow: Project) -> None:
    slow.generate(then_score=False)
    until(lambda: segments(slow))
    slow.cancel(JOB)
    with pytest.raises(JobError, match="cancelled"):
        slow.wait()
    kept = slow.counts().candidates
    assert kept in (32, 64, 96)
    assert slow.stages()[0].progress == "failed" and "kept" in slow.stages()[0].detail
    slow.resume(JOB)
    slow.wait()
    expect_every_candidate_once(slow)
    with pytest.raises(JobError, match="is done: only a failed, cancelled or interrupted job can be resumed"):
        slow.resume(JOB)


def test_a_cancelled_fine_tuning_is_cancelled_and_not_failed_and_goes_on_where_it_was(project: Project) -> None:
    project.set("train.epochs", "100")
    project.generate()
    project.wait()
    project.train()
    tuning = project.jobs()[-1]
    until(lambda: project.metrics(project.store.job(tuning.job_id)))
    project.cancel(tuning.job_id)
    with pytest.raises(JobError, match="r1-finetune-1 cancelled"):
        project.wait()
    ended = project.store.job(tuning.job_id)
    assert (ended.state, ended.message) == (JobState.CANCELLED, "cancelled; finished work is kept")
    before = set(project.metrics(ended))
    project.resume(tuning.job_id)
    project.wait()
    after = set(project.metrics(project.store.job(tuning.job_id)))
    assert before < after  # the earlier steps were kept, not computed again
    assert project.tuned_model() is not None


def test_a_fine_tuning_broken_off_goes_on_in_a_project_that_has_moved(project: Project) -> None:
    project.set("train.epochs", "20")
    project.generate()
    project.wait()
    project.train()
    until(lambda: project.metrics(project.store.job("r1-finetune-1")))
    project.cancel("r1-finetune-1")
    with pytest.raises(JobError, match="r1-finetune-1 cancelled"):
        project.wait()
    project.close()
    moved = project.folder.rename(project.folder.with_name("moved"))
    with Project.open(moved) as again:
        again.resume("r1-finetune-1")
        again.wait()
        assert again.comparison() is not None and (moved / "models" / "m1-1").is_dir()
        assert not project.folder.exists()


def test_a_killed_job_process_is_started_again_and_completes(slow: Project) -> None:
    slow.generate(then_score=False)
    until(lambda: segments(slow))
    os.kill(worker(slow), signal.SIGKILL)
    slow.wait()
    assert "started again: its process was killed (signal 9)" in messages(slow)
    expect_every_candidate_once(slow)


def test_damaged_segments_are_set_aside_named_and_done_again(slow: Project) -> None:
    """One is cut off in the middle; another can be read but holds a log-probability that is NaN."""
    slow.supervisor.stop()  # so that nothing is committed before it is damaged
    slow.generate(then_score=False)
    slow.supervisor.tick()
    until(lambda: len(segments(slow)) >= 2)
    cut, impossible = segments(slow)[:2]
    os.truncate(cut, cut.stat().st_size // 2)
    rows = pq.read_table(impossible)
    pq.write_table(replaced(rows, "log_q", [math.nan] * rows.num_rows), impossible)
    until(lambda: not slow.supervisor.tick())
    assert f"{cut} is damaged" in messages(slow) and f"kept as {cut.stem}.damaged" in messages(slow)
    assert "CHECK constraint" in messages(slow)
    assert cut.with_suffix(".damaged").is_file() and impossible.with_suffix(".damaged").is_file()
    expect_every_candidate_once(slow)


# -- the owner -----------------------------------------------------------------------------------------------------------


def start_owner(project: Project, then: str = "") -> warm.Process:
    """Close the project here and start another process that owns it and draws candidates."""
    project.close()
    return warm.start([sys.executable, "-c", OWNER.format(then=then), project.folder])


def test_a_job_outlives_its_killed_owner_and_the_next_one_adopts_it(slow: Project) -> None:
    owner = start_owner(slow)
    until(lambda: segments(slow))
    os.kill(worker(slow), signal.SIGSTOP)  # so that the job is certainly still at work
    with pytest.raises(ProjectLockedError, match=rf"open in the first owner \(pid {owner.pid} on "):
        Project.open(slow.folder)
    owner.kill()
    owner.wait()
    with Project.open(slow.folder) as again:
        assert process.is_alive(slow.folder / "spool" / JOB)
        os.kill(worker(again), signal.SIGCONT)
        again.wait()
        assert "started again" not in messages(again)  # the same process all along
        expect_every_candidate_once(again)
        assert again.counts().decided == 8 * PER_PROMPT  # scoring followed


def test_owner_and_job_killed_together_lose_nothing(slow: Project) -> None:
    owner = start_owner(slow)
    until(lambda: segments(slow))
    owner.kill()
    owner.wait()
    os.kill(worker(slow), signal.SIGKILL)
    with Project.open(slow.folder) as again:
        again.wait()
        assert "its process ended while nothing was watching it" in messages(again)
        expect_every_candidate_once(again)


def test_what_a_crashed_owner_had_no_time_to_start_is_started_on_reopening(project: Project) -> None:
    """The owner dies between the end of a job and the start of the one that follows."""
    owner = start_owner(project, "project.supervisor._on_ended = lambda job: os._exit(9)")
    assert owner.wait(120) == 9
    with Project.open(project.folder) as again:
        assert [job.job_id for job in again.jobs()] == [JOB, "r1-score-1"]
        again.wait()
        assert again.counts().decided == again.counts().candidates == 32
        again.close()
    with Project.open(project.folder) as later:  # nothing is started twice
        assert [job.job_id for job in later.jobs()] == [JOB, "r1-score-1"] and later.jobs(active=True) == []


# -- scoring; the candidates come from elsewhere, so no model is loaded ----------------------------------------------------


@pytest.fixture
def drawn(project: Project) -> Project:
    """A project with scored candidates."""
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    project.score()
    project.wait()
    assert project.counts().decided == 16
    return project


def test_a_project_reopens_while_later_candidates_are_being_scored(drawn: Project) -> None:
    later = candidates(prompts=8, per_prompt=3)
    add_candidates(drawn.store, later.filter(pc.equal(later["k"], 2)), unit=1)
    assert (drawn.counts().candidates, drawn.counts().decided) == (24, 16)
    assert drawn.score() == "r1-score-2"
    drawn.close()
    with Project.open(drawn.folder) as again:
        again.wait()
        assert again.counts().decided == 24 and len(again.jobs()) == 2


def test_a_target_changed_after_scoring_is_in_force_once_its_scores_are_there(drawn: Project) -> None:
    before = drawn.threshold()
    drawn.set("target.rewards", "{ length = -0.1 }")
    assert drawn.score() == "r1-score-2"
    drawn.wait()
    after = drawn.threshold()
    assert before is not None and after is not None and after.target_id != before.target_id
    assert drawn.counts().decided == 16 and set(drawn.candidates(1)[0].scores) == {"length", "sentiment"}
    assert drawn.score() is None  # nothing is left to score


def test_a_scorer_that_is_not_there_is_named_before_a_job_is_started(drawn: Project) -> None:
    settings_file.change(drawn.folder, "target.rewards", "{ sentimant = 1.0 }")  # by hand
    jobs = len(drawn.jobs())
    with pytest.raises(ScorerError, match="there is no scorer 'sentimant'; did you mean 'sentiment'"):
        drawn.score()
    assert len(drawn.jobs()) == jobs
    assert drawn.counts().decided == 16  # the earlier decisions stay effective
