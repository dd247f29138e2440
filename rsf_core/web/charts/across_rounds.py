"""Figures that compare rounds: rates, prompts by their share accepted, gains on held-out prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.web import palette
from rsf_core.web.charts.figure import new_figure
from rsf_core.web.literal import figure_text

BANDS = ("none accepted", "up to ¼", "between", "¾ or more", "all accepted")
BESIDE = 0.025  # of the chart's width: the distance of a control from the model it is compared with


def bands(names: Sequence[str], counts: Sequence[Sequence[int]]) -> go.Figure:
    """Each round's prompts as a bar of shares, from those with none accepted to those with all; each part is labelled with
    its band and its count. `counts` has one row a round, in the order of `names`."""
    figure = new_figure("prompts of the round (%)", "", 160 + 34 * len(names))  # on a phone the legend has three lines
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


def rounds(rates: Sequence[tuple[str, float, float]]) -> go.Figure:
    """The acceptance rate of each round: by the rule alone, and with the overrides (name, automatic, effective)."""
    figure = new_figure("", "accepted (%)", 260)
    names = [figure_text(name) for name, _, _ in rates]
    figure.add_bar(x=names, y=[100 * a for _, a, _ in rates], name="by the rule", marker_color=palette.REJECTED.color)
    figure.add_bar(
        x=names, y=[100 * e for _, _, e in rates], name="with overrides", marker_color=palette.ACCEPTED.color
    )
    figure.update_traces(hovertemplate="%{x}: %{y:.1f} %<extra>%{fullData.name}</extra>")
    figure.update_layout(hovermode="closest", barmode="group", bargap=0.4)
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
    figure = new_figure("", f"held-out {metric}" + (" (%)" if percent else ""), 280)
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
