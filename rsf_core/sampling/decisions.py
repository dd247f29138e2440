"""Fitting what people decide: P(accept) as a function of scores, by maximum likelihood, repeated over resampled prompts.

Two links are tried and the likelier kept. "logistic": σ(η). "rejection": min(1, exp(η)), which is the rule itself,
min(1, exp(r/β − log M)); LAPSE of its decisions go the other way, so that one does not make it impossible. All replicates
are fitted at once by Fisher scoring. A ridge of RIDGE·n/2·Σb² on standardised scores keeps the fit finite where a score parts
the decisions perfectly; it draws b towards 0, by less than 1 % where it does not.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, log_expit

from rsf_core.domain.arrays import Bools, Floats, Ints

Link = Literal["logistic", "rejection"]
RIDGE = 1e-3
LAPSE = 0.01
STEPS = 40
REPLICATES = 200
CLOSE = 4.0


class DecisionFit(NamedTuple):
    """The intercept and slopes of standardised scores, (1 + k,), and of each replicate, (replicates, 1 + k). `rival` is
    the same of the other link where its likelihood is less than CLOSE nats lower: the data do not tell them apart."""

    link: Link
    slopes: Floats
    repeated: Floats
    rival: tuple[Floats, Floats] | None = None


def fit_decisions(x: Floats, accepted: Bools, prompts: Ints, rng: np.random.Generator, replicates: int) -> DecisionFit:
    """`x` (n, 1 + k) has a first column of ones and standardised scores; `prompts` (n,) counts from 0."""
    a, once = accepted.astype(np.float64), np.ones((1, len(x)))
    fits: dict[Link, tuple[Floats, Floats]] = {link: _fit(x, a, once, link) for link in ("logistic", "rejection")}
    link, other = sorted(fits, key=lambda name: -float(fits[name][1][0]))
    slopes, rival = fits[link][0][0], fits[other][0][0]
    if replicates == 0:
        return DecisionFit(link, slopes, np.zeros((0, x.shape[1])))
    count = int(prompts.max()) + 1
    times = rng.multinomial(count, np.full(count, 1.0 / count), size=replicates).astype(np.float64)[:, prompts]
    repeated = _fit(x, a, times, link, slopes)[0]
    if fits[link][1][0] - fits[other][1][0] > CLOSE:
        return DecisionFit(link, slopes, repeated)
    return DecisionFit(link, slopes, repeated, (rival, _fit(x, a, times, other, rival)[0]))


def probability(eta: Floats, link: Link) -> Floats:
    """P(accept) at η."""
    p: Floats = expit(eta) if link == "logistic" else (1.0 - LAPSE) * np.exp(np.minimum(eta, 0.0))
    return p


def _fit(x: Floats, a: Floats, weights: Floats, link: Link, start: Floats | None = None) -> tuple[Floats, Floats]:
    """The best b (replicates, 1 + k) on the way and its penalised log-likelihood (replicates,)."""
    total = weights.sum(axis=1)
    penalty = RIDGE * total[:, None] * np.concatenate(([0.0], np.ones(x.shape[1] - 1)))
    b = np.zeros((len(weights), x.shape[1])) if start is None else np.tile(start, (len(weights), 1))
    if start is None and link == "rejection":
        b[:, 0] = np.log(max(a.mean(), 1e-3))
    best, highest = b.copy(), np.full(len(weights), -np.inf)
    outer = x[:, :, None] * x[:, None, :]
    for _ in range(STEPS):
        eta = b @ x.T
        p = probability(eta, link)
        if link == "logistic":
            likelihood, score, information = a * log_expit(eta) + (1 - a) * log_expit(-eta), a - p, p * (1 - p)
        else:
            likelihood = a * np.log(p) + (1 - a) * np.log1p(-p)
            score, information = np.where(eta < 0, [(a - p) / (1 - p), p / (1 - p)], 0.0)
        value = (weights * likelihood).sum(axis=1) - 0.5 * (penalty * b**2).sum(axis=1)
        better = value > highest
        best[better], highest[better] = b[better], value[better]
        gradient = (weights * score) @ x - penalty * b
        hessian = np.tensordot(weights * information, outer, axes=1)
        hessian[:, range(x.shape[1]), range(x.shape[1])] += penalty + 1e-6 * total[:, None]
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        length = np.abs(step).max(axis=1, keepdims=True)
        if float(length.max()) < 1e-7:
            break
        b = b + step / np.maximum(1.0, length)  # at most one unit of a standardised slope at a time
    return best, highest
