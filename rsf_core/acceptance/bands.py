"""The prompts of a round in bands by the share accepted, and what drawing more for those with none accepted would give.

More is drawn for a prompt because its first draws failed, so its rate over all draws is biased: with K draws and, if none is
accepted, K′ more, E[accepted/draws] = p + (1 − p)^K·p·K′/(K + K′), while the pooled rate of the round falls towards its
hardest prompts. The rate of the first K draws is unbiased, and it is the only unbiased function of these counts: it is the
estimate of Girshick, Mosteller & Savage (1946), Ann. Math. Stat. 17:13 (paths from a first success over all paths, 0 for a
prompt that was drawn for again), and the counts are complete. So the rates here are means over prompts of the rates of the
planned draws, those made equally for all prompts. The bands use the same draws, so that rounds can be compared. A forecast for
a prompt goes by its likelihood, in which the reason for stopping cancels: there (`starvation`) all draws count. They also all
count in the curated set, where each is a draw from the target's law.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.starvation import starvation
from rsf_core.store.records import PromptKind

LOW, HIGH = 0.25, 0.75  # shares of a prompt's candidates: up to LOW is low, from HIGH on is high
NAMES = ("none", "low", "mid", "high", "all")


@dataclass(frozen=True, slots=True)
class Rates:
    """Acceptance rates of a round, by the rule alone and with overrides: means over prompts of the share accepted among the
    planned draws. NaN if nothing is decided."""

    automatic: float
    effective: float


@dataclass(frozen=True, slots=True)
class Bands:
    """How many prompts have none, few (`LOW` at most), some, most (`HIGH` at least) and all of their planned draws accepted in
    effect. `each` is the least and the most planned draws of a prompt. `again` prompts were drawn for again (`further`
    candidates), `helped` of those without an accepted planned draw have one since, and `starving` prompts in use have no
    accepted candidate at all."""

    counts: tuple[int, int, int, int, int]
    each: tuple[int, int]
    again: int
    further: int
    helped: int
    starving: int

    @property
    def prompts(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Plan:
    """Drawing `each` more candidates for the `prompts` with none accepted; `expected` is how many of these would then have
    one, by the automatic decision at the M in force."""

    prompts: int
    each: int
    expected: float

    @property
    def candidates(self) -> int:
        return self.prompts * self.each


def rates(kinds: Sequence[PromptKind]) -> Rates:
    """The acceptance rates of a round; see `Rates`."""
    drawn = [kind for kind in kinds if kind.drawn]
    prompts = sum(kind.prompts for kind in drawn)
    if not prompts:
        return Rates(float("nan"), float("nan"))
    return Rates(
        sum(kind.prompts * kind.automatic / kind.drawn for kind in drawn) / prompts,
        sum(kind.prompts * kind.accepted / kind.drawn for kind in drawn) / prompts,
    )


def bands(kinds: Sequence[PromptKind]) -> Bands | None:
    """The prompts of a round in bands; None if nothing is decided."""
    drawn = [kind for kind in kinds if kind.drawn]
    if not drawn:
        return None
    counts = [0] * len(NAMES)
    for kind in drawn:
        counts[_band(kind.accepted, kind.drawn)] += kind.prompts
    again = [kind for kind in drawn if kind.further]
    return Bands(
        (counts[0], counts[1], counts[2], counts[3], counts[4]),
        (min(kind.drawn for kind in drawn), max(kind.drawn for kind in drawn)),
        sum(kind.prompts for kind in again),
        sum(kind.prompts * kind.further for kind in again),
        sum(kind.prompts for kind in again if kind.accepted == 0 < kind.further_accepted),
        sum(kind.prompts for kind in _starving(drawn)),
    )


def none_of(kinds: Sequence[PromptKind], k: int) -> Interval | None:
    """The share of prompts like these that would get none of `k` candidates accepted; None if nothing is decided."""
    outcomes = _outcomes(kinds)
    return _starvation(outcomes, k)[0] if outcomes else None


def plan(kinds: Sequence[PromptKind], each: int) -> Plan | None:
    """What drawing `each` more for the prompts with none accepted would give; None if there is no such prompt, or nothing is
    decided. Prompts' rates are shrunk towards each other, so that a prompt with 0 of 4 is neither hopeless nor average."""
    starving = _starving(kinds)
    prompts = sum(kind.prompts for kind in starving)
    if not prompts:
        return None
    none = _starvation(_outcomes(kinds), each)[1]
    helped = (kind.prompts * (1.0 - none[_outcome(kind)]) for kind in starving if kind.drawn + kind.further)
    return Plan(prompts, each, float(sum(helped)))


def in_words(shares: Bands) -> str:
    """The bands as a sentence."""
    none, low, mid, high, whole = shares.counts
    least, most = shares.each
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    sentence = (
        f"Of {shares.prompts:,} prompts with {each} candidates, {none:,} have none accepted, {low:,} up to a quarter, "
        f"{mid:,} between, {high:,} three quarters or more, and {whole:,} all."
    )
    if shares.again:
        sentence += (
            f" {shares.again:,} of those with none were drawn for again ({shares.further:,} candidates), "
            f"and {shares.helped:,} have one now; the bands and the rate count only what was drawn equally for all."
        )
    return sentence


def _band(accepted: int, drawn: int) -> int:
    if accepted in (0, drawn):
        return 0 if accepted == 0 else 4
    share = accepted / drawn
    return 1 if share <= LOW else 3 if share >= HIGH else 2


def _starving(kinds: Sequence[PromptKind]) -> list[PromptKind]:
    """The prompts in use with nothing accepted."""
    return [kind for kind in kinds if not kind.retired and kind.accepted + kind.further_accepted == 0]


def _outcome(kind: PromptKind) -> tuple[int, int]:
    """How many draws the rule accepts, and of how many."""
    return kind.automatic + kind.further_automatic, kind.drawn + kind.further


def _outcomes(kinds: Sequence[PromptKind]) -> tuple[tuple[tuple[int, int], int], ...]:
    """How many prompts have each outcome, in order. Overrides do not change them."""
    counted: Counter[tuple[int, int]] = Counter()
    for kind in kinds:
        if kind.drawn + kind.further:
            counted[_outcome(kind)] += kind.prompts
    return tuple(sorted(counted.items()))


@lru_cache(maxsize=16)
def _starvation(
    outcomes: tuple[tuple[tuple[int, int], int], ...], k: int
) -> tuple[Interval, Mapping[tuple[int, int], float]]:
    """The share of prompts that get none of `k` more draws accepted, and the probability of that for each outcome."""
    each, times = [outcome for outcome, _ in outcomes], [count for _, count in outcomes]
    accepted, drawn = (np.repeat(np.array(column), times) for column in zip(*each, strict=True))
    share, first = starvation(accepted, drawn, k), np.cumsum([0, *times[:-1]])  # prompts of one outcome are alike
    return share.none, dict(zip(each, share.by_prompt[first].tolist(), strict=True))
