"""Which questions are valid, and which answers to them."""

from __future__ import annotations

from typing import Any

import pytest

from rsf_core.domain.errors import QuestionError, SettingsError
from rsf_core.domain.questions import LONGEST_TEXT, MOST_SPANS, Question, checked, number
from rsf_core.domain.settings_reading import parse

RATING = {"name": "clear", "kind": "rating", "text": "How clear is it?"}
CHOICE = {"name": "tone", "kind": "choice", "text": "Which tone?", "options": ["kind", "rude"]}
TEXT = {"name": "why", "kind": "text", "text": "Why?"}
SPANS = {"name": "parts", "kind": "spans", "text": "Mark what is wrong", "options": ["false", "vague"]}


def question(given: dict[str, Any], **more: Any) -> Question:
    return Question.model_validate(given | more)


@pytest.mark.parametrize("given", [RATING, CHOICE, TEXT, SPANS])
def test_a_question_is_kept_as_the_same_text_and_read_back(given: dict[str, Any]) -> None:
    made = question(given)
    assert Question.model_validate_json(made.body) == made
    assert question(given).body == made.body and set(made.model_dump()) == set(given)  # no defaults are written


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (RATING | {"name": "Clear"}, "name"),
        (RATING | {"name": ""}, "name"),
        (RATING | {"name": "a" * 41}, "name"),
        (RATING | {"text": "  "}, "text"),
        (RATING | {"text": "a\nb"}, "text"),
        (RATING | {"text": "x" * 501}, "text"),
        (RATING | {"kind": "stars"}, "rating"),
        (RATING | {"points": 1}, "points"),
        (RATING | {"points": 10}, "points"),
        (RATING | {"options": ["a", "b"]}, "clear: a rating has no options"),
        (RATING | {"values": [1]}, "values are of the options of a choice"),
        (TEXT | {"options": ["a"]}, "why: a text has no options"),
        (TEXT | {"points": 3}, "points are of a rating"),
        (CHOICE | {"options": ["kind"]}, "tone: choice takes 2 to 9 options, and there are 1"),
        (CHOICE | {"options": [str(i) for i in range(10)]}, "takes 2 to 9 options, and there are 10"),
        (CHOICE | {"options": ["kind", "kind "]}, "two of its options are the same"),
        (CHOICE | {"options": ["kind", ""]}, "options"),
        (CHOICE | {"values": [1]}, "2 options take as many values, and there are 1"),
        (CHOICE | {"values": [1, float("nan")]}, "values"),
        (SPANS | {"options": []}, "parts: spans takes 1 to 9 labels, and there are 0"),
        (SPANS | {"options": ["a", "a"]}, "two of its labels are the same"),
        (SPANS | {"more": 1}, "more"),
    ],
)
def test_what_makes_no_question_is_refused_by_its_field(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=f"review.questions.0.*{words}|{words}"):
        parse({"task": "t", "review": {"questions": [given]}}, "project.toml")


def test_settings_without_questions_are_written_as_before_and_names_occur_once() -> None:
    assert "questions" not in parse({"task": "t"}, "t").model_dump()["review"]
    assert len(parse({"task": "t", "review": {"questions": [RATING, CHOICE]}}, "t").review.questions) == 2
    with pytest.raises(SettingsError, match="two questions are named 'clear'"):
        parse({"task": "t", "review": {"questions": [RATING, CHOICE | {"name": "clear"}]}}, "t")
    many = [RATING | {"name": f"q{i}"} for i in range(21)]
    with pytest.raises(SettingsError, match="20"):
        parse({"task": "t", "review": {"questions": many}}, "t")


