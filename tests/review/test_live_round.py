"""A round that follows each act in memory is the same as the round read again, in every view and detail."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from rsf_core.domain import Act, Action, ActKind, Scope
from rsf_core.domain.access import person
from rsf_core.domain.settings import Settings
from rsf_core.review import live_round
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.index import ReviewIndex
from rsf_core.review.ordering import first
from rsf_core.review.queue import Reviews
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide

PROMPTS, EACH = 5, 4
SETTINGS = Settings.model_validate(
    {"task": "t", "seed": 3, "target": {"rewards": {"sentiment": 1.0}}, "review": {"overlap": 2}}
)
REVIEWERS = ("ann", "ben", "cleo")


def reviews(store: Store) -> Reviews:
    return Reviews(store, lambda: SETTINGS, lambda number: SETTINGS.target)


@pytest.fixture
def filled(store: Store) -> Store:
    rng = np.random.default_rng(1)
    add_prompts(store, PROMPTS)
    rows = candidates(PROMPTS, EACH, finish=["length" if i % 7 == 3 else "eos" for i in range(PROMPTS * EACH)])
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": rng.uniform(-1, 1, PROMPTS * EACH)})
    decide(store, rows, rng.normal(0, 2, PROMPTS * EACH), 0.3, Scope.PROMPT)
    return store


def all_of(review: Reviews) -> object:
    """Everything a reviewer can see of the round."""
    seen: dict[tuple[str, str], object] = {}
    for reviewer in REVIEWERS:
        for view in View:
            queue = review.queue(1, person(reviewer), view=view, order=Order.AUDIT, limit=200)
            seen[reviewer, view] = queue.candidate_ids, dict(queue.counts), [asdict(p) for p in queue.prompts]
    for candidate_filter in (CandidateFilter(by="ann"), CandidateFilter(tag="style"), CandidateFilter(flagged=True)):
        seen["filter", candidate_filter.describe()] = review.queue(
            1, person("ann"), candidate_filter, View.ALL, limit=200
        ).candidate_ids
    return json.dumps([(str(key), value) for key, value in seen.items()], default=str)


def random_acts(rng: np.random.Generator, count: int, name: str) -> list[tuple[str, Act]]:
    acts = []
    for i in range(count):
        places = rng.choice(PROMPTS * EACH, rng.integers(1, 4), replace=False)
        names = tuple(f"1.{1 + p // EACH}.{p % EACH}" for p in places)
        kind = rng.choice(["decide", "decide", "adjudicate", "flag", "tags", "note", "undo", "redo"])
        action = list(Action)[rng.integers(3)] if kind in ("decide", "adjudicate") else None
        value = [None, "style", "style,wrong"][rng.integers(3)] if kind in ("flag", "tags", "note") else None
        walks = kind in ("undo", "redo")
        act = Act(f"{name} {i}", ActKind(kind), () if walks else names, action, value)
        acts.append((REVIEWERS[rng.integers(3)], act))
    return acts


@pytest.mark.parametrize("many", [live_round.MANY, 1])
def test_the_round_kept_in_memory_equals_the_round_read_again(
    filled: Store, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_round, "MANY", many)  # 1: an act on two candidates reads all again
    rng, live = np.random.default_rng(many), reviews(filled)
    all_of(live)
    for turn in range(5):
        for reviewer, act in random_acts(rng, 6, f"turn {turn}"):
            live.say(1, person(reviewer), [act])
            live.queue(1, person(reviewer))
        if turn == 2:
            filled.add_threshold(1, 1, 1.0, Scope.GLOBAL, "ann", "another")
        if turn == 3:
            more = candidates(PROMPTS + 1, EACH).slice(PROMPTS * EACH)  # of a prompt that had no candidates
            add_candidates(filled, more, unit=9)
        assert all_of(live) == all_of(reviews(filled))


def test_a_prompt_is_the_same_object_until_one_of_its_candidates_is_decided(filled: Store) -> None:
    review = reviews(filled)
    first_one, second_one = review.candidates(1, ["1.1.0", "1.2.0"])
    assert review.candidates(1, ["1.1.3", "1.2.1"]) == (first_one, second_one)
    review.say(1, person("ann"), [Act("a note", ActKind.NOTE, ("1.1.1",), value="why")])
    changed, same = review.candidates(1, ["1.1.0", "1.2.0"])
    assert same is second_one and changed is not first_one and changed.candidates[1].note == "why"
    assert [new is old for new, old in zip(changed.candidates, first_one.candidates, strict=True)] == [
        k != 1 for k in range(EACH)
    ]


def test_readers_use_the_earlier_candidates_while_the_new_ones_are_read(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, reading, go_on = reviews(filled), threading.Event(), threading.Event()
    before = review.queue(1, person("ann"), view=View.ALL).counts[View.ALL]
    whole = Store.review_table

    def slow(store: Store, number: int) -> object:
        reading.set()
        assert go_on.wait(60)
        return whole(store, number)

    monkeypatch.setattr(Store, "review_table", slow)
    add_candidates(filled, candidates(PROMPTS + 1, EACH).slice(PROMPTS * EACH), unit=9)
    thread = threading.Thread(target=review.queue, args=(1, person("ann")))
    thread.start()
    assert reading.wait(60)
    review.say(1, person("ann"), [Act("a word", ActKind.ADJUDICATE, ("1.1.0",), Action.ACCEPT)])
    queue = review.queue(1, person("ann"), view=View.PENDING, limit=200)
    assert queue.counts[View.ALL] == before and "1.1.0" not in queue.candidate_ids  # the act counts at once
    go_on.set()
    thread.join(60)
    assert review.queue(1, person("ann")).counts[View.ALL] == before + EACH


@pytest.mark.parametrize("share", [0.0, 0.005, 0.3, 1.0])
def test_a_page_continues_where_it_is_in_the_order(share: float) -> None:
    rng = np.random.default_rng(7)
    rank = rng.permutation(4000)
    order = np.argsort(rank), rank
    chosen = rng.random(4000) < share
    whole = order[0][chosen[order[0]]]
    for start in (0, 17, 3990, 4000):
        rest = whole[rank[whole] >= start]
        assert first(order, chosen, start, 50).tolist() == rest[:50].tolist()


def test_the_prompts_that_decisions_bring_up_are_read_together(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    review, looks = reviews(filled), []
    read = filled.candidates_of_prompts

    def counted(round_number: int, prompt_ids: list[int]) -> list[dict[str, object]]:
        looks.append(len(prompt_ids))
        return read(round_number, prompt_ids)

    monkeypatch.setattr(filled, "candidates_of_prompts", counted)
    for turn in range(PROMPTS * EACH):
        queue = review.queue(1, person("ann"), order=Order.AUDIT, limit=2)
        assert [p.prompt_id for p in queue.prompts] == list(
            dict.fromkeys(int(n.split(".")[1]) for n in queue.candidate_ids)
        )
        (outcome,) = review.say(
            1, person("ann"), [Act(f"turn {turn}", ActKind.DECIDE, queue.candidate_ids[:1], Action.REJECT)]
        )
        assert outcome.refused is None
    assert (
        sum(looks) == PROMPTS and len(looks) == 2
    )  # the first prompt alone, as prompt sizes are not yet known; then the rest


def test_prompts_of_many_candidates_are_not_read_ahead(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_round, "KEPT_CANDIDATES", 3 * EACH)
    review = reviews(filled)
    for _ in range(3):
        review.queue(1, person("ann"), order=Order.PROMPT, limit=EACH)
        review.queue(1, person("ann"), order=Order.PROMPT, limit=EACH, after="1.2.3")
        assert review._live(1)._kept <= 3 * EACH


def test_where_many_ask_for_an_order_at_once_one_sorts(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_: list[object] = []
    index, key = reviews(filled).index(1), ReviewIndex.key

    def slow(self: ReviewIndex, *arguments: Any) -> Any:
        sorted_.append(arguments[1])
        threading.Event().wait(0.05)
        return key(self, *arguments)

    monkeypatch.setattr(ReviewIndex, "key", slow)
    with ThreadPoolExecutor(8) as pool:
        orders = list(pool.map(lambda _: index.order(Order.AUDIT, 3, None, None), range(8)))
    assert sorted_ == [Order.AUDIT] and all(order[0] is orders[0][0] for order in orders)
