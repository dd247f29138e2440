"""Drawing until enough are accepted: it ends by limits that are valid at every look, at an M fixed in advance."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest

from rsf_core.domain import ChosenBy, JobKind, JobState, Prompt, Scope
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError, StageError
from rsf_core.domain.specs import Until
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.project import Project
from rsf_core.rounds.until import End, SoFar, next_prompts, place, until_of
from rsf_core.sampling.sequence import ConfidenceSequence
from tests.support import specs
from tests.support.sequences import confidence_sequence
from tests.support.waiting import until

UNTIL = Until(run="1.0.7", goal=10, most=6, log_m=0.5, scope=Scope.GLOBAL, target_id=1)


def finished(project: Project) -> SoFar:
    """The newest run after it has ended."""
    end = time.monotonic() + 120
    while (drawn := project.drawn_until()) is None or drawn.end is None or project.jobs(active=True):
        assert time.monotonic() < end
        time.sleep(0.05)
    return drawn


def test_the_prompts_of_a_run_come_once_in_an_order_of_its_own_and_no_more_than_allowed() -> None:
    prompts = [Prompt(i, f"{i}") for i in range(20)]
    parts = [next_prompts(prompts, UNTIL, before, 4) for before in (0, 4, 8)]
    assert [len(part) for part in parts] == [4, 2, 0]
    ids = [prompt.prompt_id for part in parts for prompt in part]
    assert len(set(ids)) == 6 and ids != sorted(ids)
    assert ids == sorted(range(20), key=lambda i: place(UNTIL.run, i))[:6]
    other = UNTIL.model_copy(update={"run": "1.9.7"})
    assert [p.prompt_id for p in next_prompts(prompts, other, 0, 6)] != ids


def test_a_project_whose_run_cannot_go_on_is_opened_and_goes_on_once_that_is_mended(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobSupervisor, "_begin", lambda supervisor, job: None)  # the job only has to be queued
    first, folder = "r1-generate-1", tmp_path / "project"
    with Project.create(folder, str(small_task), seed=1) as project:
        target = project.store.target_id(project.settings.target.model_dump(mode="json"), "ann")
        spec = specs.generate(until=UNTIL.model_copy(update={"target_id": target}), until_prompts=2)
        project.store.add_threshold(1, target, UNTIL.log_m, UNTIL.scope, "ann", "fixed")
        project.store.add_job(first, spec, [])
        project.store.add_job_event(first, JobState.DONE, "done")
        project.store.add_followed(project.store.job(first))
    file = folder / "project.toml"
    sound = file.read_text("utf-8")
    file.write_text(sound.replace("candidates = 4", "candidates = -4"), "utf-8")
    assert file.read_text("utf-8") != sound
    with Project.open(folder) as project:
        until(lambda: "generate.candidates" in (project.supervisor.problem or ""))
        assert [job.job_id for job in project.jobs()] == [first]
        file.write_text(sound, "utf-8")
        until(lambda: project.supervisor.problem is None)
        assert [job.job_id for job in project.jobs()] == [first, "r1-generate-2"]


def test_a_run_that_an_earlier_version_started_is_read_with_its_goal(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Specs of version 2 called the goal `wanted`."""
    monkeypatch.setattr(JobSupervisor, "_begin", lambda supervisor, job: None)  # the job only has to be queued
    folder = tmp_path / "project"
    with Project.create(folder, str(small_task), seed=1) as project:
        project.store.add_job("r1-generate-1", specs.generate(until=UNTIL, until_prompts=2), [])
    with duckdb.connect(str(folder / "rsf.duckdb")) as database:
        ((text,),) = database.execute("SELECT spec FROM jobs").fetchall()
        old = json.loads(text) | {"version": 2}
        old["until"]["wanted"] = old["until"].pop("goal")
        database.execute("UPDATE jobs SET spec = ?", [json.dumps(old)])
    with Project.open(folder) as project:
        drawn = project.drawn_until()
        assert drawn is not None and drawn.until == UNTIL


def test_limits_that_come_one_by_one_are_those_of_the_whole() -> None:
    means = np.random.default_rng(2).beta(1, 4, 80)
    low, high = confidence_sequence(means)
    sequence = ConfidenceSequence()
    assert (sequence.low, sequence.high) == (0.0, 1.0)
    for i, mean in enumerate(means):
        sequence.add(mean)
        assert (sequence.low, sequence.high) == (low[i], high[i])


def test_stopping_by_the_lower_limit_is_seldom_wrong_about_the_rate() -> None:
    """Runs draw until the lower limit of the number reaches the target number: the true rate is then inside the limits."""
    rng, wrong, runs = np.random.default_rng(5), 0, 120
    for _ in range(runs):
        sequence, drawn = ConfidenceSequence(), 0
        while sequence.low * drawn < 30 and drawn < 1600:
            sequence.add(float(rng.binomial(8, rng.beta(0.8, 3.2)) / 8))
            drawn += 8
        wrong += not sequence.low <= 0.2 <= sequence.high
    assert wrong / runs <= 0.08


