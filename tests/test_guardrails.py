"""Each guardrail stops for its own reason and names its setting; a good round passes all of them."""

from __future__ import annotations

import dataclasses
import math

import pytest

from rsf_core import guardrails
from rsf_core.reports import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.settings import Autopilot
from rsf_core.store.records import RoundCounts

LIMITS = Autopilot()
SUMMARY = {"accepted": 120, "near_held_out": 20, "samples": 95, "distinct": 90}


def around(value: float, half: float = 0.05) -> Interval:
    return Interval(value, value - half, value + half, 48)


def comparison(
    gain: float = 0.1,
    kl: float = 2.0,
    length: float = 20.0,
    distinct: float = 0.9,
    half: float = 0.05,
    base_kl: float = 0.0,
) -> Comparison:
    """A round against a base of length 20 and distinct-2 0.9."""
    after = {"reward": around(0.5), "KL to base": around(kl), "length": around(length), "distinct-2": around(distinct)}
    over_base = {
        "reward": around(gain),
        "KL to base": around(kl - base_kl),
        "length": around(length - 20.0),
        "distinct-2": around(distinct - 0.9),
    }
    return Comparison(
        round=1,
        before_id="base",
        after_id="m1-1",
        base={"length": around(20.0), "distinct-2": around(0.9)},
        before=after,
        after=after,
        gain={"reward": around(gain, half)},
        gain_over_base=over_base,
        prompts=48,
        completions=192,
    )


def test_a_good_round_passes() -> None:
    assert guardrails.after_round(comparison(), LIMITS) == []
    assert guardrails.repetition(SUMMARY, LIMITS) == []


def test_what_a_temperature_takes_the_base_away_from_itself_is_no_movement() -> None:
    assert guardrails.after_round(comparison(kl=23.0, base_kl=5.0), LIMITS) == []


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (comparison(gain=0.0), "no held-out gain: reward changed by"),
        (comparison(gain=-0.2), "autopilot.min_gain"),
        (comparison(kl=21.0), "21.0 nats from the base"),
        (comparison(length=70.0), "3.50 times as long"),
        (comparison(length=5.0), "0.25 times as long"),
        (comparison(distinct=0.3), "33% of the base's distinct-2"),
    ],
)
def test_each_guardrail_says_why(made, reason) -> None:
    (why,) = guardrails.after_round(made, LIMITS)
    assert reason in why


def test_a_set_that_says_nearly_always_the_same_is_not_trained_on() -> None:
    assert guardrails.repetition(SUMMARY | {"distinct": 10}, LIMITS) == []
    (why,) = guardrails.repetition(SUMMARY | {"distinct": 9}, LIMITS)
    assert "91% of the accepted completions repeat" in why and "autopilot.max_duplicates" in why


def test_nothing_accepted_is_not_trained_on() -> None:
    fields = {field.name: 0 for field in dataclasses.fields(RoundCounts)}
    counts = RoundCounts(**fields | {"candidates": 1000, "accepted": 19})
    assert "autopilot.min_acceptance" in guardrails.before_training(counts, LIMITS)[0]
    assert guardrails.before_training(RoundCounts(**fields | {"candidates": 1000, "accepted": 20}), LIMITS) == []
    assert guardrails.before_training(RoundCounts(**fields), LIMITS) != []


def test_a_model_is_worse_only_beyond_chance() -> None:
    assert guardrails.is_worse(comparison(gain=-0.2))
    assert not guardrails.is_worse(comparison(gain=-0.02)) and not guardrails.is_worse(comparison(gain=0.2))
    assert not guardrails.is_worse(comparison(gain=-0.2, half=math.inf))
