"""The next step, for every combination in a small space of facts: exactly one step, never the same work twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from typing import NamedTuple

import pytest

from rsf_core.domain import JobKind, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import StageError
from rsf_core.project import Project
from rsf_core.rounds import stages
from rsf_core.rounds.autopilot import AutopilotState
from rsf_core.rounds.drive import (
    Complete,
    DriveState,
    OpenRound,
    Resume,
    Start,
    Step,
    Stopped,
    WaitForJob,
    WaitForReview,
    last_round,
    next_step,
)
from rsf_core.rounds.stages import STAGES, Progress, RoundFacts, Stage, StageState
from rsf_core.store.records import JobRecord
from tests.support.round_facts import CURATED, DECIDED, DRAWN, LEAVES, NOTHING, TUNED, after, facts, job
from tests.support.seeding import add_candidates, candidates, decide

WORDS = "10 candidates are accepted: review them"
COUNTS = (
    NOTHING,
    DRAWN,
    replace(DRAWN, retired=40),  # nothing can be decided any more
    DECIDED,
    replace(DECIDED, accepted=0),
    replace(DECIDED, candidates=50),  # more candidates were drawn since
)
JOBS = (None, "running", "failed")  # a job that is done adds nothing to the other facts
JOB_STAGES = [row for row in STAGES if row.kind is not None]


class Situation(NamedTuple):
    facts: RoundFacts
    state: DriveState


def situations() -> Iterator[Situation]:
    """Every combination of candidate counts, the newest job of each stage, tuned and compared models, and prompts."""
    outcomes = ((None, False), (TUNED, False), (TUNED, True))
    for counts, (tuned, evaluated), train, held_out in product(COUNTS, outcomes, (0, 8), (0, 4)):
        for job_states in product(JOBS, repeat=len(JOB_STAGES)):
            jobs = [
                job(str(row.kind), state)
                for row, state in zip(JOB_STAGES, job_states, strict=True)
                if state is not None
            ]
            changes = {"train_prompts": train, "held_out_prompts": held_out, "tuned": tuned, "evaluated": evaluated}
            round_facts = facts(counts, *jobs, **changes)
            yield Situation(round_facts, DriveState(1, stages.states(round_facts)))


ALL = list(situations())


def of(state: DriveState, stage: Stage) -> StageState:
    return next(state_of_stage for state_of_stage in state.stages if state_of_stage.stage is stage)


def test_there_is_one_step_in_every_situation_and_it_is_not_work_that_is_done_or_under_way() -> None:
    seen: set[type[Step]] = set()
    for situation, agrees in product(ALL, (False, True)):
        state = replace(situation.state, agrees=agrees)
        step = next_step(state)
        seen.add(type(step))
        assert step == next_step(state)
        running = [state_of_stage for state_of_stage in state.stages if state_of_stage.progress is Progress.RUNNING]
        assert isinstance(step, WaitForJob) is bool(running)
        if isinstance(step, Start | Resume | Stopped):
            mine = of(state, step.stage)
            assert mine.progress in (Progress.READY, Progress.WAITING, Progress.FAILED)
            before = state.stages[: state.stages.index(mine)]
            assert all(s.progress is Progress.DONE for s in before if stages.stage_type(s.stage).kind is not None)
        if isinstance(step, Start):
            row = stages.stage_type(step.stage)
            assert row.ready(situation.facts) and row.start is not None
        if isinstance(step, Stopped):
            assert not stages.stage_type(step.stage).ready(situation.facts) and step.because
        assert isinstance(step, OpenRound) is (not running and state.stages[-1].progress is Progress.DONE)
    assert seen == {Start, Resume, WaitForJob, OpenRound, Stopped}


def test_an_interrupted_job_is_resumed_and_started_again_only_where_the_settings_ask_for_another() -> None:
    for _, state in ALL:
        step, other = next_step(replace(state, agrees=True)), next_step(replace(state, agrees=False))
        if isinstance(step, Resume):
            broken = of(state, step.stage)
            assert broken.progress is Progress.FAILED and broken.job is not None and broken.job.job_id == step.job_id
            assert isinstance(other, Start | Stopped) and other.stage is step.stage
        else:
            assert step == other
            assert not (isinstance(step, Start) and of(state, step.stage).progress is Progress.FAILED)


def test_a_job_that_is_no_stage_of_the_round_is_waited_for_as_well() -> None:
    for _, state in ALL[::7]:
        step = next_step(replace(state, active_job="r1-trial-1"))
        own = next((s.job for s in state.stages if s.progress is Progress.RUNNING), None)
        assert step == WaitForJob("r1-trial-1" if own is None else own.job_id)


def test_review_keeps_nobody_waiting_unless_the_autopilot_waits_for_it() -> None:
    for situation in ALL:
        frozen = stages.states(replace(situation.facts, curated=CURATED))
        step = next_step(situation.state)
        assert next_step(replace(situation.state, stages=frozen)) == step
        waiting = next_step(replace(situation.state, awaits_review=WORDS))
        if isinstance(step, Start | Stopped) and step.stage is Stage.FINETUNE:
            assert waiting == WaitForReview(Stage.FINETUNE, WORDS)
        else:
            assert waiting == step


@pytest.mark.parametrize("last", [None, 1, 2, 3])
def test_a_complete_round_is_followed_by_the_next_up_to_the_last(last: int | None) -> None:
    done = stages.states(facts(DECIDED, job("generate", "done"), job("score", "done"), tuned=TUNED, evaluated=True))
    for number in (1, 2, 3):
        step = next_step(DriveState(number, done), last)
        assert step == (OpenRound() if last is None or number < last else Complete())
        assert next_step(DriveState(number, done, "r1-trial-1"), last) == WaitForJob("r1-trial-1")


@pytest.mark.parametrize(
    ("current", "more", "is_complete", "last"),
    [(1, 1, False, 1), (1, 1, True, 2), (3, 2, False, 4), (3, 2, True, 5), (3, 0, True, 3)],
)
def test_the_open_round_counts_as_the_first_of_those_asked_for(
    current: int, more: int, is_complete: bool, last: int
) -> None:
    assert last_round(current, more, is_complete) == last


@pytest.mark.parametrize(
    ("round_facts", "says"),
    [
        (facts(train_prompts=0), "there is no train prompt to draw candidates for: add some on the Prompts page"),
        (facts(replace(DECIDED, accepted=0), job("generate", "done")), "round 7 has no accepted candidate to train on"),
        (facts(replace(DRAWN, retired=40), job("generate", "done")), "their prompts were retired"),
    ],
)
def test_what_has_to_be_done_first_is_reported(round_facts: RoundFacts, says: str) -> None:
    step = next_step(DriveState(7, stages.states(round_facts)))
    assert isinstance(step, Stopped) and says in step.because


@pytest.mark.parametrize("breaks", [None, *(row.stage for row in JOB_STAGES)])
@pytest.mark.parametrize("held_out", [0, 4])
def test_a_round_comes_to_its_end_and_each_stage_starts_once(breaks: Stage | None, held_out: int) -> None:
    """Each step is carried out as it comes, in a world where a job breaks off once and is resumed."""
    round_facts, jobs, steps = after((), held_out_prompts=held_out), dict[Stage, JobRecord](), list[Step]()
    while not isinstance(step := next_step(DriveState(1, stages.states(round_facts), agrees=True), 1), Complete):
        steps.append(step)
        assert len(steps) < 30, steps
        match step:
            case Start(stage):
                assert stage not in jobs, f"{stage} is started twice"
                jobs[stage] = job(str(stages.stage_type(stage).kind), "queued")
            case Resume(stage, job_id):
                assert jobs[stage].job_id == job_id and stage is breaks
                jobs[stage] = job(str(stages.stage_type(stage).kind), "running")
            case WaitForJob(job_id):
                stage = next(stage for stage, record in jobs.items() if record.job_id == job_id)
                broken = stage is breaks and Resume(stage, job_id) not in steps
                jobs[stage] = job(str(stages.stage_type(stage).kind), "failed" if broken else "done")
            case _:
                pytest.fail(f"{step} needs a person")
        done = {stage for stage, record in jobs.items() if record.state == "done"}
        round_facts = after(done, *jobs.values(), held_out_prompts=held_out)
    in_turn = [row.stage for row in JOB_STAGES if held_out or row.stage is not Stage.EVALUATE]
    assert [step.stage for step in steps if isinstance(step, Start)] == in_turn, (
        "a round is complete once the last row of STAGES is done: one that comes before it belongs in its `ready` and `done`"
    )
    assert sum(isinstance(step, Resume) for step in steps) == (breaks in in_turn)


def test_the_effect_of_each_stage_is_declared() -> None:
    with_leaves, with_a_job = set(LEAVES), {row.stage for row in JOB_STAGES}
    assert with_leaves == with_a_job, f"BEFORE and LEAVES of tests/support/round_facts.py: {with_leaves ^ with_a_job}"


# -- on a project ------------------------------------------------------------------------------------------------------


@pytest.fixture
def still(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose jobs are queued and never begin."""
    project.supervisor.stop()
    monkeypatch.setattr(project.supervisor, "_begin", lambda job: None)
    return project


