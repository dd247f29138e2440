"""People's answers as scores: the scores that each question gives the candidates of a round, the scorer made from it, and a
draft of the target with that scorer, for a person to see before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import ELSEWHERE_K, parse_candidate_id
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import QuestionError
from rsf_core.domain.questions import Question
from rsf_core.domain.settings import Constraint, Target
from rsf_core.project.question_book import AskedQuestion, QuestionBook
from rsf_core.project.scorer_book import Scores, summary
from rsf_core.project.target_book import TargetBook
from rsf_core.review.answer_means import bounds
from rsf_core.rounds.answer_versions import make
from rsf_core.rounds.start import Stages
from rsf_core.scorers import answered
from rsf_core.scorers.answered import Answered
from rsf_core.store.store import Store

TABLES = ("answers", "question_versions", "candidates", "candidates_elsewhere")


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """A question whose answers are numbers, as a scorer. `scorer` is its name with the current answers, `scores` are those of
    the candidates drawn for a round, and `elsewhere` counts the other candidates with answers: of other rounds, or made
    elsewhere."""

    question: Question
    scorer: str
    scores: Scores
    elsewhere: int

    @property
    def bounds(self) -> tuple[float, float]:
        return bounds(self.question)


class AnswerBook:
    def __init__(
        self, folder: Path, store: Store, questions: QuestionBook, stages: Stages, target_book: TargetBook
    ) -> None:
        self._folder, self._store, self._questions = folder, store, questions
        self._stages, self._target_book = stages, target_book

    def of_round(self, round_number: int) -> list[AnswerScores]:
        """The scores of each current question whose answers are numbers, in order. Nothing is written."""
        return [self._scores(asked, round_number) for asked in self._questions.current() if asked.question.counts]

    def _scores(self, question: AskedQuestion, round_number: int) -> AnswerScores:
        def read() -> AnswerScores:
            now = self._now(question)
            named = ((name, parse_candidate_id(name)) for name in now.means)
            names = [name for name, at in named if at is not None and at[0] == round_number and at[2] < ELSEWHERE_K]
            column = np.full(max(len(names), self._store.round_counts(round_number).candidates), np.nan)
            column[: len(names)] = [now.means[name] for name in names]
            scorer = answered.ref(question.question.name, now.version)
            summed_up = summary(scorer, column, (), ())
            return AnswerScores(question.question, scorer, summed_up, len(now.means) - len(names))

        return self._store.unchanged(("answers as scores", round_number, question.question.body), TABLES, read)

    def _now(self, question: AskedQuestion) -> Answered:
        return make(
            self._store, question.question, question.alike, self._store.questions.last_answer(question.question.name)
        )

    @requires_actor
    def use(self, question: str, author: Actor = LOCAL) -> str:
        """Save the current answers to a question as a scorer of their own; returns its name. Later answers do not change it:
        they make another. Raises QuestionError if there are no answers, or they are not numbers."""
        current = next((asked for asked in self._questions.current() if asked.question.name == question), None)
        if current is None or not current.question.counts:
            names = [asked.question.name for asked in self._questions.current() if asked.question.counts]
            raise QuestionError(
                f"no question {question[:60]!r} is asked whose answers are numbers: {', '.join(names) or 'none is'}. Ratings "
                "are, and choices whose options have values"
            )
        with self._store.transaction("keeping answers as a scorer"):
            last = self._store.questions.last_answer(question)
            use = make(self._store, current.question, current.alike, last)
            if not use.means:
                raise QuestionError(f"nobody has answered {question!r} yet: it says nothing of any candidate")
            self._store.questions.add_answer_version(use.version, question, current.version, last, author.name)
        answered.keep(self._folder, use)
        return answered.ref(question, use.version)

    @requires_actor
    def score(self, question: str, round_number: int | None = None, author: Actor = LOCAL) -> str | None:
        """Score a round, the newest by default, by the current answers to a question; the job's id, None if that was already
        done. This decides nothing. Raises QuestionError, as `use` does, and StageError."""
        return self._stages.score_by(self.use(question, author), round_number)

    def draft(self, scorer: str, at_least: float | None = None) -> Draft:
        """The current target with the answers in it, as the scorer that `use` returned, in place of an earlier version of the
        same question: as a reward with weight 1, or as a constraint with the threshold `at_least`."""
        now = self._target_book.draft()
        rewards = {name: weight for name, weight in now.target.rewards.items() if not _same(name, scorer)}
        constraints = tuple(constraint for constraint in now.target.constraints if not _same(constraint.scorer, scorer))
        if at_least is None:
            rewards[scorer] = 1.0
        else:
            constraints = (*constraints, Constraint(scorer=scorer, at_least=at_least))
        target: Target = now.target.model_copy(update={"rewards": rewards, "constraints": constraints})
        return Draft(target, now.accept)


def _same(one: str, other: str) -> bool:
    """Whether two scorers are the answers to one question, whatever the version."""
    if not (answered.is_one(one) and answered.is_one(other)):
        return False
    return answered.question_of(one) == answered.question_of(other)