@pytest.fixture
def waiting(jobs_in_threads: None, project: Project) -> Project:
    project.set("generate.prompts", "3")
    project.set("generate.candidates", "8")
    return project


def test_it_draws_part_after_part_until_enough_are_accepted(waiting: Project) -> None:
    waiting.draw_until(20, log_m=-2.0, author=person("ann"))
    drawn = finished(waiting)
    jobs = [job for job in waiting.jobs() if job.kind is JobKind.GENERATE]
    assert drawn.prompts == drawn.drawn / 8 and len(jobs) == -(-drawn.prompts // 3) > 1
    assert all((until := until_of(job)) and until.run == drawn.until.run for job in jobs)
    threshold = waiting.threshold()
    assert threshold is not None and (threshold.log_m, threshold.scope) == (-2.0, Scope.GLOBAL)
    assert (threshold.author, threshold.chosen_by) == ("ann", ChosenBy.PERSON)
    assert len(waiting.thresholds()) == 1  # M did not change while it drew
    counts = waiting.counts()
    assert (counts.candidates, counts.automatic) == (drawn.drawn, drawn.accepted) and counts.undecided == 0
    assert drawn.low <= drawn.accepted / drawn.drawn <= drawn.high
    if drawn.end is End.MET:
        assert drawn.accepted >= 20 and drawn.number >= 20
    else:
        assert drawn.end is End.MOST and drawn.prompts == 8


def test_it_ends_where_prompts_do_or_where_the_number_cannot_be_reached(waiting: Project) -> None:
    waiting.draw_until(100_000, log_m=-50.0, author=person("ann"))  # every finished one is accepted; still too few
    assert finished(waiting).end is End.HOPELESS
    assert len([job for job in waiting.jobs() if job.kind is JobKind.GENERATE]) == 1
    waiting.draw_until(5, most=4, log_m=50.0, author=person("ann"))  # almost nothing is accepted
    drawn = finished(waiting)
    assert drawn.end is End.MOST and drawn.prompts == 4 and drawn.accepted == 0
    assert waiting.counts().candidates == 8 * 3 + 8 * 4  # the round's earlier draws do not count for this run


def test_m_must_be_fixed_before(waiting: Project) -> None:
    with pytest.raises(StageError, match="M must be fixed before"):
        waiting.draw_until(4, author=person("ann"))
    assert not waiting.jobs() and waiting.threshold() is None
    for goal, most, log_m in ((0, None, 1.0), (4, 0, 1.0), (4, None, float("nan"))):
        with pytest.raises(StageError):
            waiting.draw_until(goal, most, log_m, person("ann"))
    waiting.generate()
    waiting.wait()
    chosen = waiting.threshold()
    assert chosen is not None and chosen.chosen_by is ChosenBy.RULE
    waiting.draw_until(1, author=person("ann"))  # at the M of the earlier candidates
    drawn = finished(waiting)
    after = waiting.threshold()
    assert after is not None and (after.log_m, after.scope) == (chosen.log_m, chosen.scope)
    assert drawn.until.log_m == chosen.log_m


def test_constraints_alone_have_an_m_of_their_own(waiting: Project) -> None:
    for key, value in (("rewards", "{}"), ("reference", "proposal")):
        waiting.set(f"target.{key}", value)
    waiting.set("target.constraints", '[{ scorer = "words", at_least = 1.0 }]')
    waiting.draw_until(3, author=person("ann"))
    drawn = finished(waiting)
    assert drawn.until.log_m == 0.0 and drawn.accepted > 0 and drawn.end in (End.MET, End.MOST)


def test_another_m_ends_it(waiting: Project) -> None:
    waiting.draw_until(5, log_m=50.0, author=person("ann"))
    waiting.set_threshold(1.0, Scope.GLOBAL, author=person("bea"))
    drawn = finished(waiting)
    assert drawn.end is End.CHANGED and len([j for j in waiting.jobs() if j.kind is JobKind.GENERATE]) == 1


def test_broken_off_it_goes_on_when_its_job_does_also_after_a_restart(
    jobs_in_threads: None, tmp_path: Path, small_task: Path, tiny_model: Path
) -> None:
    with Project.create(tmp_path / "p", str(small_task), str(tiny_model), seed=7) as project:
        project.set("generate.prompts", "3")
        job_id = project.draw_until(1, log_m=50.0, author=person("ann"))
        project.cancel(job_id)
        with contextlib.suppress(JobError):  # raised if the job had already started
            project.wait()
        drawn = project.drawn_until()
        assert drawn is not None and drawn.end is End.BROKEN_OFF
        project.resume(job_id)
        finished(project)
    with Project.open(tmp_path / "p") as project:
        drawn = finished(project)
        assert drawn.end is End.MOST and drawn.prompts == 8
        assert len([job for job in project.jobs() if job.kind is JobKind.GENERATE]) == 3


def test_an_ordinary_draw_is_of_no_run(waiting: Project) -> None:
    waiting.generate()
    waiting.wait()
    assert waiting.drawn_until() is None
    assert len([job for job in waiting.jobs() if job.kind is JobKind.GENERATE]) == 1
