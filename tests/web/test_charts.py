"""Figures: settings that replace plotly's defaults."""

from __future__ import annotations

import numpy as np

from rsf_core.acceptance.outcomes import Outcomes
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.web import charts


def test_the_axis_of_the_share_accepted_has_ticks_of_its_own() -> None:
    counts = np.array([540, 20, 11, 9])
    figure = charts.outcomes(Outcomes(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), counts, counts, counts), "score")
    axis = figure.layout.yaxis2
    assert (axis.tickmode, axis.tick0 or 0, axis.dtick, tuple(axis.range)) == ("linear", 0, 25, (0, 100))


def test_a_base_that_was_not_measured_in_a_metric_has_no_point_among_the_gains() -> None:
    """For example "reward, ended" for a base whose completions are all truncated."""
    length, reward = Interval(9.0, 8.0, 10.0, 4), Interval(0.5, 0.25, 0.75, 4)
    base, tuned = {"length": length}, {"length": length, "reward, ended": reward}
    comparison = Comparison(
        round=1,
        before_id="base",
        after_id="m1-1",
        base=base,
        before=base,
        after=tuned,
        gain={},
        gain_over_base={},
        prompts=4,
        completions=8,
    )
    for metric, places in (("reward, ended", (1.0,)), ("length", (0.0, 1.0))):
        (line,) = charts.gains([comparison], metric, percent=False).data
        assert tuple(line.x) == places, metric
        assert tuple(line.customdata) == ("base", "round 1")[-len(places) :], metric
