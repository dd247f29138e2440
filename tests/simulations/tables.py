"""The results of a simulation as Markdown: the figures of cells that share a value, with their mean and range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def table(rows: Iterable[Row], simulation: str, by: Sequence[str]) -> list[str]:
    """A line for each combination of the values of `by`, in the order of the file: the number of cells, the mean of each
    figure, and its minimum and maximum if cells differ. If a cell was run with several numbers of data sets, the largest run
    counts. Raises ValueError if the cells lack a key."""
    chosen = _largest_runs(row for row in rows if row["simulation"] == simulation)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in chosen:
        if missing := [key for key in by if key not in row["cell"]]:
            raise ValueError(f"{simulation}: no {', '.join(missing)} among {', '.join(row['cell'])}")
        groups.setdefault(tuple(row["cell"][key] for key in by), []).append(row)
    figures = list(dict.fromkeys(name for row in chosen for name in row if name not in ("simulation", "cell", "sets")))
    lines = [_line([*by, "cells", *figures]), "|" + "---|" * (len(by) + 1 + len(figures))]
    for values, group in groups.items():
        columns = ([row[name] for row in group if name in row] for name in figures)
        lines.append(_line([*map(str, values), str(len(group)), *map(_spread, columns)]))
    return lines


def _largest_runs(rows: Iterable[Row]) -> list[Row]:
    largest: dict[str, Row] = {}
    for row in rows:
        key = repr(sorted(row["cell"].items()))
        if key not in largest or row["sets"] > largest[key]["sets"]:
            largest[key] = row
    return list(largest.values())


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean, least, most = sum(values) / len(values), min(values), max(values)
    return f"{mean:.3g}" if least == most else f"{mean:.3g} ({least:.3g} to {most:.3g})"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