def test_the_project_does_what_it_says_comes_next(still: Project) -> None:
    assert still.next_step() == Start(Stage.GENERATE)
    assert still.advance(person("ann")) == "r1-generate-1" and still.next_step() == WaitForJob("r1-generate-1")
    assert still.advance(person("ann")) is None and len(still.jobs()) == 1
    still.cancel("r1-generate-1")
    assert still.next_step() == Resume(Stage.GENERATE, "r1-generate-1")
    still.set("generate.candidates", "3")
    assert still.next_step() == Start(Stage.GENERATE)  # resuming would draw by the old settings
    assert still.advance(person("ann")) == "r1-generate-2"


def test_what_follows_a_job_by_itself_is_the_next_stage_of_the_table(still: Project) -> None:
    """Any other stage would skip one: the round is complete once the last stage is done."""
    after_it = {row.stage: following.stage for row, following in pairwise(STAGES)}
    still.start_stage(Stage.GENERATE, person("ann"))
    rows = candidates(prompts=8, per_prompt=2)
    add_candidates(still.store, rows)
    decide(still.store, rows, 0.0, 0.0)
    still.start_stage(Stage.FINETUNE, person("ann"))
    assert [record.kind for record in still.jobs()] == [JobKind.GENERATE, JobKind.FINETUNE]
    for record in still.jobs():
        assert record.follow == (after_it[Stage(record.kind)],), (
            f"{record.kind} is followed by {record.follow}, but {after_it[Stage(record.kind)]} comes next in STAGES: name "
            "that one in `follow` where the job is submitted, start it in `_follow`, and let it be followed by the other"
        )


