"""People's answers, counted by hand: counts, the mean, and how well two people agree."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rsf_core.domain.questions import Question
from rsf_core.review.answers import Agreed, summary
from rsf_core.store.review_records import AnswerRecord

CLEAR = Question.model_validate({"name": "clear", "kind": "rating", "text": "How clear?", "points": 3})
TONE = Question.model_validate(
    {"name": "tone", "kind": "choice", "text": "Tone?", "options": ["kind", "rude"], "values": [1, -1]}
)
PARTS = Question.model_validate({"name": "parts", "kind": "spans", "text": "Mark", "options": ["bad", "good"]})
WHY = Question.model_validate({"name": "why", "kind": "text", "text": "Why?"})


def record(question: Question, k: int, who: str, value: Any, version: int = 1) -> AnswerRecord:
    return AnswerRecord(f"1.1.{k}", question.name, who, version, json.dumps(value))


def test_ratings_are_counted_averaged_and_compared_by_distance() -> None:
    records = [
        record(CLEAR, 0, "ann", 3),
        record(CLEAR, 0, "ben", 3),
        record(CLEAR, 1, "ann", 1),
        record(CLEAR, 1, "ben", 2),
        record(CLEAR, 2, "ann", 3),
        record(TONE, 2, "ann", "kind"),
    ]
    answer_summary = summary(CLEAR, (1,), records)
    assert (answer_summary.answers, answer_summary.reviewers, answer_summary.candidates, answer_summary.other) == (
        5,
        2,
        3,
        0,
    )
    assert answer_summary.counts == (("1", 1), ("2", 1), ("3", 3)) and answer_summary.mean == pytest.approx(12 / 5)
    # by hand: D_o = (0 + 0 + 1 + 1)/4; D_e over the 12 ordered pairs of 3, 3, 1, 2: 2·(0 + 4 + 1 + 4 + 1 + 1)/12
    assert answer_summary.agreed.alpha == pytest.approx(1 - 0.5 / (22 / 12))
    assert replace(answer_summary.agreed, alpha=None) == Agreed(2, 2, 1, None, None)


def test_choices_are_compared_by_being_the_same() -> None:
    records = [
        record(TONE, 0, "ann", "kind"),
        record(TONE, 0, "ben", "kind"),
        record(TONE, 0, "cleo", "rude"),
        record(TONE, 1, "ann", "rude"),
    ]
    answer_summary = summary(TONE, (1,), records)
    assert answer_summary.counts == (("kind", 2), ("rude", 2)) and answer_summary.mean == 0.0
    assert (answer_summary.agreed.candidates, answer_summary.agreed.pairs, answer_summary.agreed.alike) == (1, 3, 1)
    assert answer_summary.agreed.alpha == pytest.approx(0.0)


def test_answers_to_other_options_are_counted_apart() -> None:
    records = [record(CLEAR, 0, "ann", 3, 1), record(CLEAR, 0, "ben", 3, 2), record(CLEAR, 1, "ben", 2, 3)]
    answer_summary = summary(CLEAR, (1, 3), records)
    assert (answer_summary.answers, answer_summary.other, answer_summary.reviewers) == (2, 1, 2)
    assert answer_summary.agreed == Agreed(0, 0, 0, None, None)
    none = summary(CLEAR, (4,), records)
    assert (none.answers, none.other, none.mean, none.counts[0]) == (0, 3, None, ("1", 0))


def test_where_all_say_the_same_alpha_is_not_defined() -> None:
    answer_summary = summary(CLEAR, (1,), [record(CLEAR, 0, "ann", 2), record(CLEAR, 0, "ben", 2)])
    assert answer_summary.agreed == Agreed(1, 1, 1, None, None)


def span(start: int, end: int, label: str = "bad") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def test_spans_are_counted_by_label_and_compared_by_what_both_marked() -> None:
    records = [
        record(PARTS, 0, "ann", [span(0, 4), span(6, 8, "good")]),
        record(PARTS, 0, "ben", [span(2, 6)]),
        record(PARTS, 1, "ann", [span(0, 2)]),
    ]
    answer_summary = summary(PARTS, (1,), records)
    assert answer_summary.counts == (("bad", 3), ("good", 1)) and answer_summary.mean is None
    # together they marked 0 to 6 as bad and 6 to 8 as good; both marked 2 to 4 as bad
    assert answer_summary.agreed.overlap == pytest.approx(2 / 8)
    assert replace(answer_summary.agreed, overlap=None) == Agreed(1, 1, 0, None, None)


def test_words_are_counted_alone() -> None:
    answer_summary = summary(WHY, (1,), [record(WHY, 0, "ann", "a"), record(WHY, 0, "ben", "b")])
    assert (answer_summary.answers, answer_summary.counts, answer_summary.mean) == (2, (), None)
    assert answer_summary.agreed == Agreed(1, 1, 0, None, None)
