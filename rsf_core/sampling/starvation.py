"""How many prompts get none of K draws accepted, and which: acceptance rates of prompts shrunk towards each other.

(1 − â)^K of a prompt's own rate puts noise into a convex function: it gives 37 % if the truth is 27 %. Here the rates of
prompts have a Beta distribution with mean μ and correlation ρ = 1/(α + β + 1), and the number accepted among a prompt's draws
is beta-binomial (Skellam 1948). μ and ρ are weighted by their likelihood over a grid, with a flat prior, so that the rate of a
prompt with none accepted of few draws is neither 0 nor the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, expit, logit, ndtri

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.intervals import Interval

_STEPS = np.linspace(-1.0, 1.0, 121)
LOGITS = 1.1 * _STEPS + 6.4 * _STEPS**3  # relative to the logit of the pooled rate; 0.02 apart near it, for many draws
CORRELATIONS = np.concatenate(([1e-3, 5e-3, 0.01], np.linspace(0.02, 0.96, 34)))
REPLICATES = 200


@dataclass(frozen=True, slots=True)
class Starvation:
    """`none` is the share of prompts that get none of K further draws accepted, with an interval; `by_prompt` (prompts,) is
    each prompt's own posterior probability of that, and `rate` (prompts,) its posterior mean acceptance rate."""

    none: Interval
    by_prompt: Floats
    rate: Floats


def starvation(
    accepted: ArrayLike, drawn: ArrayLike, k: int, level: float = 0.95, rng: np.random.Generator | None = None
) -> Starvation:
    """Starvation from `accepted` of `drawn` draws of each prompt, shape (prompts,), for K = `k` further draws of each.

    The interval is for prompts like these: the hull of the profile likelihood's and of a bootstrap's over prompts (seeded
    with 0 without `rng`); for one prompt it is the first alone. Raises TargetError unless 0 ≤ accepted ≤ drawn and k ≥ 0.
    """
    a, n = np.asarray(accepted, dtype=np.float64), np.asarray(drawn, dtype=np.float64)
    if a.shape != n.shape or a.ndim != 1 or a.size == 0:
        raise TargetError(
            f"accepted has shape {a.shape} and drawn {n.shape}; give both for each of one or more prompts"
        )
    if not bool(((a >= 0) & (a <= n)).all()):
        raise TargetError("a prompt has more accepted than drawn, or fewer than 0")
    if k < 0:
        raise TargetError(f"the number of candidates a prompt is {k}; it must be at least 0")
    pairs = a * (n.max() + 1.0) + n  # one number per pair: sorting rows of two takes a hundred times as long
    _, first, of, count = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
    kinds = np.stack((a, n), axis=1)[first]
    logits = float(logit((a.sum() + 0.5) / (n.sum() + 1.0))) + LOGITS
    mean, correlation = (grid.ravel() for grid in np.meshgrid(expit(logits), CORRELATIONS, indexing="ij"))
    prior = np.repeat(np.log(np.gradient(LOGITS)), CORRELATIONS.size)  # flat in the logit of the mean
    alpha, beta = mean * (1 / correlation - 1), (1 - mean) * (1 / correlation - 1)
    up, down = alpha[:, None] + kinds[:, 0], beta[:, None] + kinds[:, 1] - kinds[:, 0]
    likelihood = betaln(up, down) - betaln(alpha, beta)[:, None]  # (grid, kinds), less the binomial coefficient
    none_of_all = np.exp(betaln(alpha, beta + k) - betaln(alpha, beta))
    log_likelihood = likelihood @ count.astype(np.float64)
    weight = _weights(prior + log_likelihood)
    value = float(weight @ none_of_all)
    tails = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
    reach = 0.5 * float(ndtri(tails[1])) ** 2 + 0.5  # nats; the half for the steps of the grid
    likely = none_of_all[log_likelihood >= log_likelihood.max() - reach]
    profile = np.array([likely.min(), likely.max()])
    generator = np.random.default_rng(0) if rng is None else rng
    times = generator.multinomial(a.size, count / a.size, size=REPLICATES).astype(np.float64)
    repeated = np.quantile(_weights(prior[:, None] + likelihood @ times.T).T @ none_of_all, tails)
    limits = [profile, repeated] if a.size > 1 else [profile]
    low, high = min(float(limit[0]) for limit in limits), max(float(limit[1]) for limit in limits)
    none = np.exp(betaln(up, down + k) - betaln(up, down))
    return Starvation(
        Interval(value, min(low, value), max(high, value), a.size),
        (weight @ none)[of.ravel()],
        (weight @ (up / (up + down)))[of.ravel()],
    )


def _weights(log_likelihood: Floats) -> Floats:
    """Posterior weights over the grid, (grid, ...), summing to 1 along it."""
    w = np.exp(log_likelihood - log_likelihood.max(axis=0))
    normalised: Floats = w / w.sum(axis=0)
    return normalised
