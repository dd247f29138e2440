"""The next prompt to rank: random by a seed, near-duplicates once, the same candidates for everyone, once unless asked for."""

from __future__ import annotations

from typing import Any

import pytest

from rsf_core.domain import Verdict
from rsf_core.domain.access import person
from rsf_core.domain.settings import Settings
from rsf_core.review import ranking, walking
from rsf_core.review.comparing import Comparing
from rsf_core.review.queue import Reviews
from rsf_core.review.ranking import Ranking, ToRank
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates

# for each prompt: two near-duplicates, two different texts, and one cut off by the token limit
TEXTS = ["A cat sat on a mat.", "a cat sat on a mat", "dogs bark", "cows moo", "cut off here"] * 3
FINISH = ["eos", "eos", "eos", "eos", "length"] * 3
ANN, BEN = person("ann"), person("ben")


def both(store: Store, overlap: int = 1) -> tuple[Comparing, Ranking]:
    settings = Settings.model_validate({"task": "t", "seed": 3, "review": {"overlap": overlap}})
    review = Reviews(store, lambda: settings, lambda number: settings.target)
    comparing = Comparing(store, lambda: settings, review)
    return comparing, Ranking(store, lambda: settings, review, comparing.ended)


def make(store: Store, overlap: int = 1) -> Ranking:
    return both(store, overlap)[1]


@pytest.fixture
def filled(store: Store) -> Store:
    add_prompts(store, 3)
    add_candidates(store, candidates(3, 5, completions=TEXTS, finish=FINISH))
    return store


def ids(prompt: ToRank) -> tuple[str, ...]:
    return tuple(one.candidate_id for one in prompt.candidates)


def upcoming(ranked: Ranking, who: str = "ann", count: int = 100, **more: Any) -> list[tuple[str, ...]]:
    return [ids(one) for one in ranked.upcoming(1, person(who), count, **more).prompts]


def test_each_prompt_comes_once_with_near_duplicates_once_and_the_truncated_never(filled: Store) -> None:
    answer = make(filled).upcoming(1, ANN, 100)
    assert answer.ended and {one.prompt.prompt_id for one in answer.prompts} == {1, 2, 3}
    for one in answer.prompts:
        ks = sorted(int(name.split(".")[2]) for name in ids(one))
        assert ks in ([0, 2, 3], [1, 2, 3]) and {name.split(".")[1] for name in ids(one)} == {str(one.prompt.prompt_id)}
    assert upcoming(make(filled)) == [ids(one) for one in answer.prompts]  # the same in another process


def test_of_many_candidates_as_many_are_drawn_as_a_ranking_has(store: Store) -> None:
    add_prompts(store, 2)
    add_candidates(store, candidates(2, 40, completions=[f"a text of number {i} alone" for i in range(80)]))
    first, second = upcoming(make(store))
    assert len(first) == len(second) == len(set(first)) == 8
    assert first != tuple(sorted(first))
    assert make(store).say(1, [first[:3], first[3:]], ANN)


def test_a_prompt_without_two_that_differ_is_passed_and_not_read_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_READ", 2)
    add_prompts(store, 3)
    add_candidates(store, candidates(3, 3, completions=["the same"] * 9))
    ranked = make(store)
    for last in (2, 3):
        answer = ranked.upcoming(1, ANN, 1)
        assert (answer.prompts, answer.last, answer.ended) == ([], last, last == 3)


@pytest.mark.parametrize(("overlap", "bens"), [(1, 0), (2, 3)])
def test_a_prompt_wants_as_many_rankings_as_a_candidate_opinions(filled: Store, overlap: int, bens: int) -> None:
    ranked = make(filled, overlap)
    before = upcoming(ranked)
    for names in before:
        assert ranked.say(1, [names], ANN)
    assert upcoming(ranked) == []
    assert upcoming(ranked, "ben") == (before if bens else [])  # the same candidates in the same order


def test_what_is_taken_back_comes_again(filled: Store) -> None:
    ranked = make(filled)
    names = upcoming(ranked)
    for one in names[:2]:
        ranked.say(1, [[name] for name in one], ANN)
    assert upcoming(ranked) == names[2:]
    assert ranked.undo(1, ANN) == names[1]
    assert upcoming(ranked) == names[1:] and ranked.count(1, ANN) == 1 and ranked.undoable(1, ANN) == 1


