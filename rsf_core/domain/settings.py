"""The settings of a project, as in project.toml and a task's task.toml, with their bounds."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from rsf_core.domain import Scope, scorer_ref
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.field_words import no_truth_value
from rsf_core.domain.questions import MOST as MOST_QUESTIONS
from rsf_core.domain.questions import Question, names_each_once

LARGEST = 1e6  # for values without a bound of their own: far beyond sense, and far from overflow
LARGEST_TILT = 1e12  # nats for a score of 1

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?")
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _scorer(text: str) -> str:
    try:
        return scorer_ref.canonical(text)
    except ScorerError as error:
        raise ValueError(str(error)) from error


ScorerName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=scorer_ref.LONGEST, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_scorer),
]
"""A scorer, with its options if it has any: see `ScorerRef`."""
Weight = Annotated[float, BeforeValidator(no_truth_value), Field(ge=-LARGEST, le=LARGEST)]
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
_NUMBERS = (int, float, int | None, float | None)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        is_number = cls.model_fields[str(info.field_name)].annotation in _NUMBERS
        return no_truth_value(value) if is_number else value


class Sampling(_Section):
    """The law that completions are sampled from. top-k and top-p remove support that samples of q cannot show,
    so both are off (0 and 1) by default. `model_masks` makes the tokens that the model's folder rules out by their position
    (suppress_tokens, begin_suppress_tokens, bad_words_ids, min_new_tokens) part of the model, drawn and judged."""

    temperature: float = Field(1.0, ge=0.01, le=5)
    top_k: int = Field(0, ge=0, le=100_000)
    top_p: float = Field(1.0, ge=0.01, le=1)
    max_new_tokens: int = Field(64, ge=1, le=8192)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    # not written while it is off: what was stored under a sampling law before this setting existed keeps its key
    model_masks: bool = Field(False, exclude_if=lambda on: not on)

    @property
    def truncates(self) -> bool:
        """Whether top-k or top-p may remove support."""
        return self.top_k > 0 or self.top_p < 1.0


class Generate(Sampling):
    """How a round draws: `candidates` completions for each of `prompts` train prompts (0 means all)."""

    candidates: int = Field(8, ge=1, le=1024)
    prompts: int = Field(32, ge=0, le=1_000_000)
    batch_size: int = Field(64, ge=1, le=4096)

    @property
    def sampling(self) -> Sampling:
        return Sampling(**{name: getattr(self, name) for name in Sampling.model_fields})


class Constraint(_Section):
    """A scorer that must reach a threshold; a candidate that fails has log_target −∞."""

    scorer: ScorerName
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _has_a_threshold(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a constraint needs at_least or at_most")
        return self

    def __str__(self) -> str:
        low = f"{self.at_least:g} ≤ " if self.at_least is not None else ""
        high = f" ≤ {self.at_most:g}" if self.at_most is not None else ""
        return f"{low}{self.scorer}{high}"


class Target(_Section):
    """log P = log p_ref + Σ weight·score / β if every constraint passes, −∞ otherwise (nats). `tempered` takes log p_ref at
    the temperature that a candidate was drawn at, and trains the law that the tuned model will draw by, so that a temperature
    other than 1 does not itself select anything."""

    reference: ModelName = "base"
    # on in new projects, and not written while it is off: an older target stays the same one
    tempered: bool = Field(False, exclude_if=lambda on: not on)
    beta: float = Field(1.0, gt=0, le=LARGEST)
    rewards: dict[ScorerName, Weight] = Field(default_factory=dict, max_length=1_000)
    constraints: tuple[Constraint, ...] = Field((), max_length=1_000)

    @field_validator("rewards", mode="before")
    @classmethod
    def _names_each_once(cls, rewards: Any) -> Any:
        names = [name for name in rewards if isinstance(name, str)] if isinstance(rewards, dict) else []
        written: dict[str, str] = {}
        for name in names:
            try:
                one = scorer_ref.canonical(name)
            except ScorerError:  # reported when the name is validated
                continue
            if one in written:
                raise ValueError(f"{written[one]!r:.80} and {name!r:.80} are the same scorer with the same options")
            written[one] = name
        return rewards

    @model_validator(mode="after")
    def _stays_finite(self) -> Self:
        for scorer, weight in self.rewards.items():
            if abs(weight) / self.beta > LARGEST_TILT:
                raise ValueError(
                    f"the weight of {scorer} / beta is {weight:g} / {self.beta:g}: {LARGEST_TILT:g} at most"
                )
        return self

    @property
    def scorers(self) -> tuple[str, ...]:
        """The names of all scorers the target needs, rewards first, each once."""
        return tuple(dict.fromkeys([*self.rewards, *(c.scorer for c in self.constraints)]))


def can_be_met(target: Target) -> Target:
    """`target`, if some score can meet all constraints on its scorer. Raises ValidationError naming each constraint that no
    score can meet together with those before it. Applies to settings; stored targets are read without it."""
    held: dict[str, tuple[float, float]] = {}
    wrong: list[InitErrorDetails] = []
    for place, one in enumerate(target.constraints):
        least, most = held.get(one.scorer, (-math.inf, math.inf))
        least = least if one.at_least is None else max(least, one.at_least)
        most = most if one.at_most is None else min(most, one.at_most)
        if least > most:
            limits = f"at least {scorer_ref.format_value(least)} and at most {scorer_ref.format_value(most)}"
            why = ValueError(
                f"no score of {scorer_ref.label(one.scorer)} is {limits}, so nothing could ever be accepted"
            )
            constraint = one.model_dump(exclude_none=True)
            wrong.append(
                {"type": "value_error", "loc": ("constraints", place), "input": constraint, "ctx": {"error": why}}
            )
        else:
            held[one.scorer] = (least, most)
    if wrong:
        raise ValidationError.from_exception_data(Target.__name__, wrong)
    return target


class Score(_Section):
    """How scorers are called: if one does not return within `timeout_seconds` from a batch of up to 256 candidates, its job
    fails with an error that names it."""

    timeout_seconds: float = Field(60.0, gt=0, le=86_400)


class Accept(_Section):
    """How M is chosen after scoring: the analytic bound if the target has only constraints, otherwise the value that accepts
    the share `rate` of a round. A person's choice on the Acceptance page takes precedence over both. Several values accept
    that many: `choose` takes one between two candidates (rate), or the critical value of the first that is not accepted
    (priority). With priority the accepted, weighted by max(1, P/(M·q)), represent all candidates, so a curated set is weighted
    as with `weighted`."""

    scope: Scope = Scope.PROMPT
    rate: float = Field(0.25, gt=0, le=1)
    choose: Literal["rate", "priority"] = "rate"
    weighted: bool = False

    @property
    def weighs(self) -> bool:
        """Whether the samples of a curated set are weighted."""
        return self.weighted or self.choose == "priority"


class Train(_Section):
    """The fine-tuning recipe. `method`: LoRA on every linear layer, or all weights. `loss`: the negative log-likelihood of
    the accepted, or rsf, which adds the constants that make it −log p_accept. `growth_bound` (M_θ, a factor above 1)
    stops pushing a sample once the model gives it that many times the proposal's likelihood. A step is `batch_size`
    samples, in `accumulate` parts; it takes up to `per_prompt` samples of a prompt together and computes the prompt once
    for them: faster if many were accepted, but a step sees fewer prompts. The share `held_out_share` of the curated prompts
    is used to judge each epoch: training ends after `patience` epochs without a better one, and the best is kept.
    `precision` bf16 computes in bf16 over fp32 weights. `deduplicate` is which of a prompt's accepted completions are left
    out when the set is frozen: exact, all but one of equal ones; near, also those that nearly repeat a kept one; off, none,
    so that the set is a draw of the target."""

    method: Literal["lora", "full"] = "lora"
    loss: Literal["nll", "rsf"] = "nll"
    growth_bound: float | None = Field(None, gt=1, le=LARGEST)
    precision: Literal["fp32", "bf16"] = "fp32"
    accumulate: int = Field(1, ge=1, le=1024)
    per_prompt: int = Field(1, ge=1, le=1024)
    held_out_share: float = Field(0.0, ge=0, le=0.5)
    patience: int = Field(1, ge=1, le=100)
    checkpoint_seconds: float = Field(30.0, ge=0, le=LARGEST)
    epochs: int = Field(3, ge=1, le=100)
    learning_rate: float = Field(5e-4, ge=1e-7, le=1)
    rank: int = Field(16, ge=1, le=1024)
    alpha: float = Field(32, gt=0, le=LARGEST)
    batch_size: int = Field(8, ge=1, le=1024)
    warmup: float = Field(0.1, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0, le=LARGEST)
    deduplicate: Literal["off", "exact", "near"] = "exact"
    max_grad_norm: float = Field(1.0, gt=0, le=LARGEST)
    seed: Seed = 0


def _device(name: str) -> str:
    if not _DEVICE.fullmatch(name):
        raise ValueError("a device is auto, cpu, mps, cuda, or cuda:N with its number N")
    return name


class Compute(_Section):
    """What jobs compute on. `device` auto takes CUDA if there is one, else MPS, else the processor; a name (cpu, cuda, cuda:N,
    mps) takes that device, or the job fails. `dtype` is the precision of the weights of models that draw, judge and are
    compared: auto is float32; bfloat16 halves their memory and makes their law a different one. Weights in training are always
    float32, whatever `dtype` is, since bfloat16 would lose small steps; train.precision alone sets how they are multiplied."""

    device: Annotated[str, AfterValidator(_device)] = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    @property
    def weights(self) -> Literal["float32", "bfloat16"]:
        """The precision of the weights of models that draw and judge."""
        return "bfloat16" if self.dtype == "bfloat16" else "float32"

    @property
    def other_law(self) -> tuple[str, ...]:
        """The part of a key that distinguishes figures in this precision from those in float32; empty for float32, as in keys
        from before there was a choice."""
        return () if self.weights == "float32" else (self.weights,)


class Review(_Section):
    """How a candidate is reviewed: it stays pending until `overlap` reviewers have decided it. `blind` hides the automatic
    decision and the scores until a reviewer has. Of the pending candidates that a reviewer is shown, the share `audit_share`
    is from the random audit, whatever the order, and `gold_share` are gold items, as long as there are any that they have not
    answered; then at least as many from the audit are mixed in. `together`: candidates of a prompt whose texts differ only in
    case and white space are shown as one, and one key decides them all. `questions` are asked about each candidate besides its
    decision."""

    overlap: int = Field(1, ge=1, le=20)
    blind: bool = False
    audit_share: float = Field(0.1, ge=0.0, le=0.5)
    gold_share: float = Field(0.05, ge=0.0, le=0.2)
    together: bool = False
    # not written while there are none, as in rounds from before this setting existed
    questions: Annotated[tuple[Question, ...], AfterValidator(names_each_once)] = Field(
        (), max_length=MOST_QUESTIONS, exclude_if=lambda questions: not questions
    )


class Evaluate(_Section):
    """Held-out evaluation: `candidates` completions for each of `prompts` held-out prompts (0 means all). With `forgetting`,
    each model is also judged on the base's completions, for these and for unrelated prompts: those in the file `unrelated`
    (relative to the project's folder), or the bundled ones."""

    candidates: int = Field(4, ge=1, le=1024)
    prompts: int = Field(48, ge=0, le=1_000_000)
    forgetting: bool = True
    unrelated: ModelName | None = None


class Autopilot(_Section):
    """When an autopilot run stops: at a held-out gain of at most `min_gain` (in units of reward or pass@1), or with
    `gain_shown` one whose lower 95 % limit is, so that a null round passes in 2.5 % and not in 41 to 48 %; a KL to the base
    more than `max_kl` nats above that of the base as drawn; completions `max_length_ratio` times longer or shorter than
    the base's; distinct-2 or 1 − self-similarity below `min_diversity` of the base's, or entropy below `min_entropy` of it;
    an acceptance rate below `min_acceptance`; more than `max_forgetting` nats a token forgotten on
    unrelated prompts (off without a value); or more than `max_duplicates` of the accepted completions, all but one of
    each prompt, repeating another of their prompt, exactly or nearly. With `control`, each round also trains the random
    control of its model; with `constraints_control`, also that of the constraints alone, if they leave a choice."""

    control: bool = False
    constraints_control: bool = False
    min_gain: float = Field(0.0, ge=-LARGEST, le=LARGEST)
    gain_shown: bool = True
    max_kl: float = Field(20.0, gt=0, le=LARGEST)
    max_forgetting: float | None = Field(None, gt=0, le=LARGEST)
    max_length_ratio: float = Field(3.0, gt=1, le=LARGEST)
    min_diversity: float = Field(0.4, ge=0, le=1)
    min_entropy: float = Field(0.1, ge=0, le=1)
    min_acceptance: float = Field(0.02, ge=0, le=1)
    max_duplicates: float = Field(0.9, ge=0, le=1)


class Settings(_Section):
    """All settings of a project."""

    task: Name
    seed: Seed = 0
    model: ModelName = "smollm2-135m-instruct"
    generate: Generate = Generate()
    target: Annotated[Target, AfterValidator(can_be_met)] = Target()
    score: Score = Score()
    accept: Accept = Accept()
    review: Review = Review()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    autopilot: Autopilot = Autopilot()
    # not written while all is auto, as in rounds from before this section existed
    compute: Compute = Field(Compute(), exclude_if=lambda compute: compute == Compute())
