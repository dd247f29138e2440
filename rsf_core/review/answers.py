"""People's answers to each question, and how well two people agree on one candidate. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import krippendorff
import numpy as np

from rsf_core.domain.questions import Question, QuestionKind, number
from rsf_core.store.review_records import AnswerRecord


@dataclass(frozen=True, slots=True)
class Agreed:
    """Of `candidates` for which two or more reviewers answered the question: `pairs` of their answers, `alike` of which are
    the same; for spans `overlap` is the mean share of what either marked that both did, with the same label. Krippendorff's
    `alpha`, for ratings by their distance; None if it is not defined: all are the same, or answers are words or spans."""

    candidates: int
    pairs: int
    alike: int
    overlap: float | None
    alpha: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A question with its `answers` by `reviewers` people for `candidates`, without the `other` answers under versions that
    mean something else. `counts`: how often each answer was given; for spans how many parts have each label; empty for
    words. `mean`: of the answers that are numbers."""

    question: Question
    answers: int
    reviewers: int
    candidates: int
    other: int
    counts: tuple[tuple[str, int], ...]
    mean: float | None
    agreed: Agreed


def summary(question: Question, alike: Collection[int], answers: Iterable[AnswerRecord]) -> Summary:
    """The summary of the answers to one question; those under the versions `alike` count."""
    mine = [answer for answer in answers if answer.question == question.name]
    kept = [answer for answer in mine if answer.version in alike]
    by_candidate: dict[str, dict[str, Any]] = {}
    for one in kept:
        by_candidate.setdefault(one.candidate_id, {})[one.reviewer] = json.loads(one.value)
    counted = [value for by_reviewer in by_candidate.values() for value in by_reviewer.values()]
    numbers = [value_as_number for value in counted if (value_as_number := number(question, value)) is not None]
    return Summary(
        question,
        len(kept),
        len({answer.reviewer for answer in kept}),
        len(by_candidate),
        len(mine) - len(kept),
        _counts(question, counted),
        float(np.mean(numbers)) if numbers else None,
        _agreed(question, [by_reviewer for by_reviewer in by_candidate.values() if len(by_reviewer) > 1]),
    )


def _counts(question: Question, answers: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    if question.kind is QuestionKind.TEXT:
        return ()
    if question.kind is QuestionKind.RATING:
        counts = Counter(map(str, answers))
        return tuple((str(point), counts[str(point)]) for point in range(1, question.points + 1))
    labels = (
        Counter(span["label"] for spans in answers for span in spans)
        if question.kind is QuestionKind.SPANS
        else Counter(answers)
    )
    return tuple((option, labels[option]) for option in question.options)


def _agreed(question: Question, shared: Sequence[Mapping[str, Any]]) -> Agreed:
    pairs = [both for by_reviewer in shared for both in combinations(by_reviewer.values(), 2)]
    same = sum(first == second for first, second in pairs)
    overlap = None
    if question.kind is QuestionKind.SPANS and pairs:
        overlap = float(np.mean([_overlap(first, second) for first, second in pairs]))
    return Agreed(len(shared), len(pairs), same, overlap, _alpha(question, shared))


def _overlap(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> float:
    """Code points that both marked with one label, as a share of those that either did."""
    first, second = (
        {(span["label"], at) for span in spans for at in range(span["start"], span["end"])} for spans in (one, other)
    )
    return len(first & second) / len(first | second)


def _alpha(question: Question, shared: Sequence[Mapping[str, Any]]) -> float | None:
    """Krippendorff's α over the candidates with two or more answers: interval for ratings, nominal for choices."""
    if question.kind not in (QuestionKind.RATING, QuestionKind.CHOICE) or not shared:
        return None
    reviewers = sorted({name for by_reviewer in shared for name in by_reviewer})
    rank = {option: place for place, option in enumerate(question.options)}
    data = np.array(
        [
            [rank.get(v, v) if (v := by_reviewer.get(name)) is not None else np.nan for by_reviewer in shared]
            for name in reviewers
        ]
    )
    if np.unique(data[~np.isnan(data)]).size < 2:
        return None
    level = "interval" if question.kind is QuestionKind.RATING else "nominal"
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement=level))
