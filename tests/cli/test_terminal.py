"""The comparison that `rsf` prints, as a person reads it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rsf_core.cli.terminal import comparison_table, projects_table, status_panel, target_text
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.project.commands import plain
from rsf_core.project.summary import Gain, Running, Summary
from rsf_core.project.workspace import Entry
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval


def printed(comparison: Comparison) -> list[str]:
    out = Console(file=StringIO(), width=100)
    out.print(comparison_table([plain(comparison)]))
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined]


def entry(name: str, **more: Any) -> Entry:
    changed = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=3)
    made = Entry(name, Path("/w") / name, "[b]task[/b]", "/models/tiny", changed, 1_234_567, None)
    return dataclasses.replace(made, **more)


def projects_printed(entries: list[Entry]) -> str:
    out = Console(file=StringIO(), width=120)
    out.print(projects_table(Path("/w"), entries))
    return str(out.file.getvalue())  # type: ignore[attr-defined]


def test_projects_are_a_row_each_with_what_goes_on_below() -> None:
    summary = Summary(2, "Start round 3", False, 12, Gain("reward", 2, 0.5, 0.25, 0.75))
    shown = projects_printed(
        [
            entry("[red]one[/red]", summary=summary, running=Running("r2-score-1", 0.5, "4 of 8 candidates", 30.0)),
            entry("two", held_by={"pid": 7, "host": "here", "what": "rsf run"}),
            entry("three", problem="project.toml: seed is not a number"),
        ]
    )
    rows = [line.split() for line in shown.splitlines()]
    assert rows[2][:8] == ["[red]one[/red]", "[b]task[/b]", "tiny", "2", "reward", "+0.50", "[0.25,", "0.75]"]
    assert rows[3][:5] == ["two", "[b]task[/b]", "tiny", "?", "–"] and rows[3][5:] == ["3", "h", "ago", "1.2", "MB"]
    assert "[red]one[/red] runs r2-score-1: 4 of 8 candidates · about 30 s left" in shown
    assert "two is open in rsf run (pid 7)" in shown and "three project.toml: seed is not a number" in shown
    assert "rsf init DIR --task NAME" in projects_printed([])


def test_projects_are_json_too() -> None:
    (entry_in_json,) = json.loads(json.dumps(plain([entry("one")])))
    assert (
        entry_in_json["folder"] == "/w/one"
        and entry_in_json["bytes"] == 1_234_567
        and entry_in_json["changed_at"].endswith("Z")
    )
    assert entry_in_json["summary"] is None


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

    unscored = dataclasses.replace(controlled, after={"length": Interval(9.0, 8.0, 10.0, 48)}, selection={})
    assert not any("random control" in line for line in printed(unscored))


@pytest.mark.parametrize(
    ("before_id", "before", "was"),
    [
        ("base", {}, "0"),
        ("m1-1", {PER_TOKEN["unrelated"]: Interval(0.0123, 0.01, 0.02, 40)}, "0.0123"),
        ("m1-1", {}, "?"),
    ],
)
def test_what_was_forgotten_is_shown_below_what_was_gained(
    before_id: str, before: dict[str, Interval], was: str
) -> None:
    gained = (before_id, "m2-1", interval(0.3), interval(0.3), interval(0.5), interval(0.2), interval(0.2), 48, 192)
    lost = {PER_TOKEN["unrelated"]: Interval(0.05126, 0.04, 0.0611, 40)}
    lines = printed(Comparison(2, *gained, forgotten=lost, forgotten_before=before))
    (line,) = [line for line in lines if "forgotten" in line]
    assert line.split() == ["forgotten", "a", "token,", "unrelated", was, "0.0513", "[0.04,", "0.0611]"]
    assert not any("forgotten" in line for line in printed(Comparison(2, *gained)))


@pytest.mark.parametrize(
    "note", ["it has not reported for 2 min: cancel and resume it if that continues", "[bold]no markup"]
)
def test_what_was_noticed_of_a_running_job_is_part_of_the_status(note: str) -> None:
    stage = {"stage": "score", "progress": "running", "detail": "running", "note": ""}
    status = {"task": "small", "round": 1, "proposal": "base", "stages": [stage], "problem": None}
    out = Console(file=StringIO(), width=100)
    out.print(status_panel(status | {"active": {"job_id": "r1-score-1", "note": note}}))
    out.print(status_panel(status | {"active": None}))
    assert f"r1-score-1: {note}" in " ".join(out.file.getvalue().split())  # type: ignore[attr-defined]


def test_a_scorers_options_are_shown_as_they_are_written() -> None:
    name = 'score: regex(pattern="[a-z]")'
    metric = {name: Interval(0.5, 0.4, 0.6, 48)}
    lines = printed(Comparison(1, "base", "m1-1", metric, metric, metric, metric, metric, 48, 192, {}, {}, {}))
    assert any(line.strip().startswith(f"{name} ") for line in lines)


def test_the_target_says_what_decides_the_round_and_every_version(tmp_path: Path) -> None:
    def version(number: int | None, changed: str, reason: str) -> dict[str, Any]:
        target_version = {"number": number, "what": "reward 1 × [s], β 1; close to the base model", "changed": changed}
        return target_version | {
            "reason": reason,
            "author": "ann",
            "created_at": "2026-11-29T10:00:00Z" if number else None,
        }

    target = {
        "versions": [version(None, "β 1 → 2", "changed in project.toml"), version(1, "", "[made]")],
        "round": 3,
        "decided_by": "no reward; close to the base model",
        "decided_by_this": False,
    }

    def shown(targets: dict[str, Any]) -> str:
        out = Console(file=StringIO(), width=300)
        out.print(target_text(targets, tmp_path))
        return str(out.file.getvalue())  # type: ignore[attr-defined]

    text = shown(target)
    assert "reward 1 × [s], β 1" in text and "was decided by another: no reward" in text
    assert f"rsf score {tmp_path}" in text and "not recorded yet" in text and "[made]" in text
    assert "2026-11-29 10:00" in text
    assert "was decided by it" in shown(target | {"decided_by_this": True})
    assert "not decided yet" in shown(target | {"decided_by": None})
