"""The kinds of jobs, a row each: everything that depends on the kind of a job. Modules of work are named, not imported, so
that torch is not loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rsf_core.domain import JobKind
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import (
    EmbedSpec,
    EvaluateSpec,
    FinetuneSpec,
    GenerateSpec,
    JobSpec,
    LearnSpec,
    ScoreSpec,
    SealedSpec,
    TrialSpec,
)
from rsf_core.jobs.contents import AllContents, Inputs, of_comparison, of_generate, of_score, of_trial
from rsf_core.jobs.schemas import COMPARED, DRAWN, GAUGED, SCORED, TRIED, Place


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job takes while it runs: how many of the slots that jobs share."""

    slots: int = 1


@dataclass(frozen=True, slots=True)
class JobType:
    """`work` is the module whose `run` does it, given a JobContext of its `spec`. Its segments go to `places`; `contents`
    returns what they must hold, from the job's id, spec and inputs. A job without places makes no rows. It waits until its
    `resources` are free."""

    spec: type[JobSpec]
    work: str
    places: tuple[Place, ...] = ()
    contents: Callable[[str, Any, Inputs], AllContents] | None = None
    resources: Resources = Resources()


_WORK = "rsf_core.jobs.work"
TYPES: Mapping[JobKind, JobType] = {
    JobKind.GENERATE: JobType(GenerateSpec, f"{_WORK}.generate", (DRAWN,), of_generate),
    JobKind.SCORE: JobType(ScoreSpec, f"{_WORK}.score", (SCORED,), of_score),
    JobKind.FINETUNE: JobType(FinetuneSpec, f"{_WORK}.finetune"),
    JobKind.EVALUATE: JobType(EvaluateSpec, f"{_WORK}.evaluate", (COMPARED, GAUGED), of_comparison),
    JobKind.SEALED: JobType(SealedSpec, f"{_WORK}.evaluate", (COMPARED, GAUGED), of_comparison),
    JobKind.TRIAL: JobType(TrialSpec, f"{_WORK}.trial", (TRIED,), of_trial),
    JobKind.EMBED: JobType(EmbedSpec, f"{_WORK}.embed"),
    JobKind.LEARN: JobType(LearnSpec, f"{_WORK}.learn"),
}


def has_segments(kind: JobKind) -> bool:
    """Whether jobs of the kind make rows."""
    return bool(TYPES[kind].places)


def contents(job_id: str, spec: JobSpec, inputs: Inputs) -> AllContents:
    """What the segments of a job must hold. Raises JobError if its inputs are damaged, or if it makes no rows."""
    contents_of = TYPES[spec.kind].contents
    if contents_of is None:
        raise JobError(f"{job_id} is a {spec.kind} job, which makes no rows")
    try:
        return contents_of(job_id, spec, inputs)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise JobError(f"the inputs of {job_id} are damaged: {type(error).__name__}: {error}") from error
