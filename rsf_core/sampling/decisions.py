"""Fitting people's decisions: P(accept) as a function of scores, by maximum likelihood, repeated over resampled prompts.

Two links are tried and the likelier one is kept. "logistic": σ(η). "rejection": min(1, exp(η)), which is the rule itself,
min(1, exp(r/β − log M)). A share LAPSE of its decisions goes the other way, so that no single decision has probability 0.
All replicates are fitted at once by Fisher scoring. A ridge of RIDGE·n/2·Σb² on standardised scores keeps the fit finite if a
score separates the decisions perfectly; otherwise it shrinks b by less than 1 %.

People are more lenient with some prompts: η has a random intercept N(0, τ²) by prompt. Without it, the corner of the rule is
rounded and β looks larger. The fitted curve is the mean over the intercept, in closed form (`mean_over_leniency`). τ² is what
the decisions of a prompt have in common beyond their scores: the sum over pairs of products of residuals, divided by that of
slopes, because Cov = τ²·p′p′ to first order (Hermite), as in generalised estimating equations (Zeger, Liang & Albert 1988,
Biometrics 44:1049). Each replicate has its own τ².
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, log_expit, ndtr

from rsf_core.domain.arrays import Bools, Floats, Ints

Link = Literal["logistic", "rejection"]
RIDGE = 1e-3
LAPSE = 0.01
STEPS = 40
REPLICATES = 200
CLOSE = 4.0
ROUNDS = 3  # alternations of τ² and the fit; one fewer for a replicate, which starts from the overall τ²
# step of a standardised slope at which a fit stops; replicates serve only for their spread
NEAR, NEAR_OF_REPLICATES = 1e-7, 1e-3
MOST_LENIENT = 3.0  # the largest τ, nats
LOGIT = 16.0 * np.sqrt(3.0) / (15.0 * np.pi)  # E σ(η + τz) = σ(η/√(1 + LOGIT²·τ²)) but for 0.011 at most, up to τ = 2


class DecisionFit(NamedTuple):
    """The intercept and slopes of standardised scores, (1 + k,), and those of each replicate, (replicates, 1 + k). `rival` is
    the same for the other link if its log-likelihood is at most CLOSE nats lower: the data do not separate the two."""

    link: Link
    slopes: Floats
    repeated: Floats
    rival: tuple[Floats, Floats] | None = None


class _Fits(NamedTuple):
    """For each row of weights: b (rows, 1 + k), its penalised log-likelihood (rows,) and τ² (rows,)."""

    b: Floats
    likelihood: Floats
    variance: Floats


def fit_decisions(x: Floats, accepted: Bools, prompts: Ints, rng: np.random.Generator, replicates: int) -> DecisionFit:
    """The likelier fit, with `replicates` resamples of prompts. `x` (n, 1 + k) has a first column of ones, then standardised
    scores; `prompts` (n,) counts from 0."""
    a, count = accepted.astype(np.float64), int(prompts.max()) + 1
    once = np.ones((1, count))
    fits: dict[Link, _Fits] = {link: _lenient(x, a, prompts, once, link) for link in ("logistic", "rejection")}
    link, other = sorted(fits, key=lambda name: -float(fits[name].likelihood[0]))
    best, rival = fits[link], fits[other]
    if replicates == 0:
        return DecisionFit(link, best.b[0], np.zeros((0, x.shape[1])))
    times = rng.multinomial(count, np.full(count, 1.0 / count), size=replicates).astype(np.float64)
    repeated = _lenient(x, a, prompts, times, link, best).b
    if best.likelihood[0] - rival.likelihood[0] > CLOSE:
        return DecisionFit(link, best.b[0], repeated)
    again = _lenient(x, a, prompts, times, other, rival).b
    return DecisionFit(link, best.b[0], repeated, (rival.b[0], again))


def mean_over_leniency(eta: Floats, link: Link, variance: Floats) -> tuple[Floats, Floats]:
    """E P(accept | η + τz) over z ~ N(0, 1), and its derivative by η; `variance` is τ², broadcast against η.

    The rule: E min(1, exp(η + τz)) = Φ(η/τ) + exp(η + τ²/2)·Φ(−η/τ − τ), whose second part is the derivative."""
    if link == "logistic":
        shrunk = 1.0 / np.sqrt(1.0 + LOGIT**2 * variance)
        p = expit(shrunk * eta)
        return p, shrunk * p * (1.0 - p)
    if not np.any(variance > 0.0):
        below = np.where(eta < 0.0, np.exp(np.minimum(eta, 0.0)), 0.0)
        return (1.0 - LAPSE) * np.where(eta < 0.0, below, 1.0), (1.0 - LAPSE) * below
    tau = np.sqrt(np.maximum(variance, 1e-8))
    at = np.minimum(eta, 50.0) / tau
    slope = np.exp(np.minimum(eta, 50.0) + 0.5 * tau**2) * ndtr(-at - tau)
    return (1.0 - LAPSE) * np.clip(ndtr(at) + slope, 1e-300, 1.0), (1.0 - LAPSE) * slope


def _lenient(x: Floats, a: Floats, prompts: Ints, times: Floats, link: Link, start: _Fits | None = None) -> _Fits:
    """Alternate between the fit and τ², for each row of `times` (rows, prompts), which gives how often a prompt counts."""
    weights, variance = times[:, prompts], np.zeros(len(times))
    if start is not None:
        variance = np.broadcast_to(start.variance, len(times))
    b, likelihood = _fit(x, a, weights, link, variance, None if start is None else start.b[0])
    if prompts.size == times.shape[1]:  # one decision per prompt: τ² cannot be estimated
        return _Fits(b, likelihood, variance)
    for _ in range(ROUNDS if start is None else ROUNDS - 1):
        p, slope = mean_over_leniency(b @ x.T, link, variance[:, None])
        common = _pairs(a - p, prompts, times) / np.maximum(_pairs(slope, prompts, times), 1e-12)
        variance = np.clip(common, 0.0, MOST_LENIENT**2)
        b, likelihood = _fit(x, a, weights, link, variance, b)
    return _Fits(b, likelihood, variance)


def _pairs(values: Floats, prompts: Ints, times: Floats) -> Floats:
    """Σ over prompts, weighted by `times`, of the products of the values (rows, n) of two different decisions: (rows,)."""
    order = np.argsort(prompts, kind="stable")
    first = np.searchsorted(prompts[order], np.arange(times.shape[1]))
    sums, squares = (np.add.reduceat(v[:, order], first, axis=1) for v in (values, values**2))
    summed: Floats = (times * (sums**2 - squares)).sum(axis=1)
    return summed


def _fit(
    x: Floats, a: Floats, weights: Floats, link: Link, variance: Floats, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """The best b (replicates, 1 + k) of all steps and its penalised log-likelihood (replicates,), at each replicate's τ²."""
    total = weights.sum(axis=1)
    penalty = RIDGE * total[:, None] * np.concatenate(([0.0], np.ones(x.shape[1] - 1)))
    b = np.zeros((len(weights), x.shape[1])) if start is None else np.broadcast_to(start, (len(weights), x.shape[1]))
    if start is None and link == "rejection":
        b[:, 0] = np.log(max(a.mean(), 1e-3))
    best, highest = b.copy(), np.full(len(weights), -np.inf)
    outer = x[:, :, None] * x[:, None, :]
    for _ in range(STEPS):
        eta = b @ x.T
        p, slope = mean_over_leniency(eta, link, variance[:, None])
        if link == "logistic":
            shrunk = 1.0 / np.sqrt(1.0 + LOGIT**2 * variance[:, None])
            likelihood = a * log_expit(shrunk * eta) + (1 - a) * log_expit(-shrunk * eta)
            score, information = shrunk * (a - p), shrunk * slope
        else:
            likelihood = a * np.log(p) + (1 - a) * np.log1p(-p)
            relative = slope / p
            score, information = relative * (a - p) / (1 - p), relative * slope / (1 - p)
        value = (weights * likelihood).sum(axis=1) - 0.5 * (penalty * b**2).sum(axis=1)
        better = value > highest
        best[better], highest[better] = b[better], value[better]
        gradient = (weights * score) @ x - penalty * b
        hessian = np.tensordot(weights * information, outer, axes=1)
        hessian[:, range(x.shape[1]), range(x.shape[1])] += penalty + 1e-6 * total[:, None]
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        length = np.abs(step).max(axis=1, keepdims=True)
        if float(length.max()) < (NEAR if len(weights) == 1 else NEAR_OF_REPLICATES):
            break
        b = b + step / np.maximum(1.0, length)  # at most one unit of a standardised slope at a time
    return best, highest
