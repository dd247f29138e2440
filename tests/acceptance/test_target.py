"""The target formula by hand: log P = log p_ref + Σ weight·score / β if every constraint passes, else −∞."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.acceptance.target import is_indicator, log_ratio, passes, reward
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Constraint, Target

SCORES = {"a": np.array([1.0, 0.5, -1.0, 0.0]), "b": np.array([0.0, 0.2, 0.4, 0.2])}
LOG_Q = np.array([-1.0, -2.0, -3.0, -4.0])
AT_MOST = Constraint(scorer="b", at_most=0.2)


def test_the_reward_is_the_weighted_sum_of_scores() -> None:
    target = Target(rewards={"a": 2.0, "b": -1.0})
    assert reward(target, SCORES, 4).tolist() == [2.0, 0.8, -2.4, -0.2]
    assert reward(Target(), SCORES, 4).tolist() == [0.0] * 4


def test_every_constraint_must_pass_and_its_ends_belong_to_it() -> None:
    assert passes(Target(), SCORES, 4).tolist() == [True] * 4
    assert passes(Target(constraints=(AT_MOST,)), SCORES, 4).tolist() == [True, True, False, True]
    both = (AT_MOST, Constraint(scorer="a", at_least=0.5, at_most=1.0))
    assert passes(Target(constraints=both), SCORES, 4).tolist() == [True, True, False, False]


def test_the_log_ratio_by_hand() -> None:
    target = Target(beta=0.5, rewards={"a": 1.0}, constraints=(AT_MOST,))
    log_reference = np.array([-1.5, -1.0, -3.0, -9.0])
    # r/β + log p_ref − log q: 2 − 1.5 + 1, 1 − 1 + 2, the constraint fails, 0 − 9 + 4
    assert log_ratio(target, SCORES, LOG_Q, log_reference).tolist() == [1.5, 2.0, -np.inf, -5.0]


def test_with_the_proposal_as_reference_the_probabilities_cancel_out() -> None:
    target = Target(reference="proposal", beta=2.0, rewards={"a": 1.0})
    assert log_ratio(target, SCORES, LOG_Q, None).tolist() == [0.5, 0.25, -0.5, 0.0]


def test_a_smaller_beta_stretches_the_rewards() -> None:
    at = [log_ratio(Target(beta=beta, rewards={"a": 1.0}), SCORES, LOG_Q, LOG_Q) for beta in (1.0, 0.1)]
    np.testing.assert_allclose(at[1], 10 * at[0])


def test_only_constraints_on_the_proposal_are_an_indicator() -> None:
    assert is_indicator(Target(reference="proposal", constraints=(AT_MOST,)))
    assert is_indicator(Target(reference="proposal"))
    assert not is_indicator(Target(reference="base", constraints=(AT_MOST,)))
    assert not is_indicator(Target(reference="proposal", rewards={"a": 1.0}))
    ell = log_ratio(Target(reference="proposal", constraints=(AT_MOST,)), SCORES, LOG_Q, None)
    assert ell.tolist() == [0.0, 0.0, -np.inf, 0.0]


@pytest.mark.parametrize(
    "target", [Target(rewards={"c": 1.0}), Target(constraints=(Constraint(scorer="c", at_least=1),))]
)
def test_a_score_that_is_missing_is_named(target: Target) -> None:
    with pytest.raises(TargetError, match="needs the scorer 'c'"):
        log_ratio(target, SCORES, LOG_Q, LOG_Q)
