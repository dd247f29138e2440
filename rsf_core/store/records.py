"""What the store returns: one frozen record a row, in the vocabulary of the domain. Times are UTC and for display; the order
is given by `seq`, which counts over jobs, their events, thresholds, curated sets and models (0: not stored yet)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict, TypeVar

from rsf_core.domain import ChosenBy, JobKind, JobState, Scope, Split
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import JobSpec

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model the project knows; round 0 is the base."""

    model_id: str
    name: str
    folder: str
    identity: str
    parent_id: str | None
    round: int
    curated_id: str | None
    created_at: datetime
    seq: int = 0


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round and its proposal (`model_id`), with the settings it was opened with."""

    round: int
    model_id: str
    settings: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job with its current state. `follow` names the stages the owner starts when it is done; `seq` is when it was asked
    for, `changed_seq` its newest event. `read_spec` reads the spec only when it is needed: states of jobs are polled twice a
    second, and the spec of a job of an earlier version can name 75,000 prompts."""

    job_id: str
    kind: JobKind
    round: int
    read_spec: Callable[[], JobSpec] = field(compare=False, repr=False)
    follow: tuple[str, ...]
    created_at: datetime
    state: JobState
    message: str
    started_at: datetime | None
    changed_at: datetime
    seq: int = 0
    changed_seq: int = 0

    @property
    def spec(self) -> JobSpec:
        """What it was asked to do. Raises JobError if that is damaged."""
        return self.read_spec()

    def spec_of(self, own: type[S]) -> S:
        """The spec, of the type `own`. Raises JobError if it is damaged, or of another kind."""
        spec = self.spec
        if not isinstance(spec, own):
            raise JobError(f"{self.job_id} is a job of another kind: its spec is a {type(spec).__name__}")
        return spec

    def sound_spec(self, own: type[S]) -> S | None:
        """As `spec_of`, but None instead of an error: a damaged job reports that itself, and the rest stays visible."""
        try:
            return self.spec_of(own)
        except JobError:
            return None

    @property
    def outcome(self) -> str:
        """How it ended, as a sentence with its name; the message of a cancelled job already begins with that word."""
        state = "" if self.state is JobState.CANCELLED else f"{self.state}: "
        return f"{self.job_id} {state}{self.message}"


@dataclass(frozen=True, slots=True)
class ThresholdRecord:
    """The M in force for a round: `log_m` in nats, relative to each prompt's scale when `scope` is PROMPT. `author` and
    `reason` are for display; the code goes by `chosen_by`."""

    round: int
    target_id: int
    log_m: float
    scope: Scope
    author: str
    reason: str
    created_at: datetime
    chosen_by: ChosenBy = ChosenBy.PERSON
    seq: int = 0


@dataclass(frozen=True, slots=True)
class CuratedRecord:
    """A frozen curated set; `summary` holds its counts and rates."""

    curated_id: str
    round: int
    target_id: int
    log_m: float
    scope: Scope
    content_hash: str
    summary: dict[str, Any]
    author: str
    created_at: datetime
    seq: int = 0


@dataclass(frozen=True, slots=True)
class OverrideRecord:
    uid: str
    candidate_id: str
    action: str
    reviewer: str
    undoes: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RoundCounts:
    """How many candidates of a round are in which state. `accepted` counts effective decisions, overrides included; `retired`
    those without a decision whose prompt was retired, so that no decision will come; `unscored` those for which a scorer of
    the target has no score, so that the rule does not decide them. `violated` counts those with P/q > M that are not
    truncated. All of these are drawn candidates; `accepted_elsewhere` counts candidates made elsewhere that people accept."""

    candidates: int
    scored: int
    decided: int
    accepted: int
    truncated: int
    automatic: int
    overridden: int
    violated: int
    prompts: int
    prompts_accepted: int
    retired: int = 0
    unscored: int = 0
    accepted_elsewhere: int = 0

    @property
    def trainable(self) -> int:
        """How many are accepted in effect, wherever they were made."""
        return self.accepted + self.accepted_elsewhere

    @property
    def undecided(self) -> int:
        """How many still wait for their scores."""
        return self.candidates - self.decided - self.retired - self.unscored


@dataclass(frozen=True, slots=True)
class NoScoreRecord:
    """A candidate for which a scorer of the target in force has no score, and why."""

    candidate_id: str
    prompt_id: int
    scorer: str
    reason: str


