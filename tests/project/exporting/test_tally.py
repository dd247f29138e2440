from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.project.exporting.pairing import Decided, pairs, sides
from rsf_core.project.exporting.request import Pairing, What
from rsf_core.project.exporting.tally import Candidates, Tally, tally

Fact = tuple[int, int, bool, bool, float]  # prompt, text, accepted, by people, reward
REWARDS = st.sampled_from([-math.inf, -1.0, 0.0, 0.0, 0.5, 1.0, math.nan])
FACTS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4), st.booleans(), st.booleans(), REWARDS), max_size=24)
KINDS = [(What.LABELS, Pairing.REWARD), *((What.PREFERENCE, how) for how in Pairing if how is not Pairing.COMPARED)]


def one_by_one(facts: Sequence[Fact], what: What, pairing: Pairing) -> Tally:
    """The counts from the rows of the export, made prompt by prompt."""
    accepted = rejected = repeated = contradictory = rows = 0
    prompts = set()
    for prompt, of in groupby(facts, key=lambda fact: fact[0]):
        pairs_of = sides([Decided(row, *fact[1:]) for row, fact in enumerate(of)])
        if what is What.LABELS:
            made = len(pairs_of.accepted) + len(pairs_of.rejected)
        else:
            made = sum(1 for _ in pairs(pairs_of, pairing, 3, prompt))
        accepted, rejected, rows = accepted + len(pairs_of.accepted), rejected + len(pairs_of.rejected), rows + made
        repeated, contradictory = repeated + pairs_of.repeated, contradictory + pairs_of.contradictory
        prompts |= {prompt} if made else set()
    return Tally(accepted, rejected, repeated, contradictory, rows, frozenset(prompts))


@pytest.mark.parametrize(("what", "pairing"), KINDS)
@given(FACTS)
def test_what_is_counted_at_once_is_what_the_rows_come_to(what: What, pairing: Pairing, given_: list[Fact]) -> None:
    facts = sorted(given_, key=lambda fact: fact[0])
    prompt, text, accepted, people, reward = zip(*facts, strict=True) if facts else ((),) * 5
    candidates = Candidates(
        np.array(prompt, np.int64),
        np.array(text, np.uint64),
        np.array(accepted, bool),
        np.array(people, bool),
        np.array(reward, np.float64),
    )
    assert tally(candidates, what, pairing) == one_by_one(facts, what, pairing)


def test_a_tie_of_rewards_is_broken_by_which_text_came_first() -> None:
    """The text that came first is decided by people only in its second candidate."""
    facts: list[Fact] = [
        (1, 7, True, False, 0.0),
        (1, 5, True, False, 0.0),
        (1, 7, True, True, 0.0),
        (1, 9, False, False, 0.0),
    ]
    columns = (np.array(column) for column in zip(*facts, strict=True))
    candidates = Candidates(*columns)
    assert tally(candidates, What.PREFERENCE, Pairing.REWARD).rows == 1
    assert one_by_one(facts, What.PREFERENCE, Pairing.REWARD).rows == 1
