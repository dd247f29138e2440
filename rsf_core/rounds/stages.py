"""The stages of a round, one row each in one table, and the state of each. Pure functions. `drive` decides what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import pairwise
from typing import Protocol

from rsf_core.domain import JobKind, JobState, Prompt
from rsf_core.domain.access import Actor
from rsf_core.domain.words import plural
from rsf_core.store.records import CuratedRecord, JobRecord, ModelRecord, RoundCounts


class Stage(StrEnum):
    GENERATE = "generate"
    SCORE = "score"
    REVIEW = "review"
    FINETUNE = "finetune"
    EVALUATE = "evaluate"


class Progress(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """Everything that decides the state of a round."""

    counts: RoundCounts
    jobs: Sequence[JobRecord]
    curated: CuratedRecord | None
    tuned: ModelRecord | None
    evaluated: bool
    train_prompts: int
    held_out_prompts: int

    @property
    def scored(self) -> bool:
        """Whether every candidate that can be decided is decided."""
        return self.counts.decided > 0 and self.counts.undecided == 0

    def newest_job(self, kind: JobKind | None) -> JobRecord | None:
        return next((job for job in reversed(self.jobs) if job.kind is kind), None)


class Starts(Protocol):
    """Starts the jobs of the newest round, or of an earlier one if the method takes a number; see `start.Stages`."""

    def generate(self) -> str: ...
    def score(self, round_number: int | None = None) -> str | None: ...
    def freeze(self, actor: Actor) -> CuratedRecord: ...
    def finetune(self, curated_id: str) -> str: ...
    def evaluate(self, round_number: int | None = None) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a person does if the stage that comes next cannot start. `because` is why and what to do (`{round}` stands for the
    round's number); the button `label` opens `page`, with `hint` beside it."""

    because: str
    page: str
    label: str
    icon: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StageType:
    """One row of the table. A stage without a `kind` of job is done by a person, and nothing waits for it.

    `ready`: whether it can start; `remedy`: what to do if it comes next and cannot. `done`: whether its result exists.
    `detail`: in a few words, what exists or is missing. `action`: the text of the button that starts it, or that opens
    `page`, where a person does it. `start` starts its job in the name of an actor and returns the job's id, None if there was
    nothing left to compute. `follows` starts it in a round, by its number, when a job is done that names it in `follow`; a
    stage without it follows no job."""

    stage: Stage
    kind: JobKind | None
    label: str
    icon: str
    ready: Callable[[RoundFacts], bool]
    done: Callable[[RoundFacts], bool]
    detail: Callable[[RoundFacts], str]
    action: Callable[[RoundCounts], str]
    start: Callable[[Starts, Actor], str | None] | None = None
    follows: Callable[[Starts, int], str | None] | None = None
    remedy: Remedy | None = None
    page: str = ""
    lasting: bool = False  # a later job adds to the result: one that is interrupted does not undo it
    # whether it can start again beside a job that was interrupted
    restarts: Callable[[RoundCounts], bool] = lambda counts: True


@dataclass(frozen=True, slots=True)
class StageState:
    """The state of a stage: `job` is its newest job; `detail`, in a few words, what exists or is missing; `note` what a done
    job had to leave out; `blocked` why it cannot start."""

    stage: Stage
    progress: Progress
    detail: str
    job: JobRecord | None = None
    note: str = ""
    blocked: Remedy | None = None


def _drawn(facts: RoundFacts) -> str:
    counts = facts.counts
    if counts.candidates:
        return f"{plural(counts.candidates, 'candidate')} for {plural(counts.prompts, 'prompt')}"
    return "draws the candidates" if facts.train_prompts else "add train prompts first"


def _reviewed(facts: RoundFacts) -> str:
    counts = facts.counts
    return (
        f"{counts.accepted:,} accepted, {counts.overridden:,} decided by a person"
        if facts.scored
        else "accept or reject"
    )


def _tuned(facts: RoundFacts) -> str:
    if facts.tuned is not None:
        return f"model {facts.tuned.model_id}"
    return f"on {facts.counts.trainable:,} accepted" if facts.scored else "on the accepted"


def _compared(facts: RoundFacts) -> str:
    if facts.evaluated:
        return "compared with the model before"
    if not facts.held_out_prompts:
        return "not compared: there are no held-out prompts"
    return f"on {plural(facts.held_out_prompts, 'held-out prompt')}"


def _scores(facts: RoundFacts) -> str:
    counts = facts.counts
    if not counts.decided and not counts.unscored:
        drawing = facts.newest_job(JobKind.GENERATE)  # `rsf generate` draws alone
        return "follows by itself" if drawing is None or Stage.SCORE in drawing.follow else "not scored yet"
    return f"{counts.decided:,} scored" + (f", {counts.unscored:,} without a score" if counts.unscored else "")


def _to_be_scored(facts: RoundFacts) -> bool:
    return facts.counts.undecided > 0 and state_of(STAGES[0], facts).progress is Progress.DONE


