"""One call that says everything about a choice of M: the numbers of diagnostics.py with intervals by prompt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.sampling import diagnostics
from rsf_core.sampling.arrays import (
    Floats,
    Ints,
    checked_log_ratio,
    dense_groups,
    group_sum,
)
from rsf_core.sampling.bootstrap import bootstrap_sums
from rsf_core.sampling.diagnostics import Draws
from rsf_core.sampling.intervals import SHARE, Interval, pooled_mean
from rsf_core.sampling.pareto import pareto_k, pareto_k_limit


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one M does to N draws. Logarithms and divergences in nats; the formulas are those of diagnostics.py."""

    draws: int
    prompts: int
    finite: int  # draws that pass every constraint
    log_m: float
    log_z: float
    log_z_m: float
    acceptance_rate: Interval  # by prompt, limits of a share
    tvd: Interval  # this and the next three: bootstrap over prompts
    kl_target: Interval
    kl_proposal: Interval
    violated_mass: Interval
    violations: int
    violation_rate: Interval  # of draws, by prompt, limits of a share
    ess: float
    ess_truncated: float
    pareto_k: float | None
    pareto_k_limit: float

    @property
    def bound_holds_here(self) -> bool:
        """No draw violates the bound, so TVD and KL(p‖p_M) are 0 by construction, whatever the truth.

        Their intervals are then unknown. `violation_rate.high` is what was learnt, if M was chosen without these draws.
        """
        return self.violations == 0

    @property
    def trusted(self) -> bool:
        """Whether k̂ allows to trust Ẑ, TVD and KL; False as well where k̂ cannot be told."""
        return self.pareto_k is not None and self.pareto_k <= self.pareto_k_limit


def diagnose(
    log_ratio: ArrayLike,
    log_m: float,
    *,
    scale: ArrayLike = 0.0,
    group: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> Diagnosis:
    """Diagnose log M on the draws of shape (n,); `group` names the prompt of each, without it draws are independent.

    `rng` drives the bootstrap; without one it is seeded with 0, so that a page shows the same after a reload. A scale
    estimated from these draws is taken as given: its own uncertainty is not in the intervals. k̂ is that of the pooled
    weights exp(ℓ), without the scale: divided by their own prompt's mean they are at most N_c and the tail is hidden.
    Raises TargetError where no draw is finite, or one is NaN or +∞.
    """
    d = diagnostics.draws(log_ratio, log_m, scale)
    n, violations = d.w.size, diagnostics.violations(d)
    count, index = dense_groups(np.arange(n) if group is None else group, d.w)
    accepted = np.exp(d.c - d.log_m)
    ratios = _ratio_intervals(d, count, index, np.random.default_rng(0) if rng is None else rng, level)
    return Diagnosis(
        draws=n,
        prompts=count,
        finite=int(np.count_nonzero(d.w > -np.inf)),
        log_m=d.log_m,
        log_z=d.log_z,
        log_z_m=d.log_z_m,
        acceptance_rate=pooled_mean(accepted, index, level, SHARE),
        tvd=ratios[0].clipped(0.0, 1.0),
        kl_target=ratios[1].clipped(0.0, np.inf),
        kl_proposal=ratios[2].clipped(0.0, np.inf),
        violated_mass=ratios[3].clipped(0.0, 1.0),
        violations=violations,
        violation_rate=pooled_mean(d.w > d.log_m, index, level, SHARE),
        ess=diagnostics.ess(d),
        ess_truncated=diagnostics.ess_truncated(d),
        pareto_k=pareto_k(checked_log_ratio(log_ratio)),
        pareto_k_limit=pareto_k_limit(n),
    )


def _ratio_intervals(d: Draws, count: int, index: Ints, rng: np.random.Generator, level: float) -> list[Interval]:
    """TVD, KL(p‖p_M), KL(p_M‖q) and the violated mass as functions of sums by prompt, so that prompts can be resampled.

    TVD = Σ_A p − Σ_A p_M for the event A = {w > log M + log Ẑ − log Ẑ_M}, the largest such difference over all events.
    Other draws put its edge elsewhere, so its interval is the hull of three: A as it is, and with the edge moved by
    two standard errors of log Ẑ − log Ẑ_M to either side (it matters where rewards have few values).
    """
    lost = group_sum(d.p - d.p_m, count, index)  # exactly 0 where no draw violates the bound
    moved = group_sum(d.p_m * (np.where(d.p_m > 0.0, d.c, d.log_z_m) - d.log_z_m), count, index)
    edge, moves = d.log_m + d.log_z - d.log_z_m, 2.0 * math.sqrt(float(lost @ lost))
    violated = np.flatnonzero(d.w > d.log_m)
    w, p, p_m, prompt = d.w[violated], d.p[violated], d.p_m[violated], index[violated]
    events = [w > edge + move for move in (-moves, 0.0, moves)]
    columns = [p * (w - d.log_m), p, *(p * event for event in events), *(p_m * event for event in events)]
    of_all = (np.bincount(index, minlength=count), group_sum(d.p, count, index), lost, moved)
    sums = np.stack((*of_all, *(group_sum(column, count, prompt) for column in columns)), axis=1)

    def statistics(totals: Floats) -> Floats:
        n, p, lost, moved, over, violated, *more = np.moveaxis(totals, -1, 0)
        p_m = p - lost
        tvds = [a / p - b / p_m for a, b in zip(more[:3], more[3:], strict=True)]
        kl_target = d.log_z_m - d.log_z + np.log1p(-lost / p) + over / p
        kl_proposal = moved / p_m - np.log(p_m / n * d.w.size)
        return np.stack([kl_target, kl_proposal, violated / p, *tvds], axis=-1)

    *others, below, tvd, above = bootstrap_sums(sums, statistics, rng, level)
    known = [one for one in (below, tvd, above) if one.known]
    low, high = min((i.low for i in known), default=-math.inf), max((i.high for i in known), default=math.inf)
    return [Interval(tvd.value, low, high, count), *others]
