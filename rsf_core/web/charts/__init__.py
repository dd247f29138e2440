"""The figures of the pages, by subject: one template, units on the axes, one meaning per colour."""

from rsf_core.web.charts.across_rounds import bands, gains, rounds
from rsf_core.web.charts.candidates import RATE_EDGES, density, outcomes, overruled, prompt_rates, shares, shifts
from rsf_core.web.charts.figure import CONFIG, box, chosen_bars
from rsf_core.web.charts.learning import learning_curve, training
from rsf_core.web.charts.scorers import correlations, levels, scores

__all__ = [
    "CONFIG",
    "RATE_EDGES",
    "bands",
    "box",
    "chosen_bars",
    "correlations",
    "density",
    "gains",
    "learning_curve",
    "levels",
    "outcomes",
    "overruled",
    "prompt_rates",
    "rounds",
    "scores",
    "shares",
    "shifts",
    "training",
]
