"""Specs of jobs: one frozen model for each kind of job, distinguished by `kind`. The same value goes from the stage that
queues the job through the spool's spec.json and the store to the process that runs it.

A spec is kept for ever: `parse` reads the specs of every project, those of earlier versions too (old_specs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from rsf_core.domain.errors import JobError
from rsf_core.domain.old_specs import VERSION, upgraded
from rsf_core.domain.settings import Compute, Sampling, Target, Train
from rsf_core.domain.settings_reading import describe
from rsf_core.domain.vocabulary import JobKind, Scope

M = TypeVar("M", bound=BaseModel)
_OUT_OF_BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}


def _recorded(settings: type[M], value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Settings as a job was given them. Bounds apply to new settings only: wider ones may have been allowed when the job was
    queued."""
    try:
        return validate(value)
    except ValidationError as error:
        if not isinstance(value, Mapping) or any(e["type"] not in _OUT_OF_BOUNDS for e in error.errors()):
            raise
        return settings.model_construct(**value)


Law = Annotated[Sampling, WrapValidator(partial(_recorded, Sampling))]
Recipe = Annotated[Train, WrapValidator(partial(_recorded, Train))]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelRef(_Part):
    """How a job finds a model: by its `folder`, relative to the project's unless it is absolute, else by `name`. `identity` is
    the hash that its weights must have; None before they are known."""

    model_id: str
    name: str
    folder: str | None = None
    identity: str | None = None


class Reference(_Part):
    """The model under which candidates are judged, and the name that its log-probability (nats) is stored under. `tempered`:
    at the temperature that each candidate was drawn at."""

    model: ModelRef
    scorer: str
    tempered: bool = False


class FirstK(_Part):
    """The k of the first new candidate of each prompt, in two columns."""

    prompt_id: tuple[int, ...]
    k: tuple[int, ...]


class Until(_Part):
    """The goal of a run that draws until enough are accepted: `goal` accepted candidates, from `most` prompts at most, at
    `log_m` (nats) under a target. `run` is the name of the run."""

    run: str
    goal: int
    most: int
    log_m: float
    scope: Scope
    target_id: int


class TrainedLaw(_Part):
    """The law whose log p is trained: the model's, with or without its masks, at a temperature."""

    model_masks: bool = False
    temperature: float = 1.0


class Parent(_Part):
    """The model that another was tuned from. It has no folder, since that may move."""

    model_id: str
    name: str
    identity: str | None = None


class Lineage(_Part):
    """Where a tuned model comes from; stored among its files."""

    model_id: str
    parent: Parent
    round: int
    curated_id: str
    content_hash: str
    recipe: Recipe
    task: str


class GaugePart(_Part):
    """What is measured on the prompts of a gauge: for `models` in this order, `unit_size` prompts a unit."""

    name: str
    key: str
    models: tuple[str, ...]
    unit_size: Count
    sampling: Law


@dataclass(frozen=True, slots=True)
class Corrections:
    """What may have been corrected since a job was queued, without changing what it computes: where its model is, the device,
    how much fits into memory, how long a scorer may take (seconds)."""

    model: ModelRef | None
    device: str
    batch_size: int
    timeout_seconds: float
    accumulate: int
    checkpoint_seconds: float


class _Spec(_Part):
    """The fields of every spec. Specs of earlier versions have no `compute`: it is auto."""

    version: Literal[3] = VERSION
    round: int
    compute: Compute = Compute()

    def corrected(self, new: Corrections, begun: bool) -> Self:
        """The spec with the corrections. Once the job has `begun`, only those that change no row are made: all its rows come
        from one spec."""
        # the precision stays: it is part of the law of what is computed
        changes: dict[str, object] = {"compute": self.compute.model_copy(update={"device": new.device})}
        for name in ("batch_size", "timeout_seconds"):
            if name in type(self).model_fields:
                changes[name] = getattr(new, name)
        return self._with(changes | ({} if begun else self._before_it_begins(new)))

    def _before_it_begins(self, new: Corrections) -> dict[str, object]:
        return {"model": new.model} if "model" in type(self).model_fields and new.model is not None else {}

    def _with(self, changes: Mapping[str, object]) -> Self:
        return type(self).model_validate(dict(self) | dict(changes))


class GenerateSpec(_Spec):
    """Draw `candidates` for each prompt of the input from a model. `adaptive`: the choice of prompts depends on what was drawn
    for them before. `until_prompts`: the number of prompts that a run which draws `until` enough are accepted has asked for.
    `first_k` occurs only in specs of earlier versions; it is now among the prompts."""

    kind: Literal[JobKind.GENERATE] = JobKind.GENERATE
    model: ModelRef
    model_id: str
    sampling: Law
    candidates: Count
    batch_size: Count
    unit_size: Count
    project_seed: int
    note: str = ""
    adaptive: bool = False
    until: Until | None = None
    until_prompts: int = Field(0, ge=0)
    first_k: FirstK | None = None


