"""Estimates as the pages write them."""

from __future__ import annotations

import math

import pytest

from rsf_core.sampling.intervals import Interval
from rsf_core.web import estimates


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "scale", "text"),
    [
        (0.0123, 0.001, 0.9, " %", 100.0, "1.23 %  [0.1, 90]"),
        (0.99, 0.95, 0.99996, " %", 100.0, "99 %  [95, 99.996]"),
        (1.0, 0.963, 1.0, " %", 100.0, "100 %  [96.3, 100]"),
        (1e-17, 0.0, 0.0004, " %", 100.0, "0 %  [0, 0.04]"),
        (0.04, 2.3e-9, 0.996, " %", 100.0, "4 %  [0, 99.6]"),
        (1234.5, -0.02, 12345.0, " nats", 1.0, "1,234 nats  [-0.02, 12,345]"),
        (0.5, -math.inf, math.inf, "", 1.0, "0.5  (no interval)"),
    ],
)
def test_limits_have_three_digits_and_are_0_or_100_percent_only_where_they_are(
    value: float, low: float, high: float, unit: str, scale: float, text: str
) -> None:
    assert estimates.limits(Interval(value, low, high, 9), unit, scale) == text


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.01, 0.2, True), (-0.2, -0.01, True), (-0.1, 0.2, False), (0.0, 0.2, False), (-math.inf, math.inf, False)],
)
def test_a_gain_has_an_arrow_only_where_chance_does_not_explain_it(low: float, high: float, shown: bool) -> None:
    assert estimates.beyond_chance(Interval(0.05, low, high, 9)) is shown


def test_an_interval_of_a_metric_has_its_unit() -> None:
    shown = {
        name: estimates.interval(Interval(0.5, 0.25, 0.75, 9), name, signed=True)
        for name in ("pass@1", "KL to base", "reward")
    }
    assert shown == {
        "pass@1": "+50.0 %  [+25.0, +75.0]",
        "KL to base": "+0.50 nats  [+0.25, +0.75]",
        "reward": "+0.50  [+0.25, +0.75]",
    }
