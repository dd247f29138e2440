"""Rounds that run by themselves, on a real tiny model: they go on, wait, and stop with a reason, also across a restart."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from rsf_core.domain import Act, Action, ActKind, JobKind, Split
from rsf_core.domain.access import ActorKind, person
from rsf_core.domain.errors import AccessError, StageError
from rsf_core.project import Project
from rsf_core.rounds.autopilot import AutopilotRun, AutopilotState

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


@pytest.fixture
def quick(project: Project) -> Project:
    """The small project with guardrails so wide that a tiny random model never triggers them."""
    for key, value in (("min_gain", "-100"), ("max_kl", "1000"), ("max_length_ratio", "1000"), ("min_diversity", "0")):
        project.set(f"autopilot.{key}", value)
    return project


def wait(project: Project, *states: AutopilotState) -> None:
    end = time.monotonic() + 120
    while True:
        run = project.autopilot.latest_run()
        assert run is not None
        if run.state in states and not project.jobs(active=True):
            return
        assert time.monotonic() < end, run
        time.sleep(0.05)


def test_two_rounds_run_by_themselves(quick: Project) -> None:
    run = quick.autopilot.start(2, pause=False, author=person("ann"))
    assert run.state is AutopilotState.RUNNING and run.last_round == 2
    with pytest.raises(StageError, match="already"):
        quick.autopilot.start(1, pause=False, author=person("ben"))
    wait(quick, AutopilotState.FINISHED)
    assert quick.current_round == 2 and quick.comparison(1) is not None and quick.comparison(2) is not None
    assert [curated.author for curated in quick.curated_sets()] == ["ann", "ann"]
    assert (
        quick.autopilot.start(1, pause=False, author=person("ann")).last_round == 3
    )  # round 2 is complete, so round 3 follows
    quick.autopilot.stop(person("ann"))
    wait(quick, AutopilotState.STOPPED)  # the running job ends first


def test_each_round_trains_a_control_and_one_cancelled_stops_it_until_it_is_resumed(quick: Project) -> None:
    quick.set("autopilot.control", "true")
    quick.autopilot.start(1, pause=True, author=person("ann"))
    wait(quick, AutopilotState.WAITING)
    quick.autopilot.go_on(person("ann"))
    end = time.monotonic() + 120
    while (job := quick.control_job()) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    quick.cancel(job.job_id)
    wait(quick, AutopilotState.STOPPED)
    run, job = quick.autopilot.latest_run(), quick.control_job()
    assert run is not None and job is not None
    assert run.reason.startswith(f"the random control: {job.job_id} cancelled")
    quick.resume(job.job_id)
    wait(quick, AutopilotState.STOPPED)
    quick.autopilot.start(1, pause=True, author=person("ann"))
    wait(quick, AutopilotState.WAITING)
    comparison = quick.comparison(1)
    assert quick.current_round == 2 and comparison is not None and comparison.control


def test_a_control_whose_files_were_deleted_is_not_waited_for(quick: Project) -> None:
    quick.run(1)
    quick.train_control()
    quick.wait()
    quick.lineage.delete("m1-1-random", person("ann"))
    quick.set("generate.temperature", "0.9")
    quick.evaluate()
    quick.wait()
    quick.set("autopilot.control", "true")
    comparison = quick.comparison(1)
    assert comparison is not None and not comparison.control
    quick.autopilot.start(1, pause=True, author=person("ann"))
    wait(quick, AutopilotState.WAITING)
    assert quick.current_round == 2


def test_it_waits_for_a_review_and_trains_on_its_decisions(quick: Project) -> None:
    quick.autopilot.start(1, pause=True, author=person("ann"))
    wait(quick, AutopilotState.WAITING)
    run = quick.autopilot.latest_run()
    assert run is not None and "review them" in run.reason
    assert not [job for job in quick.jobs() if job.kind is JobKind.FINETUNE]
    rejected = next(c for p in quick.prompts() for c in quick.candidates(p.prompt_id) if not c.accepted)
    quick.override(rejected.candidate_id, Action.ACCEPT, person("ann"))
    quick.autopilot.go_on(person("ann"))
    wait(quick, AutopilotState.FINISHED)
    samples = quick.curated_samples(quick.curated_sets()[0].curated_id).to_pylist()
    assert {row["decided_by"] for row in samples if row["candidate_id"] == rejected.candidate_id} == {"ann"}


def test_a_guardrail_stops_it_and_says_which(quick: Project) -> None:
    quick.set("autopilot.min_acceptance", "0.99")
    quick.autopilot.start(2, pause=False, author=person("ann"))
    wait(quick, AutopilotState.STOPPED)
    run = quick.autopilot.latest_run()
    assert run is not None and "autopilot.min_acceptance" in run.reason and quick.curated_sets() == []
    with pytest.raises(StageError, match="nothing is waiting"):
        quick.autopilot.go_on(person("ann"))


def test_a_set_of_repetitions_is_frozen_and_not_trained_on(quick: Project) -> None:
    quick.generate()
    quick.wait()
    prompt = quick.prompts(Split.TRAIN)[0].prompt_id
    for candidate in (c for p in quick.prompts(Split.TRAIN) for c in quick.candidates(p.prompt_id)):
        mine = candidate.candidate_id.split(".")[1] == str(prompt)
        quick.override(candidate.candidate_id, Action.ACCEPT if mine else Action.REJECT, person("ann"))
        if mine:
            act = Act(f"edit {candidate.candidate_id}", ActKind.EDIT, (candidate.candidate_id,), value="The very same.")
            quick.review.say(1, person("ann"), [act])
    quick.set("autopilot.max_duplicates", "0.7")
    quick.autopilot.start(1, pause=False, author=person("ann"))
    wait(quick, AutopilotState.STOPPED)
    run = quick.autopilot.latest_run()
    assert run is not None and "c1-1: 75% of the accepted completions repeat" in run.reason
    assert len(quick.curated_sets()) == 1 and quick.models()[1:] == []


def test_a_round_without_gain_is_the_last(quick: Project) -> None:
    quick.set("autopilot.min_gain", "100")
    quick.autopilot.start(3, pause=False, author=person("ann"))
    wait(quick, AutopilotState.STOPPED)
    run = quick.autopilot.latest_run()
    assert run is not None and "after round 1: no held-out gain" in run.reason and quick.current_round == 1


def test_a_failed_job_stops_it_with_its_message(tmp_path: Path, small_task: Path) -> None:
    with Project.create(tmp_path / "p", str(small_task), model="nobody/no-model", seed=1) as broken:
        broken.autopilot.start(1, pause=False, author=person("ann"))
        wait(broken, AutopilotState.STOPPED)
        run = broken.autopilot.latest_run()
        assert run is not None and "r1-generate-1 failed: there is no model" in run.reason


def test_it_acts_by_itself_under_the_name_of_who_started_it_and_opens_no_sealed_prompts(project: Project) -> None:
    actor = AutopilotRun(
        1, AutopilotState.RUNNING, "started", 1, 1, False, "ann", "1 rounds", datetime(2026, 1, 1)
    ).actor
    assert (actor.name, actor.kind) == ("ann", ActorKind.AUTOPILOT)
    stages = project._stages
    for do in (lambda: stages.open_sealed(actor), lambda: stages.draw_until(1, None, 0.0, actor)):
        with pytest.raises(AccessError, match="the autopilot does not do this by itself"):
            do()


def test_it_goes_on_after_a_restart(quick: Project) -> None:
    quick.autopilot.start(1, pause=False, author=person("ann"))
    folder = quick.folder
    quick.close()
    with Project.open(folder) as again:
        wait(again, AutopilotState.FINISHED)
        assert again.comparison(1) is not None
