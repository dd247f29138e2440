"""Estimates in words: a value with its interval."""

from __future__ import annotations

from rsf_core.domain.words import number, percent, significant, unit
from rsf_core.sampling.intervals import Interval


def interval(estimate: Interval | None, name: str, signed: bool = False) -> str:
    """value [low, high] of a metric with its unit; "no interval" if all prompts are equal or there is only one, so that the
    spread is unknown."""
    if estimate is None:
        return "–"
    value = f"{number(estimate.value, name, signed)} {unit(name)}".strip()
    if not estimate.known:
        return f"{value}  (no interval)"
    return f"{value}  [{number(estimate.low, name, signed)}, {number(estimate.high, name, signed)}]"


def beyond_chance(gain: Interval) -> bool:
    """Whether the limits of a gain exclude 0: only then does it have a sign, and an arrow."""
    return gain.known and not gain.low <= 0.0 <= gain.high


def limits(interval: Interval, unit: str = "", scale: float = 1.0) -> str:
    """value [low, high] of any estimate, to three digits."""
    value, low, high = (_three_digits(limit, scale) for limit in (interval.value, interval.low, interval.high))
    return f"{value}{unit}  [{low}, {high}]" if interval.known else f"{value}{unit}  (no interval)"


def _three_digits(value: float, scale: float) -> str:
    """value·scale to three digits; a share in percent (`scale` 100) has more if less than all would read as 100."""
    return percent(value) if scale == 100.0 and not 1e-6 <= abs(value) < 0.9995 else significant(value * scale)
