"""From scores to decisions in a real store: ℓ under the target, and who chose M."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.acceptance.decisions import reference_model, retarget
from rsf_core.acceptance.deriving import rule_m
from rsf_core.acceptance.history import before
from rsf_core.domain import ChosenBy, Scope
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Accept
from rsf_core.rounds.curation import freeze
from rsf_core.sampling.acceptance import prompt_scale
from rsf_core.store import database
from rsf_core.store.sql import migrations
from rsf_core.store.store import Store
from tests.support.decided_round import TILTED, round_record, settings
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates

LOG_Q = np.array([-1.0, -2.0, -3.0, -4.0])
LOG_MODEL = np.array([-1.5, -2.5, -2.0, -6.0])
REWARD = np.array([0.5, -0.5, 1.0, 0.0])


@pytest.fixture
def rows(store: Store) -> pa.Table:
    """Two prompts with two scored candidates each."""
    table = candidates(2, 2, log_q=LOG_Q, log_model=LOG_MODEL)
    add_candidates(store, table)
    add_scores(store, table, {"s": REWARD, "ended": [1, 1, 0, 1]})
    return table


def ell(store: Store) -> list[float]:
    return store.ratios(1)["log_ratio"].to_pylist()


# -- ℓ -----------------------------------------------------------------------------------------------------------------


def test_in_the_first_round_the_reference_is_the_untouched_proposal(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(), round_record(), "base")
    np.testing.assert_allclose(ell(store), REWARD / 0.5 + LOG_MODEL - LOG_Q)
    table = store.ratios(1)
    np.testing.assert_allclose(table["critical_log_m"], np.array(ell(store)) - np.log(rows["u"]))
    np.testing.assert_allclose(table["scale"], prompt_scale(ell(store), rows["prompt_id"]))


def test_later_the_reference_is_what_has_been_scored_under_the_base(store: Store, rows: pa.Table) -> None:
    log_base = np.array([-7.0, -6.0, -5.0, -4.0])
    add_scores(store, rows, {"log_prob:base": log_base}, job_id="r1-score-2")
    retarget(store, settings(), round_record("m1-1"), "base")
    np.testing.assert_allclose(ell(store), REWARD / 0.5 + log_base - LOG_Q)


def test_a_reference_that_has_not_been_scored_is_named(store: Store, rows: pa.Table) -> None:
    with pytest.raises(TargetError, match=r"no 'log_prob:base': score the round again"):
        retarget(store, settings(), round_record("m1-1"), "base")
    assert ell(store) == [] and store.thresholds(1) == []


@pytest.mark.parametrize(
    ("law", "tempered", "expected"),
    [
        ({"temperature": 0.5}, True, LOG_Q),
        ({"temperature": 0.5, "of an earlier version": 1}, True, LOG_Q),
        ({"temperature": 0.5}, False, LOG_MODEL),
        ({"temperature": 1.0}, True, LOG_MODEL),
        ({}, True, LOG_MODEL),
    ],
)
def test_a_tempered_reference_that_draws_itself_is_the_law_it_drew_by(
    store: Store, law: dict[str, Any], tempered: bool, expected: np.ndarray
) -> None:
    table = candidates(2, 2, log_q=LOG_Q, log_model=LOG_MODEL)
    table = table.set_column(table.schema.get_field_index("sampling"), "sampling", pa.array([json.dumps(law)] * 4))
    add_candidates(store, table)
    add_scores(store, table, {"s": REWARD})
    retarget(store, settings(TILTED | ({"tempered": True} if tempered else {})), round_record(), "base")
    np.testing.assert_allclose(ell(store), REWARD / 0.5 + expected - LOG_Q)
    retarget(store, settings({"tempered": tempered}), round_record(), "base")
    exact = store.thresholds(1)[0].reason.startswith("constraints alone")
    assert exact == (expected is LOG_Q)


def test_a_tempered_reference_of_later_rounds_has_a_score_of_its_own(store: Store) -> None:
    table = candidates(2, 2, log_q=LOG_Q, log_model=LOG_MODEL)
    table = table.set_column(
        table.schema.get_field_index("sampling"), "sampling", pa.array(['{"temperature": 0.5}'] * 4)
    )
    add_candidates(store, table)
    add_scores(store, table, {"s": REWARD, "log_prob:base": [-9.0] * 4})
    with pytest.raises(TargetError, match="no 'tempered_log_prob:base': score the round again"):
        retarget(store, settings(TILTED | {"tempered": True}), round_record("m1-1"), "base")
    add_scores(store, table, {"tempered_log_prob:base": [-5.0] * 4}, job_id="r1-score-2")
    retarget(store, settings(TILTED | {"tempered": True}), round_record("m1-1"), "base")
    np.testing.assert_allclose(ell(store), REWARD / 0.5 - 5.0 - LOG_Q)
    retarget(store, settings(), round_record("m1-1"), "base")
    np.testing.assert_allclose(ell(store), REWARD / 0.5 - 9.0 - LOG_Q)


def test_an_earlier_m_of_a_person_stays_where_the_settings_file_names_no_tempered_reference(
    store: Store, rows: pa.Table
) -> None:
    """The stored target is the same text as before the setting existed."""
    spec = {"reference": "base", "beta": 0.5, "rewards": {"s": 1.0}, "constraints": []}
    target_id = store.target_id(spec, "rule")
    store.add_threshold(1, target_id, 0.25, Scope.GLOBAL, "ann", "by hand", ChosenBy.PERSON)
    retarget(store, settings(), round_record(), "base")
    assert [(t.target_id, t.log_m) for t in store.thresholds(1)] == [(target_id, 0.25)]


def test_with_the_proposal_as_reference_no_probability_is_needed(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(TILTED | {"reference": "proposal"}), round_record("m1-1"), "base")
    np.testing.assert_allclose(ell(store), REWARD / 0.5)


def test_a_failed_constraint_is_minus_infinity(store: Store, rows: pa.Table) -> None:
    target = TILTED | {"constraints": [{"scorer": "ended", "at_least": 1}]}
    retarget(store, settings(target), round_record(), "base")
    assert np.isneginf(ell(store)).tolist() == [False, False, True, False]
    assert store.round_counts(1).decided == 4


def test_a_score_that_one_candidate_lacks_is_named(store: Store, rows: pa.Table) -> None:
    add_scores(store, rows.slice(1), {"late": 1.0}, job_id="r1-score-2")
    with pytest.raises(TargetError, match=r"candidate 1\.1\.0 has no score of 'late'"):
        retarget(store, settings({"rewards": {"late": 1.0}}), round_record(), "base")
    with pytest.raises(TargetError, match="no 'never': score the round again"):
        retarget(store, settings({"rewards": {"never": 1.0}}), round_record(), "base")


def test_scores_that_an_earlier_target_needed_may_be_incomplete(store: Store, rows: pa.Table) -> None:
    add_scores(store, rows.slice(1), {"of another target": 1.0}, job_id="r1-score-2")
    retarget(store, settings(), round_record(), "base")
    assert store.round_counts(1).decided == 4


def test_a_target_without_scorers_needs_no_scores(store: Store) -> None:
    table = candidates(2, 2, log_q=LOG_Q, log_model=LOG_MODEL)
    add_candidates(store, table)
    retarget(store, settings({"reference": "base"}), round_record(), "base")
    np.testing.assert_allclose(ell(store), LOG_MODEL - LOG_Q)


def test_a_round_without_candidates_stays_undecided(store: Store) -> None:
    retarget(store, settings(), round_record(), "base")
    assert store.thresholds(1) == [] and store.targets() == []


def test_the_reference_is_named_by_model() -> None:
    assert reference_model(settings({"reference": "proposal"}).target, "base") is None
    assert reference_model(settings({"reference": "base"}).target, "base") == "base"
    assert reference_model(settings({"reference": "m1-1"}).target, "base") == "m1-1"


# -- M -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("rate", [0.1, 0.25, 0.6, 1.0])
def test_the_rule_accepts_the_share_that_was_asked_for(store: Store, scope: Scope, rate: float) -> None:
    table = candidates(10, 10, log_q=np.linspace(-9, -1, 100))
    add_candidates(store, table)
    add_scores(store, table, {"s": np.sin(np.arange(100))})
    retarget(store, settings(scope=scope, rate=rate), round_record(), "base")
    assert store.round_counts(1).accepted == round(100 * rate)
    (chosen,) = store.thresholds(1)
    assert (chosen.scope, chosen.author) == (scope, "rule") and f"{rate:.0%}" in chosen.reason


def test_with_one_candidate_a_prompt_m_is_the_same_for_all_and_says_so(store: Store) -> None:
    table = candidates(8, 1, log_q=-1.0, log_model=-1.0)
    add_candidates(store, table)
    add_scores(store, table, {"s": np.linspace(0, 1, 8)})
    retarget(store, settings(scope="prompt"), round_record(), "base")
    chosen = store.thresholds(1)[0]
    assert chosen.scope is Scope.GLOBAL and "no prompt has two" in chosen.reason
    assert store.round_counts(1).accepted == 4


def test_constraints_alone_are_decided_exactly(store: Store, rows: pa.Table) -> None:
    """ℓ is 0 or −∞, so M = 1 accepts exactly the candidates that pass, whatever rate and scope are set."""
    target = {"reference": "proposal", "constraints": [{"scorer": "ended", "at_least": 1}]}
    retarget(store, settings(target, scope="prompt", rate=0.01), round_record(), "base")
    (chosen,) = store.thresholds(1)
    assert (chosen.log_m, chosen.scope) == (0.0, Scope.GLOBAL) and "exact" in chosen.reason
    assert store.ratios(1)["accepted"].to_pylist() == [True, True, False, True]


@pytest.mark.parametrize("scope", list(Scope))
def test_nothing_possible_is_decided_too(store: Store, rows: pa.Table, scope: Scope) -> None:
    target = TILTED | {"constraints": [{"scorer": "ended", "at_least": 2}]}
    retarget(store, settings(target, scope=scope), round_record(), "base")
    counts = store.round_counts(1)
    assert (counts.decided, counts.accepted, counts.violated) == (4, 0, 0)
    assert store.thresholds(1)[0].reason == "no candidate meets the constraints"


def test_an_automatic_m_is_replaced_when_more_is_scored(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(), round_record(), "base")
    more = candidates(4, 2, log_q=-1.0).slice(4)
    add_candidates(store, more, unit=1)
    add_scores(store, more, {"s": 3.0, "ended": 1.0}, job_id="r1-score-2")
    retarget(store, settings(), round_record(), "base")
    first, second = reversed(store.thresholds(1))
    assert second.log_m > first.log_m and store.round_counts(1).accepted == 4


def test_a_persons_m_stays_when_more_is_scored(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(), round_record(), "base")
    store.add_threshold(1, store.thresholds(1)[0].target_id, 1.25, Scope.PROMPT, "ann", "by hand")
    retarget(store, settings(rate=0.9), round_record(), "base")
    assert (store.thresholds(1)[0].log_m, store.thresholds(1)[0].author) == (1.25, "ann")
    assert len(store.thresholds(1)) == 2


def test_another_target_lets_the_rule_choose_again(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(), round_record(), "base")
    store.add_threshold(1, store.thresholds(1)[0].target_id, 1.25, Scope.GLOBAL, "ann", "by hand")
    retarget(store, settings(TILTED | {"beta": 1.0}), round_record(), "base")
    in_force = store.thresholds(1)[0]
    assert in_force.author == "rule" and in_force.target_id == 2
    np.testing.assert_allclose(ell(store), REWARD + LOG_MODEL - LOG_Q)


def test_the_rule_chooses_m_for_what_it_can_accept(store: Store) -> None:
    """A truncated candidate is a draw with P = 0, however good its text is."""
    table = candidates(2, 4, finish=["eos", "eos", "length", "length"] * 2)
    add_candidates(store, table)
    add_scores(store, table, {"s": [0.1, 0.2, 9.0, 9.0, 0.3, 0.4, 9.0, 9.0]})
    only_rewards = {"rewards": {"s": 1.0}}
    retarget(store, settings(only_rewards, rate=0.25), round_record(), "base")
    assert store.round_counts(1).accepted == 2
    retarget(store, settings(only_rewards, rate=0.5, scope="prompt"), round_record(), "base")
    assert store.round_counts(1).accepted == 4
    possible = np.where(table["finish"].to_numpy() == "length", -np.inf, ell(store))
    np.testing.assert_allclose(store.ratios(1)["scale"], prompt_scale(possible, table["prompt_id"]))


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(
    ("choose", "more"),
    [
        ("rate", ("", "")),
        ("priority", (": priority sampling", ", the critical value of the next one: priority sampling")),
    ],
)
def test_the_rule_says_the_share_only_where_so_many_can_be_accepted(
    scope: Scope, choose: Literal["rate", "priority"], more: tuple[str, str]
) -> None:
    finite = np.array([3.0, 2.0, 1.0, 0.5] + [-np.inf] * 6)
    chosen_by_rule = [
        rule_m(Accept(rate=rate, scope=scope, choose=choose), finite, finite + 0.1, np.zeros(10), False)
        for rate in (0.3, 0.4, 0.5, 1.0)
    ]
    all_of_them = "accepts all 4 that can be accepted, fewer than {} of the candidates" + more[0]
    assert [by_rule.reason for by_rule in chosen_by_rule] == [
        f"accepts 30% of the candidates{more[1]}",
        f"accepts 40% of the candidates{more[1]}",
        all_of_them.format("50%"),
        all_of_them.format("100%"),
    ]
    assert [int((finite + 0.1 > by_rule.log_m).sum()) for by_rule in chosen_by_rule] == [3, 4, 4, 4]


@pytest.mark.parametrize("reason", ["by hand", "undo", "accepts 50% of the candidates"])
def test_the_m_of_a_person_called_rule_stays_like_any_persons(store: Store, rows: pa.Table, reason: str) -> None:
    retarget(store, settings(), round_record(), "base")
    store.add_threshold(1, store.thresholds(1)[0].target_id, 1.25, Scope.PROMPT, "rule", reason)
    retarget(store, settings(rate=0.9), round_record(), "base")
    assert store.thresholds(1)[0].log_m == 1.25


def test_a_persons_reason_undo_takes_nothing_back(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(), round_record(), "base")
    target_id = store.thresholds(1)[0].target_id
    for log_m, reason in ((1.0, "by hand"), (2.0, "undo")):
        store.add_threshold(1, target_id, log_m, Scope.PROMPT, "undo", reason)
    earlier = before(store.thresholds(1))
    assert earlier is not None and earlier.log_m == 1.0


def test_a_project_of_an_earlier_version_tells_a_person_called_rule_from_the_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [
        ("rule", "accepts 50% of the candidates", ChosenBy.RULE),
        ("rule", "constraints alone: M = 1 is the exact bound", ChosenBy.RULE),
        ("rule", "no candidate meets the constraints", ChosenBy.RULE),
        ("rule", "by hand", ChosenBy.PERSON),
        ("rule", "agrees best with the overrides", ChosenBy.PERSON),
        ("rule", "undo", ChosenBy.UNDO),
        ("ann", "by hand", ChosenBy.PERSON),
        ("undo", "undo", ChosenBy.UNDO),
    ]
    with monkeypatch.context() as patch:
        older = tuple(migration for migration in migrations() if migration[0] < 9)
        patch.setattr(database, "migrations", lambda: older)
        store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
        for author, reason, _ in expected:
            row = {"round": 1, "target_id": 1, "log_m": 0.0, "scope": "global", "author": author, "reason": reason}
            with store.transaction("for the test"):
                store._db.insert("thresholds", [row | {"created_at": datetime(2026, 1, 1)}])
        store.close()
    store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
    history = [(t.author, t.reason, t.chosen_by) for t in reversed(store.thresholds(1))]
    store.close()
    assert history == expected


def test_priority_sampling_takes_the_critical_value_of_the_next_candidate(store: Store, rows: pa.Table) -> None:
    add_prompts(store)
    retarget(store, settings(choose="priority"), round_record(), "base")
    threshold, ratios = store.thresholds(1)[0], store.ratios(1)
    assert threshold.log_m == np.sort(ratios["critical_log_m"])[1] and "priority sampling" in threshold.reason
    assert store.round_counts(1).accepted == 2
    record = freeze(store, settings(choose="priority"), 1, "ann")
    samples = store.curated_samples(record.curated_id)
    w = np.exp(samples["log_ratio"].to_numpy())
    np.testing.assert_allclose(samples["weight"].to_numpy() * np.exp(record.log_m), np.maximum(w, np.exp(record.log_m)))


def test_priority_sampling_of_all_candidates_weighs_each_as_it_is(store: Store, rows: pa.Table) -> None:
    add_prompts(store)
    retarget(store, settings(choose="priority", rate=1.0), round_record(), "base")
    record = freeze(store, settings(choose="priority"), 1, "ann")
    samples = store.curated_samples(record.curated_id)
    total = samples["weight"].to_numpy().sum() * np.exp(record.log_m)
    assert samples.num_rows == 4 and total == pytest.approx(np.exp(ell(store)).sum())


def test_constraints_alone_keep_their_bound_whatever_is_chosen(store: Store, rows: pa.Table) -> None:
    alone = {"constraints": [{"scorer": "ended", "at_least": 1}], "reference": "proposal"}
    retarget(store, settings(alone, choose="priority"), round_record(), "base")
    assert store.thresholds(1)[0].log_m == 0.0 and "exact bound" in store.thresholds(1)[0].reason


def test_the_rule_can_be_asked_to_choose_again_after_a_person(store: Store, rows: pa.Table) -> None:
    retarget(store, settings(), round_record(), "base")
    by_rule = store.thresholds(1)[0].log_m
    store.add_threshold(1, store.thresholds(1)[0].target_id, 1.25, Scope.GLOBAL, "ann", "by hand")
    retarget(store, settings(), round_record(), "base", replace_m=True)
    assert (store.thresholds(1)[0].log_m, store.thresholds(1)[0].chosen_by) == (by_rule, ChosenBy.RULE)
