"""The mean of people's answers: over people, of each one's last answer, over versions of the question that mean the same."""

from __future__ import annotations

import json
import math
from itertools import permutations

import pytest

from rsf_core.domain.questions import Question
from rsf_core.review.answer_means import bounds, means
from rsf_core.store.review_records import AnswerRecord

RATING = Question.model_validate({"name": "clear", "kind": "rating", "text": "How clear?", "points": 7})
CHOICE = Question.model_validate(
    {"name": "tone", "kind": "choice", "text": "Tone?", "options": ["kind", "dry", "rude"], "values": [1, 0.1, -2.5]}
)
WORDS = Question.model_validate({"name": "why", "kind": "text", "text": "Why?"})


def given(question: Question, *rows: tuple[str, str, object, int]) -> list[AnswerRecord]:
    return [AnswerRecord(on, question.name, who, version, json.dumps(value)) for on, who, value, version in rows]


def test_it_is_the_mean_over_people_where_there_are_answers() -> None:
    rows = given(RATING, ("1.1.0", "ann", 7, 1), ("1.1.0", "ben", 2, 1), ("1.1.0", "cy", 2, 1), ("2.4.1", "ben", 1, 1))
    assert means(RATING, {1}, rows) == {"1.1.0": pytest.approx(11 / 3), "2.4.1": 1.0}
    assert means(RATING, {1}, []) == {}


def test_it_is_the_same_in_whatever_order_people_are_read() -> None:
    options = {"options": ["a", "b", "c"], "values": [0.1, 0.2, 0.3]}
    question = Question.model_validate({"name": "tone", "kind": "choice", "text": "Tone?"} | options)
    rows = given(question, ("1.1.0", "ann", "a", 1), ("1.1.0", "ben", "b", 1), ("1.1.0", "cy", "c", 1))
    assert {means(question, {1}, order)["1.1.0"] for order in permutations(rows)} == {math.fsum((0.1, 0.2, 0.3)) / 3}


def test_answers_that_mean_something_else_are_left_out() -> None:
    rows = given(RATING, ("1.1.0", "ann", 7, 1), ("1.1.0", "ben", 3, 2), ("1.1.1", "ann", 6, 3))
    assert means(RATING, {2, 3}, rows) == {"1.1.0": 3.0, "1.1.1": 6.0}
    assert means(RATING, {2, 3}, given(WORDS, ("1.1.0", "ann", "so", 2))) == {}


def test_an_option_counts_as_its_value() -> None:
    rows = given(CHOICE, ("1.1.0", "ann", "kind", 1), ("1.1.0", "ben", "rude", 1), ("1.1.1", "ann", "dry", 1))
    assert means(CHOICE, {1}, rows) == {"1.1.0": pytest.approx(-0.75), "1.1.1": 0.1}


@pytest.mark.parametrize(("question", "ends"), [(RATING, (1.0, 7.0)), (CHOICE, (-2.5, 1.0))])
def test_every_mean_lies_within_the_bounds(question: Question, ends: tuple[float, float]) -> None:
    assert bounds(question) == ends


def test_a_mean_of_equal_answers_is_within_bounds_whatever_rounding_does() -> None:
    rows = given(CHOICE, *(("1.1.0", f"person {i}", "dry", 1) for i in range(3)))
    mean_values = means(CHOICE.model_copy(update={"values": (0.1, 0.1, 0.1)}), {1}, rows)
    assert mean_values == {"1.1.0": 0.1}
