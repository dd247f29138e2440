"""TVD, KL and the violated mass on ratios like those of later rounds: how often the shown intervals cover, and how often they
are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from rsf_core.domain.arrays import Floats
from rsf_core.sampling import distances
from rsf_core.sampling.bounded import KURTOSIS_OF_VALUES, mean_limits
from tests.support.diagnosed import diagnose

NAMES = ("tvd", "kl_target", "kl_proposal", "violated_mass", "acceptance_rate", "violation_rate")
RATIOS = ("normal 0.5", "normal 1", "normal 2", "normal 3", "laplace 0.6", "capped 1", "capped 2", "capped 3")


def cells() -> Iterator[dict[str, Any]]:
    for ratios, within, (prompts, draws), violating in product(
        RATIOS, (0.0, 0.5, 1.0), ((20, 1), (20, 4), (20, 16), (50, 8), (100, 16)), (0.02, 0.1)
    ):
        if draws == 1 and within:  # one draw a prompt: there is no variance within prompts
            continue
        yield {"ratios": ratios, "within": within, "prompts": prompts, "draws": draws, "violating": violating}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """`within`: the share of the variance of ℓ between draws of a prompt. log M is exceeded by the share `violating` of all
    draws, or lies 0.3 nats below the end of capped ratios. Returns for each name the share of known intervals that cover, and
    under "shown" the share of intervals that are known."""
    u = (np.arange(200_000) + 0.5) / 200_000
    population = ratios_of(cell["ratios"], ndtri(u))
    log_m = bound(cell, population)
    d = distances.draws(population, log_m)
    exact = {name: getattr(distances, name)(d) for name in NAMES[:-1]}
    exact["violation_rate"] = distances.violations(d) / u.size
    group = np.repeat(np.arange(cell["prompts"]), cell["draws"])
    known, held, trusted = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0), 0
    for _ in range(sets):
        z = np.sqrt(1 - cell["within"]) * rng.standard_normal(cell["prompts"])[group]
        z += np.sqrt(cell["within"]) * rng.standard_normal(group.size)
        diagnosis = diagnose(ratios_of(cell["ratios"], z), log_m, group=group, rng=rng)
        trusted += diagnosis.trusted
        for name in NAMES:
            interval = getattr(diagnosis, name)
            known[name] += interval.known
            held[name] += interval.known and interval.low <= exact[name] <= interval.high
    figures = {name: held[name] / known[name] for name in NAMES if known[name]}
    return figures | {f"{name} shown": known[name] / sets for name in NAMES[:4]} | {"trusted": trusted / sets}


def rate_cells() -> Iterator[dict[str, Any]]:
    for ratios, prompts, violating in product(RATIOS, (20, 35, 50, 100), (0.02, 0.1)):
        if violating == 0.02 or not ratios.startswith("capped"):  # capped ratios have an M of their own
            yield {"ratios": ratios, "prompts": prompts, "violating": violating}


def rate_coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """Coverage of the acceptance rate if all draws of a prompt have the same ratio, which is the least informative case; all
    data sets are computed at once."""
    population = ratios_of(cell["ratios"], ndtri((np.arange(200_000) + 0.5) / 200_000))
    log_m = bound(cell, population)
    truth = float(np.exp(np.minimum(population, log_m) - log_m).mean())
    z = rng.standard_normal((sets, cell["prompts"]))
    rates = np.exp(np.minimum(ratios_of(cell["ratios"], z), log_m) - log_m)
    mean = rates.mean(axis=1)
    low, high = mean_limits(rates - mean[:, None], mean, 0.95, kurtosis=KURTOSIS_OF_VALUES)
    return {
        "coverage": float(((low <= truth) & (truth <= high)).mean()),
        "width": float(np.median(high - low)),
        "too low": float((high < truth).mean()),
    }


def bound(cell: Mapping[str, Any], population: Floats) -> float:
    """log M of a cell: see `coverage`."""
    if cell["ratios"].startswith("capped"):
        return float(population.max()) - 0.3
    return float(np.quantile(population, 1 - cell["violating"]))


def ratios_of(kind: str, z: Floats) -> Floats:
    """ℓ from standard normal z: a normal or Laplace distribution with a given standard deviation, or a normal one that is
    capped one standard deviation above its mean."""
    name, sigma = kind.split()[0], float(kind.split()[1])
    if name == "laplace":
        p = np.clip(ndtr(z), 1e-15, 1 - 1e-15)
        scale = sigma / np.sqrt(2)
        return np.where(p < 0.5, scale * np.log(2 * p), -scale * np.log(2 * (1 - p)))
    return sigma * z if name == "normal" else np.minimum(sigma * z, sigma)
