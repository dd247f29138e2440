"""Three ways to state what is good: the target that each gives, and which of them a given target is nearest to."""

from __future__ import annotations

import pytest

from rsf_core.acceptance.goals import SENTENCES, TITLES, Goal, goal_of, good, suggested_beta, usual_constraint
from rsf_core.acceptance.target import is_indicator
from rsf_core.domain import Scope
from rsf_core.domain.settings import Constraint, Target

ENDED = Constraint(scorer="ended", at_least=1)


def test_right_or_wrong_takes_checks_alone_and_m_is_exact() -> None:
    preset = good(Goal.VERIFIABLE, {"sentiment": 1.0}, [ENDED], 8)
    assert is_indicator(preset.target) and preset.target.constraints == (ENDED,) and preset.scope is Scope.GLOBAL


def test_the_better_the_likelier_stays_close_to_the_base() -> None:
    preset = good(Goal.REWARD, {"sentiment": 1.0}, [ENDED], 8)
    assert (preset.target.reference, preset.target.rewards) == ("base", {"sentiment": 1.0})
    assert preset.target.beta == 0.2, "a tenth of the range −1 to 1"
    assert good(Goal.REWARD, {"sentiment": 1.0}, [], 8, beta=0.5).target.beta == 0.5


@pytest.mark.parametrize("candidates", [1, 4, 16])
def test_the_best_of_each_prompt_accepts_about_one_of_its_candidates(candidates: int) -> None:
    preset = good(Goal.BEST, {"chrf": 1.0}, [], candidates)
    assert (preset.scope, preset.rate, preset.target.reference) == (Scope.PROMPT, 1 / candidates, "proposal")


@pytest.mark.parametrize("goal", Goal)
def test_every_goal_is_found_again_in_its_target(goal: Goal) -> None:
    preset = good(goal, {"sentiment": 1.0}, [ENDED], 8)
    assert goal_of(preset.target, preset.scope) is goal and preset.target.tempered
    assert TITLES[goal] and SENTENCES[goal]


def test_a_target_without_anything_begins_with_checks() -> None:
    assert goal_of(Target(), Scope.PROMPT) is Goal.VERIFIABLE


@pytest.mark.parametrize(
    ("rewards", "beta"), [({"length": 1.0}, 1.0), ({}, 1.0), ({"no such scorer": 1.0}, 1.0), ({"sentiment": -3.0}, 0.6)]
)
def test_beta_follows_the_reach_of_the_reward(rewards: dict[str, float], beta: float) -> None:
    assert suggested_beta(Goal.REWARD, rewards) == beta


def test_a_check_begins_at_the_upper_bound_where_there_is_one() -> None:
    assert usual_constraint("numeric_match") == Constraint(scorer="numeric_match", at_least=1.0)
    assert usual_constraint("length") == Constraint(scorer="length", at_least=0.0)
