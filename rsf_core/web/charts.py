"""The figures of the pages: one template, units on the axes, one meaning per colour."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from rsf_core.acceptance_view import AcceptanceView
from rsf_core.reports import Comparison
from rsf_core.web import palette

HEIGHT = 300
CONFIG = {"displayModeBar": False}


def _figure(x: str, y: str, height: int = HEIGHT) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        legend={"orientation": "h", "y": 1.14, "x": 0, "title": None},
        xaxis_title=x,
        yaxis_title=y,
        bargap=0.04,
        hovermode="x unified",
    )
    return figure


def ratio_histogram(view: AcceptanceView, log_m: float) -> go.Figure:
    """Candidates by log ratio, stacked by outcome, with M as a line."""
    edges = view.histogram.edges
    centres = ((edges[:-1] + edges[1:]) / 2).tolist()
    figure = _figure("log ratio ℓ of the candidate (nats)", "candidates")
    figure.update_layout(barmode="stack")
    for meaning, counts in (
        (palette.ACCEPTED, view.histogram.accepted),
        (palette.VIOLATED, view.histogram.violating),
        (palette.REJECTED, view.histogram.rejected),
    ):
        figure.add_bar(x=centres, y=counts.tolist(), name=meaning.word, marker_color=meaning.color)
    line = {"line_width": 2, "line_dash": "dash", "line_color": palette.MUTED}
    figure.add_vline(x=log_m, **line, annotation_text="log M", annotation_position="top")
    return figure


def prompt_rates(view: AcceptanceView) -> go.Figure:
    """How many prompts have which share of their candidates accepted."""
    figure = _figure("accepted of a prompt's candidates (%)", "prompts")
    figure.add_histogram(
        x=(100 * view.prompt_rates).tolist(),
        xbins={"start": 0, "end": 100.001, "size": 6.25},
        marker_color=palette.ACCEPTED.color,
        hovertemplate="%{y} prompts at %{x} %<extra></extra>",
    )
    figure.update_xaxes(range=[0, 100])
    return figure


def loss(steps: Sequence[int], losses: Sequence[float], total: int | None) -> go.Figure:
    """The training loss so far; the axis reaches to the last step, so that the curve grows into it."""
    figure = _figure("optimiser step", "loss (nats per token)", 260)
    figure.add_scatter(
        x=list(steps), y=list(losses), mode="lines+markers", line_color=palette.ACCENT, marker_size=4, name="loss"
    )
    if total:
        figure.update_xaxes(range=[0.5, max(total, max(steps, default=1)) + 0.5])
    figure.update_yaxes(rangemode="tozero")
    return figure


def gains(comparisons: Sequence[Comparison], metric: str, percent: bool) -> go.Figure:
    """The held-out metric of the base and of each round's model, with its 95 % interval."""
    scale = 100.0 if percent else 1.0
    first = comparisons[0]
    points = [("base" if first.before_id == "base" else first.before_id, first.before[metric])]
    points += [(f"round {found.round}", found.after[metric]) for found in comparisons]
    values = [point.value * scale for _, point in points]
    figure = _figure("", f"held-out {metric}" + (" (%)" if percent else ""), 280)
    figure.add_scatter(
        x=[name for name, _ in points],
        y=values,
        mode="lines+markers",
        line_color=palette.ACCENT,
        marker_size=9,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(p.high - p.value) * scale if p.known else 0 for _, p in points],
            "arrayminus": [(p.value - p.low) * scale if p.known else 0 for _, p in points],
            "thickness": 1.4,
            "width": 5,
        },
        hovertemplate="%{x}: %{y:.2f}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", showlegend=False)
    return figure
