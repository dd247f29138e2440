"""What is wrong in a form is described in the form's own words, without pydantic's phrases and without paths."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rsf_core.domain.field_words import in_words
from rsf_core.domain.questions import Question
from rsf_core.domain.settings_reading import problems
from rsf_core.project.question_book import FIELDS, LOOKS
from rsf_core.review.filters import CandidateFilter

RATING = {"name": "tone", "kind": "rating", "text": "How kind?"}
FOREIGN = (
    "Value error",
    "should",
    "Input",
    "String",
    "validation error",
    "pydantic",
    "Field",
    "options.",
    "type=",
    "[",
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Tone"}, "its short name: small letters, digits and _"), ({"name": ""}, "its short name: small letters"),
        ({"name": None}, "its short name must be a text"), ({"text": ""}, "the text that is asked cannot be empty"),
        ({"text": "x" * 501}, "the text that is asked may have at most 500 characters"),
        ({"text": "a\nb"}, "the text that is asked: one line"),
        ({"kind": "choice"}, "choice takes 2 to 9 options"), ({"kind": "colour"}, "what it is answered with must be 'rating'"),
        ({"kind": "choice", "options": ["a", ""]}, "its options or labels, number 2 cannot be empty"),
        ({"kind": "choice", "options": ["a", "b" * 61]}, "its options or labels, number 2 may have at most 60 characters"),
        ({"kind": "choice", "options": ["a", "a"]}, "two of its options are the same"),
        ({"kind": "choice", "options": ["a", "b"], "values": [1]}, "2 options take as many values"),
        ({"kind": "choice", "options": ["a", "b"], "values": [1, 1e9]}, "its options count as, number 2 must be at most"),
        ({"kind": "choice", "options": ["a", "b"], "values": [1, float("nan")]}, "number 2 must be a finite number"),
        ({"points": 1}, "its points must be at least 2, not 1"), ({"points": 10}, "its points must be at most 9, not 10"),
        ({"points": 2.5}, "its points must be a whole number"), ({"required": "perhaps"}, "must be yes or no"),
        ({"colour": 1}, "colour is not a known field"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_says_why_by_the_names_of_the_form(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Question.model_validate(RATING | change)
    words = in_words(raised.value, FIELDS, LOOKS)
    assert message in words and not [part for part in FOREIGN if part in words]


def test_each_missing_field_is_reported_once() -> None:
    with pytest.raises(ValidationError) as raised:
        Question.model_validate({})
    assert in_words(raised.value, FIELDS) == (
        "its short name is missing; what it is answered with is missing; the text that is asked is missing"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tokens": (9, 3)}, "Tokens: the first number of a range must be the smaller one"),
        ({"prompt": "x"}, "a whole number"),
        ({"scores": {"length": (2, 1)}}, "Scores: the first number"), ({"decision": "maybe"}, "By the rule must be"),
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_says_why(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        CandidateFilter.model_validate(values)
    names = {"tokens": "Tokens", "scores": "Scores", "prompt": "Prompt", "decision": "By the rule"}
    words = in_words(raised.value, names)
    assert message in words and not [part for part in FOREIGN if part in words]


def test_our_own_rules_for_settings_are_reported_without_the_prefix_of_pydantic() -> None:
    (problem,) = problems({"task": "t", "target": {"constraints": [{"scorer": "length"}]}})
    assert problem.message.startswith("a constraint needs at_least or at_most (got")
