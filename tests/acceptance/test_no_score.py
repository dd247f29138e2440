"""A candidate that lacks a score stays undecided: neither accepted nor rejected, in no rate, and a person can decide it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.acceptance import bands, decisions
from rsf_core.domain import Action, Scope
from rsf_core.domain.access import person
from rsf_core.domain.settings import Accept, Settings, Target
from rsf_core.jobs.schemas import SCORES
from rsf_core.review.active_orders import ACTIVE
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.queue import Reviews
from rsf_core.rounds.state import BASE_ID
from rsf_core.store.records import NoScoreRecord
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates

TARGET = Target(rewards={"words": 1.0, "odd": 1.0})
SETTINGS = Settings(model="tiny", task="t", target=TARGET, accept=Accept(scope=Scope.GLOBAL, rate=0.5))


@pytest.fixture
def rows(store: Store) -> pa.Table:
    """Three prompts with four candidates each. `words` scored all; `odd` scored all but 1.2.1 and those of prompt 3."""
    add_prompts(store, train=3)
    store.add_round(1, BASE_ID, {})
    drawn = candidates(3, 4)
    add_candidates(store, drawn)
    add_scores(store, drawn, {"words": np.arange(12.0)})
    without = [k == 5 or k >= 8 for k in range(12)]
    score_by_odd(store, drawn, [None if none else 1.0 for none in without])
    return drawn


def score_by_odd(store: Store, drawn: pa.Table, scores: list[float | None], job_id: str = "r1-score-2") -> None:
    n = drawn.num_rows
    columns = {"candidate_id": drawn["candidate_id"], "round": drawn["round"], "scorer": ["odd"] * n, "score": scores}
    reasons = ["no verb" if score is None else None for score in scores]
    table = pa.table(columns | {"job_id": [job_id] * n, "reason": reasons}).cast(SCORES)
    assert store.commit_segment(job_id, 0, f"sha of {job_id}", "scores", table)


def retarget(store: Store, settings: Settings = SETTINGS) -> None:
    decisions.retarget(store, settings, store.rounds()[0], BASE_ID)


def reviews(store: Store) -> Reviews:
    return Reviews(store, lambda: SETTINGS, lambda number: TARGET)


WITHOUT = ["1.2.1", "1.3.0", "1.3.1", "1.3.2", "1.3.3"]


def test_they_are_left_out_of_every_rate_and_counted_with_their_reason(store: Store, rows: pa.Table) -> None:
    retarget(store)
    counts = store.round_counts(1)
    assert (counts.candidates, counts.decided, counts.unscored, counts.undecided) == (12, 7, 5, 0)
    assert counts.accepted == 3  # half of the seven, rounded down
    assert store.ratios(1)["candidate_id"].to_pylist() == [
        one for one in rows["candidate_id"].to_pylist() if one not in WITHOUT
    ]
    assert store.without_score(1) == [NoScoreRecord(one, int(one.split(".")[1]), "odd", "no verb") for one in WITHOUT]
    kinds = store.prompt_kinds(1)
    assert sum(kind.prompts for kind in kinds) == 2 and sum(kind.prompts * kind.drawn for kind in kinds) == 7
    counted = bands.bands(kinds)
    assert counted is not None and counted.prompts == 2


def test_the_rule_neither_accepts_nor_rejects_them_and_a_person_may(store: Store, rows: pa.Table) -> None:
    retarget(store)
    review = reviews(store)
    by_view = {
        view: review.counts(1, person("ann"), CandidateFilter())[view]
        for view in (View.ACCEPTED, View.REJECTED, View.ALL)
    }
    assert by_view == {View.ACCEPTED: 3, View.REJECTED: 4, View.ALL: 12}
    (prompt,) = review.candidates(1, ["1.2.1"])
    shown = prompt.candidates[1]
    assert (shown.decision, shown.p_accept, shown.no_score, shown.accepted) == (None, None, {"odd": "no verb"}, False)
    assert shown.scores == {"words": 5.0}

    store.add_override("u1", "1.2.1", Action.ACCEPT, "ann")
    store.add_override("u2", "1.3.0", Action.REJECT, "ann")
    counts = store.round_counts(1)
    assert (counts.accepted, counts.unscored, counts.undecided) == (4, 5, 0)
    assert review.counts(1, person("ann"), CandidateFilter())[View.REJECTED] == 5
    accepted = store.accepted_samples(1)
    (mine,) = [row for row in accepted if row["candidate_id"] == "1.2.1"]
    assert mine["log_ratio"] is None and mine["decided_by"] == "ann"


@pytest.mark.parametrize("order", [order for order in Order if order not in ACTIVE or order is Order.UNSURE])
def test_a_reviewer_sees_them_in_every_order(store: Store, rows: pa.Table, order: Order) -> None:
    retarget(store)
    page = reviews(store).page(1, person("ann"), CandidateFilter(), View.ALL, order, 0, 50)
    assert sorted(one.candidate_id for one in page) == sorted(rows["candidate_id"].to_pylist())


def test_a_score_that_comes_later_decides_them(store: Store, rows: pa.Table) -> None:
    retarget(store)
    late_row = rows.slice(5, 1)
    score_by_odd(store, late_row, [1.0], "r1-score-3")
    assert store.round_counts(1).undecided == 1  # it still has to be decided
    assert [one.candidate_id for one in store.without_score(1)] == WITHOUT[1:]
    retarget(store)
    counts = store.round_counts(1)
    assert (counts.decided, counts.unscored, counts.undecided) == (8, 4, 0)


def test_a_second_failure_keeps_the_newest_reason_and_asks_for_nothing(store: Store, rows: pa.Table) -> None:
    retarget(store)
    table = pa.table({"candidate_id": ["1.2.1"], "round": [1], "scorer": ["odd"], "score": [None], "job_id": ["j"]})
    table = table.append_column("reason", pa.array(["still none"])).cast(SCORES)
    assert store.commit_segment("j", 0, "sha of j", "scores", table)
    assert store.without_score(1)[0].reason == "still none"
    assert store.candidates_to_score(1, TARGET.scorers).num_rows == 0
    assert store.round_counts(1).undecided == 0


def test_a_target_that_does_not_need_the_score_decides_all(store: Store, rows: pa.Table) -> None:
    retarget(store)
    retarget(store, SETTINGS.model_copy(update={"target": Target(rewards={"words": 1.0})}))
    counts = store.round_counts(1)
    assert (counts.decided, counts.unscored) == (12, 0) and store.without_score(1) == []


def test_where_none_has_a_score_the_round_waits_for_nothing(store: Store, rows: pa.Table) -> None:
    score_by_odd(store, rows, [None] * 12, "r1-score-3")
    drawn = candidates(3, 4, round_number=2)
    store.add_round(2, BASE_ID, {})
    add_candidates(store, drawn, job_id="r2-generate-1")
    add_scores(store, drawn, {"words": 1.0}, "r2-score-1")
    score_by_odd(store, drawn, [None] * 12, "r2-score-2")
    decisions.retarget(store, SETTINGS, store.rounds()[1], BASE_ID)
    counts = store.round_counts(2)
    assert (counts.decided, counts.unscored, counts.undecided) == (0, 12, 0)
    assert store.ratios(2).num_rows == 0


def test_a_prompt_whose_candidates_have_no_score_starves(store: Store, rows: pa.Table) -> None:
    retarget(store)
    assert 3 in store.starving_prompts(1)
    assert store.accepted_by_prompt(1, ["r1-generate-1"])
    drawn = {row["prompt_id"]: row["drawn"] for row in store.accepted_by_prompt(1, ["r1-generate-1"])}
    assert drawn == {1: 4, 2: 3}


def test_candidates_of_retired_prompts_are_not_counted_as_without_a_score(store: Store, rows: pa.Table) -> None:
    retarget(store)
    store.prompt_book.say([3], "retire", "ann")
    retarget(store)
    counts = store.round_counts(1)
    assert (counts.decided, counts.unscored, counts.retired, counts.undecided) == (7, 1, 4, 0)
