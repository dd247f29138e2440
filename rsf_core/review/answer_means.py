"""What people answered to a question, as a number for each candidate: the mean over people of what each answers last."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable

from rsf_core.domain.questions import Question, QuestionKind, number
from rsf_core.store.review_records import AnswerRecord


def bounds(question: Question) -> tuple[float, float]:
    """The range of its means; `question.counts`, else its answers are no numbers."""
    if question.kind is QuestionKind.RATING:
        return 1.0, float(question.points)
    return min(question.values), max(question.values)


def means(question: Question, alike: Collection[int], answers: Iterable[AnswerRecord]) -> dict[str, float]:
    """By candidate, of those that somebody has answered it of. `answers` has one of each person and candidate, their last;
    those that were given under other versions than `alike` are left out, for they mean something else."""
    counts: dict[str, float | None] = {}  # of each answer that was given, as it is kept
    by_candidate: dict[str, list[float]] = {}
    for one in answers:
        if one.question != question.name or one.version not in alike:
            continue
        if one.value not in counts:
            counts[one.value] = number(question, json.loads(one.value))
        count = counts[one.value]
        if count is not None:
            by_candidate.setdefault(one.candidate_id, []).append(count)
    low, high = bounds(question)  # a sum that is exact is the same in whatever order people are read
    return {name: min(max(math.fsum(values) / len(values), low), high) for name, values in by_candidate.items()}
