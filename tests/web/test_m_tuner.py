"""What the M tuner is sent is all that it draws."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.web.components.m_tuner import steps


def drawn(row: str, positions: int) -> list[int]:
    """As m_tuner.js reads a row."""
    falls, counts, left = row.split(","), [0] * positions, 0
    for g in reversed(range(positions)):
        left += int(falls[g] or 0) if g < len(falls) else 0
        counts[g] = left
    return counts


@pytest.mark.parametrize(
    "accepted",
    [
        [[3, 3, 1, 0]],
        [[0, 0, 0, 0], [5, 5, 5, 5]],  # nothing, and what people have accepted at every M
        [[10_000, 9_999, 2, 2], [1, 0, 0, 0], [0, 0, 0, 0]],
        np.sort(np.random.default_rng(0).integers(0, 5_000, (96, 481)), axis=1)[:, ::-1].tolist(),
    ],
)
def test_the_counts_of_every_bin_are_told_by_their_falls(accepted: list[list[int]]) -> None:
    rows = steps(np.array(accepted)).split(";")
    assert [drawn(row, len(accepted[0])) for row in rows] == accepted


def test_a_bin_without_any_takes_no_room() -> None:
    assert steps(np.zeros((3, 481), np.int64)) == ";;"
