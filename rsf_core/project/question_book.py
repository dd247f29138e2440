"""The questions that this project asks reviewers besides the decision, as its owner sets them, and their versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rsf_core.domain import settings_file
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import QuestionError
from rsf_core.domain.field_words import in_words
from rsf_core.domain.questions import Question
from rsf_core.domain.settings import Settings
from rsf_core.review.answers import Summary, summary
from rsf_core.store.review_records import QuestionVersion
from rsf_core.store.store import Store

# The names of a question's fields in the form, and what the texts of some must look like.
FIELDS = {
    "name": "its short name",
    "kind": "what it is answered with",
    "text": "the text that is asked",
    "options": "its options or labels",
    "values": "what its options count as",
    "points": "its points",
    "required": "whether it is needed",
}
LOOKS = {
    "name": "small letters, digits and _, beginning with a letter, at most 40 of them, such as tone",
    "text": "one line of text",
    "options": "one line of text each",
}


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A current question. `alike` are its versions whose answers mean the same, including this one."""

    question: Question
    version: int
    alike: tuple[int, ...]


class QuestionBook:
    def __init__(self, folder: Path, store: Store, settings: Callable[[], Settings]) -> None:
        self._folder, self._store, self._settings = folder, store, settings

    def current(self) -> list[AskedQuestion]:
        """The current questions, in order. If the settings file was changed by hand, the new versions are stored first,
        because an answer names the version that its reviewer saw."""
        questions = self._settings().review.questions
        if not questions:
            return []
        newest = self._store.questions.newest()
        if any(question.name not in newest or newest[question.name].question != question for question in questions):
            self.note()
        every = self._store.questions.all()
        return [_with_versions(question, every) for question in questions]

    def summaries(self, round_number: int) -> list[Summary]:
        """The answers of a round to each current question, summed up, in order."""
        current = tuple(self.current())
        name = (
            "answers",
            round_number,
            tuple(asked.question.body for asked in current),
            tuple(asked.alike for asked in current),
        )

        def read() -> list[Summary]:
            answers = self._store.questions.answers(round_number)
            return [summary(asked.question, asked.alike, answers) for asked in current]

        return list(self._store.unchanged(name, ("answers",), read))

    @requires_actor
    def note(self, author: Actor = LOCAL) -> None:
        """Store the questions of the settings as versions, if they are new."""
        questions, newest = self._settings().review.questions, self._store.questions.newest()
        changed = [one for one in questions if one.name not in newest or newest[one.name].question != one]
        if changed:
            with self._store.transaction("saving the questions"):
                for question in changed:
                    self._store.questions.add(question, author.name)

    @requires_actor
    def save(self, questions: Sequence[Question], author: Actor = LOCAL) -> None:
        """Ask these questions from now on; earlier answers stay. Raises SettingsError."""
        self.note()  # the questions that were written by hand and are about to be replaced
        review = self._settings().review.model_copy(update={"questions": tuple(questions)})
        settings_file.replace(self._folder, {"review": review})
        self.note(author)

    @requires_actor
    def put(self, values: Mapping[str, Any], instead_of: str | None = None, author: Actor = LOCAL) -> None:
        """Ask one more question, given the fields of `Question`, or one in place of the question named `instead_of`. Raises
        QuestionError if the fields are not valid or there is no question to replace, and SettingsError if two have the same
        name."""
        try:
            question = Question.model_validate(values)
        except ValidationError as error:
            raise QuestionError(f"this question cannot be asked: {in_words(error, FIELDS, LOOKS)}") from error
        questions = list(self._settings().review.questions)
        at = len(questions) if instead_of is None else self._place(instead_of)
        questions[at : at + 1] = [question]
        self.save(questions, author)

    @requires_actor
    def drop(self, name: str, author: Actor = LOCAL) -> None:
        """Stop asking a question; earlier answers stay. Raises QuestionError if it is not asked."""
        questions = list(self._settings().review.questions)
        del questions[self._place(name)]
        self.save(questions, author)

    def _place(self, name: str) -> int:
        names = [question.name for question in self._settings().review.questions]
        if name not in names:
            raise QuestionError(
                f"no question is called {name[:60]!r} (any more): {', '.join(names) or 'none is asked'}"
            )
        return names.index(name)

    def versions(self) -> list[QuestionVersion]:
        """Every version of every question, the newest first."""
        return self._store.questions.all()[::-1]


def _with_versions(question: Question, every: Sequence[QuestionVersion]) -> AskedQuestion:
    mine = [one for one in every if one.question.name == question.name]
    alike = tuple(version.version for version in mine if version.question.measure == question.measure)
    return AskedQuestion(question, mine[-1].version, alike)
