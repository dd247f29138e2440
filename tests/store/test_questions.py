"""Answers are acts: kept for each reviewer and question, counted once if sent twice, and undone like a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import Act, Action, ActKind, Asked
from rsf_core.domain.questions import Question
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates

CLEAR = Question.model_validate({"name": "clear", "kind": "rating", "text": "How clear?"})
PARTS = Question.model_validate({"name": "parts", "kind": "spans", "text": "Mark it", "options": ["bad"]})


@pytest.fixture
def asked(store: Store) -> Store:
    add_candidates(store, candidates(prompts=2, per_prompt=3, completions=["a🎉é"] * 6))
    store.questions.add(CLEAR, "ann")
    store.questions.add(PARTS, "ann")
    return store


def answer(
    store: Store,
    name: str,
    value: str | None,
    who: str = "ann",
    on: str = "1.1.0",
    question: str = "clear",
    version: int = 1,
) -> str | None:
    act = Act(name, ActKind.ANSWER, (on,), value=value, asked=Asked(question, version))
    return store.acts.say([act], 1, who)[0].refused


def walk(store: Store, name: str, kind: ActKind, who: str = "ann") -> tuple[str, ...]:
    (outcome,) = store.acts.say([Act(name, kind)], 1, who)
    assert outcome.refused is None
    return outcome.candidate_ids


def held(store: Store) -> dict[tuple[str, str, str], tuple[int, str]]:
    rows = {(a.reviewer, a.candidate_id, a.question): (a.version, a.value) for a in store.questions.answers(1)}
    log = store.acts.logs.of(1)
    for read_again in (False, True):  # the log as it was updated, and as it is read again
        with log.lock:
            if read_again:
                log.forget()
            log.refresh()
            in_log = {
                (who, log.name(where), question): given
                for where, answers in log.answers.items()
                for (who, question), given in answers.items()
            }
        assert in_log == rows
    return rows


def test_versions_of_a_question_are_numbered_and_an_equal_one_is_not_added(store: Store) -> None:
    assert store.questions.add(CLEAR, "ann") == 1 == store.questions.add(CLEAR, "ben")
    assert store.questions.add(CLEAR.model_copy(update={"text": "Is it clear?"}), "ben") == 2
    assert store.questions.add(PARTS, "ben") == 1
    assert store.questions.add(CLEAR, "ann") == 3  # going back to the earlier wording is a change
    assert [(one.question.name, one.version, one.author) for one in store.questions.all()] == [
        ("clear", 1, "ann"),
        ("clear", 2, "ben"),
        ("parts", 1, "ben"),
        ("clear", 3, "ann"),
    ]
    assert {name: one.version for name, one in store.questions.newest().items()} == {"clear": 3, "parts": 1}


def test_each_reviewer_has_an_answer_to_each_question_of_each_candidate(asked: Store) -> None:
    assert answer(asked, "a", "4") is None
    assert answer(asked, "b", "2", "ben") is None
    assert answer(asked, "c", "5", on="1.1.1") is None
    assert answer(asked, "d", "3") is None  # ann changes her answer
    assert answer(asked, "d", "1") is None  # sent again: nothing changes
    assert held(asked) == {
        ("ann", "1.1.0", "clear"): (1, "3"),
        ("ben", "1.1.0", "clear"): (1, "2"),
        ("ann", "1.1.1", "clear"): (1, "5"),
    }
    assert answer(asked, "e", None) is None
    assert ("ann", "1.1.0", "clear") not in held(asked)


def test_an_answer_knows_the_version_it_was_given_under(asked: Store) -> None:
    asked.questions.add(CLEAR.model_copy(update={"points": 7}), "ann")
    assert answer(asked, "a", "7", version=2) is None
    assert "from 1 to 5" in str(answer(asked, "b", "7", "ben", version=1))
    assert answer(asked, "c", "4", "ben", version=1) is None  # a card that was drawn before the change
    assert held(asked) == {("ann", "1.1.0", "clear"): (2, "7"), ("ben", "1.1.0", "clear"): (1, "4")}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"value": "6"}, "from 1 to 5"),
        ({"value": "4", "question": "other"}, "no question 'other' with a version 1"),
        ({"value": "4", "version": 2}, "no question 'clear' with a version 2"),
        ({"value": "4", "on": "1.9.0"}, "no candidate '1.9.0'"),
        ({"value": None, "question": "other"}, "no question 'other'"),
        ({"value": '[{"start": 0, "end": 4, "label": "bad"}]', "question": "parts"}, "within the 3 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_alone(asked: Store, more: dict[str, Any], words: str) -> None:
    assert words in str(answer(asked, "a", **more))
    assert answer(asked, "b", "4") is None
    assert list(held(asked).values()) == [(1, "4")]
    nothing = asked.acts.say([Act("c", ActKind.ANSWER, ("1.1.0",), value="4"), Act("d", ActKind.ANSWER)], 1, "ann")
    assert [str(one.refused)[:24] for one in nothing] == ["an answer names its ques", "answer names no candidat"]


def test_spans_are_in_code_points_of_the_completion_as_drawn(asked: Store) -> None:
    whole = '[{"start": 0, "end": 3, "label": "bad"}]'
    assert answer(asked, "a", whole, question="parts") is None  # a, a party popper, é
    edited = Act("e", ActKind.EDIT, ("1.1.0",), value="much longer than it was")
    assert asked.acts.say([edited], 1, "ann")[0].refused is None
    assert "within the 3" in str(answer(asked, "b", whole.replace("3", "4"), question="parts"))


def test_undo_and_redo_walk_answers_among_decisions(asked: Store) -> None:
    key = ("ann", "1.1.0", "clear")
    answer(asked, "a", "4")
    answer(asked, "b", "2", "ben")
    asked.acts.say([Act("c", ActKind.DECIDE, ("1.1.0",), Action.ACCEPT)], 1, "ann")
    answer(asked, "d", "5")
    assert walk(asked, "u1", ActKind.UNDO) == ("1.1.0",)
    assert held(asked)[key] == (1, "4")
    walk(asked, "u2", ActKind.UNDO)  # the decision
    walk(asked, "u3", ActKind.UNDO)
    assert key not in held(asked) and len(held(asked)) == 1  # a colleague's answer stays
    walk(asked, "r1", ActKind.REDO)
    walk(asked, "r2", ActKind.REDO)
    walk(asked, "r3", ActKind.REDO)
    assert held(asked)[key] == (1, "5") and asked.opinions(1).num_rows == 1
    walk(asked, "u4", ActKind.UNDO)
    answer(asked, "e", "1")  # the undone answers are gone
    walk(asked, "u5", ActKind.UNDO)
    assert held(asked)[key] == (1, "4")
    walk(asked, "r4", ActKind.REDO)
    assert held(asked)[key] == (1, "1")


def test_an_undo_brings_back_what_was_taken_back_under_its_own_version(asked: Store) -> None:
    answer(asked, "a", "4")
    asked.questions.add(CLEAR.model_copy(update={"points": 7}), "ann")
    answer(asked, "b", None, version=2)
    assert held(asked) == {}
    walk(asked, "u", ActKind.UNDO)
    assert held(asked) == {("ann", "1.1.0", "clear"): (1, "4")}


def test_one_act_may_answer_of_several_candidates_and_is_undone_as_one(asked: Store) -> None:
    several = Act("a", ActKind.ANSWER, ("1.1.0", "1.1.2"), value="4", asked=Asked("clear", 1))
    assert asked.acts.say([several], 1, "ann")[0].refused is None
    assert len(held(asked)) == 2
    assert walk(asked, "u", ActKind.UNDO) == ("1.1.0", "1.1.2")
    assert held(asked) == {}


def test_answers_are_there_after_a_restart_and_can_be_undone(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.duckdb", tmp_path / "exports")
    add_candidates(store, candidates(1, 1))
    store.questions.add(CLEAR, "ann")
    answer(store, "a", "4")
    answer(store, "b", "2")
    store.close()
    again = Store(tmp_path / "x.duckdb", tmp_path / "exports")
    assert list(held(again).values()) == [(1, "2")] and again.acts.depths(1, "ann") == (2, 0)
    walk(again, "u", ActKind.UNDO)
    assert list(held(again).values()) == [(1, "4")]
    again.close()
