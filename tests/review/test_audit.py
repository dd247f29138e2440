"""The share of random audit candidates in another order: as many as the setting says, none twice, and always the same ones."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.domain import Act, Action, ActKind, Scope, Shown
from rsf_core.domain.access import person
from rsf_core.domain.settings import Settings
from rsf_core.review.audit import audit_key, audit_sample, before, by_chance
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.gold_mix import AUDIT, NONE, mixed
from rsf_core.review.queue import Queue, Reviews
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide

PROMPTS, EACH, SEED = 20, 10, 3
N = PROMPTS * EACH


def settings(share: float, overlap: int = 1) -> Settings:
    review = {"audit_share": share, "overlap": overlap}
    return Settings.model_validate(
        {"task": "t", "seed": SEED, "target": {"rewards": {"sentiment": 1.0}}, "review": review}
    )


@pytest.fixture
def filled(store: Store) -> Store:
    rng = np.random.default_rng(1)
    add_prompts(store, PROMPTS)
    rows = candidates(PROMPTS, EACH)
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": rng.uniform(-1, 1, N)})
    decide(store, rows, rng.normal(0, 2, N), 0.3, Scope.GLOBAL)
    return store


def reviews(store: Store, share: float = 0.25, overlap: int = 1) -> Reviews:
    made = settings(share, overlap)
    return Reviews(store, lambda: made, lambda number: made.target)


def walked(review: Reviews, reviewer: str = "ann", order: Order = Order.REWARD, limit: int = 7) -> list[Queue]:
    """All parts of a queue, as a card requests them."""
    parts = [review.queue(1, person(reviewer), order=order, limit=limit)]
    while parts[-1].candidate_ids:
        last, audit = parts[-1].last, next((p.last_audit for p in reversed(parts) if p.last_audit), None)
        parts.append(review.queue(1, person(reviewer), order=order, limit=limit, after=last, after_audit=audit))
    return parts


def pure_order(review: Reviews, order: Order) -> list[str]:
    return list(review.queue(1, person("ann"), view=View.ALL, order=order, limit=N).candidate_ids)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.25, 0.5])
def test_the_share_of_slots_is_the_share_that_is_set(share: float) -> None:
    places = np.arange(40_000, dtype=np.int64) * 3
    slots = before(places, SEED, "ann", share)
    shown = slots.sum() / (len(slots) + slots.sum())
    assert abs(shown - share) <= 4 * np.sqrt(share * (1 - share) / len(slots))


def test_slots_are_the_reviewers_own_and_depend_on_nothing_but_the_candidate() -> None:
    places = np.arange(5_000, dtype=np.int64)
    ann, ben = (before(places, SEED, who, 0.2) for who in ("ann", "ben"))
    assert not np.array_equal(ann, ben)
    assert np.array_equal(ann[::7], before(places[::7], SEED, "ann", 0.2))
    assert not np.array_equal(ann, before(places, SEED + 1, "ann", 0.2))
    assert abs(np.corrcoef(ann, ben)[0, 1]) < 0.05
    nearest = np.argsort(audit_key(places, SEED))[:1000]  # slots are independent of the audit order
    assert abs(ann[nearest].mean() - ann.mean()) < 0.05


def placed(*numbers: int) -> np.ndarray:
    """A mask of ten candidates: those at these positions of the audit order."""
    order = np.argsort(audit_key(np.arange(10, dtype=np.int64), SEED))
    chosen = np.zeros(10, bool)
    chosen[order[list(numbers)]] = True
    return chosen


@pytest.mark.parametrize(
    ("decided", "shown", "sample"),
    [
        ((0, 1, 2), (0, 1, 2), (0, 1, 2)),
        (
            (0, 1, 2, 3, 7),
            (0, 2, 3),
            (0, 1, 2, 3),
        ),  # a candidate that another order showed before its turn belongs to the sample too
        ((0, 1, 2, 3, 4, 7), (0, 4), (0, 1, 2, 3, 4)),
        ((0, 1, 2, 3), (0,), (0,)),  # the later ones were chosen by another order
        ((0, 2, 3, 4), (0, 4), (0, 2, 3, 4)),  # one of five was skipped
        ((0, 1, 2, 9), (1, 9), (0, 1)),  # a link led to a late position of the order
        ((3, 8, 9), (8, 9), ()),  # the start of the order is not decided
        ((0, 1), (), ()),
    ],
)
def test_a_random_sample_is_all_that_is_decided_up_to_where_the_audit_has_come(decided, shown, sample) -> None:
    audited = by_chance(np.arange(10, dtype=np.int64), placed(*decided), placed(*shown), SEED)
    assert audited.tolist() == placed(*sample).tolist()


@pytest.mark.parametrize(
    ("rows", "audit", "slots", "shown", "as_audit"),
    [
        ([1, 2, 3], [9, 8], [False, True, False], [1, 9, 2, 3], [9]),
        ([1, 2, 3], [9, 8], [True, True, True], [9, 1, 8, 2, 3], [9, 8]),  # the audit has no more candidates
        ([1, 2, 3], [1, 9], [True, False, False], [9, 1, 2, 3], [9]),  # the next one of the audit is next anyway
        ([1, 2, 3], [3, 9], [True, True, False], [3, 1, 9, 2], [3, 9]),  # it comes later on this page
        ([1, 2, 3], [1, 2], [False, True, False], [1, 2, 3], []),  # it has already been shown
        ([], [9], [], [], []),
    ],
)
def test_pages_are_mixed_without_repeats(rows, audit, slots, shown, as_audit) -> None:
    mixed_rows = mixed(rows, [AUDIT if slot else NONE for slot in slots], audit, [])
    assert (mixed_rows.shown, mixed_rows.inserted, mixed_rows.last_gold) == (shown, as_audit, None)
    assert mixed_rows.last_audit == (as_audit[-1] if as_audit else None)


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_a_queue_that_is_walked_to_its_end_shows_every_candidate_and_the_order_stays(filled: Store, limit: int) -> None:
    review = reviews(filled)
    parts = walked(review, limit=limit)
    order, audit = pure_order(review, Order.REWARD), pure_order(review, Order.AUDIT)
    shown = [name for part in parts for name in part.candidate_ids]
    picked = [name for part in parts for name in part.audit]
    assert set(shown) == set(order)
    in_turn = [name for part in parts for name in part.candidate_ids if name not in part.audit]
    assert in_turn == sorted(in_turn, key=order.index)
    assert picked == sorted(picked, key=audit.index) and len(set(picked)) == len(picked)
    assert 0.1 < len(picked) / len(dict.fromkeys(shown)) < 0.4
    first = parts[0]
    assert all(name in audit[: len(first.audit) + limit] for name in first.audit)


def test_the_queue_is_the_same_whenever_it_is_asked_and_another_for_another_reviewer(filled: Store) -> None:
    again, other = reviews(filled), reviews(filled)
    assert [p.candidate_ids for p in walked(again)] == [p.candidate_ids for p in walked(other)]
    assert [p.candidate_ids for p in walked(again, "ben")] != [p.candidate_ids for p in walked(again, "ann")]


def test_what_is_picked_at_random_fills_the_sample_that_agreement_is_measured_on(filled: Store) -> None:
    review = reviews(filled)
    before_any = review.agreement(1).audit.total
    for part in walked(review)[:8]:
        for name in part.audit:
            review.say(1, person("ann"), [Act(f"act {name}", ActKind.DECIDE, (name,), Action.ACCEPT)])
    audit = review.agreement(1).audit
    assert before_any == 0 and audit.total >= 8 and review.agreement(1).audit_skipped == 0
    index = review.index(1)
    assert audit_sample(index.table.places, index.votes != 0, SEED).sum() == audit.total


@pytest.mark.parametrize(
    ("share", "view", "candidate_filter"),
    [
        (0.0, View.PENDING, CandidateFilter()),
        (0.5, View.ALL, CandidateFilter()),
        (0.5, View.PENDING, CandidateFilter(tokens=(0, 100))),
    ],
)
def test_nothing_is_mixed_where_it_would_not_be_one_of_the_round(filled: Store, share, view, candidate_filter) -> None:
    review = reviews(filled, share)
    queue = review.queue(1, person("ann"), candidate_filter, view, Order.REWARD, limit=N)
    assert list(queue.candidate_ids) == pure_order(review, Order.REWARD) and not queue.audit


def test_in_the_audit_order_all_are_of_the_audit_unless_filtered(filled: Store) -> None:
    review = reviews(filled)
    queue = review.queue(1, person("ann"), order=Order.AUDIT)
    assert queue.audit == queue.candidate_ids
    assert not review.queue(1, person("ann"), CandidateFilter(tokens=(0, 100)), order=Order.AUDIT).audit


def test_a_candidate_that_is_asked_for_comes_first(filled: Store) -> None:
    review = reviews(filled, 0.5)
    for name in pure_order(review, Order.REWARD)[::9]:
        assert review.queue(1, person("ann"), order=Order.REWARD, at=name).candidate_ids[0] == name


def test_how_a_candidate_was_shown_is_kept_with_its_decision(filled: Store) -> None:
    review = reviews(filled)
    acts = [
        Act("as audit", ActKind.DECIDE, ("1.1.0", "1.1.1"), Action.ACCEPT, shown=Shown("1.1.0", "reward", True)),
        Act("in turn", ActKind.DECIDE, ("1.2.0",), Action.REJECT, shown=Shown("1.2.0", "boundary", False)),
        Act("by hand", ActKind.DECIDE, ("1.3.0",), Action.REJECT),
        Act("taken back", ActKind.UNDO),
        Act("again", ActKind.REDO),
    ]
    review.say(1, person("ann"), acts)
    review.say(
        1,
        person("ben"),
        [Act("ben", ActKind.ADJUDICATE, ("1.1.0",), Action.REJECT, shown=Shown("1.1.0", "prompt", False))],
    )
    rows = filled.shown(1).to_pylist()
    assert [(r["prompt_id"], r["k"], r["reviewer"], r["shown_in"], r["as_audit"]) for r in rows] == [
        (1, 0, "ann", "reward", True),
        (1, 0, "ben", "prompt", False),
        (2, 0, "ann", "boundary", False),
    ]
    assert filled.shown(2).num_rows == 0
