"""The marks on the axis of M: each is what its name states, and is judged on prompts it was not chosen on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.marks import Mark, marks
from rsf_core.domain import Scope
from rsf_core.domain.settings import Target
from tests.support.ratios import ratios

BOUNDED = Target.model_validate(
    {"reference": "proposal", "beta": 0.25, "rewards": {"sentiment": 1.0, "repetition": -0.5}}
)
UNBOUNDED = Target.model_validate({"reference": "base", "beta": 0.25, "rewards": {"sentiment": 1.0}})


def named(table: pa.Table, target: Target, scope: Scope = Scope.GLOBAL) -> dict[str, Mark]:
    return {mark.name: mark for mark in marks(Landscape(table, scope), target)}


def at_most(highest: float) -> pa.Table:
    """Ratios, the largest of which is `highest` (nats)."""
    table = ratios()
    values = table["log_ratio"].to_numpy()
    lowered = values - values[~table["truncated"].to_numpy()].max() + highest
    return table.set_column(table.schema.get_field_index("log_ratio"), "log_ratio", pa.array(lowered))


def test_the_marks_are_where_their_names_say() -> None:
    table = ratios()
    landscape = Landscape(table, Scope.GLOBAL)
    marks = named(table, BOUNDED)
    bounded = named(at_most(4.0), BOUNDED)["Analytic bound"]
    assert bounded.log_m == pytest.approx(1.0 / 0.25)  # sentiment ≤ 1, −repetition ≤ 0
    largest = marks["Largest ratio"].log_m
    assert largest is not None and largest == landscape.relative.max() and landscape.at(largest).violating == 0
    few = marks["1% violate"].log_m
    assert few is not None and landscape.at(few).violating == 4
    near = marks["TVD ≤ 5%"].log_m
    assert near is not None and landscape.diagnosis(near).tvd.value <= 0.05 < landscape.diagnosis(near - 0.05).tvd.value


def test_each_mark_from_draws_is_judged_on_other_prompts() -> None:
    table = ratios(2000, 50)
    for mark in marks(Landscape(table, Scope.GLOBAL), BOUNDED):
        if mark.name in ("Largest ratio", "1% violate", "TVD ≤ 5%"):
            assert mark.held_out is not None and 0 < mark.held_out.draws < 2000
        else:
            assert mark.held_out is None


def test_a_target_without_a_known_bound_has_no_analytic_mark_and_says_why() -> None:
    mark = named(ratios(), UNBOUNDED)["Analytic bound"]
    assert mark.log_m is None and "'base'" in mark.explanation


def test_there_is_no_analytic_bound_where_stored_ratios_lie_above_it() -> None:
    """Scores from a version that did not enforce the scorers' bounds stay in the store; with them the mark would be wrong."""
    for highest, beyond in ((4.0, False), (4.1, True)):
        mark = named(at_most(highest), BOUNDED)["Analytic bound"]
        assert (mark.log_m is None) is beyond
        assert ("ratios of this round lie above what the scorers' bounds allow" in mark.explanation) is beyond


def test_a_scorer_that_is_not_installed_any_more_leaves_the_other_marks() -> None:
    uninstalled = Target.model_validate({"reference": "proposal", "beta": 0.25, "rewards": {"gone": 1.0}})
    marks = named(ratios(), uninstalled)
    assert marks["Analytic bound"].log_m is None and "no scorer 'gone'" in marks["Analytic bound"].explanation
    assert marks["Largest ratio"].log_m is not None


def test_the_mark_of_the_overrides_repeats_them() -> None:
    table = ratios()
    critical = np.where(table["truncated"].to_numpy(), -np.inf, table["critical_log_m"].to_numpy())
    overrides = np.where(critical > 0.7, 1, -1).astype(np.int8)
    mark = named(table.set_column(8, "override", pa.array(overrides)), BOUNDED)["Agrees with overrides"]
    assert mark.log_m is not None and "repeats 400 of the 400" in mark.explanation
    np.testing.assert_array_equal(critical > mark.log_m, overrides == 1)


def test_the_mark_of_the_overrides_is_judged_on_prompts_that_had_no_part() -> None:
    """Overrides at random: some M always repeats more than half of the overrides that it was chosen by."""
    table = ratios(400, 50)
    overrides = np.where(np.random.default_rng(0).random(400) < 0.5, 1, -1).astype(np.int8)
    explained = named(table.set_column(8, "override", pa.array(overrides)), BOUNDED)[
        "Agrees with overrides"
    ].explanation
    chosen, judged = (int(part.split(" of ")[0].split()[-1]) for part in explained.split(";"))
    assert chosen > 200 and judged < chosen and "where it is chosen on other prompts" in explained


def test_without_overrides_or_with_one_prompt_the_other_marks_still_stand() -> None:
    table = ratios(40, 1).set_column(8, "override", pa.array(np.zeros(40, np.int8)))
    marks = named(table, BOUNDED)
    assert marks["Agrees with overrides"].log_m is None
    assert marks["Largest ratio"].log_m is not None and marks["Largest ratio"].held_out is None
