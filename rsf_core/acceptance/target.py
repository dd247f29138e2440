"""The target formula: log P = log p_ref + r/β if every constraint passes, −∞ otherwise (nats)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Sampling, Settings, Target
from rsf_core.domain.specs import TrainedLaw

PROPOSAL = "proposal"
BASE = "base"


LOG_Q = "log_q"
LOG_MODEL = "log_model"


def log_prob_scorer(model_id: str, tempered: bool = False) -> str:
    """The score name that holds the log-probability (nats) under a reference model; `tempered`: at the temperature of each
    candidate's draw."""
    return f"{'tempered_' if tempered else ''}log_prob:{model_id}"


def is_tempered(target: Target, laws: Iterable[Sampling]) -> bool:
    """Whether log p_ref of candidates drawn by `laws` differs from that of the reference at temperature 1."""
    return target.tempered and target.reference != PROPOSAL and any(law.temperature != 1.0 for law in laws)


def reference_source(target: Target, reference: str | None, proposal: str, laws: Sequence[Sampling]) -> str | None:
    """Where log p_ref comes from, for candidates drawn from `proposal` by `laws`; `reference` and `proposal` are model ids.
    None if it cancels out (`reference` None), LOG_Q or LOG_MODEL if it is known from drawing, else the name of a score."""
    if reference is None:
        return None
    tempered = is_tempered(target, laws)
    if reference == proposal:
        if not tempered:
            return LOG_MODEL
        if not any(law.truncates for law in laws):
            return LOG_Q
    return log_prob_scorer(reference, tempered)


def trained_law(settings: Settings) -> TrainedLaw:
    """The law whose log p is trained. If the target is `tempered`, it is the law by which the tuned model will draw, so that
    its draws follow what was accepted; otherwise the model at temperature 1."""
    temperature = settings.generate.temperature if settings.target.tempered else 1.0
    return TrainedLaw(model_masks=settings.generate.model_masks, temperature=temperature)


def compounding(target: Target, sampling: Sampling) -> str | None:
    """One sentence on what a temperature other than 1 does to this target over rounds even if nothing is selected, and what to
    set instead; None if it does nothing."""
    if sampling.temperature == 1.0 or target.tempered:
        return None
    drawn = f"Candidates are drawn at temperature {sampling.temperature:g}"
    if target.reference == PROPOSAL:
        what = "sharper" if sampling.temperature < 1 else "flatter"
        return (
            f"{drawn} and the reference is the proposal, so every round makes the distribution {what} even if nothing "
            "is selected, base^(1/T^t) after t rounds: set target.tempered to true, or generate.temperature to 1."
        )
    return (
        f"{drawn} and the reference is taken at 1, so the log ratios undo the temperature before they select anything and few "
        "are accepted: set target.tempered to true to take the reference at the same temperature."
    )


def reward(target: Target, scores: Mapping[str, Floats], count: int) -> Floats:
    """r = Σ weight·score over the target's rewards, shape (count,), NaN if a score is NaN. Raises TargetError naming a missing
    scorer, or one whose weighted scores overflow."""
    total, known = np.zeros(count), np.ones(count, dtype=np.bool_)
    with np.errstate(over="ignore", invalid="ignore"):
        for scorer, weight in target.rewards.items():
            score = _score(scores, scorer)
            known &= ~np.isnan(score)
            total += weight * score
            if not np.isfinite(total[known] / target.beta).all():
                raise TargetError(
                    f"target.rewards.{scorer}: {weight:g} times its scores / beta {target.beta:g} is too large a number: "
                    "choose a smaller weight or a larger beta"
                )
    return total


def passes(target: Target, scores: Mapping[str, Floats], count: int) -> NDArray[np.bool_]:
    """Whether every constraint holds, shape (count,). Raises TargetError naming a missing scorer."""
    ok = np.ones(count, dtype=np.bool_)
    for constraint in target.constraints:
        score = _score(scores, constraint.scorer)
        if constraint.at_least is not None:
            ok &= score >= constraint.at_least
        if constraint.at_most is not None:
            ok &= score <= constraint.at_most
    return ok


def log_ratio(target: Target, scores: Mapping[str, Floats], log_q: Floats, log_reference: Floats | None) -> Floats:
    """ℓ = log P − log q, shape (n,), nats; −∞ if a constraint fails. `log_reference` None means that the reference is the
    proposal and cancels out, so ℓ = r/β."""
    count = len(log_q)
    tilt = reward(target, scores, count) / target.beta
    shift = np.zeros(count) if log_reference is None else log_reference - log_q
    return np.where(passes(target, scores, count), tilt + shift, -np.inf)


def is_indicator(target: Target) -> bool:
    """Whether ℓ can only be 0 or −∞ for any draw: constraints alone, with the proposal as reference. Then M = 1 is exact."""
    return not target.rewards and target.reference == PROPOSAL


def _score(scores: Mapping[str, Floats], scorer: str) -> Floats:
    if scorer not in scores:
        raise TargetError(f"the target needs the scorer {scorer!r}, which has not scored these candidates: score again")
    return scores[scorer]
