"""Questions are set in project.toml, by hand or on the owner's page, and every change of a question is a version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rsf_core.domain import Act, ActKind, Asked, settings_file
from rsf_core.domain.access import person
from rsf_core.domain.errors import QuestionError, SettingsError
from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter, View
from rsf_core.store.backup import restore
from tests.support.seeding import add_candidates, candidates

CLEAR = {"name": "clear", "kind": "rating", "text": "How clear?"}
TONE = {"name": "tone", "kind": "choice", "text": "Which tone?", "options": ["kind", "rude"]}


@pytest.fixture
def project(tmp_path: Path, small_task: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        add_candidates(made.store, candidates(1, 2))
        yield made


def asked(project: Project) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(one.question.name, one.version, one.alike) for one in project.question_book.current()]


def test_questions_are_put_changed_and_dropped_in_their_places(project: Project) -> None:
    book = project.question_book
    assert book.current() == []
    book.put(CLEAR, author=person("ann"))
    book.put(TONE, author=person("ann"))
    book.put(CLEAR | {"text": "Is it clear?"}, "clear", person("ben"))
    assert asked(project) == [("clear", 2, (1, 2)), ("tone", 1, (1,))]  # another wording asks the same
    book.put(CLEAR | {"points": 7}, "clear", person("ben"))
    assert asked(project)[0] == ("clear", 3, (3,))
    book.drop("clear", person("ann"))
    assert asked(project) == [("tone", 1, (1,))]
    book.put(CLEAR, author=person("ann"))  # as it was at first: another version, and the earlier answers count
    assert asked(project) == [("tone", 1, (1,)), ("clear", 4, (1, 2, 4))]
    newest = book.versions()[0]
    assert (newest.question.name, newest.author) == ("clear", "ann")
    assert settings_file.read(project.folder).review.questions == project.settings.review.questions


@pytest.mark.parametrize(
    ("given", "instead_of", "words"),
    [
        (CLEAR | {"name": "Not so"}, None, "name"),
        (CLEAR | {"text": ""}, None, "text"),
        (CLEAR | {"more": 1}, None, "more"),
        (TONE | {"options": ["kind"]}, None, "2 to 9 options"),
        (TONE, "tone", r"no question is called 'tone' \(any more\): clear"),
    ],
)
def test_what_makes_no_question_changes_nothing(
    project: Project, given: dict[str, object], instead_of: str | None, words: str
) -> None:
    project.question_book.put(CLEAR)
    before = (project.folder / "project.toml").read_text()
    with pytest.raises(QuestionError, match=words):
        project.question_book.put(given, instead_of)
    with pytest.raises(SettingsError, match="two questions are named 'clear'"):
        project.question_book.put(CLEAR)
    with pytest.raises(QuestionError, match="no question is called 'other'"):
        project.question_book.drop("other")
    assert (project.folder / "project.toml").read_text() == before and len(asked(project)) == 1


def test_set_and_a_change_by_hand_are_versions_too(project: Project) -> None:
    project.set("review.questions", '[{name = "clear", kind = "rating", text = "How clear?"}]', author=person("ann"))
    assert asked(project) == [("clear", 1, (1,))]
    assert project.question_book.versions()[0].author == "ann"
    path = project.folder / "project.toml"
    path.write_text(path.read_text().replace("How clear?", "How plain?"))
    assert asked(project) == [("clear", 2, (1, 2))]
    with pytest.raises(SettingsError, match=r"review\.questions\.0\.kind"):
        project.set("review.questions", '[{name = "clear", kind = "stars", text = "?"}]')
    project.unset("review.questions")
    assert asked(project) == [] and len(project.question_book.versions()) == 2
    assert "questions" not in path.read_text()


def test_a_page_that_only_looks_writes_nothing_once_all_is_kept(project: Project) -> None:
    project.question_book.put(CLEAR)
    state = project.store.questions.version()
    asked(project)
    assert project.store.questions.version() == state


def test_the_reviewers_card_has_each_answer_without_reading_everything_again(project: Project) -> None:
    project.question_book.put(CLEAR)

    def answer(value: str | None, act: str, who: str = "ann") -> None:
        spoken_act = Act(act, ActKind.ANSWER, ("1.1.1",), value=value, asked=Asked("clear", 1))
        assert project.review.say(1, person(who), [spoken_act])[0].refused is None

    def shown() -> list[list[tuple[str, str, int, str]]]:
        (prompt,) = project.review.candidates(1, ["1.1.1"])
        return [[(a.reviewer, a.question, a.version, a.value) for a in one.answers] for one in prompt.candidates]

    assert shown() == [[], []]
    answer("4", "a")
    assert shown() == [[], [("ann", "clear", 1, "4")]]
    answer("2", "b", "ben")
    answer(None, "c")
    assert shown() == [[], [("ben", "clear", 1, "2")]]
    project.undo(1, person("ann"))
    assert sorted(shown()[1]) == [("ann", "clear", 1, "4"), ("ben", "clear", 1, "2")]
    assert project.review.counts(1, person("ann"), CandidateFilter())[View.PENDING] == 2  # an answer decides nothing


def test_questions_and_answers_come_back_from_a_backup(project: Project, tmp_path: Path) -> None:
    project.question_book.put(CLEAR, author=person("ann"))
    act = Act("a", ActKind.ANSWER, ("1.1.0",), value="4", asked=Asked("clear", 1))
    project.review.say(1, person("ann"), [act])
    made = project.backup()
    restore(Path(made["file"]), tmp_path / "again")
    with Project.open(tmp_path / "again") as again:
        assert asked(again) == [("clear", 1, (1,))]
        assert [one.value for one in again.store.questions.answers(1)] == ["4"]
        assert again.store.acts.depths(1, "ann") == (1, 0)
