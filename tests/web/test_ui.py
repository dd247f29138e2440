"""The elements that every page uses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from rsf_core.domain import JobState
from rsf_core.project import Project
from rsf_core.review.filters import Order, View
from rsf_core.review.what_next import EndOfQueue, suggestions
from rsf_core.sampling.intervals import Interval
from rsf_core.web import scorer_parts, session, ui
from tests.support import specs


@pytest.mark.parametrize("name", ["page", "round", "self", "query", "query_params"])
def test_an_address_may_hold_any_parameter_on_the_way_to_a_page(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    gone: list[dict[str, Any]] = []
    monkeypatch.setattr(session, "query", lambda: {"project": "p"})
    monkeypatch.setattr(st, "switch_page", lambda path, query_params: gone.append(query_params))
    ui.go("overview", **{name: "3"})
    assert gone == [{"project": "p", name: "3"}]


def test_the_end_of_a_queue_leads_to_a_part_of_scorers_that_is_there() -> None:
    (suggestion,) = suggestions(EndOfQueue(View.PENDING, False, Order.BOUNDARY, 0, 0, 0, 50, 1_000, learnable=3))
    assert suggestion.page == "scorers" and suggestion.query["show"] in scorer_parts.WAYS


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "scale", "text"),
    [
        (0.0123, 0.001, 0.9, " %", 100.0, "1.23 %  [0.1, 90]"),
        (0.99, 0.95, 0.99996, " %", 100.0, "99 %  [95, 99.996]"),
        (1.0, 0.963, 1.0, " %", 100.0, "100 %  [96.3, 100]"),
        (1e-17, 0.0, 0.0004, " %", 100.0, "0 %  [0, 0.04]"),
        (0.04, 2.3e-9, 0.996, " %", 100.0, "4 %  [0, 99.6]"),
        (1234.5, -0.02, 12345.0, " nats", 1.0, "1,234 nats  [-0.02, 12,345]"),
        (0.5, -math.inf, math.inf, "", 1.0, "0.5  (no interval)"),
    ],
)
def test_limits_have_three_digits_and_are_0_or_100_percent_only_where_they_are(
    value: float, low: float, high: float, unit: str, scale: float, text: str
) -> None:
    assert ui.limits(Interval(value, low, high, 9), unit, scale) == text


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.01, 0.2, True), (-0.2, -0.01, True), (-0.1, 0.2, False), (0.0, 0.2, False), (-math.inf, math.inf, False)],
)
def test_a_gain_has_an_arrow_only_where_chance_does_not_explain_it(low: float, high: float, shown: bool) -> None:
    assert ui.beyond_chance(Interval(0.05, low, high, 9)) is shown


def test_an_interval_of_a_metric_has_its_unit() -> None:
    shown = {
        name: ui.interval(Interval(0.5, 0.25, 0.75, 9), name, signed=True)
        for name in ("pass@1", "KL to base", "reward")
    }
    assert shown == {
        "pass@1": "+50.0 %  [+25.0, +75.0]",
        "KL to base": "+0.50 nats  [+0.25, +0.75]",
        "reward": "+0.50  [+0.25, +0.75]",
    }


def test_a_job_that_started_and_ended_between_two_looks_is_seen(tmp_path: Path, small_task: Path) -> None:
    with Project.create(tmp_path / "p", str(small_task)) as project:
        project.supervisor.stop()  # so that no job starts
        idle = ui.activity(project)
        assert idle == ui.Activity((), "", 0)
        project.store.add_job("r1-generate-1", specs.generate(), ())
        queued = ui.activity(project)
        project.store.add_job_event("r1-generate-1", JobState.RUNNING, "")
        assert queued.jobs == ("r1-generate-1",) and ui.activity(project) == queued  # the job's own card shows this
        project.store.add_job_event("r1-generate-1", JobState.DONE, "done")
        ended = ui.activity(project)
        assert (ended.jobs, ended.autopilot) == (idle.jobs, idle.autopilot) and ended != idle
