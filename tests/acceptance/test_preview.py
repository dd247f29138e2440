"""The preview of an edited target agrees, decision by decision, with really applying that target."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.acceptance import decisions, history
from rsf_core.acceptance.decisions import retarget
from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.preview import Draft, Preview, Stored, failing, preview
from rsf_core.acceptance.target import LOG_MODEL, LOG_Q
from rsf_core.domain import Act, Action, ActKind, Scope
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Constraint, Settings, Target
from rsf_core.store.store import Store
from tests.support.decided_round import TILTED, round_record, settings
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates

N, PROMPTS, EACH = 48, 8, 6


@pytest.fixture
def scored(store: Store) -> pa.Table:
    """Eight prompts with six candidates, decided by a tilt of `s`: some are truncated, one prompt is retired, and a person
    decided two candidates."""
    rng = np.random.default_rng(3)
    add_prompts(store, PROMPTS, 0)
    log_q = -rng.uniform(1, 6, N)
    finish = ["length" if i % 11 == 5 else "eos" for i in range(N)]
    rows = candidates(PROMPTS, EACH, log_q=log_q, log_model=log_q - rng.normal(0, 0.7, N), finish=finish)
    add_candidates(store, rows)
    scores = {"s": rng.normal(0, 1, N), "t": np.round(rng.uniform(0, 1, N), 1), "ok": (rng.random(N) < 0.6) * 1.0}
    add_scores(store, rows, scores | {"log_prob:teacher": log_q + rng.normal(0, 1, N)})
    retarget(store, settings(), round_record(), "base")
    store.acts.say([Act("a", ActKind.DECIDE, ("1.1.0",), Action.ACCEPT)], 1, "ann")
    store.acts.say([Act("b", ActKind.DECIDE, ("1.2.1",), Action.REJECT)], 1, "ann")
    return rows


def looked_at(store: Store, changed: Settings) -> Preview:
    """The preview of the settings `changed`, from what is stored."""
    stored = Stored.of(store.drawn(1))
    target = changed.target
    scores = {name: store.score_column(1, name, everywhere=True) for name in target.scorers}
    source = decisions.reference_of(store, target, round_record(), "base")
    by_source = {None: None, LOG_Q: stored.drawn.log_q, LOG_MODEL: stored.log_model}
    reference = by_source[source] if source in by_source else store.score_column(1, str(source), everywhere=True)
    spec = target.model_dump(mode="json")
    target_ids = [row["target_id"] for row in store.targets() if row["spec"] == spec]
    by_a_person = history.by_a_person(store.thresholds(1), target_ids[0]) if target_ids else None
    pairs = store.pairs_without_score(1, target.scorers).to_pylist()
    ids = stored.candidate_ids.tolist()
    failed = {s: np.isin(ids, [p["candidate_id"] for p in pairs if p["scorer"] == s]) for s in target.scorers}
    return preview(stored, Draft(target, changed.accept), scores, source, reference, by_a_person, failed)


def really(store: Store) -> dict[str, bool]:
    table = store.drawn(1)
    return dict(zip(table["candidate_id"].to_pylist(), table["accepted"].to_pylist(), strict=True))


TARGETS: dict[str, dict[str, Any]] = {
    "the same": TILTED,
    "another β": TILTED | {"beta": 3.0},
    "another reward": {"reference": "base", "rewards": {"s": -1.0, "t": 2.0}, "beta": 0.2},
    "constraints alone": {"reference": "proposal", "constraints": [{"scorer": "ok", "at_least": 1}]},
    "a window": {"reference": "proposal", "constraints": [{"scorer": "t", "at_least": 0.2, "at_most": 0.7}]},
    "both": TILTED | {"constraints": [{"scorer": "ok", "at_least": 1}]},
    "RSO": {"reference": "proposal", "rewards": {"s": 1.0}, "beta": 0.3},
    "a teacher": {"reference": "teacher"},
    "nothing passes": {"constraints": [{"scorer": "ok", "at_least": 2}]},
    "nothing asked": {"reference": "proposal"},
}


@pytest.mark.parametrize(
    "accept", [{"scope": s, "choose": c} for s, c in itertools.product(Scope, ("rate", "priority"))]
)
@pytest.mark.parametrize("name", TARGETS)
def test_what_is_looked_at_is_what_is_then_decided(
    store: Store, scored: pa.Table, name: str, accept: dict[str, Any]
) -> None:
    store.prompt_book.say([3], "retire", "ann")
    changed = settings(TARGETS[name], rate=0.3, **accept)
    before = really(store)
    preview = looked_at(store, changed)
    assert really(store) == before and not preview.missing  # nothing was written
    retarget(store, changed, round_record(), "base")
    after = really(store)
    ids = preview.stored.candidate_ids
    assert dict(zip(ids, preview.after.tolist(), strict=True)) == after
    assert set(ids[preview.gained]) == {i for i in after if after[i] and not before[i]}
    assert set(ids[preview.lost]) == {i for i in after if before[i] and not after[i]}
    threshold = store.thresholds(1)[0]
    assert preview.by is not None and preview.by.scope is threshold.scope and preview.by.reason == threshold.reason
    assert preview.by.log_m == pytest.approx(threshold.log_m, abs=1e-12)
    landscape = Landscape(store.ratios(1), threshold.scope)
    if preview.landscape is not None and landscape.possible:
        assert preview.landscape.at(preview.by.log_m) == landscape.at(threshold.log_m)


def test_a_persons_m_comes_back_with_the_target_it_was_chosen_for(store: Store, scored: pa.Table) -> None:
    store.add_threshold(1, store.thresholds(1)[0].target_id, 1.25, Scope.GLOBAL, "ann", "by hand")
    by_hand = really(store)
    retarget(store, settings(TILTED | {"beta": 2.0}), round_record(), "base")
    assert really(store) != by_hand
    preview = looked_at(store, settings())
    assert preview.kept_m and preview.by is not None and (preview.by.log_m, preview.by.reason) == (1.25, "by hand")
    retarget(store, settings(), round_record(), "base")
    assert really(store) == by_hand and store.thresholds(1)[0].author == "ann"


def test_a_round_that_nobody_has_decided_yet_would_only_gain(store: Store) -> None:
    rows = candidates(4, 4, log_q=np.linspace(-4, -1, 16))
    add_candidates(store, rows)
    add_scores(store, rows, {"s": np.linspace(0, 1, 16)})
    preview = looked_at(store, settings(rate=0.5))
    assert not preview.stored.decided.any() and not preview.lost.any()
    assert preview.gained.sum() == preview.after.sum() == 8


def test_what_an_edit_lacks_is_counted_and_the_rest_is_shown(store: Store, scored: pa.Table) -> None:
    new = TILTED | {"constraints": [{"scorer": "ok", "at_least": 1}, {"scorer": "never", "at_least": 1}]}
    preview = looked_at(store, settings(new))
    assert [(m.name, m.candidates, m.is_reference) for m in preview.missing] == [("never", N, False)]
    assert preview.by is None and not preview.lost.any() and np.isfinite(preview.reward).all()
    by_name = {part.scorer: part for part in preview.parts}
    ok = store.score_column(1, "ok", everywhere=True)
    assert (by_name["ok"].passing, by_name["ok"].scored) == (int(ok.sum()), N)
    assert by_name["never"].scored == 0 and np.isnan(by_name["never"].mean)
    other = looked_at(store, settings({"reference": "m1-1", "rewards": {"s": 1.0}}))
    assert [(m.name, m.is_reference) for m in other.missing] == [("log_prob:m1-1", True)]


def test_where_some_candidates_lack_a_score_the_others_are_looked_at(store: Store, scored: pa.Table) -> None:
    add_scores(store, scored.slice(0, 12), {"late": np.arange(12.0)}, job_id="r1-score-2")
    preview = looked_at(store, settings({"reference": "proposal", "rewards": {"late": 1.0}}))
    assert preview.missing[0].candidates == N - 12
    assert preview.decidable.sum() == 12 and np.isnan(preview.reward[12:]).all() and np.isnan(preview.ell[12:]).all()
    assert not preview.lost[12:].any()  # they wait for their score


def test_a_candidate_of_which_a_scorer_has_no_score_stays_undecided_and_is_not_waited_for(
    store: Store, scored: pa.Table
) -> None:
    """The preview agrees with the decision: those of them that were accepted no longer are."""
    add_scores(store, scored.slice(6), {"late": np.arange(float(N - 6))}, job_id="r1-score-2")
    rows = pa.table(
        {
            "candidate_id": scored["candidate_id"].slice(0, 6),
            "round": pa.array([1] * 6, pa.int32()),
            "scorer": ["late"] * 6,
            "reason": ["it failed"] * 6,
            "job_id": ["r1-score-2"] * 6,
        }
    )
    assert store.commit_segment("r1-score-2", 9, "sha of no scores", "no_scores", rows)
    changed = settings({"reference": "proposal", "rewards": {"late": 1.0}})
    preview = looked_at(store, changed)
    assert not preview.missing and preview.undecided.tolist() == [True] * 6 + [False] * (N - 6)
    accepted_before = preview.stored.accepted
    retarget(store, changed, round_record(), "base")
    assert dict(zip(preview.stored.candidate_ids, preview.after.tolist(), strict=True)) == really(store)
    assert (preview.lost[:6] == (accepted_before & ~preview.after)[:6]).all()


def test_missing_scores_of_a_retired_prompt_are_not_waited_for(store: Store, scored: pa.Table) -> None:
    add_scores(store, scored.slice(EACH), {"late": np.arange(float(N - EACH))}, job_id="r1-score-2")
    store.prompt_book.say([1], "retire", "ann")
    changed = settings({"reference": "proposal", "rewards": {"late": 1.0}})
    preview = looked_at(store, changed)
    assert not preview.missing
    retarget(store, changed, round_record(), "base")
    assert dict(zip(preview.stored.candidate_ids, preview.after.tolist(), strict=True)) == really(store)


def test_changes_add_up_in_every_figure(store: Store, scored: pa.Table) -> None:
    preview = looked_at(store, settings(TARGETS["both"] | {"beta": 0.2}))
    for values in (preview.reward, preview.ell):
        shifts = preview.shifts(values)
        counted = [int(part.sum()) for part in (shifts.kept, shifts.gained, shifts.lost, shifts.rejected)]
        assert sum(counted) == int(np.isfinite(values).sum())
        assert len(shifts.edges) == len(shifts.kept) + 1 and (np.diff(shifts.edges) > 0).all()


def test_examples_are_of_as_many_prompts_as_there_are(store: Store, scored: pa.Table) -> None:
    preview = looked_at(store, settings(TARGETS["RSO"]))
    chosen = preview.examples(preview.after, 6)
    prompts = preview.stored.drawn.prompt_ids
    assert preview.after[chosen].all() and len(set(chosen)) == 6
    assert len(set(prompts[chosen])) == min(6, len(set(prompts[preview.after])))
    assert preview.examples(np.zeros(N, np.bool_), 6) == []


def test_a_number_that_is_too_large_is_reported(store: Store, scored: pa.Table) -> None:
    add_scores(store, scored, {"huge": 1e308}, job_id="r1-score-2")
    with pytest.raises(TargetError, match=r"target.rewards.huge: 100 times its scores .* too large"):
        looked_at(store, settings({"rewards": {"huge": 100.0}}))


def test_the_constraint_that_a_candidate_fails_is_named() -> None:
    low, high = Constraint(scorer="a", at_least=1), Constraint(scorer="b", at_most=0.5)
    target = Target(constraints=(low, high))
    assert failing(target, {"a": 1, "b": 0.5}) is None
    assert failing(target, {"a": 0.9, "b": 1}) == low
    assert failing(target, {"a": 2, "b": 0.6}) == high
