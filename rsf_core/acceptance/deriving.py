"""From draws and scores to decisions: ℓ, critical log M and scale under a target, and the M of the rule. Pure functions,
shared by decisions and previews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.target import LOG_Q, is_indicator, log_ratio
from rsf_core.domain import Scope
from rsf_core.domain.arrays import Bools, Floats
from rsf_core.domain.settings import Accept, Target
from rsf_core.domain.words import in_percent
from rsf_core.sampling.acceptance import (
    acceptance_prob,
    accepted,
    critical_log_m,
    log_m_for_priority,
    log_m_for_rate,
    most_at_rate,
    staged_scale,
)
from rsf_core.sampling.arrays import relative


@dataclass(frozen=True, slots=True)
class Drawn:
    """Candidates of a round as they were drawn, arrays of shape (n,) in order of prompt and k. Log-probabilities are in nats;
    `stage` is 0 for draws made equally for all prompts."""

    prompt_ids: NDArray[np.int64]
    log_q: Floats
    u: Floats
    stage: NDArray[np.int64]
    truncated: Bools


@dataclass(frozen=True, slots=True)
class RuleM:
    """The M that the rule chooses: `log_m` in nats, and the reason in words."""

    log_m: float
    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True)
class Derived:
    """The numbers that decide each candidate under a target, shape (n,), nats, and the M of the rule. `log_ratio` is −∞ if a
    constraint fails; the rule accepts no truncated candidate, whatever its ratio."""

    log_ratio: Floats
    critical_log_m: Floats
    scale: Floats
    truncated: Bools
    by_rule: RuleM

    def accepted(self, log_m: float, scope: Scope) -> Bools:
        """The automatic decision of each candidate at an M, shape (n,)."""
        possible = np.where(self.truncated, -np.inf, self.critical_log_m)
        return accepted(possible, log_m, self.scale if scope is Scope.PROMPT else 0.0)

    def chance(self, log_m: float, scope: Scope) -> Floats:
        """The probability with which each candidate is accepted automatically at an M, shape (n,)."""
        possible = np.where(self.truncated, -np.inf, self.log_ratio)
        return acceptance_prob(possible, log_m, self.scale if scope is Scope.PROMPT else 0.0)


def derive(
    drawn: Drawn,
    target: Target,
    accept: Accept,
    scores: Mapping[str, Floats],
    source: str | None,
    log_reference: Floats | None,
) -> Derived:
    """Derive the decisions on at least one candidate under `target`. `scores` has a column (n,) for each of its scorers.
    `source` names where `log_reference` (n,) comes from; both are None if it cancels out, see `reference_source`. Raises
    TargetError if a scorer is missing or a number is too large."""
    ell = log_ratio(target, scores, drawn.log_q, log_reference)
    possible = np.where(drawn.truncated, -np.inf, ell)  # a truncated candidate counts as a draw with P = 0
    scale = staged_scale(possible, drawn.prompt_ids, drawn.stage)
    critical, planned = critical_log_m(possible, drawn.u), drawn.stage == 0
    if not np.isfinite(critical[planned]).any():  # only later draws can be accepted
        planned = np.ones_like(planned)
    # constraints alone, and the reference is the law of the draws: every ratio is 0 or −∞
    exact = is_indicator(target) or (not target.rewards and source == LOG_Q)
    # M comes from the planned draws: drawing more for prompts with none accepted does not move it
    by_rule = rule_m(accept, possible[planned], critical[planned], scale[planned], exact)
    return Derived(ell, critical_log_m(ell, drawn.u), scale, drawn.truncated, by_rule)


def rule_m(accept: Accept, ratio: Floats, critical: Floats, scale: Floats, exact: bool) -> RuleM:
    """The M that the rule of the settings chooses. For each candidate, `ratio` is ℓ and `critical` its critical log M (both −∞
    if it cannot be accepted), and `scale` is the scale from the prompt's other candidates, all in nats. `exact`: M = 1 is
    the exact bound."""
    scope, rate, priority = accept.scope, accept.rate, accept.choose == "priority"
    if exact:
        return RuleM(0.0, Scope.GLOBAL, "constraints alone: M = 1 is the exact bound")
    if not np.isfinite(critical).any():
        return RuleM(0.0, scope, "no candidate meets the constraints")
    by: Floats | float = scale if scope is Scope.PROMPT else 0.0
    note = ""
    if scope is Scope.PROMPT and not np.isfinite(relative(critical, scale)).any():
        scope, by, note = Scope.GLOBAL, 0.0, "; no prompt has two to estimate its own scale from"
    able = int(np.isfinite(relative(critical, by)).sum())
    if able < most_at_rate(critical.size, rate):
        how = f"accepts all {able:,} that can be accepted, fewer than {in_percent(rate)} of the candidates"
        how += ": priority sampling" if priority else ""
    else:
        how = f"accepts {in_percent(rate)} of the candidates"
        how += ", the critical value of the next one: priority sampling" if priority else ""
    log_m = log_m_for_priority(critical, ratio, rate, by) if priority else log_m_for_rate(critical, rate, by)
    return RuleM(log_m, scope, how + note)
