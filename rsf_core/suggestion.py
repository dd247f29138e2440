"""The target that people's decisions speak for, and what it would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core import agreement
from rsf_core.agreement import Fit
from rsf_core.domain import K_BITS, Scope
from rsf_core.review import ReviewIndex
from rsf_core.sampling.acceptance import critical_log_m, prompt_scale
from rsf_core.sampling.agreement import best_agreement
from rsf_core.sampling.arrays import relative
from rsf_core.settings import Target
from rsf_core.target import reward

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A target with other weights and β, and the log M (nats) that agrees best under it. `agreeing` of `decisions` would
    be repeated by the rule, `agreeing_now` are; `changed` automatic decisions would change."""

    target: Target
    fit: Fit
    log_m: float
    scope: Scope
    decisions: int
    agreeing: int
    agreeing_now: int
    changed: int


def suggest(index: ReviewIndex, target: Target, scores: Mapping[str, Floats], scope: Scope) -> Suggestion:
    """Fit weights and β to the decisions on a round. `scores` has a column (n,) for each scorer to weigh. Raises
    TargetError where there is too little to fit, or nothing that people decided can be accepted at all."""
    fitted = agreement.fit(scores, np.where(index.scored & ~index.table.truncated, index.votes, 0))
    size = sum(abs(weight) for weight in target.rewards.values()) or 1.0
    weights, beta = fitted.rewards(size)
    better = target.model_copy(update={"rewards": weights, "beta": beta})
    table, n = index.table, len(index.table.places)
    shift = table.log_ratio - reward(target, scores, n) / target.beta
    ell = np.where(index.scored & ~table.truncated, shift + reward(better, scores, n) / beta, -np.inf)
    m = critical_log_m(ell, table.u)
    scale = prompt_scale(ell, table.places >> K_BITS) if scope is Scope.PROMPT else np.zeros(n)
    best = best_agreement(m, index.votes, scale)
    automatic = relative(m, scale, "m") > best.log_m
    spoken = index.votes != 0
    return Suggestion(
        better,
        fitted,
        best.log_m,
        scope,
        decisions=int(spoken.sum()),
        agreeing=int((automatic[spoken] == (index.votes[spoken] > 0)).sum()),
        agreeing_now=int((index.automatic[spoken] == (index.votes[spoken] > 0)).sum()),
        changed=int((automatic != index.automatic).sum()),
    )
