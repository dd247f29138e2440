"""Every difference between two targets is described."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.target_words import changes, describe
from rsf_core.domain import Scope
from rsf_core.domain.settings import Accept, Constraint, Target

NOW = Draft(
    Target(rewards={"a": 1.0, "b": 0.5}, constraints=(Constraint(scorer="c", at_least=1),), beta=0.5), Accept(rate=0.25)
)
EDITS: dict[str, dict[str, Any]] = {
    "β 0.5 → 0.3": {"beta": 0.3},
    "weight of a 1 → 2": {"rewards": {"a": 2.0, "b": 0.5}},
    "no longer rewards b": {"rewards": {"a": 1.0}},
    "rewards d with weight -1": {"rewards": {"a": 1.0, "b": 0.5, "d": -1.0}},
    "reference the base model → the model that drew": {"reference": "proposal"},
    "reference the base model → /models/t": {"reference": "/models/t"},
    "reference at the temperature of the draws": {"tempered": True},
    "no longer must have 1 ≤ c": {"constraints": ()},
}
RULES: dict[str, dict[str, Any]] = {
    "share accepted 25 % → 10 %": {"rate": 0.1},
    "M per prompt → one for all prompts": {"scope": Scope.GLOBAL},
    "M between two candidates → by priority sampling": {"choose": "priority"},
    "bound violations are weighed": {"weighted": True},
}


@pytest.mark.parametrize("words", EDITS)
def test_one_edit_is_one_change(words: str) -> None:
    assert changes(NOW, Draft(NOW.target.model_copy(update=EDITS[words]), NOW.accept)) == [words]


@pytest.mark.parametrize("words", RULES)
def test_one_edit_of_the_rule_of_m_is_one_change(words: str) -> None:
    assert changes(NOW, Draft(NOW.target, NOW.accept.model_copy(update=RULES[words]))) == [words]


def test_two_targets_differ_exactly_where_a_difference_is_reported() -> None:
    targets = [NOW.target.model_copy(update=update) for update in [{}, *EDITS.values()]]
    rules = [NOW.accept.model_copy(update=update) for update in [{}, *RULES.values()]]
    drafts = [Draft(target, accept) for target, accept in itertools.product(targets, rules)]
    for one, other in itertools.product(drafts, drafts[:7]):
        assert bool(changes(one, other)) == (one != other)


def test_a_changed_threshold_is_a_constraint_less_and_one_more() -> None:
    edited = NOW.target.model_copy(update={"constraints": (Constraint(scorer="c", at_least=2),)})
    assert changes(NOW, Draft(edited, NOW.accept)) == ["must have 2 ≤ c", "no longer must have 1 ≤ c"]
    twice = NOW.target.model_copy(update={"constraints": NOW.target.constraints * 2})
    assert changes(NOW, Draft(twice, NOW.accept)) == ["rewards or constraints in another order"]


@pytest.mark.parametrize(
    ("rewards", "words"),
    [
        ({"a": 1.0, "b": -0.02}, "reward 1 × a − 0.02 × b, β 1"),
        ({"a": -0.02, "b": 1.0, "c": 2.5}, "reward −0.02 × a + 1 × b + 2.5 × c, β 1"),
        ({"a": 0.0, "b": -0.0}, "reward 0 × a + 0 × b, β 1"),
        ({}, "no reward"),
    ],
)
def test_weights_below_0_are_subtracted(rewards: dict[str, float], words: str) -> None:
    assert describe(Target(rewards=rewards)) == f"{words}; close to the base model"


def test_a_target_is_described_in_one_line() -> None:
    assert describe(NOW.target) == "reward 1 × a + 0.5 × b, β 0.5; must have 1 ≤ c; close to the base model"
    assert describe(Target(reference="proposal")) == "no reward; close to the model that drew"
    assert describe(Target(tempered=True)).endswith("close to the base model, at the temperature of the draws")
