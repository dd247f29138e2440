"""Figures of learning: a training metric by step, and the AUC by the number of decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from rsf_core.learning.report import Point
from rsf_core.web import palette
from rsf_core.web.charts.figure import new_figure


def training(label: str, train: Mapping[int, float], held_out: Mapping[int, float], total: int | None) -> go.Figure:
    """A training metric so far, by step, and for the loss also that of the held-out part after each epoch. With `total`
    the axis reaches to the last step, so that the curve grows into it."""
    figure = new_figure("optimiser step", label, 260)
    steps = sorted(train)
    figure.add_scatter(
        x=np.array(steps),  # Plotly looks at each value of a list, many times
        y=np.array([train[s] for s in steps], np.float64),
        mode="lines+markers",
        line_color=palette.ACCENT,
        marker_size=4,
        name="training",
    )
    if held_out:
        judged = sorted(held_out)
        figure.add_scatter(
            x=judged,
            y=[held_out[s] for s in judged],
            mode="lines+markers",
            line={"color": palette.OVERRIDDEN.color, "dash": "dot"},
            name="held-out part",
        )
    last = max(total or 0, *steps)
    if total:
        figure.update_xaxes(range=[0.5, last + 0.5])
    if last <= 10:  # no tick between two steps
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(rangemode="tozero")
    return figure


def learning_curve(points: Sequence[Point]) -> go.Figure:
    """The AUC on unseen prompts, by the number of decisions learned from; 0.5 is chance."""
    figure = new_figure("decisions learned from", "AUC on unseen prompts", 260)
    figure.add_scatter(
        x=[point.decisions for point in points],
        y=[point.auc for point in points],
        error_y={"array": [point.deviation for point in points], "color": palette.ACCENT},
        mode="lines+markers",
        marker_color=palette.ACCENT,
        hovertemplate="%{x:,} decisions: AUC %{y:.2f}<extra></extra>",
    )
    figure.add_hline(y=0.5, line_dash="dot", annotation_text="chance")
    figure.update_layout(hovermode="closest")
    return figure
