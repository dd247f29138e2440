"""Figures of a round's candidates and of its prompts: outcomes, the effect of another target, rates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from rsf_core.acceptance.outcomes import Density, Outcomes
from rsf_core.acceptance.preview import Shifts
from rsf_core.web import palette
from rsf_core.web.charts.figure import Numbers, new_figure
from rsf_core.web.literal import figure_text

RATE_EDGES = (*(100 * i / 16 for i in range(16)), 100.001)


def outcomes(binned: Outcomes, x: str) -> go.Figure:
    """Candidates by some value, stacked by outcome, with the share accepted as a line on its own axis."""
    centres, widths = (binned.edges[:-1] + binned.edges[1:]) / 2, np.diff(binned.edges)
    figure = new_figure(x, "candidates")
    figure.update_layout(
        barmode="stack",
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "range": [0, 100],
            "tickmode": "linear",  # the default is at the ticks of the other axis, such as 17.6 and 35.1
            "dtick": 25,
            "title": "accepted (%)",
            "showgrid": False,
        },
    )
    for meaning, counts in (
        (palette.ACCEPTED, binned.accepted),
        (palette.REJECTED, binned.rejected),
        (palette.TRUNCATED, binned.truncated),
    ):
        if counts.any():
            figure.add_bar(
                x=centres.tolist(),
                y=counts.tolist(),
                width=(widths * 0.96).tolist(),
                name=meaning.word,
                marker_color=meaning.color,
            )
    figure.add_scatter(
        x=centres.tolist(),
        y=(100 * binned.rate).tolist(),
        yaxis="y2",
        name="share accepted",
        mode="lines+markers",
        line={"color": palette.MUTED, "width": 1.5},
        marker={"size": 4},
        hovertemplate="%{y:.1f} %<extra>share accepted</extra>",
    )
    return figure


def shifts(binned: Shifts, x: str) -> go.Figure:
    """Candidates by some value, stacked by what another target would change for them: hatched is what changes."""
    centres, widths = (binned.edges[:-1] + binned.edges[1:]) / 2, np.diff(binned.edges)
    figure = new_figure(x, "candidates", 300)
    figure.update_layout(barmode="stack")
    for counts, name, color, hatch in (
        (binned.kept, "stays accepted", palette.ACCEPTED.color, ""),
        (binned.gained, "newly accepted", palette.ACCEPTED.color, "/"),
        (binned.lost, "no longer accepted", palette.REJECTED.color, "x"),
        (binned.rejected, "stays rejected", palette.REJECTED.color, ""),
    ):
        if counts.any():
            figure.add_bar(
                x=centres.tolist(),
                y=counts.tolist(),
                width=(widths * 0.96).tolist(),
                name=name,
                marker={"color": color, "pattern": {"shape": hatch, "size": 6, "solidity": 0.5}},
            )
    figure.update_layout(legend={"traceorder": "normal", "yanchor": "bottom", "y": 1.02}, margin_t=56)
    return figure


def density(curve: Density) -> go.Figure:
    """ℓ against length: darker where there are more candidates; the share accepted on hover."""
    figure = new_figure("length (tokens)", "log ratio ℓ (nats)", 360)
    figure.add_heatmap(
        x=((curve.tokens[:-1] + curve.tokens[1:]) / 2).tolist(),
        y=((curve.log_ratio[:-1] + curve.log_ratio[1:]) / 2).tolist(),
        z=np.where(curve.count > 0, np.log10(np.maximum(curve.count, 1)) + 0.25, np.nan).tolist(),
        customdata=np.stack([curve.count, 100 * curve.rate], axis=-1).tolist(),
        colorscale=[[0, palette.faded(palette.ACCEPTED.color, 0.3)], [1, palette.faded(palette.ACCEPTED.color, 1)]],
        showscale=False,
        hovertemplate="%{x:.0f} tokens, ℓ %{y:.2f}<br>%{customdata[0]:,} candidates, "
        "%{customdata[1]:.0f} % accepted<extra></extra>",
    )
    # a box can only be drawn over points: an invisible one in each cell that holds candidates
    rows, columns = np.nonzero(curve.count)
    figure.add_scatter(
        x=((curve.tokens[:-1] + curve.tokens[1:]) / 2)[columns].tolist(),
        y=((curve.log_ratio[:-1] + curve.log_ratio[1:]) / 2)[rows].tolist(),
        mode="markers",
        marker={"opacity": 0, "size": 9},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(hovermode="closest", dragmode="select")
    return figure


def prompt_rates(rates: Numbers) -> go.Figure:
    """How many prompts have which share of their candidates accepted."""
    counts, edges = np.histogram(np.asarray(rates) * 100, RATE_EDGES)
    figure = new_figure("accepted of a prompt's candidates (%)", "prompts")
    figure.add_bar(
        x=((edges[:-1] + edges[1:]) / 2).tolist(),
        y=counts.tolist(),
        width=(np.diff(edges) * 0.94).tolist(),
        marker_color=palette.ACCEPTED.color,
        customdata=[f"{low:g}–{high:g} %" for low, high in pairwise(edges)],
        hovertemplate="%{y:,} prompts with %{customdata} accepted<extra></extra>",
    )
    figure.update_layout(hovermode="closest", dragmode="select")
    figure.update_xaxes(range=[0, 100])
    return figure


def shares(here: Numbers, other: Numbers, names: tuple[str, str]) -> go.Figure:
    """Each prompt's share of the accepted data, largest first, under the two scopes of M."""
    figure = new_figure("prompts, the largest share first", "share of the accepted data (%)", 260)
    for values, name, color, dash in (
        (here, names[0], palette.ACCENT, "solid"),
        (other, names[1], palette.MUTED, "dot"),
    ):
        ranked = 100 * np.sort(np.asarray(values))[::-1]
        shown = np.unique(np.linspace(0, len(ranked) - 1, 400).astype(int))
        figure.add_scatter(
            x=(shown + 1).tolist(),
            y=ranked[shown].tolist(),
            name=figure_text(name),
            mode="lines",
            line={"color": color, "dash": dash},
        )
    figure.update_yaxes(rangemode="tozero")
    return figure


def overruled(bins: Sequence[tuple[float, float, int, int]]) -> go.Figure:
    """The share of decided candidates on which people overruled the rule, by p_accept: (low, high, decided, overruled)."""
    figure = new_figure("p_accept", "overruled (%)", 260)
    shown = [(low, high, decided, over) for low, high, decided, over in bins if decided]
    figure.add_bar(
        x=[(low + high) / 2 for low, high, _, _ in shown],
        y=[100 * over / decided for _, _, decided, over in shown],
        width=0.09,
        marker_color=palette.OVERRIDDEN.color,
        customdata=[[low, high, over, decided] for low, high, decided, over in shown],
        hovertemplate="p_accept %{customdata[0]:.1f} to %{customdata[1]:.1f}: "
        "%{customdata[2]} of %{customdata[3]}<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(hovermode="closest")
    return figure
