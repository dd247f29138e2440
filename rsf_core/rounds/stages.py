"""The round as a state machine: which stages there are, where each stands, and what may run next. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from rsf_core.domain import JobKind, JobState, Prompt
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
class StageState:
    """`job` is the newest job of the stage; `detail` says in a few words what there is or what is missing, `note` what a job
    that is done had to leave out."""

    stage: Stage
    progress: Progress
    detail: str
    job: JobRecord | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """Everything that decides where a round stands."""

    counts: RoundCounts
    jobs: Sequence[JobRecord]
    curated: CuratedRecord | None
    tuned: ModelRecord | None
    evaluated: bool
    train_prompts: int
    held_out_prompts: int


def states(facts: RoundFacts) -> tuple[StageState, ...]:
    """Where each stage of the round stands, in order."""
    newest: dict[JobKind, JobRecord] = {job.kind: job for job in facts.jobs}
    counts = facts.counts
    scored = counts.decided > 0 and counts.undecided == 0
    generate = _job_stage(
        Stage.GENERATE,
        newest.get(JobKind.GENERATE),
        ready=facts.train_prompts > 0,
        done=counts.candidates > 0,
        detail=f"{counts.candidates:,} candidates for {counts.prompts:,} prompts"
        if counts.candidates
        else "add train prompts first"
        if not facts.train_prompts
        else "draws the candidates",
    )
    score = _job_stage(
        Stage.SCORE,
        newest.get(JobKind.SCORE),
        ready=generate.progress is Progress.DONE,
        done=scored,
        detail=f"{counts.decided:,} scored" if counts.decided else "follows by itself",
    )
    review = StageState(
        Stage.REVIEW,
        Progress.DONE if facts.curated else Progress.READY if scored else Progress.WAITING,
        f"{counts.accepted:,} accepted, {counts.overridden:,} by a person" if scored else "accept or reject",
    )
    finetune = _job_stage(
        Stage.FINETUNE,
        newest.get(JobKind.FINETUNE),
        ready=scored and counts.accepted > 0,
        done=facts.tuned is not None,
        detail=f"model {facts.tuned.model_id}"
        if facts.tuned
        else f"on {counts.accepted:,} accepted"
        if scored
        else "on the accepted",
    )
    without_comparison = facts.tuned is not None and not facts.held_out_prompts  # the round ends without, and says so
    evaluate = _job_stage(
        Stage.EVALUATE,
        newest.get(JobKind.EVALUATE),
        ready=facts.tuned is not None and facts.held_out_prompts > 0,
        done=facts.evaluated or without_comparison,
        detail="compared with the model before"
        if facts.evaluated
        else "not compared: there are no held-out prompts"
        if not facts.held_out_prompts
        else f"on {facts.held_out_prompts:,} held-out prompts",
    )
    return generate, score, review, finetune, evaluate


def next_stage(found: Sequence[StageState]) -> Stage | None:
    """The first stage that is neither done nor running, or None when all is done or something runs."""
    if any(state.progress is Progress.RUNNING for state in found):
        return None
    for state in found:
        if state.progress is not Progress.DONE and state.stage is not Stage.REVIEW:
            return state.stage
    return None


def complete(found: Sequence[StageState]) -> bool:
    return found[-1].progress is Progress.DONE


def _job_stage(stage: Stage, job: JobRecord | None, *, ready: bool, done: bool, detail: str) -> StageState:
    if job is not None and not job.state.ended:
        return StageState(stage, Progress.RUNNING, job.message, job)
    adds = stage in (Stage.SCORE, Stage.EVALUATE) and done  # what the stage is for is there already
    if job is not None and job.state is not JobState.DONE and not adds:
        return StageState(stage, Progress.FAILED, job.message, job)
    if done:
        told = job.message if job is not None and job.state is JobState.DONE else ""
        note = told.removeprefix("done").lstrip(". ")
        return StageState(stage, Progress.DONE, detail, job, note)
    return StageState(stage, Progress.READY if ready else Progress.WAITING, detail, job)


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
    """Where the new candidates of each prompt are counted from, as two columns."""
    return {
        "prompt_id": [prompt.prompt_id for prompt in prompts],
        "k": [taken.get(prompt.prompt_id, 0) for prompt in prompts],
    }
