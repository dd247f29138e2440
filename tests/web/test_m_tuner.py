"""The data sent to the M tuner; test_javascript.py tests what it does with them."""

from __future__ import annotations

import numpy as np

from rsf_core.web.components.m_tuner import steps


def test_a_bin_is_described_by_how_many_fall_after_each_position() -> None:
    assert steps(np.array([[3, 3, 1, 0], [5, 5, 5, 5]])) == ",2,1;,,,5"


def test_a_bin_without_any_takes_no_room() -> None:
    assert steps(np.zeros((3, 481), np.int64)) == ";;"
