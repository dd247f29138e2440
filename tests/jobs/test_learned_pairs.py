"""The learn job's data from pairs that people compared and ranked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.jobs.work import learn as work


@pytest.mark.parametrize(("more", "weights"), [({"weight": [1.0, 0.6]}, [1.0, 0.6]), ({}, [1.0, 1.0])])
def test_pairs_have_their_stated_weight_and_count_once_in_jobs_from_before_rankings(
    more: dict[str, list[float]], weights: list[float]
) -> None:
    tables = {
        "candidates": pa.table({"round": [1, 1], "prompt_id": [7, 7], "k": [0, 1], "scores": [[1.0], [2.0]]}),
        "compared": pa.table({"left": [0, 1], "right": [1, 0], "preferred": [1.0, 0.5]} | more),
    }
    context: Any = SimpleNamespace(input=tables.__getitem__, spec=SimpleNamespace(others=("score",)))
    files: Any = SimpleNamespace(of=lambda names: np.array([[float(name[-1])] for name in names], np.float32))
    compared = work._compared(context, files, {7: 5})
    assert compared.weights.tolist() == weights and compared.prompts.tolist() == [5, 5]
    assert compared.left.hidden.ravel().tolist() == [0.0, 1.0] and compared.right.others.ravel().tolist() == [2.0, 1.0]
