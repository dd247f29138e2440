"""Reviewers' answers to the project's questions, as an export has them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from rsf_core.domain.questions import QuestionKind, number
from rsf_core.store.review_records import QuestionVersion
from rsf_core.store.store import Store


@dataclass(frozen=True, slots=True)
class AnsweredVersion:
    """A version of a question that anybody has answered in a round, and the number of answers."""

    asked: QuestionVersion
    answers: int


def answers(store: Store, round_number: int) -> dict[str, list[dict[str, Any]]]:
    """The answers to all questions about each candidate that has any, by its name."""
    known, by_candidate = store.questions.versions(), dict[str, list[dict[str, Any]]]()
    for one in store.questions.answers(round_number):
        question, value = known[one.question, one.version], json.loads(one.value)
        row = {"reviewer": one.reviewer, "question": one.question, "version": one.version, "kind": str(question.kind)}
        text = one.value if question.kind is QuestionKind.SPANS else str(value)
        by_candidate.setdefault(one.candidate_id, []).append(row | {"value": text, "number": number(question, value)})
    return by_candidate


def answered_versions(store: Store, round_number: int) -> list[AnsweredVersion]:
    """The versions of questions with answers in a round, in the order in which they were asked."""
    counts = Counter((answer.question, answer.version) for answer in store.questions.answers(round_number))
    every = [(one, counts[one.question.name, one.version]) for one in store.questions.all()]
    return [AnsweredVersion(question, count) for question, count in every if count]
