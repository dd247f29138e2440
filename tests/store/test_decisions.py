"""The decisions view in SQL against the formulas in rsf_core.sampling.acceptance, and people's decisions on top of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsf_core.domain import Action, Finish, Scope
from rsf_core.domain.errors import StoreError
from rsf_core.sampling.acceptance import acceptance_prob, accepted, violated
from rsf_core.store.records import CandidateRecord
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide


def records(store: Store, prompts: int) -> list[CandidateRecord]:
    return [record for prompt in range(1, prompts + 1) for record in store.candidates_of_prompt(1, prompt)]


def decided(store: Store, name: str = "1.1.0") -> CandidateRecord:
    return next(
        record for record in store.candidates_of_prompt(1, int(name.split(".")[1])) if record.candidate_id == name
    )


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("seed", range(3))
def test_the_view_decides_as_the_formula_does(store: Store, scope: Scope, seed: int) -> None:
    rng = np.random.default_rng(seed)
    prompts, k = 10, 8
    ell = np.where(rng.random(prompts * k) < 0.2, -np.inf, rng.normal(0, 3, prompts * k))
    ell[:k] = -np.inf  # a prompt without a possible candidate
    finish = np.where(rng.random(prompts * k) < 0.2, str(Finish.LENGTH), str(Finish.EOS))
    rows = candidates(prompts, k, finish=finish.tolist())
    add_candidates(store, rows)
    for log_m in (-4.0, -0.7, 0.0, 1.3, 6.0):
        stored = decide(store, rows, ell, log_m, scope)
        scale = stored["scale"].to_numpy() if scope is Scope.PROMPT else 0.0
        rule = accepted(stored["critical_log_m"].to_numpy(), log_m, scale)
        records_by_prompt = records(store, prompts)
        expected = np.where(finish == "length", "truncated", np.where(rule, "accepted", "rejected"))
        assert [record.decision for record in records_by_prompt] == expected.tolist()
        assert [record.accepted for record in records_by_prompt] == (rule & (finish == "eos")).tolist()
        np.testing.assert_allclose(
            np.array([record.acceptance_prob for record in records_by_prompt], float),
            np.where(finish == "length", 0.0, acceptance_prob(ell, log_m, scale)),
            rtol=1e-14,
        )
        counts = store.round_counts(1)
        assert counts.accepted == counts.automatic == int((rule & (finish == "eos")).sum())
        assert counts.truncated == int((finish == "length").sum())
        assert counts.violated == int((violated(ell, log_m, scale) & (finish == "eos")).sum())
        assert counts.decided == counts.candidates == prompts * k


@pytest.mark.parametrize("scope", list(Scope))
def test_a_failed_constraint_is_stored_and_never_accepted(store: Store, scope: Scope) -> None:
    rows = candidates(prompts=2, per_prompt=3)
    add_candidates(store, rows)
    for log_m in (-1e308, -700.0, 0.0, 700.0):
        decide(store, rows, [-math.inf] * 3 + [-math.inf, 0.0, -math.inf], log_m, scope)
        records_by_prompt = records(store, 2)
        assert [record.log_ratio for record in records_by_prompt].count(-math.inf) == 5
        assert {record.candidate_id for record in records_by_prompt if record.accepted} <= {"1.2.1"}
        assert [record.acceptance_prob for record in records_by_prompt if record.log_ratio == -math.inf] == [0.0] * 5


def test_without_another_finite_draw_of_its_prompt_a_candidate_has_no_scale_and_is_not_accepted(store: Store) -> None:
    rows = candidates(prompts=1, per_prompt=3)
    add_candidates(store, rows)
    decide(store, rows, [-math.inf, 5.0, -math.inf], -700.0, Scope.PROMPT)
    record = records(store, 1)[1]
    assert (record.decision, record.acceptance_prob, store.round_counts(1).violated) == ("rejected", 0.0, 0)
    decide(store, rows, [-math.inf, 5.0, -math.inf], -700.0, Scope.GLOBAL)
    assert records(store, 1)[1].decision == "accepted"


def test_a_candidate_exactly_at_m_is_rejected(store: Store) -> None:
    rows = candidates(prompts=1, per_prompt=1)
    add_candidates(store, rows)
    m = decide(store, rows, 0.3, log_m=0.0)["critical_log_m"].to_pylist()[0]
    decide(store, rows, 0.3, log_m=m)
    assert decided(store).decision == "rejected"
    decide(store, rows, 0.3, log_m=math.nextafter(m, -math.inf))
    assert decided(store).decision == "accepted"


def test_there_is_no_decision_before_scoring(store: Store) -> None:
    add_candidates(store, candidates(prompts=1, per_prompt=2))
    assert [(record.decision, record.accepted, record.acceptance_prob) for record in records(store, 1)] == [
        (None, False, None)
    ] * 2
    assert store.round_counts(1).decided == 0 and store.ratios(1).num_rows == 0


def test_a_candidate_drawn_after_the_decision_is_undecided(store: Store) -> None:
    first = candidates(prompts=1, per_prompt=2)
    add_candidates(store, first)
    decide(store, first, 0.0, log_m=-9.0)
    add_candidates(store, candidates(prompts=2, per_prompt=2).slice(2), unit=1)
    counts = store.round_counts(1)
    assert (counts.candidates, counts.decided, counts.accepted) == (4, 2, 2)


def test_a_persons_word_wins_and_auto_returns_to_the_rule(store: Store) -> None:
    rows = candidates(prompts=1, per_prompt=2)
    add_candidates(store, rows)
    decide(store, rows, [0.0, -math.inf], log_m=-9.0)
    store.add_override("a", "1.1.0", Action.REJECT, "ann")
    store.add_override("b", "1.1.1", Action.ACCEPT, "ann")
    assert [(r.decision, r.override, r.accepted) for r in records(store, 1)] == [
        ("accepted", "reject", False),
        ("rejected", "accept", True),
    ]
    counts = store.round_counts(1)
    assert (counts.automatic, counts.accepted, counts.overridden) == (1, 1, 2)
    assert store.ratios(1)["override"].to_pylist() == [-1, 1]
    store.add_override("c", "1.1.0", Action.AUTO, "ann")
    store.add_override("d", "1.1.1", Action.AUTO, "ann")
    assert [(r.override, r.accepted) for r in records(store, 1)] == [(None, True), (None, False)]
    assert store.round_counts(1).overridden == 0


def test_a_persons_word_holds_at_any_m(store: Store) -> None:
    rows = candidates(prompts=1, per_prompt=2)
    add_candidates(store, rows)
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    store.add_override("b", "1.1.1", Action.REJECT, "ann")
    assert [record.accepted for record in records(store, 1)] == [True, False]  # people decided before the rule
    for log_m in (-50.0, 0.0, 50.0):
        decide(store, rows, 0.0, log_m)
        assert [record.accepted for record in records(store, 1)] == [True, False]


def test_truncated_is_an_outcome_that_a_person_can_accept(store: Store) -> None:
    add_prompts(store)
    rows = candidates(prompts=1, per_prompt=2, finish=["length", "eos"])
    add_candidates(store, rows)
    decide(store, rows, 0.0, log_m=-9.0)
    assert [(r.decision, r.accepted) for r in records(store, 1)] == [("truncated", False), ("accepted", True)]
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    assert decided(store).decision == "truncated" and decided(store).accepted
    assert [row["candidate_id"] for row in store.accepted_samples(1)] == ["1.1.0", "1.1.1"]
    assert [row["decided_by"] for row in store.accepted_samples(1)] == ["ann", "rule"]


def test_prompts_in_round_add_up_to_the_counts(store: Store) -> None:
    add_prompts(store, train=3)
    rows = candidates(prompts=3, per_prompt=4, finish=["length", "eos"] * 6)
    add_candidates(store, rows)
    add_scores(store, rows, {"length": np.arange(12)})
    decide(store, rows, np.linspace(-3, 3, 12), log_m=0.0)
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    prompts, counts = store.prompts_in_round(1), store.round_counts(1)
    assert [row.prompt_id for row in prompts] == [1, 2, 3]
    for name in ("candidates", "accepted", "overridden", "truncated"):
        assert sum(getattr(row, name) for row in prompts) == getattr(counts, name)
    assert [record.scores for record in store.candidates_of_prompt(1, 2)] == [{"length": float(i)} for i in range(4, 8)]


def test_an_unknown_candidate_cannot_be_overridden(store: Store) -> None:
    with pytest.raises(StoreError, match=r"no candidate '1\.1\.9'.*named round\.prompt\.k"):
        store.add_override("a", "1.1.9", Action.ACCEPT, "ann")
    assert store.overrides() == []
