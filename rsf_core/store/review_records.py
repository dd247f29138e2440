"""What reviewers go by, aim at and are asked, and what they answered: the guide, goals, questions, gold items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rsf_core.domain import Action
from rsf_core.domain.questions import Question


@dataclass(frozen=True, slots=True)
class GuideVersion:
    """The guide as it was saved, in Markdown; an empty `text` says that there is none from then on."""

    version: int
    text: str
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewGoal:
    """How many candidates a reviewer means to decide; None is not a goal."""

    per_day: int | None
    per_round: int | None


@dataclass(frozen=True, slots=True)
class QuestionVersion:
    """A question as it was asked from then on; of each question the versions are numbered from 1."""

    question: Question
    version: int
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What a reviewer answers now: `value` is JSON, and `version` that of the question it was given under."""

    candidate_id: str
    question: str
    reviewer: str
    version: int
    value: str


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """The answers to a question, as it was asked in `question_version`, up to the number `last_answer`, put to use as a
    scorer."""

    version: str
    question: str
    question_version: int
    last_answer: int
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GoldMark:
    """A candidate that is a gold item: its right decision, who said so last and by which version of the guide. What reviewers
    said after `since`, a seq of their words, answers it."""

    candidate_id: str
    action: Action
    author: str
    guide: int
    created_at: datetime
    since: int


@dataclass(frozen=True, slots=True)
class GoldWord:
    """A reviewer's word on a gold item, with the kind of its act."""

    seq: int
    candidate_id: str
    reviewer: str
    action: str
    guide: int
    kind: str
