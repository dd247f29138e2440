"""Looking again processes only acts since the last look, and gives what a first look would, however many gold items there
are."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import person
from rsf_core.domain.settings import Settings
from rsf_core.review import queue
from rsf_core.review.index import ReviewIndex
from rsf_core.review.live_round import LiveRound
from rsf_core.review.queue import Reviews
from rsf_core.review.seen import GoldSeen, Seen
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates, decide

PROMPTS, EACH = 8, 3
PEOPLE = ("ann", "ben", "eva")


@pytest.fixture
def filled(store: Store) -> Store:
    rows = candidates(PROMPTS, EACH)
    add_candidates(store, rows)
    decide(store, rows, np.linspace(-2, 2, PROMPTS * EACH), 0.0)
    for prompt in range(1, PROMPTS - 1):
        store.gold.mark(f"1.{prompt}.0", Action.ACCEPT if prompt % 2 else Action.REJECT, PEOPLE[prompt % 2])
    return store


def contents(seen: Seen, reviewer: str) -> tuple[object, ...]:
    index = seen.index
    arrays = (index.voices, index.settled, index._split, index.votes, index.accepted, index.own(reviewer), seen.rows)
    opinions = index.opinions
    by_place = sorted(zip(opinions.places.tolist(), opinions.votes.tolist(), opinions.guides.tolist(), strict=True))
    return (*(array.tolist() for array in arrays), by_place, dict(seen.words), dict(seen.heard))


def test_who_looks_again_sees_what_somebody_sees_who_looks_first(filled: Store) -> None:
    rng, live, kept = np.random.default_rng(0), LiveRound(filled, 1), GoldSeen()

    def act(kind: ActKind, **given: Any) -> None:
        names = (f"1.{rng.integers(1, PROMPTS)}.{rng.integers(2)}",) if kind is not ActKind.UNDO else ()
        filled.acts.say([Act(str(rng.integers(2**60)), kind, names, **given)], 1, str(rng.choice(PEOPLE)))

    happens: list[Callable[[], object]] = [
        *[lambda: act(ActKind.DECIDE, action=rng.choice([Action.ACCEPT, Action.REJECT, Action.AUTO]))] * 4,
        lambda: act(ActKind.ADJUDICATE, action=Action.REJECT),
        lambda: act(ActKind.NOTE, value="look"),
        lambda: act(ActKind.UNDO),
        lambda: filled.gold.mark(f"1.{rng.integers(1, PROMPTS)}.1", Action.ACCEPT, "eva"),
        lambda: [filled.gold.unmark(mark.candidate_id, "ann") for mark in [*filled.gold.of_round(1).values()][:1]],
    ]
    for step in range(60):
        happens[int(rng.integers(len(happens)))]()
        reviewer, overlap = str(rng.choice(PEOPLE)), 1 + step // 30
        assert contents(kept.by(live, reviewer, overlap), reviewer) == contents(
            GoldSeen().by(live, reviewer, overlap), reviewer
        )


def test_only_candidates_changed_since_are_sent_again(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    live, seen = LiveRound(filled, 1), GoldSeen()
    asked: list[list[int]] = []
    answered = live.answered

    def noted(places: Iterable[int]) -> Any:
        asked.append(list(places))
        return answered(asked[-1])

    monkeypatch.setattr(live, "answered", noted)
    seen.by(live, "eva", 1)
    assert [len(places) for places in asked] == [PROMPTS - 2]
    for name in ("1.8.2", "1.1.0", "1.2.1"):  # the second is a gold item
        filled.acts.say([Act(f"on {name}", ActKind.DECIDE, (name,), Action.REJECT)], 1, "ben")
        seen.by(live, "eva", 1)
        seen.by(live, "eva", 1)
    assert [len(places) for places in asked] == [PROMPTS - 2, 1]


def test_without_gold_items_everybody_sees_the_round_itself(store: Store) -> None:
    add_candidates(store, candidates(2, 2))
    live = LiveRound(store, 1)
    assert GoldSeen().by(live, "ann", 1).index is live.index()


def test_who_asks_several_things_in_a_row_has_one_copy_of_the_round(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, kept = LiveRound(filled, 1), GoldSeen()
    copied: list[str] = []
    as_seen_by = ReviewIndex.as_seen_by

    def noted(index: ReviewIndex, words: Any, spots: Any, reviewer: str, guides: Any) -> ReviewIndex:
        copied.append(reviewer)
        return as_seen_by(index, words, spots, reviewer, guides)

    monkeypatch.setattr(ReviewIndex, "as_seen_by", noted)
    first = kept.by(live, "eva", 1)
    assert kept.by(live, "eva", 1) is first and copied == ["eva"]
    kept.by(live, "ben", 1)
    assert kept.by(live, "eva", 1) is first, "another looked in between"
    for meaning, name in (("of a gold item", "1.1.0"), ("of another candidate", "1.8.2")):
        filled.acts.say([Act(meaning, ActKind.DECIDE, (name,), Action.REJECT)], 1, "ben")
        now = kept.by(live, "eva", 1)
        assert now is not first and contents(now, "eva") == contents(GoldSeen().by(live, "eva", 1), "eva"), meaning
        first = now
    filled.gold.mark("1.8.1", Action.ACCEPT, "ann")
    assert kept.by(live, "eva", 1) is not first


def test_rounds_that_go_from_memory_go_with_their_gold_items(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "KEPT_CANDIDATES", PROMPTS * EACH)
    add_prompts(filled, PROMPTS)
    settings = Settings.model_validate({"task": "t", "seed": 1})
    review = Reviews(filled, lambda: settings, lambda _: None)
    review.queue(1, person("ben"))
    kept = weakref.ref(review.index(1).table.places)
    for number in (2, 3):
        add_candidates(filled, candidates(PROMPTS, EACH, round_number=number), job_id=f"r{number}-generate-1")
        review.queue(number, person("ben"))
    gc.collect()
    assert kept() is None