STAGES: tuple[StageType, ...] = (
    StageType(
        Stage.GENERATE,
        JobKind.GENERATE,
        label="Generate",
        icon=":material/casino:",
        ready=lambda facts: facts.train_prompts > 0,
        done=lambda facts: facts.counts.candidates > 0,
        detail=_drawn,
        action=lambda counts: "Generate candidates",
        start=lambda starts, actor: starts.generate(),
        remedy=Remedy(
            "there is no train prompt to draw candidates for: add some on the Prompts page",
            page="prompts",
            label="Add prompts",
            icon=":material/add:",
        ),
        restarts=lambda counts: counts.candidates == 0,  # else it would draw more beside those that are finished
    ),
    StageType(
        Stage.SCORE,
        JobKind.SCORE,
        label="Score",
        icon=":material/star:",
        ready=_to_be_scored,
        done=lambda facts: facts.scored,
        detail=_scores,
        action=lambda counts: "Score candidates",
        start=lambda starts, actor: starts.score(),
        follows=lambda starts, number: starts.score(number),
        remedy=Remedy(
            "no candidate is left to score, because their prompts were retired or a scorer has no score for them: "
            "restore some of these prompts on the Prompts page, draw for others, or fix the scorer and score again on "
            "the Acceptance page",
            page="prompts",
            label="Restore prompts",
            icon=":material/undo:",
            hint="All prompts of the candidates were retired, or no candidate has a score: restore some prompts, or "
            "draw for others.",
        ),
        lasting=True,
    ),
    StageType(
        Stage.REVIEW,
        None,
        label="Accept & review",
        icon=":material/rate_review:",
        ready=lambda facts: facts.scored,
        done=lambda facts: facts.curated is not None,
        detail=_reviewed,
        action=lambda counts: "Review first",
        page="review",
    ),
    StageType(
        Stage.FINETUNE,
        JobKind.FINETUNE,
        label="Fine-tune",
        icon=":material/model_training:",
        ready=lambda facts: facts.scored and facts.counts.trainable > 0,
        done=lambda facts: facts.tuned is not None,
        detail=_tuned,
        action=lambda counts: f"Fine-tune on {counts.trainable:,} accepted",
        start=lambda starts, actor: starts.finetune(starts.freeze(actor).curated_id),
        remedy=Remedy(
            "round {round} has no accepted candidate to train on: lower M on the Acceptance page, accept some by hand on the "
            "Review page, or draw more candidates",
            page="acceptance",
            label="Choose M",
            icon=":material/tune:",
            hint="No candidate is accepted at this M: lower it, or accept some by hand.",
        ),
    ),
    StageType(
        Stage.EVALUATE,
        JobKind.EVALUATE,
        label="Compare",
        icon=":material/compare:",
        ready=lambda facts: facts.tuned is not None and facts.held_out_prompts > 0,
        # without held-out prompts the round ends without a comparison, as its detail reports
        done=lambda facts: facts.evaluated or (facts.tuned is not None and not facts.held_out_prompts),
        detail=_compared,
        action=lambda counts: "Compare on held-out prompts",
        start=lambda starts, actor: starts.evaluate(),
        follows=lambda starts, number: starts.evaluate(number),
        lasting=True,
    ),
)
"""In the order of the round. Once the last stage is done, the round is complete."""

_TYPES = {row.stage: row for row in STAGES}
_AFTER_A_PERSON = {after.stage: before for before, after in pairwise(STAGES) if before.kind is None}


def stage_type(stage: Stage) -> StageType:
    """The row of a stage."""
    return _TYPES[stage]


def followers() -> dict[str, StageType]:
    """The stages that can follow a job, by name."""
    return {row.stage: row for row in STAGES if row.follows is not None}


def persons_before(stage: Stage) -> StageType | None:
    """The stage that a person may do directly before this one, or None."""
    return _AFTER_A_PERSON.get(stage)


def states(facts: RoundFacts) -> tuple[StageState, ...]:
    """The state of each stage of the round, in order."""
    return tuple(state_of(row, facts) for row in STAGES)


def state_of(row: StageType, facts: RoundFacts) -> StageState:
    """The state of one stage: by its newest job, else by whether it is done or can start."""
    job, done, ready = facts.newest_job(row.kind), row.done(facts), row.ready(facts)
    blocked = None if ready else row.remedy
    if job is not None and not job.state.ended:
        return StageState(row.stage, Progress.RUNNING, job.message, job, blocked=blocked)
    if job is not None and job.state is not JobState.DONE and not (row.lasting and done):
        return StageState(row.stage, Progress.FAILED, job.message, job, blocked=blocked)
    if done:
        message = job.message if job is not None and job.state is JobState.DONE else ""
        note = message.removeprefix("done").lstrip(". ")
        return StageState(row.stage, Progress.DONE, row.detail(facts), job, note, blocked)
    return StageState(row.stage, Progress.READY if ready else Progress.WAITING, row.detail(facts), job, blocked=blocked)


def next_stage(states: Sequence[StageState]) -> Stage | None:
    """The first stage with a job that is neither done nor running, or None when all is done or something runs."""
    if any(state.progress is Progress.RUNNING for state in states):
        return None
    for state in states:
        if state.progress is not Progress.DONE and stage_type(state.stage).kind is not None:
            return state.stage
    return None


def complete(states: Sequence[StageState]) -> bool:
    return states[-1].progress is Progress.DONE


def draw_prompts(prompts: Sequence[Prompt], count: int, round_number: int, seed: int) -> list[Prompt]:
    """The train prompts of a round: `count` of them (0: all), in an order shuffled once for the project, each round
    going on where the last one ended, so that every prompt has its turn."""
    shuffled = sorted(prompts, key=lambda p: blake2b(f"{seed}:{p.prompt_id}".encode(), digest_size=8).digest())
    if count == 0 or count >= len(shuffled):
        return sorted(shuffled, key=lambda p: p.prompt_id)
    start = (round_number - 1) * count
    chosen = [shuffled[(start + i) % len(shuffled)] for i in range(count)]
    return sorted(chosen, key=lambda p: p.prompt_id)


def first_k(prompts: Sequence[Prompt], taken: Mapping[int, int]) -> dict[str, list[int]]:
    """The first k of the new candidates of each prompt, as two columns."""
    return {
        "prompt_id": [prompt.prompt_id for prompt in prompts],
        "k": [taken.get(prompt.prompt_id, 0) for prompt in prompts],
    }
