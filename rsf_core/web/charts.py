"""The figures of the pages: one template, units on the axes, one meaning per colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from rsf_core.acceptance.outcomes import Density, Outcomes
from rsf_core.acceptance.preview import Shifts
from rsf_core.domain import scorer_ref
from rsf_core.domain.words import significant
from rsf_core.learning.report import Point
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.judging import Level
from rsf_core.web import palette
from rsf_core.web.literal import figure_text

Numbers = Sequence[float] | NDArray[np.float64]

HEIGHT = 300
RATE_EDGES = (*(100 * i / 16 for i in range(16)), 100.001)
BANDS = ("none accepted", "up to ¼", "between", "¾ or more", "all accepted")
BESIDE = 0.025  # of the chart's width: the distance of a control from the model it is compared with
CONFIG: dict[str, Any] = {"displayModeBar": False}


def _figure(x: str, y: str, height: int = HEIGHT) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 28, "b": 8},
        legend={"orientation": "h", "y": 1.14, "x": 0, "title": None},
        xaxis_title=figure_text(x),
        yaxis_title=figure_text(y),
        bargap=0.04,
        hovermode="x unified",
    )
    return figure


class Box(NamedTuple):
    """What was brushed: a range on each axis."""

    x: tuple[float, float]
    y: tuple[float, float]


def box(event: Any) -> Box | None:
    """The box drawn on a figure, or None."""
    if not event.selection.box:
        return None
    drawn = event.selection.box[-1]
    return Box((min(drawn["x"]), max(drawn["x"])), (min(drawn["y"]), max(drawn["y"])))


def chosen_bars(event: Any, edges: Numbers) -> tuple[float, float] | None:
    """The range of values under the bars that were clicked or brushed, whole bars only; None if there are none."""
    points = [point["point_index"] for point in event.selection.points]
    return (float(edges[min(points)]), float(edges[max(points) + 1])) if points else None


def outcomes(binned: Outcomes, x: str) -> go.Figure:
    """Candidates by some value, stacked by outcome, with the share accepted as a line on its own axis."""
    centres, widths = (binned.edges[:-1] + binned.edges[1:]) / 2, np.diff(binned.edges)
    figure = _figure(x, "candidates")
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
    figure = _figure(x, "candidates", 300)
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
    figure = _figure("length (tokens)", "log ratio ℓ (nats)", 360)
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
    figure = _figure("accepted of a prompt's candidates (%)", "prompts")
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


def bands(names: Sequence[str], counts: Sequence[Sequence[int]]) -> go.Figure:
    """Each round's prompts as a bar of shares, from those with none accepted to those with all; each part is labelled with
    its band and its count. `counts` has one row a round, in the order of `names`."""
    figure = _figure("prompts of the round (%)", "", 160 + 34 * len(names))  # on a phone the legend has three lines
    for place, (word, color) in enumerate(zip(BANDS, palette.SHARES, strict=True)):
        shown = [100 * row[place] / max(sum(row), 1) for row in counts]
        figure.add_bar(
            y=list(names),
            x=shown,
            orientation="h",
            name=word,
            marker_color=color,
            text=[f"{word} {row[place]:,}" if share >= 8 else "" for row, share in zip(counts, shown, strict=True)],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": palette.ON_COLOR if place == len(BANDS) - 1 else palette.ON_VIOLATED},
            customdata=[row[place] for row in counts],
            hovertemplate=f"%{{customdata:,}} prompts, %{{x:.0f}} %<extra>{word}</extra>",
        )
    figure.update_layout(barmode="stack", hovermode="closest", bargap=0.25, margin_t=44)
    figure.update_layout(legend={"traceorder": "normal", "yanchor": "bottom", "y": 1.02})
    figure.update_xaxes(range=[0, 100])
    figure.update_yaxes(type="category", autorange="reversed")
    return figure


def shares(here: Numbers, other: Numbers, names: tuple[str, str]) -> go.Figure:
    """Each prompt's share of the accepted data, largest first, under the two scopes of M."""
    figure = _figure("prompts, the largest share first", "share of the accepted data (%)", 260)
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


def rounds(rates: Sequence[tuple[str, float, float]]) -> go.Figure:
    """The acceptance rate of each round: by the rule alone, and with the overrides (name, automatic, effective)."""
    figure = _figure("", "accepted (%)", 260)
    names = [figure_text(name) for name, _, _ in rates]
    figure.add_bar(x=names, y=[100 * a for _, a, _ in rates], name="by the rule", marker_color=palette.REJECTED.color)
    figure.add_bar(
        x=names, y=[100 * e for _, _, e in rates], name="with overrides", marker_color=palette.ACCEPTED.color
    )
    figure.update_traces(hovertemplate="%{x}: %{y:.1f} %<extra>%{fullData.name}</extra>")
    figure.update_layout(hovermode="closest", barmode="group", bargap=0.4)
    return figure


