"""Filters travel in URLs unchanged, and views, orders and pages hold exactly the right candidates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.acceptance.landscape import Landscape
from rsf_core.domain import Action, Outcome, Scope, place
from rsf_core.domain.access import person
from rsf_core.domain.errors import SettingsError, StageError, StoreError
from rsf_core.domain.settings import Settings
from rsf_core.review.active_orders import ACTIVE
from rsf_core.review.audit import audit_key
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.ordering import page, spread
from rsf_core.review.queue import Reviews
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide

PROMPTS, EACH, LOG_M = 6, 5, 0.3
PLAIN = [order for order in Order if order not in ACTIVE]  # the others need features: test_active_orders.py
N = PROMPTS * EACH
RNG = np.random.default_rng(4)
ELL = np.where(RNG.random(N) < 0.15, -np.inf, RNG.normal(0, 2, N))
FINISH = ["length" if i % 7 == 3 else "eos" for i in range(N)]
SENTIMENT = RNG.uniform(-1, 1, N)
SETTINGS = Settings.model_validate(
    {"task": "t", "seed": 3, "target": {"rewards": {"sentiment": 1.0}}, "review": {"audit_share": 0.0}}
)


@pytest.fixture
def review(store: Store) -> Reviews:
    add_prompts(store, PROMPTS)
    rows = candidates(
        PROMPTS, EACH, finish=FINISH, completions=[f"text {i} {'apple' if i % 5 == 0 else ''}" for i in range(N)]
    )
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": SENTIMENT, "length": np.arange(N) % 4})
    decide(store, rows, ELL, LOG_M, Scope.PROMPT)
    return Reviews(store, lambda: SETTINGS, lambda number: SETTINGS.target)


def names(
    review: Reviews, candidate_filter: CandidateFilter | None = None, view: View = View.ALL, order: Order = Order.PROMPT
) -> list[str]:
    return list(review.queue(1, person("ann"), candidate_filter, view, order, limit=200).candidate_ids)


ranges = st.tuples(st.floats(-50, 50, width=16), st.floats(-50, 50, width=16)).map(sorted).map(tuple)
filters = st.builds(
    CandidateFilter,
    prompt=st.none() | st.integers(1, 99),
    decision=st.none() | st.sampled_from(Outcome),
    overridden=st.none() | st.booleans(),
    flagged=st.none() | st.booleans(),
    tag=st.none() | st.sampled_from(["style", "wrong"]),
    tokens=st.none() | ranges | st.just((3.0, math.inf)),
    scores=st.dictionaries(st.sampled_from(["sentiment", "length"]), ranges),
    text=st.none() | st.text("aé &=?#", min_size=1),
)


@given(filters)
def test_a_filter_comes_back_from_its_url(candidate_filter):
    assert CandidateFilter.from_query({"page": "3", "view": "all"} | candidate_filter.to_query()) == candidate_filter
    assert bool(candidate_filter.describe()) == (candidate_filter != CandidateFilter())


@pytest.mark.parametrize(
    ("limits", "words"),
    [("12..", "from 12"), ("..4.5", "up to 4.5"), ("0.25..1", "0.25 to 1"), ("-3..-3", "-3 to -3"), ("..", "any")],
)
def test_a_range_with_one_end_is_described_by_that_end(limits: str, words: str) -> None:
    assert CandidateFilter.from_query({"score.words": limits, "tokens": limits}).describe() == (
        f"tokens {words}, words {words}"
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"tokens": "many"}, "filter tokens: give a range"),
        ({"flagged": "perhaps"}, "filter flagged: give yes or no"),
        ({"decision": "maybe"}, "decision"),
        ({"p_accept": "0.9..0.1"}, "p_accept"),
        ({"prompt": "x"}, "prompt"),
    ],
)
def test_a_broken_filter_names_its_field(query, message):
    with pytest.raises(SettingsError, match=message):
        CandidateFilter.from_query(query)


def test_the_decision_shown_is_the_stores_own(review: Reviews, store: Store) -> None:
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    store.add_override("b", "1.2.0", Action.REJECT, "ben")
    by_store = {r.candidate_id: r for p in range(1, PROMPTS + 1) for r in store.candidates_of_prompt(1, p)}
    shown = [
        c for prompt in review.queue(1, person("ann"), view=View.ALL, limit=200).prompts for c in prompt.candidates
    ]
    assert len(shown) == N
    for candidate in shown:
        record = by_store[candidate.candidate_id]
        assert candidate.accepted == record.accepted and candidate.decision == record.decision
        assert candidate.p_accept == pytest.approx(record.acceptance_prob)
        assert candidate.scores == pytest.approx(record.scores) and candidate.impossible == (
            record.log_ratio == -math.inf
        )


@pytest.mark.parametrize("scope", list(Scope))
def test_what_is_counted_at_m_is_the_same_in_the_round_at_every_m_and_on_the_card(
    review: Reviews, store: Store, scope: Scope
) -> None:
    """A truncated candidate above M violates no bound, and the rule never accepts it."""
    store.add_threshold(1, 1, LOG_M, scope, "ann", "by hand")
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    ratios, counts = store.ratios(1), store.round_counts(1)
    at = Landscape(ratios, scope).at(LOG_M)
    shown = [
        c for prompt in review.queue(1, person("ann"), view=View.ALL, limit=200).prompts for c in prompt.candidates
    ]
    assert any(c.truncated and c.log_ratio is not None and c.log_ratio > LOG_M for c in shown)
    assert 0 < counts.violated == at.violating == sum(c.violated for c in shown)
    assert (counts.automatic, counts.accepted) == (at.automatic, at.accepted)
    assert counts.automatic == sum(c.decision is Outcome.ACCEPTED for c in shown)
    assert counts.accepted == sum(c.accepted for c in shown)
    assert counts.prompts - counts.prompts_accepted == at.prompts_with_none
    assert {c.p_accept for c in shown if c.truncated} == {0.0}
    likely = names(review, CandidateFilter(p_accept=(0.01, 1.0)))
    assert set(likely) == {c.candidate_id for c in shown if c.p_accept is not None and c.p_accept >= 0.01}
    card = store.candidates_of_prompt(1, 1)
    assert {one.acceptance_prob for one in card if one.decision == "truncated"} == {0.0}


def test_every_view_holds_what_it_says(review: Reviews, store: Store) -> None:
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    store.add_override("b", "1.1.1", Action.REJECT, "ben")
    store.add_override("c", "1.1.0", Action.REJECT, "ben")
    counts = review.counts(1, person("ann"), CandidateFilter())
    for view in View:
        assert len(names(review, view=view)) == counts[view]
    assert counts[View.ACCEPTED] + counts[View.REJECTED] == counts[View.ALL] == N
    assert names(review, view=View.OVERRIDDEN) == ["1.1.0", "1.1.1"]
    assert names(review, view=View.DISAGREEMENT) == ["1.1.0"]
    assert "1.1.1" not in names(review, view=View.PENDING)  # one opinion is enough here
    assert counts[View.TRUNCATED] == FINISH.count("length")


def test_filters_keep_exactly_what_fits(review: Reviews) -> None:
    everything = names(review)
    assert names(review, CandidateFilter(scores={"sentiment": (0.0, 1.0)})) == [
        name for name, s in zip(everything, SENTIMENT, strict=True) if s >= 0
    ]
    assert names(review, CandidateFilter(text="APPLE")) == everything[::5]
    assert names(review, CandidateFilter(regex=r"text \d apple$")) == [everything[0], everything[5]]
    assert names(review, CandidateFilter(prompt=2)) == everything[EACH : 2 * EACH]
    rule = CandidateFilter(decision=Outcome.TRUNCATED)
    assert names(review, rule) == [name for name, f in zip(everything, FINISH, strict=True) if f == "length"]
    inside = names(review, CandidateFilter(log_ratio=(-1.0, 1.0)))
    assert inside == [name for name, ell in zip(everything, ELL, strict=True) if -1 <= ell <= 1]


def test_a_broken_expression_is_named(review: Reviews) -> None:
    with pytest.raises(StoreError, match=r"searching for /\(/"):
        names(review, CandidateFilter(regex="("))


def test_the_orders_are_what_they_say(review: Reviews) -> None:
    everything = names(review)
    by_reward = names(review, order=Order.REWARD)
    assert by_reward == [everything[i] for i in np.argsort(-SENTIMENT, kind="stable")]
    index = review.index(1)
    margin = np.abs(index.margin)
    assert names(review, order=Order.BOUNDARY) == [everything[i] for i in np.argsort(margin, kind="stable")]
    audit = names(review, order=Order.AUDIT)
    assert sorted(audit) == sorted(everything) and audit != everything
    assert names(review, order=Order.DISAGREEMENT) != everything


def test_pages_follow_each_other_without_gap_or_repeat(review: Reviews) -> None:
    for order in PLAIN:
        whole = names(review, order=order)
        seen: list[str] = []
        while ids := review.queue(
            1, person("ann"), None, View.ALL, order, after=seen[-1] if seen else None, limit=7
        ).candidate_ids:
            seen += ids
        assert seen == whole
        tables = [
            c.candidate_id
            for n in range(5)
            for c in review.page(1, person("ann"), CandidateFilter(), View.ALL, order, n, 7)
        ]
        assert tables == whole
        assert review.queue(1, person("ann"), None, View.ALL, order, at=whole[4], limit=3).candidate_ids == tuple(
            whole[4:7]
        )


def test_a_queue_goes_on_after_a_candidate_that_has_left_the_view(review: Reviews, store: Store) -> None:
    for order in PLAIN:
        whole = names(review, view=View.PENDING, order=order)
        store.add_override(f"left {order}", whole[3], Action.ACCEPT, "ann")
        follow = review.queue(1, person("ann"), None, View.PENDING, order, after=whole[3], limit=5).candidate_ids
        assert list(follow) == whole[4:9]


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 10))
def test_a_page_is_the_beginning_of_the_sorted_rows(keys, limit):
    key, rows = np.array(keys, dtype=np.float64), np.arange(len(keys), dtype=np.int64)
    ordered = sorted(rows.tolist(), key=lambda row: (keys[row], row))
    assert page(rows, key, None, limit).tolist() == ordered[:limit]
    for at in ordered[:3]:
        rest = ordered[ordered.index(at) + 1 :]
        assert page(rows, key, (keys[at], at), limit).tolist() == rest[:limit]
        without = rows != at
        assert page(rows[without], key[without], (keys[at], at), limit).tolist() == rest[:limit]


def test_the_audit_order_is_an_unbiased_sample():
    places = place(np.repeat(np.arange(1, 2001), 8), np.tile(np.arange(8), 2000))
    key = audit_key(places, seed=5)
    assert 0.49 < key.mean() < 0.51 and np.unique(key).size == key.size
    first = np.argsort(key)[:4000]
    assert abs(np.bincount(first % 8) - 500).max() < 80  # every k is equally likely
    assert not np.array_equal(np.argsort(key), np.argsort(audit_key(places, seed=6)))


def test_equal_scores_rank_alike_and_a_scorer_that_tells_nothing_apart_is_left_out():
    ones, halves = np.ones(4), np.array([0.0, 0.0, 1.0, 1.0])
    assert spread([halves, ones]).tolist() == [0, 0, 0, 0]
    assert spread([ones, ones]).tolist() == [0, 0, 0, 0]
    spread_values = spread([halves, np.array([1.0, 2.0, 3.0, 4.0])])
    assert spread_values == pytest.approx([1 / 6] * 4)
    assert spread([halves, halves[::-1], ones]) == pytest.approx([2 / 3] * 4)
    missing = spread([np.array([0.0, 1.0, math.nan, math.nan]), np.array([1.0, 0.0, 2.0, math.nan])])
    assert missing == pytest.approx([0.5, 1.0, 0.0, math.nan], nan_ok=True)


def test_a_place_of_another_round_is_no_place_to_begin(review: Reviews) -> None:
    whole = names(review)
    assert review.queue(1, person("ann"), None, View.ALL, Order.PROMPT, at="2.3.1", limit=2).candidate_ids == tuple(
        whole[:2]
    )


def test_the_version_follows_the_rule_and_not_what_people_say(review: Reviews, store: Store) -> None:
    first = review.version(1)
    store.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    assert review.version(1) == first
    store.add_threshold(1, 1, LOG_M + 1, Scope.PROMPT, "ann", "looser")
    looser = review.version(1)
    rows = candidates(PROMPTS, EACH, finish=FINISH)
    decide(store, rows, ELL - 1, LOG_M + 1, Scope.PROMPT)
    assert len({first, looser, review.version(1)}) == 3


def test_a_card_read_before_scoring_gets_its_decisions_where_all_ratios_are_alike(store: Store) -> None:
    add_prompts(store, 2)
    rows = candidates(2, 3)
    add_candidates(store, rows)
    review = Reviews(store, lambda: SETTINGS, lambda number: SETTINGS.target)
    before, version = review.queue(1, person("ann")), review.version(1)
    assert {c.decision for prompt in before.prompts for c in prompt.candidates} == {None}
    decide(store, rows, -math.inf, LOG_M)
    after = review.queue(1, person("ann"))
    assert {c.decision for prompt in after.prompts for c in prompt.candidates} == {Outcome.REJECTED}
    assert review.version(1) != version


def test_bulk_decides_a_view_and_nothing_else(review: Reviews) -> None:
    candidate_filter = CandidateFilter(text="apple")
    inside = set(names(review, candidate_filter, View.REJECTED))
    before = set(names(review, view=View.ACCEPTED))
    assert review.bulk(1, person("ann"), candidate_filter, View.REJECTED, Action.ACCEPT) == len(inside)
    assert set(names(review, view=View.ACCEPTED)) == before | inside
    with pytest.raises(StageError, match="nothing was decided"):
        review.bulk(1, person("ann"), candidate_filter, View.REJECTED, Action.ACCEPT)
    assert review.can_walk(1, person("ann")) == (1, 0)
