"""What `rsf` prints of a comparison, as a person reads it."""

from __future__ import annotations

import dataclasses
from io import StringIO

import pytest
from rich.console import Console

from rsf_core.cli.terminal import comparison_table, status_panel
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.project.commands import plain
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval


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
    filtered = dataclasses.replace(controlled, constraints=interval(0.4), beyond_constraints=interval(0.1))
    (line,) = [line for line in printed(filtered) if "constraints" in line]
    assert line.split() == ["against", "the", "constraints", "alone", "0.40", "0.50", "+0.10", "[0.05,", "0.15]"]


@pytest.mark.parametrize(
    ("before_id", "before", "was"),
    [
        ("base", {}, "0"),
        ("m1-1", {PER_TOKEN["unrelated"]: Interval(0.0123, 0.01, 0.02, 40)}, "0.0123"),
        ("m1-1", {}, "?"),
    ],
)
def test_what_was_forgotten_stands_below_what_was_gained(before_id: str, before: dict[str, Interval], was: str) -> None:
    gained = (before_id, "m2-1", interval(0.3), interval(0.3), interval(0.5), interval(0.2), interval(0.2), 48, 192)
    lost = {PER_TOKEN["unrelated"]: Interval(0.05126, 0.04, 0.0611, 40)}
    lines = printed(Comparison(2, *gained, forgotten=lost, forgotten_before=before))
    (line,) = [line for line in lines if "forgotten" in line]
    assert line.split() == ["forgotten", "a", "token,", "unrelated", was, "0.0513", "[0.04,", "0.0611]"]
    assert not any("forgotten" in line for line in printed(Comparison(2, *gained)))


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


def test_a_scorers_options_are_shown_as_they_are_written() -> None:
    name = 'score: regex(pattern="[a-z]")'
    metric = {name: Interval(0.5, 0.4, 0.6, 48)}
    lines = printed(Comparison(1, "base", "m1-1", metric, metric, metric, metric, metric, 48, 192, {}, {}, {}))
    assert any(line.strip().startswith(f"{name} ") for line in lines)
