"""Three goals, each turned into a target and the rule of M that suits it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rsf_core.acceptance.target import BASE, PROPOSAL
from rsf_core.domain import Scope
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.settings import Accept, Constraint, Target
from rsf_core.scorers import registry

# β as a share of the reward's range: the upper end is exp(1/share) times as likely as the lower
_CLOSE, _BEST = 0.1, 0.02

LEAST_RATE = 0.01


class Goal(StrEnum):
    VERIFIABLE = "verifiable"
    REWARD = "reward"
    BEST = "best"


TITLES = {
    Goal.VERIFIABLE: "Right or wrong",
    Goal.REWARD: "The better, the likelier",
    Goal.BEST: "The best of each prompt",
}
SENTENCES = {
    Goal.VERIFIABLE: "A completion is accepted if it passes every check. For answers that can be verified.",
    Goal.REWARD: "A reward measures how good a completion is; good ones are accepted more often, and the model stays "
    "close to the base.",
    Goal.BEST: "About one candidate per prompt is accepted, most often the one with the highest reward.",
}


@dataclass(frozen=True, slots=True)
class Good:
    """A target with the part of `[accept]` that belongs to it."""

    target: Target
    scope: Scope
    rate: float


def good(
    goal: Goal,
    rewards: Mapping[str, float],
    constraints: Sequence[Constraint],
    candidates: int,
    beta: float | None = None,
    tempered: bool = True,
) -> Good:
    """The target of a goal. `beta` None means `suggested_beta`. Raises pydantic's ValidationError for values that a target
    does not allow."""
    if goal is Goal.VERIFIABLE:
        target = Target(reference=PROPOSAL, tempered=tempered, constraints=tuple(constraints))
        return Good(target, Scope.GLOBAL, Accept().rate)
    target = Target(
        reference=BASE if goal is Goal.REWARD else PROPOSAL,
        tempered=tempered,
        beta=suggested_beta(goal, rewards) if beta is None else beta,
        rewards=dict(rewards),
        constraints=tuple(constraints),
    )
    if goal is Goal.REWARD:
        return Good(target, Scope.GLOBAL, Accept().rate)
    return Good(target, Scope.PROMPT, max(LEAST_RATE, 1 / max(candidates, 1)))


def suggested_beta(goal: Goal, rewards: Mapping[str, float]) -> float:
    """β (in units of reward) from the reward's range; 1 if a scorer is unknown or unbounded, or there is no reward."""
    reach = 0.0
    for name, weight in rewards.items():
        try:
            low, high = registry.bounds(name)
        except ScorerError:
            return 1.0
        reach += abs(weight) * (high - low)
    if not 0 < reach < math.inf:
        return 1.0
    return float(f"{reach * (_BEST if goal is Goal.BEST else _CLOSE):.3g}")


def goal_of(target: Target, scope: Scope) -> Goal:
    """The goal nearest to a target, to be shown first."""
    if not target.rewards:
        return Goal.VERIFIABLE
    return Goal.BEST if scope is Scope.PROMPT and target.reference == PROPOSAL else Goal.REWARD


def usual_constraint(scorer: str) -> Constraint:
    """The constraint to start from: at least the scorer's upper bound if it is finite, else at least 0. Raises ScorerError
    for an unknown scorer."""
    high = registry.bounds(scorer)[1]
    return Constraint(scorer=scorer, at_least=high if math.isfinite(high) else 0.0)
