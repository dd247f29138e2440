"""What all figures share: their template, and what a person selects in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from rsf_core.web.literal import figure_text

Numbers = Sequence[float] | NDArray[np.float64]
HEIGHT = 300
CONFIG: dict[str, Any] = {"displayModeBar": False}


def new_figure(x: str, y: str, height: int = HEIGHT) -> go.Figure:
    """An empty figure of the pages, with titles of its axes."""
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
