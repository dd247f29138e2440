"""Each guardrail stops for its own reason and names its setting; a good round passes all of them."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest

from rsf_core.domain.settings import Autopilot
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.evaluation.gauges import HELD_OUT, UNRELATED
from rsf_core.rounds import guardrails
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
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


def test_a_limit_on_forgetting_stops_where_it_is_passed_and_where_nothing_was_measured() -> None:
    limits = LIMITS.model_copy(update={"max_forgetting": 0.1})
    unrelated, held_out = PER_TOKEN[UNRELATED], PER_TOKEN[HELD_OUT]
    lost = {value: dataclasses.replace(comparison(), forgotten={unrelated: around(value)}) for value in (0.1, 0.11)}
    assert guardrails.after_round(lost[0.1], limits) == []
    assert guardrails.after_round(lost[0.11], LIMITS) == []  # off by default
    (reason,) = guardrails.after_round(lost[0.11], limits)
    assert "forgotten 0.11 nats a token on unrelated prompts (autopilot.max_forgetting is 0.1)" in reason
    elsewhere = dataclasses.replace(comparison(), forgotten={held_out: around(9.0)})
    for unknown in (
        comparison(),
        elsewhere,
        dataclasses.replace(comparison(), forgotten={unrelated: around(math.nan)}),
    ):
        (reason,) = guardrails.after_round(unknown, limits)
        assert "is not measured (autopilot.max_forgetting)" in reason
    infinite = dataclasses.replace(comparison(), forgotten={unrelated: Interval(math.inf, -math.inf, math.inf, 4)})
    assert guardrails.after_round(infinite, limits)


def test_what_a_temperature_takes_the_base_away_from_itself_is_no_movement() -> None:
    assert guardrails.after_round(comparison(kl=23.0, base_kl=5.0), LIMITS) == []


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (comparison(gain=0.0), "no held-out gain: reward changed by"),
        (comparison(gain=-0.2), "autopilot.min_gain"),
        (
            comparison(gain=0.04),
            "no gain could be shown with 48 held-out prompts: reward changed by +0.040 [-0.010, +0.090]",
        ),
        (comparison(kl=21.0), "21.0 nats from the base"),
        (comparison(length=70.0), "3.50 times as long"),
        (comparison(length=5.0), "0.25 times as long"),
        (comparison(distinct=0.3), "33% of the base's distinct-2"),
    ],
)
def test_each_guardrail_says_why(made, reason) -> None:
    (why,) = guardrails.after_round(made, LIMITS)
    assert reason in why


def without(made: Comparison, metric: str, *where: str) -> Comparison:
    kept: dict[str, Any] = {name: {k: v for k, v in getattr(made, name).items() if k != metric} for name in where}
    return dataclasses.replace(made, **kept)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (without(comparison(), "reward", "gain"), "the held-out gain cannot be computed"),
        (without(comparison(), "KL to base", "gain_over_base"), r"cannot be computed \(autopilot.max_kl\)"),
        (
            without(comparison(), "length", "after"),
            r"cannot be compared with the base's \(autopilot.max_length_ratio\)",
        ),
        (comparison(gain=math.nan), "the held-out gain cannot be computed"),
        (comparison(kl=math.nan), "autopilot.max_kl"),
        (comparison(length=math.nan), "autopilot.max_length_ratio"),
        (comparison(distinct=math.nan), "diversity cannot be measured: .* set autopilot.min_diversity to 0"),
        (
            without(comparison(), "distinct-2", "after"),
            "completions of 0 prompts have a pair of words, of the base's 48",
        ),
        (without(comparison(), "distinct-2", "after", "base"), "the base's completions have no pair of words"),
    ],
)
def test_a_guardrail_that_cannot_be_computed_stops(made, reason) -> None:
    (why,) = guardrails.after_round(made, LIMITS)
    assert re.search(reason, why)


def test_diversity_of_the_few_prompts_that_still_have_pairs_of_words_is_no_measure() -> None:
    made = comparison()
    few = made.after | {"distinct-2": Interval(0.9, 0.8, 1.0, 20)}
    (why,) = guardrails.after_round(dataclasses.replace(made, after=few), LIMITS)
    assert "completions of 20 prompts have a pair of words, of the base's 48" in why


def test_a_guardrail_that_is_off_needs_nothing() -> None:
    single_words = without(comparison(), "distinct-2", "after", "base")
    assert guardrails.after_round(single_words, Autopilot(min_diversity=0)) == []


def test_a_set_with_nothing_to_train_on_is_not_trained_on() -> None:
    (why,) = guardrails.repetition(SUMMARY | {"accepted": 20}, LIMITS)
    assert "cannot be computed" in why


def test_a_set_that_says_nearly_always_the_same_is_not_trained_on() -> None:
    assert guardrails.repetition(SUMMARY | {"distinct": 10}, LIMITS) == []
    (why,) = guardrails.repetition(SUMMARY | {"distinct": 9}, LIMITS)
    assert "91% of the accepted completions repeat" in why and "autopilot.max_duplicates" in why


def test_eight_equal_completions_of_a_prompt_are_all_that_can_repeat() -> None:
    """7 of 8 are 88 %, which a limit of 90 % would never stop."""
    alike = {"accepted": 80, "near_held_out": 0, "samples": 80, "distinct": 10, "prompts": 10}
    (why,) = guardrails.repetition(alike, LIMITS)
    assert "88% of the accepted completions" in why
    assert guardrails.repetition(alike | {"distinct": 80}, LIMITS) == []
    assert guardrails.repetition(alike | {"accepted": 10, "samples": 10}, LIMITS) == []  # one of each prompt


def test_a_small_gain_passes_where_the_estimate_is_to_decide() -> None:
    assert guardrails.after_round(comparison(gain=0.04), Autopilot(gain_shown=False)) == []
    assert guardrails.after_round(comparison(gain=0.04, half=math.inf), LIMITS) == []  # one prompt gives no interval
    assert guardrails.after_round(comparison(gain=0.2), Autopilot(min_gain=0.16)) != []


def test_collapse_is_seen_by_self_similarity_and_entropy() -> None:
    made = comparison()
    base = made.base | {"self-similarity": around(0.4), "entropy": around(30.0)}

    def of(similarity: float, entropy: float) -> list[str]:
        after = made.after | {"self-similarity": around(similarity), "entropy": around(entropy)}
        return guardrails.after_round(dataclasses.replace(made, base=base, after=after), LIMITS)

    assert of(0.5, 20.0) == [] and of(0.75, 3.1) == []
    (alike,) = of(0.77, 20.0)
    assert "self-similarity 77%" in alike and "autopilot.min_diversity" in alike
    (flat,) = of(0.5, 2.9)
    assert "entropy has fallen to 10%" in flat and "autopilot.min_entropy" in flat
    assert len(of(1.0, 0.0)) == 2


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
