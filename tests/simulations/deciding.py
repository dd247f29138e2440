"""Whether β's interval covers the β by which people decide, with a logistic curve of the reward or with the rule itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit

from rsf_core.domain.errors import TargetError
from rsf_core.review.agreement import fit


def cells() -> Iterator[dict[str, Any]]:
    for (prompts, draws), beta, link, noise in product(
        ((30, 4), (40, 8), (100, 8)), (0.3, 1.0), ("logistic", "rejection"), (0.0, 0.3)
    ):
        yield {"prompts": prompts, "draws": draws, "beta": beta, "link": link, "noise": noise}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """Coverage with a reward in [−1, 1] whose mean differs by prompt, a second score that nobody uses, and leniency that
    differs by prompt."""
    covered, links, betas = [], [], []
    for _ in range(sets):
        prompt = np.repeat(np.arange(cell["prompts"]), cell["draws"])
        score = np.clip(0.4 * rng.normal(size=cell["prompts"])[prompt] + 0.4 * rng.normal(size=prompt.size), -1, 1)
        other = rng.normal(size=prompt.size)
        eta = score / cell["beta"] + cell["noise"] * rng.normal(size=cell["prompts"])[prompt]
        p = expit(eta) if cell["link"] == "logistic" else np.exp(np.minimum(0.0, eta - 0.5 / cell["beta"]))
        votes = np.where(rng.random(prompt.size) < p, 1, -1)
        try:
            fitted = fit({"score": score, "other": other}, votes, prompt, rng=rng, replicates=100)
        except TargetError:  # fewer than ten of either kind
            continue
        slope = fitted.coefficients["score"]
        covered.append(slope.low <= 1 / cell["beta"] <= slope.high)
        links.append(fitted.link == cell["link"])
        betas.append(1 / slope.value)
    return {
        "coverage": float(np.mean(covered)),
        "link found": float(np.mean(links)),
        "median beta": float(np.median(betas)),
        "fitted": len(covered) / sets,
    }