def test_who_asks_is_shown_what_they_ranked_longest_ago_and_not_in_the_order_they_gave_it(filled: Store) -> None:
    ranked = make(filled)
    assert upcoming(ranked, again=True) == []
    names = upcoming(ranked)
    for one in names:
        ranked.say(1, [[name] for name in sorted(one)], ANN)
    again = upcoming(ranked, again=True)
    assert [set(one) for one in again] == [set(one) for one in names]
    assert [tuple(sorted(one)) for one in names] != again
    begun = ranked.upcoming(1, ANN, 2, again=True)
    rest = ranked.upcoming(1, ANN, 2, again=True, after=begun.last)
    assert [ids(one) for one in [*begun.prompts, *rest.prompts]] == again and (begun.ended, rest.ended) == (False, True)
    ranked.say(1, [again[0]], ANN)
    assert set(upcoming(ranked, again=True)[-1]) == set(again[0]) and ranked.count(1, ANN) == 3


@pytest.mark.parametrize("again", [False, True])
def test_an_answer_ends_where_its_texts_are_long(filled: Store, monkeypatch: pytest.MonkeyPatch, again: bool) -> None:
    ranked = make(filled)
    if again:
        for one in upcoming(ranked):
            ranked.say(1, [one], ANN)
    whole = upcoming(ranked, again=again)
    monkeypatch.setattr(walking, "MOST_CHARACTERS", 60)  # of a prompt 54 are read, 35 or 36 shown
    begun = ranked.upcoming(1, ANN, 100, again)
    assert ([ids(one) for one in begun.prompts], begun.ended) == (whole[:2], False)
    assert upcoming(ranked, again=again, after=begun.last) == whole[2:]


def test_pairs_that_were_ranked_are_not_asked_for_as_pairs(filled: Store) -> None:
    comparing, rankings = both(filled)
    ranked = upcoming(rankings)[0]
    before = comparing.upcoming(1, ANN, 100).pairs
    rankings.say(1, [ranked], ANN)
    for who in (ANN, BEN):  # one opinion is enough
        left = comparing.upcoming(1, who, 100).pairs
        sides = [{one.left.candidate_id, one.right.candidate_id} for one in left]
        assert len(before) - len(left) == 3 and not any(side <= set(ranked) for side in sides)
    rankings.undo(1, ANN)
    assert len(comparing.upcoming(1, ANN, 100).pairs) == len(before)


def test_with_more_opinions_required_a_reviewer_counts_once_on_a_pair(filled: Store) -> None:
    comparing, rankings = both(filled, overlap=2)
    ranked = upcoming(rankings)[0]
    pair = {ranked[0], ranked[1]}
    comparing.say(1, ranked[0], ranked[1], Verdict.LEFT, ANN)
    rankings.say(1, [ranked], ANN)

    def asked(who: str) -> bool:
        left = comparing.upcoming(1, person(who), 100).pairs
        return any({one.left.candidate_id, one.right.candidate_id} == pair for one in left)

    assert not asked("ann") and asked("ben")
    rankings.say(1, [ranked], BEN)
    assert not asked("ben") and not asked("cleo")


def test_candidates_drawn_later_bring_new_prompts(filled: Store) -> None:
    ranked = make(filled)
    for one in upcoming(ranked):
        ranked.say(1, [one], ANN)
    add_prompts(filled, 4)
    late = candidates(4, 5, completions=[f"another {i} text" for i in range(20)]).filter([i >= 15 for i in range(20)])
    add_candidates(filled, late, unit=1)
    assert [{name.split(".")[1] for name in one} for one in upcoming(ranked)] == [{"4"}]


def test_a_round_without_candidates_has_nothing_to_rank(store: Store) -> None:
    answer = make(store).upcoming(1, ANN, 1)
    assert (answer.prompts, answer.ended) == ([], True)


def test_a_pair_that_a_newer_ranking_leaves_out_is_asked_for_again(filled: Store) -> None:
    comparing, rankings = both(filled)
    for prompt in (1, 2, 3):
        rankings.say(1, [[f"1.{prompt}.{k}" for k in range(4)]], ANN)
    assert comparing.upcoming(1, ANN, 10).pairs == []
    rankings.say(1, [["1.2.0"], ["1.2.2"]], ANN)
    asked = {
        frozenset((pair.left.candidate_id, pair.right.candidate_id)) for pair in comparing.upcoming(1, ANN, 10).pairs
    }
    assert asked == {frozenset((f"1.2.{a}", f"1.2.{b}")) for a, b in ((0, 3), (1, 2), (1, 3), (2, 3))}
