"""Which completions become examples, and which accepted completion is paired with which rejected one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.project.exporting.pairing import Decided, pairs, sides
from rsf_core.project.exporting.request import Pairing

A, R = True, False
RULE, PEOPLE = False, True


def decided(*facts: tuple[int, bool, bool]) -> list[Decided]:
    """(text, accepted, by people) of candidates, in their order."""
    return [Decided(row, text, accepted, people, 0.0) for row, (text, accepted, people) in enumerate(facts)]


def rows(side: Iterable[Decided]) -> list[int]:
    return [one.row for one in side]


def rewarded(accepted: list[float], rejected: list[float], people: bool = False) -> list[Decided]:
    rewards = [*accepted, *rejected]
    return [Decided(i, i, i < len(accepted), people, reward) for i, reward in enumerate(rewards)]


@pytest.mark.parametrize(
    ("facts", "accepted", "rejected", "repeated", "contradictory"),
    [
        ([(1, A, RULE), (2, R, RULE)], [0], [1], 0, 0),
        ([(1, A, RULE), (1, A, RULE), (2, R, RULE), (2, R, RULE)], [0], [2], 2, 0),
        ([(1, R, RULE), (1, A, RULE)], [1], [], 1, 0),  # the rule rejected one copy by chance and accepted another
        ([(1, A, RULE), (1, R, PEOPLE)], [], [1], 1, 0),  # people's decisions take precedence over the rule's
        ([(1, R, RULE), (1, A, PEOPLE), (1, R, RULE)], [1], [], 2, 0),
        ([(1, A, PEOPLE), (1, R, PEOPLE), (1, A, RULE)], [], [], 2, 1),
        ([], [], [], 0, 0),
    ],
)
def test_each_text_of_a_prompt_is_there_once(
    facts: list[tuple[int, bool, bool]], accepted: list[int], rejected: list[int], repeated: int, contradictory: int
) -> None:
    pairs = sides(decided(*facts))
    assert (rows(pairs.accepted), rows(pairs.rejected)) == (accepted, rejected)
    assert (pairs.repeated, pairs.contradictory) == (repeated, contradictory)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=12))
def test_no_text_is_on_both_sides_and_none_is_lost(facts: list[tuple[int, bool, bool]]) -> None:
    pairs = sides(decided(*facts))
    kept = [facts[one.row][0] for one in (*pairs.accepted, *pairs.rejected)]
    assert len(set(kept)) == len(kept)
    assert len(kept) + pairs.contradictory == len({text for text, _, _ in facts}) == len(facts) - pairs.repeated
    assert all(facts[row][1] for row in rows(pairs.accepted)) and not any(facts[row][1] for row in rows(pairs.rejected))


def test_by_reward_the_best_is_paired_with_the_worst() -> None:
    best_pairs = sides(rewarded([1.0, 3.0, 2.0], [0.5, 0.0]))
    assert [(one.reward, other.reward) for one, other in pairs(best_pairs, Pairing.REWARD, 0, 1)] == [
        (3.0, 0.0),
        (2.0, 0.5),
    ]


@pytest.mark.parametrize(
    ("accepted", "rejected", "people", "count"),
    [
        ([1.0], [1.0], RULE, 0),  # the accepted reward is not higher
        ([1.0], [2.0], RULE, 0),
        ([1.0], [2.0], PEOPLE, 1),  # a person's decision takes precedence over the reward
        ([0.0], [-math.inf], RULE, 1),  # a failed constraint is worse than any reward
        ([-5.0], [math.nan], RULE, 0),  # an unknown reward is no reason
        ([math.nan], [0.0], RULE, 0),
        ([math.nan], [math.nan], PEOPLE, 1),
        ([], [1.0], PEOPLE, 0),
    ],
)
def test_by_reward_a_pair_needs_a_reason(
    accepted: list[float], rejected: list[float], people: bool, count: int
) -> None:
    assert len(list(pairs(sides(rewarded(accepted, rejected, people)), Pairing.REWARD, 0, 1))) == count


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**31), st.integers(1, 10**6))
def test_at_random_each_is_used_once_and_the_seed_fixes_with_whom(a: int, r: int, seed: int, prompt_id: int) -> None:
    drawn_pairs = sides(rewarded([1.0] * a, [0.0] * r))
    made = [(one.row, other.row) for one, other in pairs(drawn_pairs, Pairing.RANDOM, seed, prompt_id)]
    assert len(made) == min(a, r) == len({one for one, _ in made}) == len({other for _, other in made})
    assert made == [(one.row, other.row) for one, other in pairs(drawn_pairs, Pairing.RANDOM, seed, prompt_id)]


def test_at_random_another_seed_or_prompt_pairs_otherwise() -> None:
    first_draw = sides(rewarded([1.0] * 8, [0.0] * 8))
    made = {
        tuple((one.row, other.row) for one, other in pairs(first_draw, Pairing.RANDOM, seed, prompt))
        for seed, prompt in product((0, 1), (1, 2))
    }
    assert len(made) == 4


def test_all_with_all_is_every_accepted_against_every_rejected() -> None:
    all_pairs = sides(rewarded([1.0] * 3, [0.0] * 4))
    made = {(one.row, other.row) for one, other in pairs(all_pairs, Pairing.ALL, 0, 1)}
    assert made == set(product(range(3), range(3, 7)))
