"""What `rsf` prints of a comparison, as a person reads it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from rsf_core.commands import plain
from rsf_core.reports import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.terminal import comparison_table, status_panel


def printed(comparison: Comparison) -> list[str]:
    out = Console(file=StringIO(), width=100)
    out.print(comparison_table([plain(comparison)]))
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined]


def interval(value: float) -> dict[str, Interval]:
    return {"reward": Interval(value, value - 0.05, value + 0.05, 48)}


def test_a_random_control_is_one_line_with_what_selection_gained_over_it() -> None:
    plainly = Comparison(
        1,
        "base",
        "m1-1",
        interval(0.3),
        interval(0.3),
        interval(0.5),
        interval(0.2),
        interval(0.2),
        48,
        192,
        {},
        {},
        {},
    )
    assert not any("random control" in line for line in printed(plainly))
    controlled = Comparison(
        1, "base", "m1-1", interval(0.3), interval(0.3), interval(0.5), interval(0.2), interval(0.2), 48, 192,
        interval(0.32), interval(0.02), interval(0.18),
    )  # fmt: skip
    lines = printed(controlled)
    assert len(lines) == len(printed(plainly)) + 1
    (line,) = [line for line in lines if "random control" in line]
    assert line.split() == ["against", "a", "random", "control", "0.32", "0.50", "+0.18", "[0.13,", "0.23]"]


@pytest.mark.parametrize(
    "note", ["it has not reported for 2 min: cancel and resume it if that goes on", "[bold]no markup"]
)
def test_what_was_noticed_of_a_running_job_is_part_of_the_status(note: str) -> None:
    stage = {"stage": "score", "progress": "running", "detail": "running", "note": ""}
    found = {"task": "small", "round": 1, "proposal": "base", "stages": [stage], "problem": None}
    out = Console(file=StringIO(), width=100)
    out.print(status_panel(found | {"active": {"job_id": "r1-score-1", "note": note}}))
    out.print(status_panel(found | {"active": None}))
    assert f"r1-score-1: {note}" in " ".join(out.file.getvalue().split())  # type: ignore[attr-defined]
