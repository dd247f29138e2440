"""Where the target has no constraint, no figure says how many completions meet them: page, command and JSON say that there are
none."""

from __future__ import annotations

import dataclasses
from io import StringIO

import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest

from rsf_core.cli.terminal import comparison_table
from rsf_core.evaluation.metrics import CONSTRAINTS_MET
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.rounds.comparisons import BY_METRIC
from rsf_core.web import session
from tests.support.pages import page_of, words_of

NONE = f"{CONSTRAINTS_MET} (the target has none)"


def row(app: AppTest, metric: str) -> dict[str, str]:
    """The row of a metric in the first table that has it."""
    for table in app.dataframe:
        rows = table.value.to_dict("records")
        for one in rows:
            if one.get("metric") == metric:
                return {str(name): str(value) for name, value in one.items()}
    raise AssertionError(f"no table has {metric}")


def test_a_target_without_a_constraint(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = complete.comparison(1)
    assert comparison is not None and not comparison.has_constraints
    assert all(CONSTRAINTS_MET not in getattr(comparison, name) for name in BY_METRIC)
    (shown,) = execute(complete, "comparisons", {})
    assert shown["after"][CONSTRAINTS_MET] is None is shown["gain"][CONSTRAINTS_MET] and shown["control"] == {}
    assert shown["after"]["reward"] is not None

    printed = StringIO()
    Console(file=printed, width=100).print(comparison_table([shown]))
    (line,) = [line for line in printed.getvalue().splitlines() if CONSTRAINTS_MET in line]
    assert line.split() == ["constraints", "met", "%", "–", "none", "–", "–"]

    monkeypatch.setattr(session, "_project", complete)
    train = page_of("train")
    assert row(train, NONE) == {"metric": NONE} | dict.fromkeys(("before", "after", "gain", "gain over the base"), "–")
    for ways in ({"show": "Lineage"}, {"show": "Compare"}):
        models = page_of("models", **ways)
        assert "Constraints met: the target has no constraint." in words_of(models)
        assert all(CONSTRAINTS_MET not in table.value.to_string() for table in models.dataframe)


def test_a_target_with_a_constraint_has_its_share_alone(complete: Project) -> None:
    comparison = complete.comparison(1)
    assert comparison is not None
    met = comparison.after | {CONSTRAINTS_MET: comparison.after["truncated"]}
    constrained = dataclasses.replace(comparison, after=met, has_constraints=True)
    assert constrained.rows == {name: name for name in met}
    assert comparison.rows == {name: name for name in comparison.after} | {CONSTRAINTS_MET: NONE}
