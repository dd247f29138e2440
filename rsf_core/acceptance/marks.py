"""The values of M worth a mark on the axis, each judged on prompts that were not used to choose it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.target import PROPOSAL
from rsf_core.domain import Scope
from rsf_core.domain.errors import ScorerError, TargetError
from rsf_core.domain.settings import Target
from rsf_core.sampling.best_m import best_agreement, held_out_agreement
from rsf_core.sampling.bounds import HeldOut, analytic_bound, max_bound, quantile_bound, tvd_bound
from rsf_core.sampling.diagnosis import Diagnosis
from rsf_core.scorers import registry

VIOLATING = 0.01
TVD = 0.05
ROUNDING = 1e-9  # relative, and in nats near 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A proposed log M (nats), or the reason why there is none (`log_m` None). `held_out` is its diagnosis on other prompts,
    None if M does not come from the draws or there are too few prompts."""

    name: str
    log_m: float | None
    explanation: str
    held_out: Diagnosis | None = None


def marks(landscape: Landscape, target: Target, violating: float = VIOLATING, tvd: float = TVD) -> list[Mark]:
    """Every mark of a round, from the safest M to the most generous one a person would still defend."""
    return [*of_the_draws(landscape, target, violating, tvd), agreeing(landscape)]


def of_the_draws(landscape: Landscape, target: Target, violating: float = VIOLATING, tvd: float = TVD) -> list[Mark]:
    """The marks that do not depend on overrides."""
    of_draws, held_out = [_analytic(landscape, target)], _held_out(landscape)
    for name, explanation, log_m, choose, weighted in (
        (
            "Largest ratio",
            "the smallest M that bounds every ratio seen",
            max_bound(landscape.relative),
            max_bound,
            False,
        ),
        (
            f"{violating:.0%} violate",
            f"the smallest M that at most {violating:.0%} of the draws exceed",
            quantile_bound(landscape.relative[landscape.judged], violating),
            lambda w: quantile_bound(w, violating),
            False,
        ),
        (
            f"TVD ≤ {tvd:.0%}",
            f"the smallest M whose accepted law differs from the target by at most {tvd:.0%}",
            landscape.curve.log_m_for_tvd(tvd),
            lambda w, weight: tvd_bound(w, tvd, weight=weight),
            True,
        ),
    ):
        of_draws.append(Mark(name, log_m, explanation, _judged(held_out, choose, weighted)))
    return of_draws


def _analytic(landscape: Landscape, target: Target) -> Mark:
    name, explanation = "Analytic bound", "sup P/q from the bounds of the scorers: holds for every draw, seen or not"
    if target.reference != PROPOSAL:
        return Mark(name, None, f"there is none: P/q has no known bound when the reference is {target.reference!r}")
    scorers = list(target.rewards)
    try:
        bounds = [registry.bounds(scorer) for scorer in scorers]
        scale = landscape.scale if landscape.scope is Scope.PROMPT else 0.0
        log_m = analytic_bound([target.rewards[s] for s in scorers], bounds, target.beta, scale)
    except (TargetError, ScorerError) as error:  # also a scorer that is not installed any more
        return Mark(name, None, f"there is none: {error}")
    beyond = int((landscape.relative > log_m + ROUNDING * max(1.0, abs(log_m))).sum())
    if beyond:  # scored before scorers were held to their bounds
        return Mark(
            name, None, f"there is none: {beyond:,} ratios of this round lie above what the scorers' bounds allow"
        )
    return Mark(name, log_m, explanation)


def _held_out(landscape: Landscape) -> HeldOut | None:
    """None if there are too few prompts to hold some out, or nothing on them can be accepted. The marks need no diagnosis."""
    own = landscape.judged
    try:
        return HeldOut(landscape.log_ratio[own], landscape.prompts[own], scale=landscape.scale[own])
    except TargetError:
        return None


def _judged(held_out: HeldOut | None, choose: Callable[..., float], weighted: bool) -> Diagnosis | None:
    try:
        return None if held_out is None else held_out.bound(choose, weighted).diagnosis
    except TargetError:  # nothing can be accepted on the side where M is chosen
        return None


def agreeing(landscape: Landscape) -> Mark:
    """The mark at the M that agrees with the most overrides."""
    name = "Agrees with overrides"
    try:
        best = best_agreement(landscape.critical, landscape.override)
    except TargetError:
        return Mark(name, None, "there is none yet: nobody has reviewed a candidate that can be accepted")
    explanation = f"repeats {best.agreeing} of the {best.overrides} overrides of this round, by which it was chosen"
    agreeing, overrides = held_out_agreement(landscape.critical, landscape.override, landscape.prompts)
    if overrides:
        explanation += f"; {agreeing} of {overrides} where it is chosen on other prompts"
    return Mark(name, best.log_m, explanation)
