"""The settings of a project, as in project.toml and a task's task.toml. Validation names the field."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rsf_core.domain import Scope
from rsf_core.errors import SettingsError


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sampling(_Section):
    """The law that completions are sampled from. top-k and top-p remove support that samples of q cannot show,
    so both are off (0 and 1) by default."""

    temperature: float = Field(1.0, ge=0.01, le=5)
    top_k: int = Field(0, ge=0, le=100_000)
    top_p: float = Field(1.0, ge=0.01, le=1)
    max_new_tokens: int = Field(64, ge=1, le=8192)
    seed: int = Field(0, ge=0, le=2**31 - 1)


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

    scorer: str
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
    """log P = log p_ref + Σ weight·score / β where every constraint passes, −∞ otherwise (nats)."""

    reference: str = "base"
    beta: float = Field(1.0, gt=0)
    rewards: dict[str, float] = Field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()

    @property
    def scorers(self) -> tuple[str, ...]:
        """The names of all scorers the target needs, rewards first, each once."""
        return tuple(dict.fromkeys([*self.rewards, *(c.scorer for c in self.constraints)]))


class Accept(_Section):
    """How M is chosen once the scores are there: the analytic bound for constraints alone, otherwise the value
    that accepts the share `rate` of a round. A person's choice on the Acceptance page goes before both."""

    scope: Scope = Scope.PROMPT
    rate: float = Field(0.25, gt=0, le=1)
    weighted: bool = False


class Train(_Section):
    """The fine-tuning recipe. `method`: LoRA on every linear layer, or all weights. `loss`: the negative log-likelihood of
    the accepted, or rsf, which adds the constants that make it −log p_accept. `growth_bound` (M_θ, a factor above 1) stops
    pushing a sample once the model gives it that many times the proposal's likelihood. A step is `batch_size` samples, in
    `accumulate` parts; it takes up to `per_prompt` samples of a prompt together and computes the prompt once for them:
    faster where many were accepted, but it sees fewer prompts. `held_out_share` of the curated prompts judge each epoch:
    training ends after `patience` epochs without a better one, and the best counts. `precision` bf16 computes in bf16 over
    fp32 weights."""

    method: Literal["lora", "full"] = "lora"
    loss: Literal["nll", "rsf"] = "nll"
    growth_bound: float | None = Field(None, gt=1)
    precision: Literal["fp32", "bf16"] = "fp32"
    accumulate: int = Field(1, ge=1, le=1024)
    per_prompt: int = Field(1, ge=1, le=1024)
    held_out_share: float = Field(0.0, ge=0, le=0.5)
    patience: int = Field(1, ge=1, le=100)
    checkpoint_seconds: float = Field(30.0, ge=0)
    epochs: int = Field(3, ge=1, le=100)
    learning_rate: float = Field(5e-4, ge=1e-7, le=1)
    rank: int = Field(16, ge=1, le=1024)
    alpha: float = Field(32, gt=0)
    batch_size: int = Field(8, ge=1, le=1024)
    warmup: float = Field(0.1, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    seed: int = 0


class Review(_Section):
    """How a candidate is reviewed: it stays pending until `overlap` reviewers have said something of it. `blind` hides
    the automatic decision and the scores until one has."""

    overlap: int = Field(1, ge=1, le=20)
    blind: bool = False


class Evaluate(_Section):
    """Held-out evaluation: `candidates` completions for each of `prompts` held-out prompts (0 means all)."""

    candidates: int = Field(4, ge=1, le=1024)
    prompts: int = Field(48, ge=0)


class Autopilot(_Section):
    """When rounds that run by themselves stop: a held-out gain of at most `min_gain` (in units of reward or pass@1), a KL
    to the base more than `max_kl` nats above that of the base as drawn, completions `max_length_ratio` times longer or
    shorter than the base's, distinct-2 below `min_diversity` of the base's, an acceptance rate below `min_acceptance`, or
    more than `max_duplicates` of the accepted completions repeating another of their prompt, exactly or nearly. With
    `control` each round trains the random control of its model as well."""

    control: bool = False
    min_gain: float = 0.0
    max_kl: float = Field(20.0, gt=0)
    max_length_ratio: float = Field(3.0, gt=1)
    min_diversity: float = Field(0.4, ge=0, le=1)
    min_acceptance: float = Field(0.02, ge=0, le=1)
    max_duplicates: float = Field(0.9, ge=0, le=1)


class Settings(_Section):
    """All settings of a project."""

    task: str
    seed: int = 0
    model: str = "smollm2-135m-instruct"
    generate: Generate = Generate()
    target: Target = Target()
    accept: Accept = Accept()
    review: Review = Review()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    autopilot: Autopilot = Autopilot()


def parse(data: dict[str, Any], where: str) -> Settings:
    """Check `data` (parsed TOML) and return the settings. Raises SettingsError naming `where` and every bad field."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(f"{where}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """One line for each field that is wrong: its dotted name, what is allowed, what was given."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']} (got {e['input']!r})" for e in error.errors()
    )
