"""Logistic regression with a ridge penalty, by Newton's method: a few milliseconds for a thousand rows of 70 numbers."""

from __future__ import annotations

import numpy as np

from rsf_core.domain.arrays import Floats

STEPS, HALVINGS = 50, 20
PRECISION = 1e-8  # relative change of the objective at which Newton's method stops


def fit(
    x: Floats, y: Floats, ridge: Floats | float, intercepts: Floats | None = None, counts: Floats | None = None
) -> Floats:
    """(d + 1,), see `fit_each`; `ridge` is (d,) or one number for all."""
    beta: Floats = fit_each(x, y, np.broadcast_to(ridge, (1, x.shape[1])), intercepts, counts)[0]
    return beta


def fit_each(
    x: Floats, y: Floats, ridges: Floats, intercepts: Floats | None = None, counts: Floats | None = None
) -> Floats:
    """(k, d + 1), for each row of `ridges` (k, d): the weights and, last, the intercept that minimise
    Σ −count · log p(y | x) + Σ ridge/2 · weight². `x` (n, d), `y` (n,) between 0 and 1. The intercept is not penalised.
    `intercepts` (n,) is its coefficient in each row, and `counts` (n,) the weight of each row; both default to 1."""
    n = len(x)
    wide = np.concatenate([x, np.ones((n, 1)) if intercepts is None else intercepts[:, None]], axis=1)
    ridge = np.concatenate([ridges, np.full((len(ridges), 1), 1e-9)], axis=1)
    often = np.ones(n) if counts is None else counts
    beta = np.zeros_like(ridge)
    value, diagonal = _objectives(wide, y, ridge, beta, often), np.arange(ridge.shape[1])
    for _ in range(STEPS):
        p = sigmoid(beta @ wide.T)
        slope = (often * (p - y)) @ wide + ridge * beta
        curvature = np.stack([(wide.T * row) @ wide for row in often * np.maximum(p * (1 - p), 1e-10)])
        curvature[:, diagonal, diagonal] += ridge
        step = np.linalg.solve(curvature, slope[..., None])[..., 0]
        for _ in range(HALVINGS):
            new = _objectives(wide, y, ridge, beta - step, often)
            worse = new > value + PRECISION / 100 * (1 + np.abs(value))
            if not worse.any():
                break
            step[worse] /= 2
        step[worse], new[worse] = 0.0, value[worse]
        beta, before, value = beta - step, value, new
        if (before - value <= PRECISION * (1 + np.abs(value))).all():
            break
    return beta


def response(
    x: Floats, y: Floats, ridge: Floats, beta: Floats, intercepts: Floats, counts: Floats, times: Floats
) -> Floats:
    """The change in the `beta` of `fit`, (b, d + 1), if each row counted `times` (b, n) as often: to first order, one Newton
    step (the infinitesimal jackknife; Giordano et al. 2019, A Swiss Army Infinitesimal Jackknife)."""
    wide = np.concatenate([x, intercepts[:, None]], axis=1)
    p = sigmoid(wide @ beta)
    curvature = (wide * (counts * np.maximum(p * (1 - p), 1e-10))[:, None]).T @ wide
    curvature += np.diag(np.append(ridge, 1e-9))
    slopes = ((times - 1) * (counts * (y - p))) @ wide
    change: Floats = np.linalg.solve(curvature, slopes.T).T
    return change


def predict(x: Floats, beta: Floats) -> Floats:
    """The log-odds, (n,)."""
    z: Floats = x @ beta[:-1] + beta[-1]
    return z


def loss(z: Floats, y: Floats) -> float:
    """The mean of −log p(y | z), in nats."""
    return float(np.mean(np.logaddexp(0, z) - y * z))


def sigmoid(z: Floats) -> Floats:
    values: Floats = np.exp(-np.logaddexp(0, -z))
    return values


def platt(z: Floats, y: Floats) -> tuple[float, float]:
    """(slope, intercept) that calibrate out-of-fold log-odds `z` (Platt 1999), with his targets, which keep them finite. A
    negative slope would mean that the model orders candidates the wrong way round: the slope is 0 then."""
    positive, negative = float(y.sum()), float(len(y) - y.sum())
    target = np.where(y > 0.5, (positive + 1) / (positive + 2), 1 / (negative + 2))
    scale = float(z.std()) or 1.0
    slope, intercept = fit((z / scale)[:, None], target, 1e-3)
    if slope <= 0:
        return 0.0, float(np.log((positive + 1) / (negative + 1)))
    return float(slope) / scale, float(intercept)


def _objectives(wide: Floats, y: Floats, ridge: Floats, beta: Floats, counts: Floats) -> Floats:
    z = beta @ wide.T
    values: Floats = (np.logaddexp(0, z) - y * z) @ counts + 0.5 * (ridge * beta * beta).sum(axis=1)
    return values
