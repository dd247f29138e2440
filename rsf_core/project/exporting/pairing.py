"""Which completions of a prompt become examples, and which accepted one is paired with which rejected one. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rsf_core.project.exporting.request import Pairing
from rsf_core.sampling.streams import child_seed


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided candidate: its row, its `text` (any value that is equal for equal texts), whether it is effectively accepted,
    whether people decided that, and its reward: −∞ if P is 0, NaN if it is not known."""

    row: int
    text: int
    accepted: bool
    by_people: bool
    reward: float


@dataclass(frozen=True, slots=True)
class Sides:
    """The examples of a prompt, each text once. `repeated` counts candidates equal to another, `contradictory` texts that
    people have both accepted and rejected."""

    accepted: tuple[Decided, ...]
    rejected: tuple[Decided, ...]
    repeated: int
    contradictory: int


def sides(candidates: Sequence[Decided]) -> Sides:
    """Each text of a prompt once. People's decisions take precedence over the rule's. If only the rule decided, and by chance
    both ways, the text is accepted: it was drawn from the target. If people decided both ways, it is left out."""
    by_text: dict[int, list[Decided]] = {}
    for one in candidates:
        by_text.setdefault(one.text, []).append(one)
    accepted: list[Decided] = []
    rejected: list[Decided] = []
    contradictory = 0
    for equal in by_text.values():
        deciding = [candidate for candidate in equal if candidate.by_people] or equal
        outcomes = {candidate.accepted for candidate in deciding}
        if len(outcomes) > 1 and deciding[0].by_people:
            contradictory += 1
            continue
        kept = next(candidate for candidate in deciding if candidate.accepted == (True in outcomes))
        (accepted if kept.accepted else rejected).append(kept)
    return Sides(tuple(accepted), tuple(rejected), len(candidates) - len(by_text), contradictory)


def pairs(both: Sides, how: Pairing, seed: int, prompt_id: int) -> Iterator[tuple[Decided, Decided]]:
    """The pairs of one prompt, accepted then rejected. By reward, a pair whose accepted one does not have the higher reward is
    left out, unless people decided one of the two. At random, the same seed gives a prompt the same pairs, whatever other
    prompts there are."""
    accepted, rejected = both.accepted, both.rejected
    if how is Pairing.ALL:
        yield from ((one, other) for one in accepted for other in rejected)
    elif how is Pairing.RANDOM:
        generator = np.random.default_rng(child_seed(seed, f"pairs of prompt {prompt_id}"))
        count = min(len(accepted), len(rejected))
        chosen = generator.permutation(len(accepted))[:count].tolist()
        against = generator.permutation(len(rejected))[:count].tolist()
        yield from ((accepted[i], rejected[j]) for i, j in zip(chosen, against, strict=True))
    else:
        best = sorted(accepted, key=lambda one: -_ordered(one.reward))
        worst = sorted(rejected, key=lambda one: _ordered(one.reward))
        for one, other in zip(best, worst, strict=False):
            if one.reward > other.reward or one.by_people or other.by_people:
                yield one, other


def _ordered(reward: float) -> float:
    """The reward as a key to sort by; an unknown one is below all others."""
    return -math.inf if math.isnan(reward) else reward
