"""The versions of people's answers that are used as scorers: files made from the database, and again if one is missing."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rsf_core.domain.questions import Question
from rsf_core.review.answer_means import bounds, means
from rsf_core.scorers import answered
from rsf_core.scorers.answered import Answered
from rsf_core.store.store import Store


def make(store: Store, question: Question, alike: Collection[int], last: int) -> Answered:
    """The scorer made of the answers to a question, under its versions `alike`, up to the answer `last`."""
    answers = store.questions.answers_up_to(question.name, last)
    return Answered(question.name, bounds(question), means(question, alike, answers))


def remember(project: Path, store: Store) -> None:
    """Register every version used in this project; a missing file, as after a restored backup, is written again."""
    answered.remember(project)
    for version in store.questions.answer_versions():
        if answered.path_of(project, version.version).is_file():
            continue
        question = store.questions.versions()[version.question, version.question_version]
        every = [one for one in store.questions.all() if one.question.name == question.name]
        alike = [one.version for one in every if one.question.measure == question.measure]
        remade = make(store, question, alike, version.last_answer)
        if remade.version == version.version:  # else a target that names it reports that it is missing
            answered.keep(project, remade)