class ScoreSpec(_Spec):
    """Score the candidates of the input with the scorers that each of them lacks. `retired` is how often prompts had been
    retired or edited when the job was queued: after another such change, other candidates are to be scored. `scored_before` is
    how many candidates of the round each scorer had scored then. `base` is the model whose hidden states a learned scorer
    uses, if there is one. `beside`: by a scorer that need not be in the target, so that no decision follows."""

    kind: Literal[JobKind.SCORE] = JobKind.SCORE
    scorers: tuple[str, ...]
    reference: Reference | None
    target: Target
    retired: int
    timeout_seconds: Seconds
    unit_size: Count
    scored_before: Mapping[str, int] = Field(default_factory=dict)
    base: ModelRef | None = None
    beside: bool = False


class FinetuneSpec(_Spec):
    """Tune `model` on the samples of the input by a recipe; the tuned model is `model_id`. `log_m` in nats."""

    kind: Literal[JobKind.FINETUNE] = JobKind.FINETUNE
    model: ModelRef
    model_id: str
    recipe: Recipe
    law: TrainedLaw
    curated_id: str
    log_m: float
    lineage: Lineage

    def _before_it_begins(self, new: Corrections) -> dict[str, object]:
        kept = {"accumulate": new.accumulate, "checkpoint_seconds": new.checkpoint_seconds}
        return super()._before_it_begins(new) | {"recipe": self.recipe.model_copy(update=kept)}


class _Comparison(_Spec):
    """Draw held-out completions from `models`, scored, with log-probabilities under `base` and `reference` (None: the
    proposal itself). `judged` are the models that have any work to do, in the order in which they are loaded: `models`, and
    those that the gauges measure. `sampler` is how the noise of a draw becomes tokens (SAMPLER_VERSION)."""

    evaluation_key: str
    models: tuple[ModelRef, ...]
    base: ModelRef
    reference: ModelRef | None
    scorers: tuple[str, ...]
    timeout_seconds: Seconds
    candidates: Count
    batch_size: Count
    sampling: Law
    sampler: int
    tempered: bool
    unit_size: Count
    gauges: tuple[GaugePart, ...] = ()
    judged: tuple[ModelRef, ...]


class EvaluateSpec(_Comparison):
    """The comparison of a round."""

    kind: Literal[JobKind.EVALUATE] = JobKind.EVALUATE


class SealedSpec(_Comparison):
    """The comparison on the sealed prompts; it is always judged by this `target` at this `log_m` (nats)."""

    kind: Literal[JobKind.SEALED] = JobKind.SEALED
    target: Target
    log_m: float


class TrialSpec(_Spec):
    """Draw completions of one typed prompt from `models`. Each model is a unit."""

    kind: Literal[JobKind.TRIAL] = JobKind.TRIAL
    models: tuple[ModelRef, ...]
    text: str
    system: str | None
    candidates: Count
    batch_size: Count
    sampling: Law


class EmbedSpec(_Spec):
    """Compute the features of candidates that have none under `model`. Each of the `units` is an input of its own, with
    `candidates` in all."""

    kind: Literal[JobKind.EMBED] = JobKind.EMBED
    model: ModelRef
    units: Count
    candidates: Count


class LearnSpec(_Spec):
    """Learn from people's decisions, the rows of the input, with the hidden states of `model` and the scores of `others` as
    features; the result is the version `taste`. `rate` is the acceptance rate in use. `pairs` is how often people have
    compared two candidates; two more inputs then have these candidates and the verdicts."""

    kind: Literal[JobKind.LEARN] = JobKind.LEARN
    model: ModelRef
    others: tuple[str, ...]
    rate: float = Field(gt=0, le=1)
    pairs: int = Field(0, ge=0)
    taste: str
    author: str


JobSpec: TypeAlias = (
    GenerateSpec | ScoreSpec | FinetuneSpec | EvaluateSpec | SealedSpec | TrialSpec | EmbedSpec | LearnSpec
)
Comparing: TypeAlias = EvaluateSpec | SealedSpec
Scoring: TypeAlias = ScoreSpec | Comparing
_OF_KIND: Mapping[JobKind, type[JobSpec]] = {spec.model_fields["kind"].default: spec for spec in get_args(JobSpec)}


def dump(spec: JobSpec) -> dict[str, Any]:
    """The spec as JSON, which `parse` reads back. Numbers may be ±Infinity."""
    return spec.model_dump(mode="json")


def parse(data: object, where: str, kind: JobKind | None = None) -> JobSpec:
    """The spec in parsed JSON, of this version or an earlier one. The job's `kind` is checked if it is given. Raises JobError
    naming `where` and each field that is wrong."""
    if not isinstance(data, Mapping):
        raise JobError(f"{where} is damaged: it contains not an object but a {type(data).__name__}")
    stated = data.get("kind", kind)
    if stated not in list(JobKind):
        raise JobError(f"{where} is damaged: {str(stated)[:80]!r} is not a kind of job")
    if kind is not None and stated != kind:
        raise JobError(f"{where} is damaged: it belongs to a {stated} job, but this job is of kind {kind}")
    own = _OF_KIND[JobKind(stated)]
    try:
        return own.model_validate(upgraded(JobKind(stated), data, own.model_fields, where))
    except ValidationError as error:
        raise JobError(f"{where} is damaged: {describe(error)}") from error
    except (RecursionError, OverflowError) as error:
        raise JobError(f"{where} is damaged: something in it is nested too deeply or too large ({error})") from error
