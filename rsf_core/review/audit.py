"""The random audit: which candidates are a fair sample of the round, and where some of them are mixed into another order.

The audit order is fixed for the project, so its first candidates are a random sample whatever anybody chose to look at. A
reviewer who works through another order is shown the next audit candidate now and then. Before which candidates of that order
depends on the project's seed, the reviewer and the candidate alone, so it is always the same and costs no look-up."""

from __future__ import annotations

import zlib

import numpy as np

from rsf_core.domain.arrays import Bools, Floats, Ints, splitmix64

UNDECIDED = 0.2  # of the audit, at most: the share of skipped candidates
_ODD = 0x9E3779B97F4A7C15


def audit_key(places: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each candidate, fixed for the project: sorted by it, the first n are a random sample."""
    mixed = splitmix64(places.astype(np.uint64) + np.uint64((seed * _ODD + 1) % 2**64))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def audit_sample(places: Ints, decided: Bools, seed: int) -> Bools:
    """The random sample that is decided so far, shape (n,): the longest beginning of the audit order of which four of five are
    decided. It includes the few undecided ones, because skipped candidates may differ from the rest."""
    order = np.argsort(audit_key(places, seed), kind="stable")
    done = np.cumsum(decided[order])
    enough = np.flatnonzero(decided[order] & (done >= (1 - UNDECIDED) * np.arange(1, len(order) + 1)))
    sampled = np.zeros(len(decided), bool)
    sampled[order[: enough[-1] + 1 if enough.size else 0]] = True
    return sampled


def by_chance(places: Ints, decided: Bools, shown: Bools, seed: int) -> Bools:
    """Which of the decided candidates (n,) are a random sample of the round; `shown` are those of them that were shown to a
    reviewer as part of the audit. Those alone are not a random sample: candidates that another order put first were decided
    by then, and are missing from them. So the sample is everything decided in the longest beginning of the audit order
    that ends with a shown candidate and of which four of five are decided; it is empty if there is none."""
    order = np.argsort(audit_key(places, seed), kind="stable")
    enough = np.cumsum(decided[order]) >= (1 - UNDECIDED) * np.arange(1, len(order) + 1)
    ends = np.flatnonzero(shown[order] & enough)
    drawn = np.zeros(len(decided), bool)
    drawn[order[: ends[-1] + 1 if ends.size else 0]] = True
    return drawn & decided


def before(places: Ints, seed: int, reviewer: str, share: float) -> Bools:
    """Before which candidates of another order, at `places` (n,), this reviewer is shown one of the audit: as many as make
    `share` (0 to ½) of all that is shown."""
    drawn: Bools = uniform(places, seed, reviewer, 2) < share / (1.0 - share)
    return drawn


def uniform(places: Ints, seed: int, reviewer: str, salt: int) -> Floats:
    """A number in [0, 1) for each candidate (n,), the reviewer's own; another `salt` gives other numbers."""
    mixed_in = (seed * _ODD + zlib.crc32(reviewer.encode()) + salt) % 2**64
    drawn = splitmix64(splitmix64(places.astype(np.uint64)) + np.uint64(mixed_in))
    return (drawn >> np.uint64(11)).astype(np.float64) / 2.0**53
