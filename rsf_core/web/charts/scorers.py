"""Figures of scorers: their scores, what people accept by score, correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from rsf_core.domain import scorer_ref
from rsf_core.domain.words import significant
from rsf_core.sampling.judging import Level
from rsf_core.web import palette
from rsf_core.web.charts.figure import Numbers, new_figure
from rsf_core.web.literal import figure_text


def scores(edges: Numbers, levels: Numbers, counts: Numbers, scorer: str) -> go.Figure:
    """How many candidates have which score: a bar for each of `levels` if there are any, else for each bin."""
    low, high = np.asarray(edges[:-1]), np.asarray(edges[1:])
    few = len(levels) > 0
    figure = new_figure(f"score of {scorer_ref.label(scorer)}", "candidates", 260)
    figure.add_bar(
        x=list(range(len(levels))) if few else ((low + high) / 2).tolist(),
        y=list(counts),
        width=0.5 if few else ((high - low) * 0.94).tolist(),
        marker_color=palette.ACCENT,
        customdata=[f"with {significant(level, 4)}" for level in levels]
        if few
        else [f"from {significant(start, 4)} to {significant(end, 4)}" for start, end in zip(low, high, strict=True)],
        hovertemplate="%{y:,} candidates %{customdata}<extra></extra>",
    )
    if few:
        labels = [significant(level, 4) for level in levels]
        figure.update_xaxes(tickvals=list(range(len(levels))), ticktext=labels, range=[-0.75, len(levels) - 0.25])
    figure.update_layout(hovermode="closest")
    return figure


def levels(groups: Sequence[Level], scorer: str) -> go.Figure:
    """The share that people accept, with its interval, by score."""
    figure = new_figure(f"score of {scorer_ref.label(scorer)}", "accepted by people (%)", 260)
    share = [100 * group.accepted.value for group in groups]
    known = [group.accepted.known for group in groups]
    up = [100 * group.accepted.high - y if k else 0 for group, y, k in zip(groups, share, known, strict=True)]
    down = [y - 100 * group.accepted.low if k else 0 for group, y, k in zip(groups, share, known, strict=True)]
    figure.add_scatter(
        x=[group.mean for group in groups],
        y=share,
        error_y={"type": "data", "array": up, "arrayminus": down, "symmetric": False, "thickness": 1.5},
        mode="lines+markers",
        line={"color": palette.ACCENT, "width": 1},
        marker={"size": 9},
        customdata=[
            [f"{significant(group.low, 4)} to {significant(group.high, 4)}", group.decisions] for group in groups
        ],
        hovertemplate="%{y:.0f} % of %{customdata[1]:,} decisions at %{customdata[0]}<extra></extra>",
    )
    figure.update_yaxes(range=[-4, 104])
    figure.update_layout(hovermode="closest", showlegend=False)
    return figure


def correlations(names: Sequence[str], matrix: NDArray[np.float64]) -> go.Figure:
    """Rank correlations of scorers with each other, the value in each cell; the upper half would repeat the lower."""
    shown = np.where(np.tri(len(names), dtype=bool), matrix, np.nan)
    labels = [figure_text(name if len(name) <= 32 else name[:31] + "…") for name in names]
    figure = new_figure("", "", 140 + 40 * len(names))
    figure.add_heatmap(
        x=list(range(len(names))),
        y=list(range(len(names))),
        z=[[None if np.isnan(value) else float(value) for value in row] for row in shown],
        zmin=-1,
        zmax=1,
        colorscale=[[0, palette.VIOLATED.color], [0.5, palette.REJECTED.color], [1, palette.ACCENT]],
        showscale=False,
        text=[["" if np.isnan(value) else f"{value:.2f}".replace("-", "−") for value in row] for row in shown],
        texttemplate="%{text}",
        hovertemplate="%{text}<extra></extra>",
    )
    ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": labels, "showgrid": False}
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(ticks, zeroline=False)
    figure.update_yaxes(ticks, autorange="reversed", zeroline=False)
    return figure