def test_a_trial_of_somebody_is_waited_for(still: Project) -> None:
    job_id = still.try_out(["base"], "Hello")
    assert still.advance(person("ann")) is None and [record.job_id for record in still.jobs()] == [job_id]


def test_nothing_is_trained_past_a_review_that_the_autopilot_waits_for(still: Project) -> None:
    still.store.add_autopilot_event(1, "waiting", 1, 1, True, "ann", WORDS)
    assert still.next_step() == Start(Stage.GENERATE)  # this stage is before the review
    rows = candidates(prompts=8, per_prompt=2)
    add_candidates(still.store, rows)
    decide(still.store, rows, 0.0, 0.0)
    assert still.next_step() == WaitForReview(Stage.FINETUNE, WORDS)
    for go_on in (still.advance, still.run):
        with pytest.raises(StageError, match=r"the autopilot waits for a review \(10 candidates.*--go-on"):
            go_on()
    assert still.jobs() == [] and still.curated_sets() == []
    still.autopilot.stop(person("ann"))
    assert still.next_step() == Start(Stage.FINETUNE)
    still.store.add_autopilot_event(
        2, "waiting", 0, 1, True, "ann", WORDS
    )  # it waited in a round that a person ended by hand
    assert still.next_step() == Start(Stage.FINETUNE)


def test_what_was_retired_is_not_scored_for_ever(still: Project) -> None:
    add_candidates(still.store, candidates(prompts=8, per_prompt=2))
    still.retire_prompts([prompt.prompt_id for prompt in still.prompts(Split.TRAIN)], person("ann"))
    with pytest.raises(StageError, match="their prompts were retired"):
        still.run(1)
    run = still.autopilot.start(1, pause=False, author=person("ann"))
    assert run.state is AutopilotState.STOPPED and "their prompts were retired" in run.reason


def test_a_person_s_stage_is_not_started(still: Project) -> None:
    with pytest.raises(StageError, match="done by a person on the Review page"):
        still.start_stage(Stage.REVIEW, person("ann"))


def test_a_stage_that_makes_no_progress_is_not_started_again_and_again(
    still: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(still._stages, "generate", lambda: None)
    with pytest.raises(StageError, match="Generate: there is nothing left to compute, but the stage is not done"):
        still.run(1)
