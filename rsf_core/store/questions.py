"""The questions that people are asked, every version of each, and their current answers: appended, never changed. An answer
is saved as an act, see acts.py."""

from __future__ import annotations

from collections.abc import Mapping

from rsf_core.domain.access import checks_name
from rsf_core.domain.questions import Question
from rsf_core.store.database import Database, utc_now
from rsf_core.store.review_records import AnswerRecord, AnswerVersion, QuestionVersion


class Questions:
    def __init__(self, database: Database) -> None:
        self._db = database
        # The state of the database, and all versions then.
        self._read: tuple[tuple[int, ...], list[QuestionVersion]] | None = None

    def all(self) -> list[QuestionVersion]:
        """Every version of every question, in the order they were first asked. Cached: every answer needs it."""
        state, read = self._db.version("question_versions"), self._read
        if read is None or read[0] != state:
            read = self._read = state, self._all()
        return read[1]

    def _all(self) -> list[QuestionVersion]:
        return [
            QuestionVersion(Question.model_validate_json(row["body"]), row["version"], row["author"], row["created_at"])
            for row in self._db.rows("question_versions")
        ]

    def newest(self) -> dict[str, QuestionVersion]:
        """The newest version of each question, by its name."""
        return {one.question.name: one for one in self.all()}

    def versions(self) -> Mapping[tuple[str, int], Question]:
        """Every version, by name and number."""
        return {(one.question.name, one.version): one.question for one in self.all()}

    @checks_name
    def add(self, question: Question, author: str) -> int:
        """Append a version, unless the newest is the same. Returns its number."""
        with self._db.transaction("saving a question"):
            before = {one.question.name: one for one in self._all()}.get(question.name)
            if before is not None and before.question == question:
                return before.version
            version = 1 if before is None else before.version + 1
            row = {"question": question.name, "version": version, "body": question.body, "author": author}
            self._db.insert("question_versions", [row | {"created_at": utc_now()}])
            return version

    def lengths(self, candidate_ids: list[str]) -> dict[str, int]:
        """How many code points the completions of candidates have, as they were drawn."""
        rows = self._db.look_up("completion_lengths", candidate_ids)
        return {row["candidate_id"]: row["length"] for row in rows}

    def version(self) -> tuple[int, ...]:
        """Differs whenever something was asked or answered."""
        return self._db.version("question_versions", "answers")

    def answers_up_to(self, question: str, last: int) -> list[AnswerRecord]:
        """Every reviewer's answers to a question as of the answer number `last`, in all rounds."""
        rows = self._db.rows("answers_to_question", {"question": question, "last": last})
        return [AnswerRecord(**row) for row in rows]

    def last_answer(self, question: str) -> int:
        """The number of the newest answer to it, also if that was taken back; 0 if there is none."""
        return int(self._db.rows("last_answer", {"question": question})[0]["seq"])

    def answer_versions(self) -> list[AnswerVersion]:
        """Every version that is used as a scorer, the oldest first."""
        return [AnswerVersion(**row) for row in self._db.rows("answer_versions")]

    @checks_name
    def add_answer_version(self, version: str, question: str, number: int, last: int, author: str) -> None:
        """Save a version made of the answers up to `last`; a version that exists stays as it is."""
        with self._db.transaction(f"saving answers as version {version}"):
            if all(one.version != version for one in self.answer_versions()):
                row = {"version": version, "question": question, "question_version": number, "last_answer": last}
                self._db.insert("answer_versions", [row | {"author": author, "created_at": utc_now()}])

    def answers(self, round_number: int) -> list[AnswerRecord]:
        """Every reviewer's current answers for the candidates of a round, by candidate, question and reviewer."""
        return [AnswerRecord(**row) for row in self._db.rows("answers_of_round", {"round": round_number})]
