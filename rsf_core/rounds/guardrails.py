"""When the autopilot must stop, and when a model may become the next proposal. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rsf_core.domain.settings import Autopilot
from rsf_core.domain.words import fixed, in_percent, plural
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.evaluation.gauges import UNRELATED
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import RoundCounts


def headline(comparison: Comparison) -> str:
    """The metric a round is judged by: the reward if the target has one, else pass@1."""
    return comparison.headline


def is_worse(comparison: Comparison) -> bool:
    """Whether the tuned model is worse than its proposal beyond chance: the lower limit of what it lost is above 0, that
    is, the whole 95 % interval of its gain is below 0. Else it becomes the next proposal: a small gain, which one held-out
    set seldom shows, would otherwise never be built on."""
    gain = comparison.gain.get(headline(comparison))
    return gain is not None and gain.known and gain.high < 0


def before_training(counts: RoundCounts, limits: Autopilot, rate: float | None = None) -> list[str]:
    """Why a round must not be trained on what it accepted. `rate` is its acceptance rate, the mean over prompts; without it
    the rate over all candidates, which is the same if all prompts have equally many."""
    if rate is None or not math.isfinite(rate):
        rate = counts.accepted / counts.candidates if counts.candidates else 0.0
    if rate < limits.min_acceptance:
        least = in_percent(limits.min_acceptance, 1)
        return [f"only {in_percent(rate, 1)} of the candidates are accepted (autopilot.min_acceptance is {least})"]
    return []


def repetition(summary: Mapping[str, Any], limits: Autopilot) -> list[str]:
    """Why a round must not be trained on a curated set with this summary: too much of it is the same."""
    kept = summary["accepted"] - summary["near_held_out"]
    distinct = summary.get("distinct", summary["samples"])  # a set of an earlier version counts exact copies only
    if kept <= 0:
        return ["how much is repeated cannot be computed: no accepted completion is left to train on"]
    # the first completion of a prompt repeats nothing: the limit is a share of those that can repeat, 7 of 8 equal ones
    most = 1 - summary.get("prompts", 0) / kept
    repeated = 1 - distinct / kept
    if repeated <= limits.max_duplicates * most:
        return []
    sentence = f"{in_percent(repeated)} of the accepted completions repeat another of their prompt or nearly do"
    return [f"{sentence} (autopilot.max_duplicates is {in_percent(limits.max_duplicates)})"]


def after_round(comparison: Comparison, limits: Autopilot) -> list[str]:
    """Why there must not be another round after this one. A guardrail that cannot be computed stops as well."""
    checks = (_gain, _movement, _forgetting, _length, _diversity, _alike, _entropy)
    return [reason for check in checks if (reason := check(comparison, limits)) is not None]


def _gain(comparison: Comparison, limits: Autopilot) -> str | None:
    metric = headline(comparison)
    gain = comparison.gain.get(metric)
    if gain is None or not math.isfinite(gain.value):
        return f"the held-out gain cannot be computed: no held-out prompt has {metric} before and after"
    changed, low, high = (fixed(value, 3, signed=True) for value in (gain.value, gain.low, gain.high))
    if gain.value <= limits.min_gain:
        return f"no held-out gain: {metric} changed by {changed} (autopilot.min_gain is {limits.min_gain:g})"
    if not (limits.gain_shown and gain.known and gain.low <= limits.min_gain):
        return None
    return (
        f"no gain could be shown with {plural(comparison.prompts, 'held-out prompt')}: {metric} changed by {changed} "
        f"[{low}, {high}], which chance may explain (autopilot.min_gain is {limits.min_gain:g}; add "
        "held-out prompts, or set autopilot.gain_shown to false to go by the estimate)"
    )


def _movement(comparison: Comparison, limits: Autopilot) -> str | None:
    # the gain over the base: drawn at a temperature, the base itself has a KL to the base
    moved = _value(comparison.gain_over_base, "KL to base")
    if moved is None:
        return "how far the model has moved from the base cannot be computed (autopilot.max_kl)"
    if moved <= limits.max_kl:
        return None
    return f"the model has moved {moved:.1f} nats from the base (autopilot.max_kl is {limits.max_kl:g})"


def _forgetting(comparison: Comparison, limits: Autopilot) -> str | None:
    if limits.max_forgetting is None:
        return None
    lost = _value(comparison.forgotten, PER_TOKEN[UNRELATED])
    if lost is None:
        return (
            "what the model has forgotten on unrelated prompts is not measured (autopilot.max_forgetting): set "
            "evaluate.forgetting to true and compare again"
        )
    if lost <= limits.max_forgetting:
        return None
    return (
        f"the model has forgotten {lost:.3g} nats a token on unrelated prompts (autopilot.max_forgetting is "
        f"{limits.max_forgetting:g})"
    )


def _length(comparison: Comparison, limits: Autopilot) -> str | None:
    after, base = _value(comparison.after, "length"), _value(comparison.base, "length")
    if after is None or not base:
        return "the lengths of the completions cannot be compared with the base's (autopilot.max_length_ratio)"
    ratio, most = after / base, limits.max_length_ratio
    if 1 / most <= ratio <= most:
        return None
    return f"completions are {ratio:.2f} times as long as the base's (autopilot.max_length_ratio is {most:g})"


def _diversity(comparison: Comparison, limits: Autopilot) -> str | None:
    """distinct-2 against the base's. Prompts whose completions have no pair of words have no distinct-2: if that holds for
    most of them, the few others are not a measure."""
    if limits.min_diversity == 0:
        return None
    off = "set autopilot.min_diversity to 0 to go on without it"
    after, base = comparison.after.get("distinct-2"), comparison.base.get("distinct-2")
    if base is None or not base.value > 0:
        return f"diversity cannot be measured: the base's completions have no pair of words; {off}"
    if after is None or not math.isfinite(after.value) or 2 * after.groups < base.groups:
        prompts = 0 if after is None else after.groups
        return (
            f"diversity cannot be measured: completions of {prompts} prompts have a pair of words, of the base's "
            f"{base.groups}, so most are a single word or empty; {off}"
        )
    ratio = after.value / base.value
    if ratio >= limits.min_diversity:
        return None
    return (
        f"diversity has fallen to {in_percent(ratio)} of the base's distinct-2 (autopilot.min_diversity is "
        f"{in_percent(limits.min_diversity)})"
    )


def _alike(comparison: Comparison, limits: Autopilot) -> str | None:
    """How different the completions of a prompt are, 1 − self-similarity, against the base's."""
    after, base = _value(comparison.after, "self-similarity"), _value(comparison.base, "self-similarity")
    if after is None or base is None or 1 - after >= limits.min_diversity * (1 - base):
        return None  # there is none with one completion a prompt
    return (
        f"completions of a prompt have become alike: self-similarity {in_percent(after)}, the base's is {in_percent(base)} "
        f"(autopilot.min_diversity is {in_percent(limits.min_diversity)})"
    )


def _entropy(comparison: Comparison, limits: Autopilot) -> str | None:
    after, base = _value(comparison.after, "entropy"), _value(comparison.base, "entropy")
    if after is None or not base or after >= limits.min_entropy * base:
        return None  # a base that is drawn greedily has no entropy
    fallen, least = in_percent(after / base), in_percent(limits.min_entropy)
    return f"entropy has fallen to {fallen} of the base's (autopilot.min_entropy is {least})"


def _value(metrics: Mapping[str, Interval], name: str) -> float | None:
    """A metric's value; None if it could not be computed: every comparison with a NaN is false."""
    interval = metrics.get(name)
    return None if interval is None or not math.isfinite(interval.value) else interval.value
