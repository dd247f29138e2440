"""Preset targets are valid whatever a project has, and do what their names state."""

from __future__ import annotations

import itertools
import math

import pytest

from rsf_core.acceptance.presets import PRESETS, Facts
from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.target import is_indicator
from rsf_core.domain import Scope
from rsf_core.domain.settings import Accept, Constraint, Target
from rsf_core.prompts import tasks

BOUNDS = {"sentiment": (-1.0, 1.0), "exact": (0.0, 1.0), "length": (0.0, math.inf)}
TARGETS = [
    Target(),
    Target(rewards={"sentiment": 1.0}),
    Target(rewards={"exact": -2.0, "length": 0.1}, beta=0.2, tempered=True),
    Target(constraints=(Constraint(scorer="exact", at_least=1),), reference="proposal"),
    Target(constraints=(Constraint(scorer="length", at_most=9),), reference="/models/teacher"),
]
MADE = {preset.name: preset for preset in PRESETS}


def facts(
    target: Target, spread: float = math.nan, teacher: str = "", bounds: dict[str, tuple[float, float]] = BOUNDS
) -> Facts:
    return Facts(Draft(target, Accept()), bounds, spread, 8, teacher)


@pytest.mark.parametrize("name", MADE)
def test_a_preset_is_a_target_whatever_a_project_has(name: str) -> None:
    for target, spread, bounds in itertools.product(TARGETS, (math.nan, 0.0, 1e-9, 0.7, 1e5), (BOUNDS, {})):
        made = MADE[name].fill(facts(target, spread, bounds=bounds))
        assert Target.model_validate(made.target.model_dump()) == made.target  # as it is saved
        assert Accept.model_validate(made.accept.model_dump()) == made.accept
        assert made.target.tempered == target.tempered


@pytest.mark.parametrize("task", tasks.names())
@pytest.mark.parametrize("name", MADE)
def test_a_preset_can_be_made_of_every_bundled_task(name: str, task: str) -> None:
    target = Target.model_validate(tasks.load(task).defaults.get("target", {}))
    made = MADE[name].fill(facts(target, 0.3, bounds=dict.fromkeys(target.scorers, (0.0, 1.0))))
    assert Target.model_validate(made.target.model_dump()) == made.target


def test_verifiable_has_constraints_alone_so_that_m_is_exact() -> None:
    for target in TARGETS:
        assert is_indicator(MADE["verifiable"].fill(facts(target)).target)
    made = MADE["verifiable"].fill(facts(Target(rewards={"sentiment": 1.0, "exact": 2.0, "length": 1.0}))).target
    assert list(map(str, made.constraints)) == ["0 ≤ sentiment", "1 ≤ exact"]  # an unbounded score has no better half
    turned = MADE["verifiable"].fill(facts(Target(rewards={"sentiment": -1.0, "exact": -2.0}))).target
    assert list(map(str, turned.constraints)) == ["sentiment ≤ 0", "exact ≤ 0"]
    once = MADE["verifiable"].fill(facts(TARGETS[3].model_copy(update={"rewards": {"exact": 1.0}}))).target
    assert once.constraints == TARGETS[3].constraints


def test_a_reward_close_to_the_base_keeps_what_was_there() -> None:
    tuned = Target(rewards={"sentiment": 1.0}, beta=0.15)
    assert MADE["base"].fill(facts(tuned, 0.5)).target == tuned
    made = MADE["base"].fill(facts(TARGETS[3], 0.5)).target
    assert (made.reference, dict(made.rewards), made.beta) == ("base", {"exact": 1.0}, 0.5)
    assert made.constraints == TARGETS[3].constraints


def test_best_of_the_prompt_asks_for_one_of_k_in_each_prompt() -> None:
    made = MADE["best"].fill(facts(TARGETS[1], 0.4))
    assert (made.accept.scope, made.accept.rate) == (Scope.PROMPT, 1 / 8)
    assert (made.target.reference, made.target.beta) == ("proposal", 0.1)


def test_a_teacher_is_the_reference_without_a_reward() -> None:
    made = MADE["teacher"].fill(facts(TARGETS[4], teacher="/models/teacher")).target
    assert (made.reference, dict(made.rewards), made.constraints) == ("/models/teacher", {}, TARGETS[4].constraints)
