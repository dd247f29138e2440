"""What the Acceptance page draws agrees with the store's own decisions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rsf_core import acceptance_view
from rsf_core.domain import Scope
from rsf_core.sampling.acceptance import prompt_scale


def ratios(count: int = 400, prompts: int = 20, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    ell = np.where(rng.random(count) < 0.2, -np.inf, rng.normal(0, 2, count))
    return pa.table(
        {
            "prompt_id": rng.integers(0, prompts, count).astype(np.int32),
            "log_ratio": ell,
            "critical_log_m": ell - np.log(rng.random(count)),
            "finish": np.where(rng.random(count) < 0.1, "length", "eos"),
            "override": rng.choice([-1, 0, 0, 0, 1], count).astype(np.int8),
        }
    )


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("log_m", [-3.0, 0.0, 2.0, 50.0])
def test_the_counts_are_those_of_the_rule_with_overrides(scope, log_m):
    table = ratios()
    view = acceptance_view.view(table, log_m, scope)
    ell, override = table["log_ratio"].to_numpy(), table["override"].to_numpy()
    scale = prompt_scale(ell, table["prompt_id"].to_numpy()) if scope is Scope.PROMPT else 0.0
    ended = table["finish"].to_numpy(zero_copy_only=False) == "eos"
    rule = np.isfinite(ell) & ended & (table["critical_log_m"].to_numpy() - scale > log_m)
    assert view.automatic == rule.sum()
    assert view.accepted == ((rule & (override == 0)) | (override > 0)).sum()
    histogram = view.histogram
    assert (histogram.accepted + histogram.rejected + histogram.violating).sum() == np.isfinite(ell).sum()
    assert view.impossible == np.isinf(ell).sum()
    assert view.low <= view.high


def test_nothing_possible_is_drawn_without_nan():
    table = ratios().set_column(1, "log_ratio", pa.array(np.full(400, -np.inf)))
    table = table.set_column(2, "critical_log_m", pa.array(np.full(400, -np.inf)))
    for scope in Scope:
        view = acceptance_view.view(table, 0.0, scope)
        assert view.automatic == 0
        assert np.isfinite([view.low, view.high, view.expected_rate, *view.prompt_rates]).all()
        assert acceptance_view.diagnosis(table, 0.0, scope) is None


def test_the_diagnosis_leaves_truncated_candidates_out():
    table = ratios()
    found = acceptance_view.diagnosis(table, 0.0, Scope.GLOBAL)
    possible = np.isfinite(table["log_ratio"].to_numpy())
    ended = table["finish"].to_numpy(zero_copy_only=False) == "eos"
    assert found is not None
    assert found.finite == (possible & ended).sum()
