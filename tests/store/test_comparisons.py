"""Comparisons of two candidates are appended once, undone per reviewer, and held by a log that only reads new rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import duckdb
import pytest

from rsf_core.domain import Choice, ChoiceKind, Verdict
from rsf_core.domain.errors import OutOfSpaceError, StageError
from rsf_core.store.database import utc_now
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates

LEFT, RIGHT, TIE = Verdict.LEFT, Verdict.RIGHT, Verdict.TIE


@pytest.fixture
def filled(store: Store) -> Store:
    add_candidates(store, candidates(prompts=2, per_prompt=4))
    add_candidates(store, candidates(prompts=1, per_prompt=2, round_number=2), job_id="r2-generate-1")
    return store


def say(store: Store, act: str, left: str, right: str, verdict: Verdict = LEFT, who: str = "ann") -> bool:
    return store.comparisons.say(act, 1, left, right, verdict, who)


@contextmanager
def failing_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk is full during a commit, which the database then rolls back."""
    parsed = store._db._parsed

    def full(sql: str) -> Any:
        if sql == "COMMIT":
            store._db._cursor().execute("ROLLBACK")
            raise duckdb.IOException("could not write: No space left on device")
        return parsed(sql)

    with monkeypatch.context() as patch:
        patch.setattr(store._db, "_parsed", full)
        yield


def holds(store: Store) -> set[tuple[str, str, str, str]]:
    return {(r.left_id, r.right_id, str(r.verdict), r.reviewer) for r in store.comparisons.standing(1)}


def test_an_act_that_is_sent_again_changes_nothing(filled: Store) -> None:
    assert say(filled, "a", "1.1.0", "1.1.1") is True
    assert say(filled, "a", "1.1.0", "1.1.1") is False
    assert say(filled, "a", "1.1.2", "1.1.3", TIE, "ben") is False
    assert holds(filled) == {("1.1.0", "1.1.1", "left", "ann")}


def test_each_reviewers_newest_choice_on_a_pair_holds_in_either_order(filled: Store) -> None:
    say(filled, "a", "1.1.0", "1.1.1")
    say(filled, "b", "1.1.1", "1.1.0", LEFT)  # now the other candidate
    say(filled, "c", "1.1.0", "1.1.1", TIE, "ben")
    assert holds(filled) == {("1.1.1", "1.1.0", "left", "ann"), ("1.1.0", "1.1.1", "tie", "ben")}


def test_undo_reverts_this_reviewers_acts_step_by_step(filled: Store) -> None:
    say(filled, "a", "1.1.0", "1.1.1")
    say(filled, "b", "1.1.1", "1.1.0")
    say(filled, "c", "1.2.0", "1.2.1", RIGHT, "ben")
    assert filled.comparisons.undo("u1", 1, "ann") == ("1.1.1", "1.1.0")
    assert filled.comparisons.undo("u1", 1, "ann") is None  # sent again
    assert holds(filled) == {("1.1.0", "1.1.1", "left", "ann"), ("1.2.0", "1.2.1", "right", "ben")}
    filled.comparisons.undo("u2", 1, "ann")
    with pytest.raises(StageError, match="nothing to undo: ann has compared no pair in round 1"):
        filled.comparisons.undo("u3", 1, "ann")
    assert holds(filled) == {("1.2.0", "1.2.1", "right", "ben")}
    say(filled, "d", "1.1.0", "1.1.1", TIE)
    assert filled.comparisons.undo("u4", 1, "ann") == ("1.1.0", "1.1.1")


def test_a_log_read_again_equals_one_kept_in_memory(filled: Store) -> None:
    kept = filled.comparisons.log(1)
    for i, who in enumerate(["ann", "ben", "ann", "ann"]):
        say(filled, f"act {i}", "1.1.0", f"1.1.{1 + i % 3}", [LEFT, RIGHT, TIE][i % 3], who)
        filled.comparisons.standing(1)
    filled.comparisons.undo("u", 1, "ann")
    before = holds(filled)
    filled.comparisons._logs._parts.clear()
    assert filled.comparisons.log(1) is not kept
    assert holds(filled) == before
    assert filled.comparisons.log(1).voices(("1.1.0", "1.1.2")) == kept.voices(("1.1.0", "1.1.2")) == 1


def test_a_comparison_knows_the_version_of_the_guide(filled: Store) -> None:
    say(filled, "a", "1.1.0", "1.1.1")
    filled.guides.add("be kind", "ann", "")
    say(filled, "b", "1.1.2", "1.1.1")
    assert {r.act: r.guide for r in filled.comparisons.standing(1)} == {"a": 0, "b": 1}


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("1.1.0", "1.1.0", "not two candidates of one prompt"),
        ("1.1.0", "1.2.0", "not two candidates of one prompt"),
        ("1.1.0", "1.1.4", "no candidate '1.1.4' in round 1"),
        ("1.9.0", "1.9.1", "no candidate '1.9.0' in round 1"),
        ("2.1.0", "2.1.1", "no candidate '2.1.0' in round 1"),
        ("1.1.0", "x", "no candidate 'x' in round 1"),
        ("1.1.00", "1.1.1", "no candidate '1.1.00' in round 1"),
    ],
)
def test_two_that_cannot_be_compared_are_refused(filled: Store, left: str, right: str, words: str) -> None:
    with pytest.raises(StageError, match=words):
        say(filled, "a", left, right)
    assert holds(filled) == set()