def overruled(bins: Sequence[tuple[float, float, int, int]]) -> go.Figure:
    """The share of decided candidates on which people overruled the rule, by p_accept: (low, high, decided, overruled)."""
    figure = _figure("p_accept", "overruled (%)", 260)
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


def training(label: str, train: Mapping[int, float], held_out: Mapping[int, float], total: int | None) -> go.Figure:
    """A training metric so far, by step, and for the loss also that of the held-out part after each epoch. With `total`
    the axis reaches to the last step, so that the curve grows into it."""
    figure = _figure("optimiser step", label, 260)
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


def gains(comparisons: Sequence[Comparison], metric: str, percent: bool) -> go.Figure:
    """The held-out metric of the base and of each round's model with its 95 % interval, and of the random controls."""
    scale = 100.0 if percent else 1.0
    comparisons = [comparison for comparison in comparisons if metric in comparison.after]  # other targets have others
    first = comparisons[0]
    labels = [first.before_id, *(f"round {comparison.round}" for comparison in comparisons)]
    measured = [first.before.get(metric), *(comparison.after[metric] for comparison in comparisons)]
    # A base that never ends has no "reward, ended".
    points = [(float(i), m) for i, m in enumerate(measured) if m is not None]
    figure = _figure("", f"held-out {metric}" + (" (%)" if percent else ""), 280)
    figure.update_xaxes(tickvals=list(range(len(labels))), ticktext=list(map(figure_text, labels)), zeroline=False)
    _add_intervals(
        figure, points, labels, scale, "tuned", mode="lines+markers", line_color=palette.ACCENT, marker_size=9
    )
    shown = False
    aside = min(BESIDE * len(comparisons), 0.25)  # rounds are 1 apart
    for times, (name, symbol, of) in enumerate(
        (("random control", "diamond-open", "control"), ("constraints only", "square-open", "constraints")), 1
    ):
        metrics = [(i + times * aside, getattr(comparison, of)) for i, comparison in enumerate(comparisons, 1)]
        controls = [(place, of_round[metric]) for place, of_round in metrics if metric in of_round]
        if controls:
            look = {"color": palette.MUTED, "size": 10, "symbol": symbol}
            _add_intervals(figure, controls, labels, scale, name, mode="markers", marker=look)
            shown = True
    figure.update_layout(hovermode="closest", showlegend=shown)
    return figure


def _add_intervals(
    figure: go.Figure,
    points: Sequence[tuple[float, Interval]],
    labels: Sequence[str],
    scale: float,
    name: str,
    **look: Any,
) -> None:
    """Points with their 95 % intervals, if known, at the place of their label or a little beside it."""
    figure.add_scatter(
        x=[place for place, _ in points],
        customdata=[figure_text(labels[int(place)]) for place, _ in points],
        y=[point.value * scale for _, point in points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(p.high - p.value) * scale if p.known else 0 for _, p in points],
            "arrayminus": [(p.value - p.low) * scale if p.known else 0 for _, p in points],
            "thickness": 1.4,
            "width": 5,
        },
        name=figure_text(name),
        hovertemplate="%{customdata}: %{y:.2f}<extra>%{fullData.name}</extra>",
        **look,
    )


def scores(edges: Numbers, levels: Numbers, counts: Numbers, scorer: str) -> go.Figure:
    """How many candidates have which score: a bar for each of `levels` if there are any, else for each bin."""
    low, high = np.asarray(edges[:-1]), np.asarray(edges[1:])
    few = len(levels) > 0
    figure = _figure(f"score of {scorer_ref.shown(scorer)}", "candidates", 260)
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
    figure = _figure(f"score of {scorer_ref.shown(scorer)}", "accepted by people (%)", 260)
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


def learning_curve(points: Sequence[Point]) -> go.Figure:
    """The AUC on unseen prompts, by the number of decisions learned from; 0.5 is chance."""
    figure = _figure("decisions learned from", "AUC on unseen prompts", 260)
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


def correlations(names: Sequence[str], matrix: NDArray[np.float64]) -> go.Figure:
    """Rank correlations of scorers with each other, the value in each cell; the upper half would repeat the lower."""
    shown = np.where(np.tri(len(names), dtype=bool), matrix, np.nan)
    labels = [figure_text(name if len(name) <= 32 else name[:31] + "…") for name in names]
    figure = _figure("", "", 140 + 40 * len(names))
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
