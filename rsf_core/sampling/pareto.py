"""k̂, the Pareto tail index of the importance weights: whether Ẑ, TVD and KL can be trusted.

Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling", JMLR 25(72).
"""

from __future__ import annotations

import math

import numpy as np

from rsf_core.domain.arrays import Floats

MIN_TAIL = 5
PRIOR_DRAWS, PRIOR_K = 10, 0.5  # the weak prior of PSIS (its appendix C): 10 draws' worth of k = ½


def pareto_k(w: Floats) -> float | None:
    """k̂ of the weights exp(w), w of shape (N,) in nats: a generalised Pareto fit to the min(N/5, 3√N) largest.

    Moments of order < 1/k exist: k̂ < ½ finite variance, k̂ ≥ 1 no finite mean. None if the tail holds fewer than 5 finite
    weights (N < 21), too few for an estimate. 0 if the largest weights are all equal: the weights are bounded.
    """
    tail = min(math.ceil(min(w.size / 5, 3 * math.sqrt(w.size))), int(np.count_nonzero(w > -math.inf)) - 1)
    if tail < MIN_TAIL:
        return None
    largest = np.sort(np.partition(w, w.size - tail - 1)[w.size - tail - 1 :])
    cutoff, peak = float(largest[0]), float(largest[-1])
    cutoff = max(cutoff, peak + math.log(np.finfo(np.float64).tiny))  # below it exp() underflows beside the largest
    over = np.exp(largest - peak) - math.exp(cutoff - peak)
    over = over[over > 0.0]
    if over.size == 0 or over[0] == over[-1]:
        return 0.0
    return fit_generalised_pareto(over) if over.size >= MIN_TAIL else None


def pareto_k_limit(draws: int) -> float:
    """min(1 − 1/log₁₀ N, 0.7): if k̂ is above it, Ẑ, TVD and KL cannot be trusted; 0 for N ≤ 10."""
    return max(0.0, min(1.0 - 1.0 / math.log10(draws), 0.7)) if draws > 10 else 0.0


def fit_generalised_pareto(over: Floats) -> float:
    """The shape k of a generalised Pareto distribution for exceedances > 0 in ascending order, shape (n,).

    Zhang & Stephens 2009 (Technometrics 51:316), a posterior mean over a grid of b = −k/σ, shrunk towards ½ as in PSIS.
    """
    n = over.size
    grid = 30 + int(math.sqrt(n))
    steps = 1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    b = 1.0 / over[-1] + steps / (3.0 * over[int(n / 4 + 0.5) - 1])
    k = np.log1p(-b[:, None] * over).mean(axis=1)
    log_likelihood = n * (np.log(-b / k) - k - 1.0)
    posterior = np.exp(log_likelihood - log_likelihood.max())
    b_mean = float(b @ posterior / posterior.sum())
    k_mean = float(np.log1p(-b_mean * over).mean())
    return (n * k_mean + PRIOR_DRAWS * PRIOR_K) / (n + PRIOR_DRAWS)
