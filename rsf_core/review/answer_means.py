"""People's answers to a question as a number for each candidate: the mean over people of each one's last answer."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable

from rsf_core.domain.questions import Question, QuestionKind, number
from rsf_core.store.review_records import AnswerRecord


def bounds(question: Question) -> tuple[float, float]:
    """The range of the means, (low, high), of a question whose answers are numbers (`question.counts`)."""
    if question.kind is QuestionKind.RATING:
        return 1.0, float(question.points)
    return min(question.values), max(question.values)


def means(question: Question, alike: Collection[int], answers: Iterable[AnswerRecord]) -> dict[str, float]:
    """The mean by candidate, for candidates with an answer. `answers` has one of each person and candidate, the last; answers
    under other versions than `alike` are left out, because they mean something else."""
    counts: dict[str, float | None] = {}  # by answer as it is stored
    by_candidate: dict[str, list[float]] = {}
    for one in answers:
        if one.question != question.name or one.version not in alike:
            continue
        if one.value not in counts:
            counts[one.value] = number(question, json.loads(one.value))
        count = counts[one.value]
        if count is not None:
            by_candidate.setdefault(one.candidate_id, []).append(count)
    low, high = bounds(question)  # the exact sum (fsum) does not depend on the order of people
    return {name: min(max(math.fsum(values) / len(values), low), high) for name, values in by_candidate.items()}
