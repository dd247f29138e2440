"""When rounds that run by themselves must stop, and when a model may become the next proposal. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rsf_core.reports import Comparison
from rsf_core.settings import Autopilot
from rsf_core.store.records import RoundCounts


def headline(comparison: Comparison) -> str:
    """The metric a round is judged by: the reward where the target has one, else pass@1."""
    return "reward" if "reward" in comparison.after else "pass@1"


def is_worse(comparison: Comparison) -> bool:
    """Whether the tuned model is worse than its proposal beyond chance: the whole 95 % interval of its gain is below 0."""
    gain = comparison.gain.get(headline(comparison))
    return gain is not None and gain.known and gain.high < 0


def before_training(counts: RoundCounts, limits: Autopilot) -> list[str]:
    """Why a round must not be trained on what it accepted."""
    rate = counts.accepted / counts.candidates if counts.candidates else 0.0
    if rate < limits.min_acceptance:
        return [
            f"only {rate:.1%} of the candidates are accepted (autopilot.min_acceptance is {limits.min_acceptance:.1%})"
        ]
    return []


def repetition(summary: Mapping[str, Any], limits: Autopilot) -> list[str]:
    """Why a round must not be trained on a curated set with this summary: too much of it is the same."""
    kept = summary["accepted"] - summary["near_held_out"]
    distinct = summary.get(
        "distinct", summary["samples"]
    )  # a set frozen by an earlier version counts exact copies only
    repeated = 1 - distinct / kept
    if repeated <= limits.max_duplicates:
        return []
    said = f"{repeated:.0%} of the accepted completions repeat another of their prompt or nearly do"
    return [f"{said} (autopilot.max_duplicates is {limits.max_duplicates:.0%})"]


def after_round(comparison: Comparison, limits: Autopilot) -> list[str]:
    """Why there must not be another round after this one."""
    found = []
    metric = headline(comparison)
    gain = comparison.gain.get(metric)
    if gain is not None and gain.value <= limits.min_gain:
        found.append(
            f"no held-out gain: {metric} changed by {gain.value:+.3f} (autopilot.min_gain is {limits.min_gain:g})"
        )
    moved = comparison.gain_over_base.get("KL to base")  # drawn at a temperature, the base is away from itself already
    if moved is not None and moved.value > limits.max_kl:
        found.append(
            f"the model has moved {moved.value:.1f} nats from the base (autopilot.max_kl is {limits.max_kl:g})"
        )
    ratio = _ratio(comparison, "length")
    if ratio is not None and not 1 / limits.max_length_ratio <= ratio <= limits.max_length_ratio:
        found.append(
            f"completions are {ratio:.2f} times as long as the base's (autopilot.max_length_ratio is "
            f"{limits.max_length_ratio:g})"
        )
    diversity = _ratio(comparison, "distinct-2")
    if diversity is not None and diversity < limits.min_diversity:
        found.append(
            f"diversity has fallen to {diversity:.0%} of the base's distinct-2 (autopilot.min_diversity is "
            f"{limits.min_diversity:.0%})"
        )
    return found


def _ratio(comparison: Comparison, metric: str) -> float | None:
    """The metric after, as a multiple of the base's; None where the base has none of it."""
    after, base = comparison.after.get(metric), comparison.base.get(metric)
    return None if after is None or base is None or base.value == 0 else after.value / base.value
