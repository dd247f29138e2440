"""Tables of docs/STATISTICS.md are computed from the results file: means and the worst of the cells that share a value."""

from __future__ import annotations

import pytest

from tests.simulations.tables import table


def _row(prompts: int, share: float, coverage: float, sets: int = 500) -> dict[str, object]:
    cell = {"prompts": prompts, "share": share}
    return {"simulation": "shares", "cell": cell, "sets": sets, "coverage": coverage}


def test_cells_that_share_a_value_are_one_line_with_their_mean_and_the_worst() -> None:
    rows = [_row(20, 0.1, 0.94), _row(50, 0.1, 0.96), _row(20, 0.5, 0.95)]
    assert table(rows, "shares", ["share"])[2:] == ["| 0.1 | 2 | 0.95 (0.94 to 0.96) |", "| 0.5 | 1 | 0.95 |"]


def test_of_a_cell_that_was_run_twice_the_larger_run_counts() -> None:
    rows = [_row(20, 0.1, 0.90, sets=20), _row(20, 0.1, 0.94), _row(20, 0.1, 0.99, sets=50)]
    assert table(rows, "shares", ["share"])[2:] == ["| 0.1 | 1 | 0.94 |"]


def test_other_simulations_are_left_out_and_an_unknown_key_is_named() -> None:
    rows = [_row(20, 0.1, 0.94), {"simulation": "judges", "cell": {"slope": 1}, "sets": 9, "kappa": 0.9}]
    assert len(table(rows, "shares", ["prompts", "share"])) == 3
    with pytest.raises(ValueError, match="no width among prompts, share"):
        table(rows, "shares", ["width"])
