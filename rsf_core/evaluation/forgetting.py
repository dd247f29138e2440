"""The cost of tuning: how far a model has moved from the base, in nats, on prompts of the task and on unrelated ones.

KL(base‖model) of completions drawn from the base, each token's part summed over the vocabulary (the chain rule,
Rao-Blackwellised; Amini, Vieira & Cotterell 2025): 0 for the base itself, and large if the model now avoids what the base
would write. A completion cut off at the limit counts up to there. Intervals are over prompts. A completion's KL is skewed and
unbounded, so they reach further up than down (rsf_core.sampling.divergence).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rsf_core.evaluation import gauges
from rsf_core.evaluation.gauges import NAMES
from rsf_core.sampling.divergence import divergence_rate
from rsf_core.sampling.intervals import Interval
from rsf_core.store.store import Store

PER_TOKEN = {name: f"forgotten: nats a token, {name} prompts" for name in NAMES}
PER_COMPLETION = {name: f"forgotten: nats a completion, {name} prompts" for name in NAMES}


def forgotten(
    kl: NDArray[np.float64], tokens: NDArray[np.float64], prompt_ids: NDArray[np.int64], level: float = 0.95
) -> tuple[Interval, Interval]:
    """Nats a token (Σ KL / Σ tokens) and nats a completion, from the KL and the tokens of each completion, (n,) ≥ 0.

    If all prompts are equal, as for two identical models, there is no interval, because nothing shows how other prompts
    would differ. An infinite KL (the model rules out what the base can produce) is returned unchanged.
    """
    groups = len(np.unique(prompt_ids))
    if not np.isfinite(kl).all():
        unknown = Interval(math.inf, -math.inf, math.inf, groups)
        return unknown, unknown

    def mean(of: NDArray[np.float64]) -> Interval:
        return divergence_rate(kl, of, prompt_ids, np.random.default_rng(0), level)

    return mean(tokens), mean(np.ones_like(kl))


def of_models(store: Store, model_ids: Sequence[str]) -> dict[str, dict[str, Interval]]:
    """What each model has forgotten, by the names of PER_TOKEN and PER_COMPLETION. All are compared on the same completions,
    those of the newest measurement of any of them. Empty for a model that was not measured on them, and for the base, which
    has lost nothing."""
    losses: dict[str, dict[str, Interval]] = {model_id: {} for model_id in model_ids}
    tuned = [model_id for model_id in model_ids if model_id != "base"]
    for name in NAMES:
        key = gauges.newest_key(store, name, tuned)
        jobs = gauges.measured(store, key) if key else {}
        for model_id in tuned:
            if model_id in jobs:
                place = jobs[model_id], str(key), model_id
                kept = ("forgotten", name, *place)
                losses[model_id] |= store.unchanged(kept, ("gauge_samples",), partial(_of, store, name, *place))
    return losses


def _of(store: Store, name: str, job_id: str, key: str, model_id: str) -> dict[str, Interval]:
    """The intervals of one model; empty if every prompt was too long to be completed."""
    rows = store.gauge_samples(job_id, key, model_id)
    if not rows.num_rows:
        return {}
    kl, tokens = (rows[column].to_numpy().astype(np.float64) for column in ("kl", "token_count"))
    token, completion = forgotten(kl, tokens, rows["prompt_id"].to_numpy().astype(np.int64))
    return {PER_TOKEN[name]: token, PER_COMPLETION[name]: completion}
