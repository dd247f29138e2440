"""Coverage of the intervals of a score's agreement with people: κ at a threshold chosen on other prompts, and AUC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit

from rsf_core.sampling import judging
from rsf_core.sampling.arrays import dense_groups

SLOPES = {"none": 0.0, "some": 0.7, "much": 2.0, "near all": 6.0}
SHIFTS = {"alike": 0.0, "differ": 1.0}  # how far prompts differ in what is accepted, in units of the score


def cells() -> Iterator[dict[str, Any]]:
    for prompts, slope, shift, steps in product((10, 25, 60), SLOPES, SHIFTS, (False, True)):
        yield {"prompts": prompts, "slope": slope, "shift": shift, "steps": steps}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """Coverage with about five decisions a prompt, in unequal numbers. `lower`: how often the lower limit of κ is above the
    truth."""
    true_kappa, true_auc = _truth(cell)
    held = {"kappa": 0, "auc": 0, "lower": 0, "said": 0}
    widths = []
    for _ in range(sets):
        score, accepted, prompt = _drawn(cell, cell["prompts"], rng)
        agreement = judging.judging(score, accepted, prompt)
        if agreement.kappa is None or agreement.auc is None:
            continue
        held["said"] += 1
        held["kappa"] += agreement.kappa.low <= true_kappa <= agreement.kappa.high
        held["lower"] += agreement.kappa.low > true_kappa
        held["auc"] += agreement.auc.low <= true_auc <= agreement.auc.high
        widths.append(agreement.kappa.high - agreement.kappa.low)
    counted = max(held["said"], 1)
    figures = {name: held[name] / counted for name in ("kappa", "lower", "auc")}
    return figures | {"said": held["said"] / sets, "width": float(np.median(widths)) if widths else 0.0}


def auc_coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """The same for AUC alone, which takes a twentieth of the time, for many data sets."""
    truth, known, held, too_low = _truth(cell)[1], 0, 0, 0
    for _ in range(sets):
        score, accepted, prompt = _drawn(cell, cell["prompts"], rng)
        if min(accepted.sum(), (~accepted).sum()) < judging.FEWEST_OF_A_KIND:
            continue
        interval = judging.auc_interval(score, accepted, *dense_groups(prompt, score), 0.95)
        known += 1
        held += interval.low <= truth <= interval.high
        too_low += interval.high < truth
    return {"auc": held / known, "too low": too_low / known, "said": known / sets}


def _drawn(
    cell: Mapping[str, Any], prompts: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = 1 + rng.poisson(4.0, prompts)
    prompt = np.repeat(np.arange(prompts), sizes)
    shift = SHIFTS[cell["shift"]]
    score = rng.normal(size=len(prompt)) + 0.5 * rng.normal(size=prompts)[prompt]
    accepted = rng.random(len(prompt)) < expit(SLOPES[cell["slope"]] * score + shift * rng.normal(size=prompts)[prompt])
    return (np.clip(np.round(2 * score + 5), 1, 10) if cell["steps"] else score), accepted, prompt


def _truth(cell: Mapping[str, Any]) -> tuple[float, float]:
    """κ at the best threshold and AUC, over very many prompts."""
    score, accepted, prompt = _drawn(cell, 20_000, np.random.default_rng(1))
    cut = judging.best_cut(score, accepted)
    parts = [accepted & (score > cut), ~accepted & (score > cut), accepted & (score <= cut), ~accepted & (score <= cut)]
    value = float(judging.kappa(np.array([float(part.sum()) for part in parts])))
    auc = judging.judging(score, accepted, prompt).auc
    assert auc is not None
    return value, auc.value
