"""Candidates and prompts as a reviewer sees them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rsf_core.domain import Action, Outcome
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Word


@dataclass(frozen=True, slots=True)
class Opinion:
    reviewer: str
    action: Action
    final: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A reviewer's answer: `value` is JSON, `version` the version of the question that it answers."""

    reviewer: str
    question: str
    version: int
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class ReviewCandidate:
    """A candidate as a reviewer sees it; the same object until an act changes it. `completion` is as drawn, `edit` replaces
    it. `source` is where it was made, None if it was drawn here; `tokens` is None if they were not counted. Ratios are None
    before scoring, and if the target lacks a score: `no_score` gives the scorer and the reason. −∞ (a failed constraint) is
    a log_ratio of None with `impossible`."""

    candidate_id: str
    prompt_id: int
    k: int
    completion: str
    truncated: bool
    tokens: int | None
    scores: Mapping[str, float]
    no_score: Mapping[str, str]
    log_ratio: float | None
    impossible: bool
    p_accept: float | None
    decision: Outcome | None
    violated: bool
    accepted: bool
    opinions: tuple[Opinion, ...]
    flagged: bool
    note: str | None
    tags: str | None
    edit: str | None
    source: str | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ReviewPrompt:
    """A prompt with all its candidates; the same object until something in it changes."""

    prompt_id: int
    text: str
    system: str | None
    earlier: tuple[str, ...]
    reference: str | None
    candidates: tuple[ReviewCandidate, ...]


def candidate(
    row: Mapping[str, Any],
    at: int,
    index: ReviewIndex,
    scores: Mapping[str, float],
    words: Sequence[Word],
    notes: Mapping[str, str | None],
    answers: tuple[Answer, ...],
    no_score: Mapping[str, str],
) -> ReviewCandidate:
    """From a row of Store.candidates_of_prompts, which is row `at` of the index, reviewers' decisions on it (the oldest
    first), its annotations by kind and the answers to questions."""
    scored, ratio = bool(index.scored[at]), float(index.table.log_ratio[at])
    decided = scored and not math.isnan(index.margin[at])
    truncated = bool(index.table.truncated[at])
    rule = Outcome.TRUNCATED if truncated else Outcome.ACCEPTED if index.automatic[at] else Outcome.REJECTED
    drawn = ReviewCandidate(
        candidate_id=row["candidate_id"],
        prompt_id=row["prompt_id"],
        k=row["k"],
        completion=row["completion"],
        truncated=truncated,
        tokens=row["token_count"],
        scores=scores,
        no_score=no_score,
        log_ratio=ratio if scored and math.isfinite(ratio) else None,
        impossible=scored and ratio == -math.inf,
        p_accept=float(index.p_accept[at]) if decided else None,
        decision=rule if decided else None,
        violated=decided and bool(index.violated[at]),
        accepted=bool(index.accepted[at]),
        opinions=(),
        flagged=False,
        note=None,
        tags=None,
        edit=None,
        source=row["source"],
    )
    return with_acts(drawn, drawn.accepted, words, notes, answers) if words or notes or answers else drawn


def with_acts(
    drawn: ReviewCandidate,
    accepted: bool,
    words: Sequence[Word],
    notes: Mapping[str, str | None],
    answers: tuple[Answer, ...],
) -> ReviewCandidate:
    """The candidate with the current decisions, annotations and answers."""
    return replace(
        drawn,
        accepted=accepted,
        opinions=tuple(Opinion(w.reviewer, Action.ACCEPT if w.vote > 0 else Action.REJECT, w.final) for w in words),
        flagged=notes.get("flag") is not None,
        note=notes.get("note"),
        tags=notes.get("tags"),
        edit=notes.get("edit"),
        answers=answers,
    )
