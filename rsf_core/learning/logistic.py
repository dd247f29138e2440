"""Logistic regression with a ridge penalty, by Newton's method: a few milliseconds for a thousand rows of 70 numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rsf_core.domain.arrays import Floats

STEPS = 50
PRECISION = 1e-8  # of the objective, by which a step no longer counts


def fit(
    x: Floats,
    y: Floats,
    penalty: float,
    start: Floats | None = None,
    intercepts: Floats | None = None,
    counts: Floats | None = None,
) -> Floats:
    """(d + 1,): the weights and, last, the intercept that minimise Σ −count · log p(y | x) + penalty/2 · |weights|². `x`
    (n, d), `y` (n,) between 0 and 1. The intercept is free; `intercepts` (n,) says how often it counts in each row, and
    `counts` (n,) how often each row does: once where it is not said."""
    n, d = x.shape
    wide = np.concatenate([x, np.ones((n, 1)) if intercepts is None else intercepts[:, None]], axis=1)
    ridge = np.append(np.full(d, penalty), 1e-9)
    beta = np.zeros(d + 1) if start is None else start.copy()
    often = np.ones(n) if counts is None else counts
    value = _objective(wide, y, ridge, beta, often)
    for _ in range(STEPS):
        p = sigmoid(wide @ beta)
        slope = wide.T @ (often * (p - y)) + ridge * beta
        curvature = (wide * (often * np.maximum(p * (1 - p), 1e-10))[:, None]).T @ wide + np.diag(ridge)
        step = np.linalg.solve(curvature, slope)
        size = 1.0
        while (new := _objective(wide, y, ridge, beta - size * step, often)) > value and size > 1e-6:
            size /= 2
        if new > value:
            break
        beta, before, value = beta - size * step, value, new
        if before - value <= PRECISION * (1 + abs(value)):
            break
    return beta


def path(
    x: Floats,
    y: Floats,
    penalties: Sequence[float],
    intercepts: Floats | None = None,
    counts: Floats | None = None,
) -> list[Floats]:
    """`fit` at each of the penalties, which are falling: each begins where the one before ended."""
    coefficients: list[Floats] = []
    for penalty in penalties:
        coefficients.append(fit(x, y, penalty, coefficients[-1] if coefficients else None, intercepts, counts))
    return coefficients


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
    """(slope, intercept) that make log-odds `z` of candidates that nothing was fitted on calibrated (Platt 1999), with his
    targets, which keep them finite. A slope below 0 would say that the model has it the wrong way round: it is 0 then."""
    positive, negative = float(y.sum()), float(len(y) - y.sum())
    target = np.where(y > 0.5, (positive + 1) / (positive + 2), 1 / (negative + 2))
    scale = float(z.std()) or 1.0
    slope, intercept = fit((z / scale)[:, None], target, 1e-3)
    if slope <= 0:
        return 0.0, float(np.log((positive + 1) / (negative + 1)))
    return float(slope) / scale, float(intercept)


def _objective(wide: Floats, y: Floats, ridge: Floats, beta: Floats, counts: Floats) -> float:
    z = wide @ beta
    return float(np.sum(counts * (np.logaddexp(0, z) - y * z)) + 0.5 * np.sum(ridge * beta * beta))
