"""Rankings of a prompt's candidates are appended once, undone per reviewer, and share one sequence with comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from rsf_core.domain import Choice, ChoiceKind, Verdict
from rsf_core.domain.errors import StageError
from rsf_core.store.choice_records import RankingRecord
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates

THREE = ("1.1.2", "1.1.0", "1.1.1")


@pytest.fixture
def filled(store: Store) -> Store:
    add_candidates(store, candidates(prompts=2, per_prompt=9))
    add_candidates(store, candidates(prompts=1, per_prompt=2, round_number=2), job_id="r2-generate-1")
    return store


def say(store: Store, act: str, names: tuple[str, ...] = THREE, places: Any = (1, 2, 3), who: str = "ann") -> bool:
    return store.rankings.say(act, 1, names, places, who)


def holds(store: Store) -> set[tuple[str, tuple[tuple[str, int], ...]]]:
    return {(r.reviewer, tuple(zip(r.candidates, r.places, strict=True))) for r in store.rankings.standing(1)}


def test_a_ranking_is_read_as_it_was_made_and_once(filled: Store) -> None:
    filled.guides.add("be kind", "ann", "")
    assert say(filled, "a", places=(2, 1, 1)) is True
    assert say(filled, "a", places=(1, 2, 3)) is False
    assert filled.rankings.standing(1) == [RankingRecord(1, "a", 1, THREE, (2, 1, 1), "ann", 1)]
    filled.rankings._logs._parts.clear()
    assert filled.rankings.standing(1) == [RankingRecord(1, "a", 1, THREE, (2, 1, 1), "ann", 1)]


def test_each_reviewers_newest_ranking_of_a_prompt_holds_whichever_candidates_it_has(filled: Store) -> None:
    say(filled, "a")
    say(filled, "b", ("1.1.3", "1.1.0"), (1, 1))
    say(filled, "c", ("1.2.3", "1.2.0"), (2, 1))
    say(filled, "d", who="ben")
    log = filled.rankings.log(1)
    assert {(r.act, r.reviewer) for r in filled.rankings.standing(1)} == {("b", "ann"), ("c", "ann"), ("d", "ben")}
    assert (log.count("ann"), log.voices(1), log.voices(2)) == (2, 2, 1)
    assert [(r.act, r.reviewer) for r in log.of(1)] == [("b", "ann"), ("d", "ben")] and log.of(9) == []


def test_undo_reverts_this_reviewers_acts_step_by_step(filled: Store) -> None:
    say(filled, "a")
    say(filled, "b", ("1.1.3", "1.1.0"), (1, 1))
    say(filled, "c", who="ben")
    assert filled.rankings.undo("u1", 1, "ann") == ("1.1.3", "1.1.0")
    assert filled.rankings.undo("u1", 1, "ann") is None  # sent again
    assert {r.act for r in filled.rankings.standing(1)} == {"a", "c"}
    assert filled.rankings.undo("u2", 1, "ann") == THREE
    with pytest.raises(StageError, match="nothing to undo: ann has ranked no prompt in round 1"):
        filled.rankings.undo("u3", 1, "ann")
    filled.rankings._logs._parts.clear()
    assert {r.act for r in filled.rankings.standing(1)} == {"c"}


def test_one_sequence_tells_whether_a_comparison_or_a_ranking_came_first(filled: Store) -> None:
    filled.comparisons.say("a", 1, "1.1.0", "1.1.1", Verdict.LEFT, "ann")
    say(filled, "b")
    filled.comparisons.say("c", 1, "1.1.0", "1.1.2", Verdict.LEFT, "ann")
    (ranking,), compared = filled.rankings.standing(1), filled.comparisons.standing(1)
    assert sorted([ranking.seq, *(one.seq for one in compared)]) == [1, 2, 3] and ranking.seq == 2
    assert filled.comparisons.undo("u", 1, "ann") == ("1.1.0", "1.1.2"), "each kind has its own way back"
    assert len(holds(filled)) == 1


@pytest.mark.parametrize(
    ("names", "places", "words"),
    [
        (("1.1.0",), (1,), "a ranking is of 2 to 8 candidates, not of 1"),
        ((), (), "a ranking is of 2 to 8 candidates, not of 0"),
        (tuple(f"1.1.{k}" for k in range(9)), tuple(range(1, 10)), "of 2 to 8 candidates, not of 9"),
        (THREE, (1, 2), "3 candidates have 2"),
        (THREE, (1, 3, 3), "places are 1, 2, … without a gap, not 1, 3, 3"),
        (THREE, (0, 1, 2), "places are 1, 2, … without a gap, not 0, 1, 2"),
        (THREE, (1, 2, 10**30), "places are 1, 2, … without a gap, not 1, 2, 1000"),
        (THREE, (2, 2, 2), "places are 1, 2, … without a gap, not 2, 2, 2"),
        (("1.1.0", "1.1.1", "1.1.0"), (1, 2, 3), "1.1.0, 1.1.1 and 1.1.0 are not 3 candidates of one prompt"),
        (("1.1.0", "1.2.1"), (1, 2), "1.1.0 and 1.2.1 are not two candidates of one prompt"),
        (("1.1.0", "1.1.9"), (1, 2), "no candidate '1.1.9' in round 1"),
        (("2.1.0", "2.1.1"), (1, 2), "no candidate '2.1.0' in round 1"),
        (("1.1.0", "x"), (1, 2), "no candidate 'x' in round 1"),
    ],
)
def test_what_is_no_ranking_is_refused(
    filled: Store, names: tuple[str, ...], places: tuple[int, ...], words: str
) -> None:
    with pytest.raises(StageError, match=words):
        say(filled, "a", names, places)
    assert holds(filled) == set()


def test_all_may_be_tied_and_eight_are_ranked(filled: Store) -> None:
    eight = tuple(f"1.1.{k}" for k in range(8))
    assert say(filled, "a", eight, (1,) * 8)
    assert say(filled, "b", eight, tuple(range(8, 0, -1)), "ben")
    assert len(holds(filled)) == 2


def test_a_choice_of_the_other_kind_is_refused_where_it_does_not_belong(filled: Store) -> None:
    compare = Choice("a", ChoiceKind.COMPARE, ("1.1.0", "1.1.1"), Verdict.LEFT)
    rank = Choice("b", ChoiceKind.RANK, ("1.1.0", "1.1.1"), places=(1, 2))
    assert filled.rankings.say_all([compare], 1, "ann")[0].refused == "compare is not a ranking"
    assert filled.comparisons.say_all([rank], 1, "ann")[0].refused == "rank is not a verdict on two candidates"


def test_of_acts_in_one_batch_each_counts_once_and_what_fails_leaves_nothing_behind(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank = Choice("a", ChoiceKind.RANK, THREE, places=(1, 1, 2))
    undo = Choice("u", ChoiceKind.UNDO)
    outcomes = filled.rankings.say_all([rank, undo, undo, rank], 1, "ann")
    assert [one.candidate_ids for one in outcomes] == [THREE] * 4
    assert [one.known for one in outcomes] == [False, False, True, True]
    keep, calls = filled.rankings._db.insert, []

    def fails(table: str, rows: list[dict[str, Any]]) -> None:
        calls.append(rows)
        if len(calls) == 2:
            raise ValueError("an end in the middle")
        keep(table, rows)

    both = [Choice(name, ChoiceKind.RANK, THREE, places=(1, 1, 2)) for name in ("b", "c")]
    with monkeypatch.context() as patch:
        patch.setattr(filled.rankings._db, "insert", fails)
        with pytest.raises(ValueError, match="in the middle"):
            filled.rankings.say_all(both, 1, "ann")
    assert holds(filled) == set() and filled.rankings.log(1).undoable("ann") == 0
