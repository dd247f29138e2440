"""Records of the guide, of goals, questions and answers, and of gold items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rsf_core.domain import Action
from rsf_core.domain.questions import Question


@dataclass(frozen=True, slots=True)
class GuideVersion:
    """The guide as it was saved, in Markdown; an empty `text` means no guide from then on."""

    version: int
    text: str
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewGoal:
    """How many candidates a reviewer means to decide; None: no goal."""

    per_day: int | None
    per_round: int | None


@dataclass(frozen=True, slots=True)
class QuestionVersion:
    """A question as it is asked from then on; the versions of each question are numbered from 1."""

    question: Question
    version: int
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """A reviewer's current answer: `value` is JSON, `version` the version of the question that it answers."""

    candidate_id: str
    question: str
    reviewer: str
    version: int
    value: str


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """The answers to a question, as it was asked in `question_version`, up to the number `last_answer`, used as a
    scorer."""

    version: str
    question: str
    question_version: int
    last_answer: int
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GoldMark:
    """A candidate that is a gold item: its right decision, who gave it last and under which version of the guide. Reviewers'
    decisions after `since`, a seq of `overrides`, answer it."""

    candidate_id: str
    action: Action
    author: str
    guide: int
    created_at: datetime
    since: int


@dataclass(frozen=True, slots=True)
class GoldWord:
    """A reviewer's decision on a gold item, with the kind of its act."""

    seq: int
    candidate_id: str
    reviewer: str
    action: str
    guide: int
    kind: str
