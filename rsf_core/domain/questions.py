"""Questions that reviewers answer about a candidate besides deciding it, and what an answer may be. Pure rules.

An answer is stored as JSON text: a rating 4, a choice "too long", a text "…", spans [{"start": 0, "end": 5, "label": "claim"}]
with offsets in Unicode code points of the completion as it was drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from rsf_core.domain.errors import QuestionError

MOST = 20  # questions of a project
MOST_OPTIONS = 9  # the keys 1 to 9 choose them
LONGEST_TEXT = 10_000  # characters of an answer
MOST_SPANS = 500
POINTS = 5  # of a rating

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]


class QuestionKind(StrEnum):
    """What an answer is: a number of points, one of some options, words, or labelled parts of the completion."""

    RATING = "rating"
    CHOICE = "choice"
    TEXT = "text"
    SPANS = "spans"


class Question(BaseModel):
    """A question, whose wording is `text`. A rating goes from 1 to `points`; a choice takes one of `options`; for spans the
    `options` are the labels. `values` has the number that each option of a choice counts as. A `required` question is answered
    before a candidate is decided."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: QuestionKind
    text: Annotated[_Words, StringConstraints(max_length=500)]
    options: tuple[Annotated[_Words, StringConstraints(max_length=60)], ...] = Field(
        (), exclude_if=lambda field_value: not field_value
    )
    values: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...] = Field(
        (), exclude_if=lambda field_value: not field_value
    )
    points: int = Field(POINTS, ge=2, le=MOST_OPTIONS, exclude_if=lambda points: points == POINTS)
    required: bool = Field(False, exclude_if=lambda required: not required)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        least = {QuestionKind.CHOICE: 2, QuestionKind.SPANS: 1}.get(self.kind, 0)
        what = "labels" if self.kind is QuestionKind.SPANS else "options"
        if not least and self.options:
            raise ValueError(f"{self.name}: a {self.kind} has no options: those are of a choice, and labels of spans")
        if least and not least <= len(self.options) <= MOST_OPTIONS:
            raise ValueError(
                f"{self.name}: {self.kind} takes {least} to {MOST_OPTIONS} {what}, and there are {len(self.options)}"
            )
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"{self.name}: two of its {what} are the same")
        if self.values and self.kind is not QuestionKind.CHOICE:
            raise ValueError(f"{self.name}: values are of the options of a choice, and this is {self.kind}")
        if self.values and len(self.values) != len(self.options):
            raise ValueError(
                f"{self.name}: {len(self.options)} options take as many values, and there are {len(self.values)}"
            )
        if self.points != POINTS and self.kind is not QuestionKind.RATING:
            raise ValueError(f"{self.name}: points are of a rating, and this is {self.kind}")
        return self

    @property
    def body(self) -> str:
        """The question as JSON, as it is stored: the same text for the same question."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)

    @property
    def measure(self) -> tuple[object, ...]:
        """Equal for versions of a question that differ only in wording, so that their answers mean the same."""
        return (self.kind, self.points, self.options, self.values)

    @property
    def counts(self) -> bool:
        """Whether an answer to it is a number."""
        return self.kind is QuestionKind.RATING or bool(self.values)


def names_each_once(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The questions as a tuple. Raises ValueError if two have the same name."""
    names = [question.name for question in questions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two questions are named {twice!r}: an answer could not be assigned to one of them")
    return tuple(questions)


def checked(question: Question, text: str, length: int) -> str:
    """The answer `text`, in JSON, as it is stored. `length` is that of the completion in code points, within which spans lie.
    Raises QuestionError, which says what is wrong with the answer and what it may be."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"the answer to {question.name!r} is not JSON ({str(error)[:80]})") from error
    read = {
        QuestionKind.RATING: _rating,
        QuestionKind.CHOICE: _choice,
        QuestionKind.TEXT: _words,
        QuestionKind.SPANS: _spans,
    }[question.kind]
    return json.dumps(read(question, value, length), ensure_ascii=False)


def number(question: Question, value: Any) -> float | None:
    """The number that an answer counts as; None if the question's answers are not numbers."""
    if question.kind is QuestionKind.RATING:
        return float(value)
    return question.values[question.options.index(value)] if question.values else None


def _rating(question: Question, value: Any, length: int) -> int:
    if type(value) is not int or not 1 <= value <= question.points:
        raise QuestionError(
            f"{question.name!r} is answered with a whole number from 1 to {question.points}, not {_shown(value)}"
        )
    return value


def _choice(question: Question, value: Any, length: int) -> str:
    if not isinstance(value, str) or value not in question.options:
        raise QuestionError(
            f"{question.name!r} is answered with one of {', '.join(question.options)}, not {_shown(value)}"
        )
    return value


def _words(question: Question, value: Any, length: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise QuestionError(
            f"{question.name!r} is answered with words, not {_shown(value)}: take the answer back instead"
        )
    if len(value) > LONGEST_TEXT:
        raise QuestionError(f"the answer to {question.name!r} has {len(value):,} characters: {LONGEST_TEXT:,} at most")
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise QuestionError(f"the answer to {question.name!r} holds a character that is not text (NUL or half a pair)")
    return value.strip()


def _spans(question: Question, value: Any, length: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise QuestionError(
            f"{question.name!r} is answered with a list of spans, not {_shown(value)}: take the answer back instead"
        )
    if len(value) > MOST_SPANS:
        raise QuestionError(f"the answer to {question.name!r} has {len(value):,} spans: {MOST_SPANS} at most")
    spans = {_span(question, one, length) for one in value}
    return [{"start": start, "end": end, "label": label} for start, end, label in sorted(spans)]


def _span(question: Question, value: Any, length: int) -> tuple[int, int, str]:
    if not isinstance(value, dict) or value.keys() != {"start", "end", "label"}:
        raise QuestionError(
            f"a span of {question.name!r} has start, end and label, and nothing else; this is {_shown(value)}"
        )
    start, end, label = value["start"], value["end"], value["label"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
        raise QuestionError(
            f"a span of {question.name!r} goes from {_shown(start)} to {_shown(end)}: it begins before it ends, within the "
            f"{length:,} characters of the completion"
        )
    if not isinstance(label, str) or label not in question.options:
        raise QuestionError(
            f"a span of {question.name!r} is labelled {', '.join(question.options)}, not {_shown(label)}"
        )
    return start, end, label


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value)
    except ValueError:  # an integer of thousands of digits
        text = "a very large number"
    return text if len(text) <= 60 else text[:60] + "…"
