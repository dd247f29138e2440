"""Targets to start from, made from a project's scorers and the rewards of its candidates. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.goals import SENTENCES, TITLES, Goal, good
from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.target import BASE
from rsf_core.domain.settings import Constraint, Target

BETA = 0.1  # for a reward whose spread is unknown: right for scores between 0 and 1
# share of the reward's standard deviation, so that the best of a prompt is far likelier than the others
OF_THE_SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a preset uses. `now`: the current target and rule; `bounds` of each usable scorer, the project's own
    first; `spread`: the standard deviation of r on the candidates (NaN if unknown); `candidates` per prompt; `teacher`: the
    model last named as a reference, "" if none."""

    now: Draft
    bounds: Mapping[str, tuple[float, float]]
    spread: float
    candidates: int
    teacher: str = ""

    def rewards(self) -> dict[str, float]:
        """The current rewards; without any, the first scorer with a lower bound in the constraints, else the first scorer."""
        if self.now.target.rewards:
            return dict(self.now.target.rewards)
        upwards = [c.scorer for c in self.now.target.constraints if c.at_least is not None]
        return dict.fromkeys([*upwards, *self.bounds][:1], 1.0)

    def constraints(self) -> tuple[Constraint, ...]:
        """The current constraints and, for each reward with a known range, that its score lies in the better half, or for a
        range from 0 to 1 at the better end."""
        constraints = list(self.now.target.constraints)
        held = {constraint.scorer for constraint in constraints}
        for scorer, weight in self.now.target.rewards.items():
            low, high = self.bounds.get(scorer, (-math.inf, math.inf))
            if scorer in held or not (math.isfinite(low) and math.isfinite(high)):
                continue
            if (low, high) == (0.0, 1.0):
                constraints.append(
                    Constraint(scorer=scorer, at_least=1.0) if weight > 0 else Constraint(scorer=scorer, at_most=0.0)
                )
            else:
                middle = (low + high) / 2
                constraints.append(
                    Constraint(scorer=scorer, at_least=middle)
                    if weight > 0
                    else Constraint(scorer=scorer, at_most=middle)
                )
        return tuple(constraints)


def threshold(bounds: tuple[float, float], scores: Sequence[float] | NDArray[np.float64] = ()) -> float | None:
    """The lower bound of a new constraint: 1 for a scorer of 0 and 1, else the median of the candidates' scores, else the
    middle of its range; None if neither is known."""
    low, high = bounds
    if (low, high) == (0.0, 1.0) and set(np.unique(scores)) <= {0.0, 1.0}:
        return 1.0
    if len(scores):
        return _rounded(float(np.median(scores)))
    return (low + high) / 2 if math.isfinite(low) and math.isfinite(high) else None


def merged(target: Target) -> Target:
    """The same target with one constraint per scorer, as the form shows it."""
    held: dict[str, Constraint] = {}
    for constraint in target.constraints:
        before = held.get(constraint.scorer, constraint)
        low = [v for v in (before.at_least, constraint.at_least) if v is not None]
        high = [v for v in (before.at_most, constraint.at_most) if v is not None]
        held[constraint.scorer] = Constraint(
            scorer=constraint.scorer, at_least=max(low, default=None), at_most=min(high, default=None)
        )
    return target.model_copy(update={"constraints": tuple(held.values())})


@dataclass(frozen=True, slots=True)
class Preset:
    """A target to start from. `when` is one sentence on when to use it; `fill` makes it."""

    name: str
    title: str
    when: str
    fill: Callable[[Facts], Draft]


def _verifiable(facts: Facts) -> Draft:
    return _draft(facts, Goal.VERIFIABLE, facts.constraints())


def _close_to_the_base(facts: Facts) -> Draft:
    now = facts.now.target
    kept = now.rewards and now.reference == BASE
    beta = now.beta if kept else _rounded(facts.spread if facts.spread > 0 else BETA)
    return Draft(_draft(facts, Goal.REWARD, now.constraints, beta).target, facts.now.accept)


def _best_of_the_prompt(facts: Facts) -> Draft:
    beta = _rounded(OF_THE_SPREAD * facts.spread) if facts.spread > 0 else BETA
    return _draft(facts, Goal.BEST, facts.now.target.constraints, beta)


def _draft(facts: Facts, goal: Goal, constraints: Sequence[Constraint], beta: float = BETA) -> Draft:
    """A goal as a draft for this project. The share accepted stays, except for the best of each prompt."""
    rewards = {} if goal is Goal.VERIFIABLE else facts.rewards()
    made = good(goal, rewards, constraints, facts.candidates, beta, facts.now.target.tempered)
    rate = {"rate": made.rate} if goal is Goal.BEST else {}
    return Draft(made.target, facts.now.accept.model_copy(update={"scope": made.scope, **rate}))


def _teacher(facts: Facts) -> Draft:
    target = Target(
        reference=facts.teacher or BASE, tempered=facts.now.target.tempered, constraints=facts.now.target.constraints
    )
    return Draft(target, facts.now.accept)


def _rounded(value: float) -> float:
    """The value to two significant digits, as a person would write it."""
    return float(f"{value:.2g}")


PRESETS: Sequence[Preset] = (
    Preset("verifiable", TITLES[Goal.VERIFIABLE], SENTENCES[Goal.VERIFIABLE], _verifiable),
    Preset("base", TITLES[Goal.REWARD], SENTENCES[Goal.REWARD], _close_to_the_base),
    Preset("best", TITLES[Goal.BEST], SENTENCES[Goal.BEST], _best_of_the_prompt),
    Preset(
        "teacher",
        "A teacher",
        "You have a better model. Completions that it finds likely are accepted; give its folder or hub id.",
        _teacher,
    ),
)
