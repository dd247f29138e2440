"""The vocabulary as frozen data: no I/O, no torch, no SQL. Log-probabilities and ratios are in nats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

SAMPLER_VERSION = 2
"""How the noise of a draw becomes tokens: 1 inverted a CDF, 2 runs a race (proposals/token_law.py). Completions of another
version are exact draws too, but with the same seed they are not paired. What was stored without a version is of 1."""

SCORER_COST = "ms a candidate: "
"""Begins the name of the metric that says what a scorer, named after it, took for a candidate in a job."""

MOST_RANKED = 8  # candidates of a ranking: more are not held before one's eyes together, and have no digit that is left
K_BITS = 20  # there are fewer than 2²⁰ candidates of a prompt in a round
ELSEWHERE_K = 1 << (K_BITS - 1)  # the first k of those made elsewhere, beyond every k that is drawn
_CANDIDATE = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,6})")


class Split(StrEnum):
    """What a prompt is for: to draw and train on, to compare models on, or, `SEALED`, for the one figure that is published:
    it is neither drawn from nor compared on nor shown before a person opens the sealed prompts, once."""

    TRAIN = "train"
    HELD_OUT = "held_out"
    SEALED = "sealed"


class Finish(StrEnum):
    """Why a completion ended: the model said so, or it ran into the token limit."""

    EOS = "eos"
    LENGTH = "length"


class Outcome(StrEnum):
    """What became of a candidate. `TRUNCATED` is an outcome of its own: rejected by default and counted."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TRUNCATED = "truncated"


class Action(StrEnum):
    """What a person said of a candidate; `AUTO` goes back to the automatic decision."""

    ACCEPT = "accept"
    REJECT = "reject"
    AUTO = "auto"


class ActKind(StrEnum):
    """What a person can do to candidates. `ADJUDICATE` settles a disagreement; `BULK` decides many at once; an `EDIT`
    replaces the completion that is trained on; an `ANSWER` is one reviewer's to a question of the project."""

    DECIDE = "decide"
    ADJUDICATE = "adjudicate"
    BULK = "bulk"
    NOTE = "note"
    FLAG = "flag"
    TAGS = "tags"
    EDIT = "edit"
    ANSWER = "answer"
    UNDO = "undo"
    REDO = "redo"


class Verdict(StrEnum):
    """Which of two candidates, one beside the other, is better."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"


class ChoiceKind(StrEnum):
    """What a person can do where candidates of a prompt are compared: say which of two is better, rank some, or take back the
    last."""

    COMPARE = "compare"
    RANK = "rank"
    UNDO = "undo"


class Control(StrEnum):
    """What a round's model is set against: the same proposal and recipe on as many samples and tokens chosen at random, among
    all that was drawn, or among what passes the constraints, so that it shows what these alone gain."""

    RANDOM = "random"
    CONSTRAINTS = "constraints"

    @property
    def label(self) -> str:
        return {Control.RANDOM: "random control", Control.CONSTRAINTS: "constraints-only control"}[self]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a reviewer says where candidates are compared, undone as one step. `act` is its unique name, given by whoever
    says it, so that it can be sent again without being done again. `candidate_ids`: left and right, or those that are ranked,
    each with its place in `places`, of which 1 is the best; none for an undo. `guide` is the version of the guide that its
    reviewer had before them, 0 for none; without it the newest."""

    act: str
    kind: ChoiceKind
    candidate_ids: tuple[str, ...] = ()
    verdict: Verdict | None = None
    guide: int | None = None
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What became of an act or a choice: the candidates it touched (at most 1,000 of a bulk act), or why it was refused.
    `known` says that it had been said before, so that nothing changed."""

    act: str
    candidate_ids: tuple[str, ...]
    refused: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """How a reviewer came to see a candidate: `order` of the queue it stood in, and whether it was one of the random audit
    there."""

    candidate_id: str
    order: str
    audit: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that an answer is to, and the version of it that its reviewer had before them."""

    question: str
    version: int


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a reviewer says, undone as one step. `act` is its unique name, given by whoever says it, so that it can
    be sent again without being done again. `action` goes with a decision, `value` with an annotation or an answer (None takes
    it back; tags are separated by commas; an answer is JSON to what was `asked`: see domain/questions.py). `guide` is the
    version of the guide that its reviewer had before them, 0 for none; without it the newest. `shown` tells of the candidate
    among them that the reviewer was led to; nothing of one chosen by hand."""

    act: str
    kind: ActKind
    candidate_ids: tuple[str, ...] = ()
    action: Action | None = None
    value: str | None = None
    guide: int | None = None
    shown: Shown | None = None
    asked: Asked | None = None


class Scope(StrEnum):
    """Whether M is one constant for all prompts, or relative to each prompt's own scale: log Ẑ(c) by its other draws."""

    GLOBAL = "global"
    PROMPT = "prompt"


