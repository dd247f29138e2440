"""Figures: what plotly would do otherwise by itself."""

from __future__ import annotations

import numpy as np

from rsf_core.acceptance.outcomes import Outcomes
from rsf_core.web import charts


def test_the_axis_of_the_share_accepted_has_ticks_of_its_own() -> None:
    counts = np.array([540, 20, 11, 9])
    figure = charts.outcomes(Outcomes(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), counts, counts, counts), "score")
    axis = figure.layout.yaxis2
    assert (axis.tickmode, axis.tick0 or 0, axis.dtick, tuple(axis.range)) == ("linear", 0, 25, (0, 100))
