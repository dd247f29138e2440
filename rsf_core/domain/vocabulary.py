"""The vocabulary as frozen data: no I/O, no torch, no SQL. Log-probabilities and ratios are in nats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

SAMPLER_VERSION = 2
"""How the noise of a draw becomes tokens: 1 inverted a CDF, 2 runs a race (proposals/token_law.py). Completions of another
version are exact draws too, but with the same seed they are not paired. What was stored without a version is of version 1."""

SCORER_COST = "ms a candidate: "
"""Prefix of a metric's name, before the name of a scorer: the time that the scorer took per candidate in a job."""

MOST_RANKED = 8  # candidates of a ranking: nobody can compare more at once, and each needs a digit key
K_BITS = 20  # there are fewer than 2²⁰ candidates of a prompt in a round
ELSEWHERE_K = 1 << (K_BITS - 1)  # the first k of candidates made elsewhere, beyond every k that is drawn
_CANDIDATE = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,6})")


class Split(StrEnum):
    """What a prompt is for: to draw and train on, to compare models on, or, `SEALED`, for the one figure that is published.
    A sealed prompt is not used to draw or compare, and not shown, before a person opens the sealed prompts, once."""

    TRAIN = "train"
    HELD_OUT = "held_out"
    SEALED = "sealed"


class Finish(StrEnum):
    """Why a completion ended: the model drew an end token, or the token limit was reached."""

    EOS = "eos"
    LENGTH = "length"


class Outcome(StrEnum):
    """The outcome of a candidate. `TRUNCATED` is an outcome of its own: rejected by default, and counted separately."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TRUNCATED = "truncated"


class Action(StrEnum):
    """A person's decision on a candidate; `AUTO` returns to the automatic decision."""

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
    """What a person can do when candidates of a prompt are compared: say which of two is better, rank several, or undo the
    last choice."""

    COMPARE = "compare"
    RANK = "rank"
    UNDO = "undo"


class Control(StrEnum):
    """What a round's model is compared with: a model tuned from the same proposal by the same recipe on as many samples and
    tokens, chosen at random among all candidates, or among those that pass the constraints, to show what these alone gain."""

    RANDOM = "random"
    CONSTRAINTS = "constraints"

    @property
    def label(self) -> str:
        return {Control.RANDOM: "random control", Control.CONSTRAINTS: "constraints-only control"}[self]


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a reviewer who compares candidates, undone as one step. `act` is its unique name, given by the sender, so
    that it can be sent again without being done again. `candidate_ids` are left and right, or those that are ranked, each with
    its place in `places`, of which 1 is the best; empty for an undo. `guide` is the version of the guide that the reviewer
    saw, 0 if there was no guide; without it, the newest."""

    act: str
    kind: ChoiceKind
    candidate_ids: tuple[str, ...] = ()
    verdict: Verdict | None = None
    guide: int | None = None
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ActOutcome:
    """The result of an act or a choice: the candidates it touched (at most 1,000 of a bulk act), or why it was refused. If
    `known`, it had been sent before, and nothing changed."""

    act: str
    candidate_ids: tuple[str, ...]
    refused: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """How a reviewer came to see a candidate: the `order` of the queue that showed it, and whether it belonged to the random
    audit there."""

    candidate_id: str
    order: str
    audit: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that is answered, and the version of it that the reviewer saw."""

    question: str
    version: int


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a reviewer, undone as one step. `act` is its unique name, given by the sender, so that it can be sent again
    without being done again. `action` goes with a decision, `value` with an annotation or an answer (None takes it back; tags
    are separated by commas; an answer is JSON, to the question in `asked`: see domain/questions.py). `guide` is the version of
    the guide that the reviewer saw, 0 if there was no guide; without it, the newest. `shown` is about the candidate among them
    that the queue led the reviewer to; None if they were chosen by hand."""

    act: str
    kind: ActKind
    candidate_ids: tuple[str, ...] = ()
    action: Action | None = None
    value: str | None = None
    guide: int | None = None
    shown: Shown | None = None
    asked: Asked | None = None


class Scope(StrEnum):
    """Whether M is one constant for all prompts, or relative to each prompt's own scale: log Ẑ(c) from its other draws."""

    GLOBAL = "global"
    PROMPT = "prompt"


class ChosenBy(StrEnum):
    """Who chose an M: the rule in the settings, a person, or an undo, which takes a choice back."""

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
    """One prompt; `reference` is the gold answer if there is one (a number, a translation, a label). `earlier` are the turns
    of a conversation before its text (domain/turns.py)."""

    prompt_id: int
    text: str
    reference: str | None = None
    split: Split = Split.TRAIN
    system: str | None = None
    earlier: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The prompt in a row of a table; tables of earlier versions have no column of earlier turns."""
        earlier = tuple(row.get("earlier") or ())
        return cls(row["prompt_id"], row["text"], row["reference"], Split(row["split"]), row["system"], earlier)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt with one completion, as drawn. `log_q` is under the distribution really sampled from (after temperature,
    top-k, top-p), `log_model` under the same model unmodified; both are in nats, summed over `token_ids`, which include the
    end-of-sequence token if `finish` is EOS."""

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
    """The place of a candidate in its round, prompt_id · 2²⁰ + k: one integer for each candidate, in the order of prompt and
    k; works on arrays."""
    return (prompt_id << K_BITS) | k


def candidate_at(round_number: int, where: int) -> str:
    """The name of the candidate at a place."""
    return candidate_id(round_number, where >> K_BITS, where & ((1 << K_BITS) - 1))


def parse_candidate_id(name: str) -> tuple[int, int, int] | None:
    """(round, prompt_id, k) of a candidate's name as `candidate_id` writes it, None for every other text: a name has no signs,
    spaces, leading zeros, digits other than 0 to 9, or numbers that no project can have."""
    match = _CANDIDATE.fullmatch(name)
    if match is None:
        return None
    round_number, prompt_id, k = (int(part) for part in match.groups())
    return (round_number, prompt_id, k) if k < 1 << K_BITS else None


@dataclass(frozen=True, slots=True)
class Mask:
    """Tokens that the law never draws: at positions of a completion below `before`, counted from 0, or at no position if it
    is None."""

    token_ids: tuple[int, ...]
    before: int | None = None

    def rules_out(self, token: int, position: int) -> bool:
        return token in self.token_ids and (self.before is None or position < self.before)