@dataclass(frozen=True, slots=True)
class PromptKind:
    """`prompts` prompts of a round that got the same: of `drawn` decided candidates drawn for all prompts alike, `automatic`
    are accepted by the rule and `accepted` in effect. The `further` fields count candidates drawn later, because the prompt
    had none accepted."""

    prompts: int
    retired: bool
    drawn: int
    automatic: int
    accepted: int
    further: int
    further_automatic: int
    further_accepted: int


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """A candidate as the pages show it. `decision` is None before scoring; `acceptance_prob` lies in [0, 1]."""

    candidate_id: str
    round: int
    prompt_id: int
    k: int
    completion: str
    finish: str
    token_count: int
    log_q: float
    log_model: float
    u: float
    model_id: str
    log_ratio: float | None
    critical_log_m: float | None
    log_m: float | None
    offset_log_m: float | None
    acceptance_prob: float | None
    decision: str | None
    override: str | None
    reviewer: str | None
    accepted: bool
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Speed:
    """How candidates were drawn: completion tokens a candidate, and a second."""

    tokens_per_draw: float
    tokens_per_second: float


@dataclass(frozen=True, slots=True)
class SealedOpening:
    """The opening of the sealed prompts: by whom, when, for which model of which round, beside which random control (None: it
    has none), under which evaluation key, and how many prompts there were."""

    author: str
    opened_at: datetime
    round: int
    model_id: str
    control_id: str | None
    evaluation_key: str
    prompts: int


class Fit(StrEnum):
    """Whether the model takes a prompt beside generate.max_new_tokens."""

    FITS = "fits"
    TOO_LONG = "too_long"
    REFUSED = "refused"  # by the template or the tokenizer
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Window:
    """The room of a model by its identity, `model`, and its `name`: `most` tokens of context (None: no limit) and the `prefix`
    of an encoder-decoder. See context_window.ContextWindow."""

    model: str
    name: str
    most: int | None
    prefix: int | None


@dataclass(frozen=True, slots=True)
class Room:
    """The most tokens a prompt may have (None: no limit) for the model with the identity `model` (None: unknown)."""

    model: str | None
    most: int | None


NO_ROOM = Room(None, None)


class PromptFilters(TypedDict, total=False):
    """Which prompts a list shows; all if nothing is given. `text` is searched for in text and reference, in any case, or is a
    prompt's number; `fit`: only those that the model takes, or does not, as far as they were checked."""

    split: Split | None
    retired: bool | None
    text: str
    fit: Fit | None


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """A prompt as the list shows it. `retired` is how it was taken out ("retire", or "replace" by an edited one, which is
    `replaced_by`); None if it is in use. `fit` is whether the model takes it; `tokens` is None if they were not counted."""

    prompt_id: int
    text: str
    reference: str | None
    system: str | None
    split: Split
    source: str
    created_at: datetime
    retired: str | None
    replaced_by: int | None
    tokens: int | None = None
    fit: Fit = Fit.NOT_CHECKED
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptPage:
    """Some of the prompts that match, and how many match in `total`."""

    total: int
    prompts: tuple[PromptRecord, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate that a scorer is tried on."""

    candidate_id: str
    prompt: str
    completion: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """Of the `candidates` of prompts in use that a scorer can be asked for: how many it has `scored`, and for how many it was
    found to have no score."""

    candidates: int
    scored: int
    without_score: int

    @property
    def left(self) -> int:
        """How many it has not been asked for yet."""
        return self.candidates - self.scored - self.without_score


@dataclass(frozen=True, slots=True)
class Example:
    """A scored candidate to show."""

    candidate_id: str
    score: float
    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class ElsewhereRecord:
    """A candidate made elsewhere. `stated_log_q` (nats) is the log q that its file states."""

    candidate_id: str
    round: int
    prompt_id: int
    k: int
    completion: str
    source: str
    token_count: int | None
    stated_log_q: float | None
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ElsewhereCounts:
    """How many candidates of a round were made elsewhere, of how many prompts, and how many people accept and
    reject."""

    candidates: int
    prompts: int
    accepted: int
    rejected: int


def row_of(record: ModelRecord | CuratedRecord) -> dict[str, Any]:
    """The columns of a record without `seq`, which the database assigns."""
    return {name: getattr(record, name) for name in record.__slots__ if name != "seq"}