@pytest.mark.parametrize(
    ("given", "answer", "kept"),
    [
        (RATING, "1", "1"),
        (RATING, " 5 ", "5"),
        (RATING | {"points": 9}, "9", "9"),
        (CHOICE, '"rude"', '"rude"'),
        (TEXT, '" it is é\\n"', '"it is é"'),
        (
            SPANS,
            '[{"label": "vague", "start": 3, "end": 7}, {"start": 0, "end": 2, "label": "false"}]',
            '[{"start": 0, "end": 2, "label": "false"}, {"start": 3, "end": 7, "label": "vague"}]',
        ),
        (SPANS, '[{"start":0,"end":7,"label":"false"},{"start":0,"end":7,"label":"false"}]',
         '[{"start": 0, "end": 7, "label": "false"}]'),
    ],
)  # fmt: skip
def test_an_answer_is_kept_in_one_way(given: dict[str, Any], answer: str, kept: str) -> None:
    assert checked(question(given), answer, 7) == kept


@pytest.mark.parametrize(
    ("given", "answer", "words"),
    [
        (RATING, "0", "whole number from 1 to 5, not 0"),
        (RATING, "6", "from 1 to 5, not 6"),
        (RATING, "4.0", "not 4.0"),
        (RATING, "true", "not true"),
        (RATING, '"4"', 'not "4"'),
        (RATING, "null", "not null"),
        (RATING, "9" * 5000, "not JSON|very large"),
        (RATING, "[" * 100_000, "is not JSON"),
        (RATING, "four", "is not JSON"),
        (CHOICE, '"kindly"', "one of kind, rude, not"),
        (CHOICE, "1", "one of kind, rude, not 1"),
        (CHOICE, '["kind"]', "one of kind, rude"),
        (TEXT, '"  "', "answered with words"),
        (TEXT, "4", "answered with words, not 4"),
        (TEXT, '"a\\u0000"', "not text"),
        (TEXT, '"a\\ud800"', "not text"),
        (TEXT, f'"{"x" * (LONGEST_TEXT + 1)}"', "10,001 characters: 10,000 at most"),
        (SPANS, "[]", "list of spans"),
        (SPANS, "{}", "list of spans"),
        (SPANS, '["a"]', "has start, end and label"),
        (SPANS, '[{"start":0,"end":1,"label":"false","x":1}]', "and nothing else"),
        (SPANS, '[{"start":1,"end":1,"label":"false"}]', "from 1 to 1"),
        (SPANS, '[{"start":2,"end":1,"label":"false"}]', "from 2 to 1"),
        (SPANS, '[{"start":-1,"end":1,"label":"false"}]', "from -1 to 1"),
        (SPANS, '[{"start":0,"end":8,"label":"false"}]', "within the 7 characters"),
        (SPANS, '[{"start":0.0,"end":1,"label":"false"}]', "from 0.0 to 1"),
        (SPANS, '[{"start":false,"end":true,"label":"false"}]', "from false to true"),
        (SPANS, '[{"start":0,"end":1,"label":"wrong"}]', "labelled false, vague"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_what_may_be(given: dict[str, Any], answer: str, words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        checked(question(given), answer, 7)


def test_more_spans_than_anybody_marks_are_refused() -> None:
    spans = [f'{{"start":{i},"end":{i + 1},"label":"false"}}' for i in range(MOST_SPANS + 1)]
    assert checked(question(SPANS), f"[{','.join(spans[:-1])}]", 1000).count("start") == MOST_SPANS
    with pytest.raises(QuestionError, match="501 spans: 500 at most"):
        checked(question(SPANS), f"[{','.join(spans)}]", 1000)


def test_a_rating_counts_as_its_points_and_a_choice_as_its_value() -> None:
    assert number(question(RATING), 4) == 4.0 and question(RATING).counts
    assert number(question(CHOICE, values=[1, -2.5]), "rude") == -2.5
    assert number(question(CHOICE), "rude") is None and not question(CHOICE).counts
    assert number(question(TEXT), "x") is None and number(question(SPANS), []) is None


def test_other_words_ask_for_the_same_and_other_options_do_not() -> None:
    asked = question(CHOICE)
    assert question(CHOICE, text="What tone?", required=True).measure == asked.measure
    for other in (
        question(CHOICE, options=["rude", "kind"]),
        question(CHOICE, values=[0, 1]),
        question(RATING),
        question(RATING, points=7),
    ):
        assert other.measure != asked.measure
