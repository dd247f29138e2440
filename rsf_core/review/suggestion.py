"""The target that people's decisions suggest, and what it would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rsf_core.acceptance.target import reward
from rsf_core.domain import K_BITS, Scope
from rsf_core.domain.arrays import Floats, Ints
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Target
from rsf_core.review import agreement
from rsf_core.review.agreement import Fit
from rsf_core.review.index import ReviewIndex
from rsf_core.sampling.acceptance import critical_log_m, staged_scale
from rsf_core.sampling.arrays import relative
from rsf_core.sampling.best_m import FOLDS, best_agreement, folds
from rsf_core.sampling.intervals import Interval


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A target with other weights and β, and the log M (nats) that agrees best under it. Of `decisions` the rule would
    repeat `agreeing`, counted by folds: on prompts that had no part in weights, β and M; the current rule repeats
    `agreeing_now`. `changed` automatic decisions would change. `beta` is β with its interval."""

    target: Target
    fit: Fit
    log_m: float
    scope: Scope
    decisions: int
    agreeing: int
    agreeing_now: int
    changed: int
    beta: Interval


def suggest(
    index: ReviewIndex, target: Target, scores: Mapping[str, Floats], scope: Scope, stage: Ints | None = None
) -> Suggestion:
    """Fit weights and β to the decisions on a round. `scores` has a column (n,) for each scorer to weigh, `stage` (n,) is 0
    for what was drawn for all prompts alike (all, without it). Candidates that the rule cannot decide, because a score is
    missing, are left out, and a scorer that lacks scores of some of the rest is not weighed. Raises TargetError if there is
    too little to fit, or if nothing that people decided can be accepted at all."""
    votes = np.where(index.scored, index.votes, 0).astype(np.int64)
    judged = index.scored & ~index.table.truncated
    scores = {name: column for name, column in scores.items() if np.isfinite(column[judged]).all()}
    usable = np.where(index.table.truncated, 0, votes)
    prompts = index.table.places >> K_BITS
    stages = np.zeros(len(votes), np.int64) if stage is None else stage
    fitted = agreement.fit(scores, usable, prompts)
    size = sum(abs(weight) for weight in target.rewards.values()) or 1.0
    better, m, scale, log_m = _by(fitted, index, target, scores, scope, votes, stages)
    automatic = relative(m, scale, "m") > log_m
    decided = votes != 0
    return Suggestion(
        better,
        fitted,
        log_m,
        scope,
        decisions=int(decided.sum()),
        agreeing=_by_folds(index, target, scores, scope, votes, prompts, stages),
        agreeing_now=int((index.automatic[decided] == (votes[decided] > 0)).sum()),
        changed=int((automatic != index.automatic).sum()),
        beta=fitted.beta(size),
    )


def _by(
    fitted: Fit,
    index: ReviewIndex,
    target: Target,
    scores: Mapping[str, Floats],
    scope: Scope,
    votes: Ints,
    stage: Ints,
) -> tuple[Target, Floats, Floats, float]:
    """The target of a fit, its m and scale (n,), and the log M at which it repeats most of `votes`. m is −∞ for
    candidates that can never be accepted; a truncated draw has P = 0, and one without a score does not count in the scale."""
    size = sum(abs(weight) for weight in target.rewards.values()) or 1.0
    weights, beta = fitted.rewards(size)
    better = target.model_copy(update={"rewards": weights, "beta": beta})
    table, n = index.table, len(index.table.places)
    shift = table.log_ratio - reward(target, scores, n) / target.beta
    ell = np.where(index.scored & ~table.truncated, shift + reward(better, scores, n) / beta, -np.inf)
    m = critical_log_m(ell, table.u)
    scale = np.zeros(n)
    if scope is Scope.PROMPT:
        of = index.scored
        scale[of] = staged_scale(ell[of], (table.places >> K_BITS)[of], stage[of])
    return better, m, scale, best_agreement(m, votes, scale).log_m


def _by_folds(
    index: ReviewIndex,
    target: Target,
    scores: Mapping[str, Floats],
    scope: Scope,
    votes: Ints,
    prompts: Ints,
    stage: Ints,
) -> int:
    """How many decisions are repeated by weights, β and M that were fitted without their prompts, a fifth at a time. If the
    other prompts are too few to fit, none of the part counts as repeated."""
    part, agreeing = folds(prompts), 0
    for fold in range(FOLDS):
        mine = (part == fold) & (votes != 0)
        if not mine.any():
            continue
        others = np.where(part == fold, 0, votes)
        try:
            fitted = agreement.fit(scores, np.where(index.table.truncated, 0, others), prompts, fewest=1, replicates=0)
            _, m, scale, cut = _by(fitted, index, target, scores, scope, others, stage)
        except TargetError:
            continue
        agreeing += int(((relative(m, scale, "m") > cut)[mine] == (votes[mine] > 0)).sum())
    return agreeing