def test_a_round_has_its_own(filled: Store) -> None:
    filled.comparisons.say("a", 2, "2.1.0", "2.1.1", LEFT, "ann")
    assert holds(filled) == set() and len(filled.comparisons.standing(2)) == 1


def test_what_fails_in_part_leaves_nothing_behind(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    say(filled, "a", "1.1.0", "1.1.1")
    choices = [Choice(f"b{k}", ChoiceKind.COMPARE, ("1.2.0", f"1.2.{k}"), TIE) for k in (1, 2)]
    keep, calls = filled.comparisons._db.insert, []

    def fails(table: str, rows: list[dict[str, Any]]) -> None:
        calls.append(rows)
        if len(calls) == 2:
            raise ValueError("an end in the middle")
        keep(table, rows)

    with monkeypatch.context() as patch:
        patch.setattr(filled.comparisons._db, "insert", fails)
        with pytest.raises(ValueError, match="in the middle"):
            filled.comparisons.say_all(choices, 1, "ann")
    assert holds(filled) == {("1.1.0", "1.1.1", "left", "ann")}
    assert filled.comparisons.undo("u", 1, "ann") == ("1.1.0", "1.1.1")
    assert holds(filled) == set()


def test_a_commit_that_fails_leaves_nothing_behind_in_memory_either(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(filled, "a", "1.1.0", "1.1.1")
    with (
        failing_commit(filled, monkeypatch),
        pytest.raises(OutOfSpaceError, match="is full while saving what ann said"),
    ):
        say(filled, "b", "1.1.0", "1.1.2")
    assert holds(filled) == {("1.1.0", "1.1.1", "left", "ann")}
    with failing_commit(filled, monkeypatch), pytest.raises(OutOfSpaceError):
        filled.comparisons.undo("u", 1, "ann")
    assert filled.comparisons.log(1).undoable("ann") == 0 and holds(filled) == {("1.1.0", "1.1.1", "left", "ann")}
    assert filled.comparisons.undo("u", 1, "ann") == ("1.1.0", "1.1.1"), "and not the one that was never kept"
    assert say(filled, "b", "1.1.0", "1.1.2") is True
    filled.comparisons._logs._parts.clear()
    assert holds(filled) == {("1.1.0", "1.1.2", "left", "ann")}


def test_what_is_not_committed_yet_is_shown_to_nobody(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, free = filled._db._parsed, []

    def asked(sql: str) -> Any:
        if sql == "COMMIT":
            other = Thread(target=lambda: free.append(filled.comparisons.log(1).lock.acquire(blocking=False)))
            other.start()
            other.join(10)
        return parsed(sql)

    monkeypatch.setattr(filled._db, "_parsed", asked)
    say(filled, "a", "1.1.0", "1.1.1")
    assert free == [False]


def test_acts_in_a_transaction_that_is_rolled_back_are_forgotten_with_it(filled: Store) -> None:
    say(filled, "a", "1.1.0", "1.1.1")

    def give_up() -> None:
        with filled.transaction("a test"):
            say(filled, "b", "1.1.0", "1.1.2")
            assert len(holds(filled)) == 2
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert filled.comparisons.undo("u", 1, "ann") == ("1.1.0", "1.1.1")
    assert holds(filled) == set()


def test_an_undo_of_an_act_that_was_never_saved_reverts_nothing(filled: Store) -> None:
    """In a project damaged by an earlier version: the undo was kept, but the comparison that it undoes was not."""
    lost = {"round": 1, "left_id": "1.1.0", "right_id": "1.1.2", "verdict": "left", "guide": 0, "created_at": utc_now()}
    lost |= {"kind": "undo", "target": "lost"}
    with filled.transaction("a test"):
        filled._db.insert("comparisons", [lost | {"act": "u1", "reviewer": "ben"}])  # ben has compared nothing
    say(filled, "a", "1.1.0", "1.1.1")
    with filled.transaction("a test"):
        filled._db.insert("comparisons", [lost | {"act": "u2", "reviewer": "ann"}])
    assert holds(filled) == {("1.1.0", "1.1.1", "left", "ann")}
    assert filled.comparisons.undo("u3", 1, "ann") == ("1.1.0", "1.1.1")
    filled.comparisons._logs._parts.clear()
    assert holds(filled) == set()


def test_of_acts_in_one_batch_each_counts_once_and_an_undo_reverts_the_one_before_it(filled: Store) -> None:
    def compare(act: str, k: int) -> Choice:
        return Choice(act, ChoiceKind.COMPARE, ("1.1.0", f"1.1.{k}"), LEFT)

    undo = Choice("u", ChoiceKind.UNDO)
    outcomes = filled.comparisons.say_all([compare("a", 1), compare("b", 2), undo, undo, compare("a", 1)], 1, "ann")
    assert [one.candidate_ids[1] for one in outcomes] == ["1.1.1", "1.1.2", "1.1.2", "1.1.2", "1.1.1"]
    assert [one.known for one in outcomes] == [False, False, False, True, True]
    assert holds(filled) == {("1.1.0", "1.1.1", "left", "ann")}