class ChosenBy(StrEnum):
    """Who chose an M: the rule of the settings, a person, or an undo, which takes a choice back."""

    RULE = "rule"
    PERSON = "person"
    UNDO = "undo"


class JobKind(StrEnum):
    GENERATE = "generate"
    SCORE = "score"
    FINETUNE = "finetune"
    EVALUATE = "evaluate"
    SEALED = "sealed"
    TRIAL = "trial"
    EMBED = "embed"
    LEARN = "learn"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt; `reference` is the gold answer where there is one (a number, a translation, a label). `earlier` are the
    turns of a conversation before its text (domain/turns.py)."""

    prompt_id: int
    text: str
    reference: str | None = None
    split: Split = Split.TRAIN
    system: str | None = None
    earlier: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """A row of a table of prompts; those that earlier versions wrote have no earlier turns."""
        earlier = tuple(row.get("earlier") or ())
        return cls(row["prompt_id"], row["text"], row["reference"], Split(row["split"]), row["system"], earlier)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt with one completion, as drawn. `log_q` is of the distribution really sampled from
    (after temperature, top-k, top-p), `log_model` of the same model untouched; both summed over `token_ids`,
    which hold the end-of-sequence token when `finish` is EOS."""

    candidate_id: str
    prompt_id: int
    k: int
    completion: str
    prompt_token_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    finish: Finish
    log_q: float
    log_model: float


def candidate_id(round_number: int, prompt_id: int, k: int) -> str:
    """The name of the k-th candidate (from 0) of a prompt in a round, e.g. `2.17.3`."""
    return f"{round_number}.{prompt_id}.{k}"


def place(prompt_id: Any, k: Any) -> Any:
    """Where a candidate stands in its round, prompt_id · 2²⁰ + k: one integer a candidate, in the order of prompt and k;
    works on arrays."""
    return (prompt_id << K_BITS) | k


def candidate_at(round_number: int, where: int) -> str:
    """The name of the candidate at a place."""
    return candidate_id(round_number, where >> K_BITS, where & ((1 << K_BITS) - 1))


def parse_candidate_id(name: str) -> tuple[int, int, int] | None:
    """(round, prompt_id, k) of a candidate's name as `candidate_id` writes it, None for every other text: signs, spaces,
    leading zeros, digits other than 0 to 9 and numbers that no project can have are no names."""
    match = _CANDIDATE.fullmatch(name)
    if match is None:
        return None
    round_number, prompt_id, k = (int(part) for part in match.groups())
    return (round_number, prompt_id, k) if k < 1 << K_BITS else None


@dataclass(frozen=True, slots=True)
class Mask:
    """Tokens that the law never draws: at the positions of a completion below `before`, from 0, or nowhere where it is
    None."""

    token_ids: tuple[int, ...]
    before: int | None = None

    def rules_out(self, token: int, position: int) -> bool:
        return token in self.token_ids and (self.before is None or position < self.before)
