"""The one target formula: log P = log p_ref + r/β where every constraint passes, −∞ otherwise (nats)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rsf_core.errors import TargetError
from rsf_core.settings import Target

Floats = NDArray[np.float64]

PROPOSAL = "proposal"
BASE = "base"


def log_prob_scorer(model_id: str) -> str:
    """The name under which the log-probability (nats) under a reference model is kept among the scores."""
    return f"log_prob:{model_id}"


def reward(target: Target, scores: Mapping[str, Floats], count: int) -> Floats:
    """r = Σ weight·score over the target's rewards, shape (count,). Raises TargetError naming a missing scorer,
    or one whose scores times its weight overflow."""
    total = np.zeros(count)
    with np.errstate(over="ignore", invalid="ignore"):
        for scorer, weight in target.rewards.items():
            total += weight * _score(scores, scorer)
            if not np.isfinite(total / target.beta).all():
                raise TargetError(
                    f"target.rewards.{scorer}: {weight:g} times its scores / beta {target.beta:g} is too large a number: "
                    "choose a smaller weight or a larger beta"
                )
    return total


def passes(target: Target, scores: Mapping[str, Floats], count: int) -> NDArray[np.bool_]:
    """Where every constraint holds, shape (count,). Raises TargetError naming a missing scorer."""
    ok = np.ones(count, dtype=np.bool_)
    for constraint in target.constraints:
        score = _score(scores, constraint.scorer)
        if constraint.at_least is not None:
            ok &= score >= constraint.at_least
        if constraint.at_most is not None:
            ok &= score <= constraint.at_most
    return ok


def log_ratio(target: Target, scores: Mapping[str, Floats], log_q: Floats, log_reference: Floats | None) -> Floats:
    """ℓ = log P − log q, shape (n,). `log_reference` None means that the reference is the proposal and cancels out,
    so ℓ = r/β. −∞ where a constraint fails."""
    count = len(log_q)
    tilt = reward(target, scores, count) / target.beta
    shift = np.zeros(count) if log_reference is None else log_reference - log_q
    return np.where(passes(target, scores, count), tilt + shift, -np.inf)


def is_indicator(target: Target) -> bool:
    """Whether ℓ can only be 0 or −∞: constraints alone, with the proposal as reference. Then M = 1 is exact."""
    return not target.rewards and target.reference == PROPOSAL


def _score(scores: Mapping[str, Floats], scorer: str) -> Floats:
    if scorer not in scores:
        raise TargetError(f"the target needs the scorer {scorer!r}, which has not scored these candidates: score again")
    return scores[scorer]
