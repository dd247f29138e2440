"""Gold items in a queue: at the share in the settings, none twice, and a reviewer cannot tell which they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rsf_core.domain import Act, Action, ActKind, Scope
from rsf_core.domain.access import person
from rsf_core.domain.settings import Settings
from rsf_core.review.candidates import ReviewPrompt
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.gold_mix import AUDIT, GOLD, NONE, alone, as_seen, in_turn, mixed, slots
from rsf_core.review.opinions import Word
from rsf_core.review.queue import Queue, Reviews
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide

PROMPTS, EACH, SEED = 20, 10, 3
N = PROMPTS * EACH
ITEMS = [f"1.{prompt}.{k}" for prompt in range(1, 21) for k in (2, 7)]
ACCEPT, REJECT = Action.ACCEPT, Action.REJECT


@pytest.mark.parametrize(
    ("audit", "gold", "of_audit"),
    [(0.1, 0.05, 0.1), (0.0, 0.05, 0.05), (0.0, 0.2, 0.2), (0.5, 0.2, 0.3), (0.02, 0.1, 0.1), (0.1, 0.0, 0.1)],
)
def test_shares_are_those_that_are_set_and_there_is_enough_to_hide_among(audit, gold, of_audit) -> None:
    what = slots(np.arange(60_000, dtype=np.int64) * 3, SEED, "ann", audit, gold)
    shown = len(what) + np.count_nonzero(what)
    for kind, share in ((GOLD, gold), (AUDIT, of_audit)):
        assert abs(np.count_nonzero(what == kind) / shown - share) <= 0.006
    own = alone(np.arange(60_000, dtype=np.int64), SEED, "ann", gold)
    assert abs(np.count_nonzero(own) / (len(own) + np.count_nonzero(own)) - gold) <= 0.006 and AUDIT not in own


def test_what_comes_is_the_reviewers_own_and_the_same_whenever_it_is_asked() -> None:
    places = np.arange(3_000, dtype=np.int64)
    ann, ben = (slots(places, SEED, who, 0.1, 0.1) for who in ("ann", "ben"))
    assert not np.array_equal(ann, ben) and np.array_equal(ann[::5], slots(places[::5], SEED, "ann", 0.1, 0.1))
    order = in_turn(range(50), SEED, "ann", None)
    assert sorted(order) == list(range(50)) and order != in_turn(range(50), SEED, "ben", None)
    assert in_turn([one for one in range(50) if one != order[9]], SEED, "ann", order[9]) == order[10:]


@pytest.mark.parametrize(
    ("rows", "what", "audit", "gold", "shown", "inserted", "last"),
    [
        ([1, 2, 3], [NONE, GOLD, AUDIT], [9], [7], [1, 7, 2, 9, 3], [7, 9], (9, 7)),
        (
            [1, 2, 3],
            [GOLD, GOLD, NONE],
            [9],
            [7],
            [7, 1, 9, 2, 3],
            [7, 9],
            (9, 7),
        ),  # no gold item is left: one of the audit
        ([1, 2, 3], [GOLD, GOLD, NONE], [], [], [1, 2, 3], [], (None, None)),
        ([1, 2, 3], [GOLD, NONE, NONE], [9], [2], [2, 1, 3], [2], (None, 2)),  # it comes later on this page
        ([1, 2, 3], [NONE, NONE, GOLD], [9], [1, 7], [1, 2, 7, 3], [7], (None, 7)),  # it has already been shown
    ],
)
def test_pages_are_mixed_without_repeats(rows, what, audit, gold, shown, inserted, last) -> None:
    mixed_rows = mixed(rows, what, audit, gold)
    assert (mixed_rows.shown, mixed_rows.inserted, (mixed_rows.last_audit, mixed_rows.last_gold)) == (
        shown,
        inserted,
        last,
    )


def test_a_reviewer_sees_as_many_words_of_others_as_of_any_candidate() -> None:
    ben, eve, dan = Word("ben", 1, False), Word("eve", -1, True), Word("dan", 1, True)
    opinions = {5: [ben, eve, dan]}
    assert as_seen(opinions, "dan", 1) == {5: [dan]}
    assert as_seen(opinions, "fay", 1) == {5: []}
    assert as_seen(opinions, "dan", 2) == {5: [ben, dan]}
    assert as_seen(opinions, "fay", 3) == {
        5: [ben, Word("eve", -1, False)]
    }  # after the settling decision nobody else would be asked


# -- the queue ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(store: Store) -> Store:
    rng = np.random.default_rng(1)
    add_prompts(store, PROMPTS)
    rows = candidates(PROMPTS, EACH)
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": rng.uniform(-1, 1, N)})
    decide(store, rows, rng.normal(0, 2, N), 0.3, Scope.GLOBAL)
    return store


def reviews(store: Store, gold: float = 0.2, audit: float = 0.1, overlap: int = 1) -> Reviews:
    review = {"audit_share": audit, "gold_share": gold, "overlap": overlap}
    made = Settings.model_validate(
        {"task": "t", "seed": SEED, "target": {"rewards": {"sentiment": 1.0}}, "review": review}
    )
    return Reviews(store, lambda: made, lambda number: made.target)


def mark(store: Store, names: list[str] = ITEMS, action: Action = REJECT) -> None:
    for name in names:
        store.gold.mark(name, action, "ann")


def walked(review: Reviews, reviewer: str, order: Order = Order.REWARD, limit: int = 7) -> list[Queue]:
    """All parts of a queue, as a card requests them."""
    parts = [review.queue(1, person(reviewer), order=order, limit=limit)]
    audit = gold = None
    while parts[-1].candidate_ids:
        audit, gold = parts[-1].last_audit or audit, parts[-1].last_gold or gold
        parts.append(
            review.queue(
                1, person(reviewer), order=order, limit=limit, after=parts[-1].last, after_audit=audit, after_gold=gold
            )
        )
    return parts


@pytest.mark.parametrize("order", [Order.REWARD, Order.AUDIT])
@pytest.mark.parametrize("limit", [7, 50])
def test_a_queue_shows_all_at_the_share_and_says_of_gold_that_it_is_of_the_audit(filled, order, limit) -> None:
    mark(filled)
    parts = walked(reviews(filled), "ben", order, limit)
    shown = list(dict.fromkeys(name for part in parts for name in part.candidate_ids))
    early = shown[: N // 2]
    assert len(shown) == N
    ordinary = 0.5 * len(ITEMS) * (1 - 0.2)  # gold items that come in their own turn in the first half
    assert len(set(early) & set(ITEMS)) > ordinary + 0.1 * len(early)
    inserted = [name for part in parts for name in part.audit]
    if order is Order.REWARD:
        assert len(inserted) == len(set(inserted)) and set(inserted) & set(ITEMS) and set(inserted) - set(ITEMS)
        in_turn = [name for part in parts for name in part.candidate_ids if name not in inserted]
        whole = reviews(filled).queue(1, person("ben"), view=View.ALL, order=order, limit=N).candidate_ids
        assert in_turn == sorted(in_turn, key=whole.index)
    else:
        assert all(part.audit == part.candidate_ids for part in parts)
    assert [p.candidate_ids for p in parts] == [p.candidate_ids for p in walked(reviews(filled), "ben", order, limit)]


def test_who_has_answered_one_is_not_shown_it_again_and_others_are(filled: Store) -> None:
    mark(filled, ITEMS[:3])
    review = reviews(filled)
    for number, name in enumerate(ITEMS[:3]):
        review.say(1, person("ben"), [Act(f"act {number} of ben", ActKind.DECIDE, (name,), ACCEPT)])

    def shown(who: str) -> set[str]:
        return {name for part in walked(review, who, limit=50) for name in part.candidate_ids}

    assert not shown("ben") & set(ITEMS[:3])
    assert set(ITEMS[:3]) <= shown("eve")
    assert not shown("ann") & set(ITEMS[:3])  # ann marked them and knows them


@pytest.mark.parametrize(("gold", "items"), [(0.0, ITEMS), (0.2, [])])
def test_without_a_share_or_an_item_the_queue_is_what_it_was(filled: Store, gold: float, items: list[str]) -> None:
    before = walked(reviews(filled, 0.0), "ben")
    mark(filled, items)
    after = walked(reviews(filled, gold), "ben")
    assert [part.candidate_ids for part in after] == [part.candidate_ids for part in before]
    assert all(part.last_gold is None for part in after)


def plain(prompts: tuple[ReviewPrompt, ...]) -> list[object]:
    return [
        (replace(prompt, candidates=()).text, [repr(candidate) for candidate in prompt.candidates])
        for prompt in prompts
    ]


@pytest.mark.parametrize("overlap", [1, 2])
def test_nothing_that_a_reviewer_reads_differs_for_a_gold_item(filled: Store, overlap: int) -> None:
    """A round with gold items reads like the same round without them; only who is asked for which candidate differs."""
    review, candidate_filter = reviews(filled, overlap=overlap), CandidateFilter()
    names = ["1.3.2", "1.3.7"]

    def read() -> list[object]:
        seen: list[object] = [
            plain(review.candidates(1, names, person("eve"))),
            review.counts(1, person("eve"), candidate_filter),
        ]
        for view in View:
            page = review.page(1, person("eve"), candidate_filter, view, Order.PROMPT, 0, N)
            seen.append([(candidate.candidate_id, repr(candidate)) for candidate in page])
        for also in (CandidateFilter(by="ben"), CandidateFilter(overridden=True), CandidateFilter(by="ann")):
            seen.append(review.counts(1, person("eve"), also))
        seen.append(review.queue(1, person("eve"), view=View.ALL, order=Order.PROMPT, limit=N).candidate_ids)
        return seen

    review.say(1, person("eve"), [Act("act 1 of eve", ActKind.DECIDE, (names[0],), ACCEPT)])
    before = read()
    mark(filled, names)
    assert read() == before
    answer = Act("act 1 of ben", ActKind.ADJUDICATE, (names[1],), REJECT)
    review.say(1, person("ben"), [answer])
    if overlap == 1:  # ben's answer is hidden from eve, who is asked too
        assert read() == before
    assert review.counts(1, person("eve"), candidate_filter)[View.PENDING] == N - 1
    (prompt,) = review.candidates(1, [names[0]], person("ann"))
    by_name = {c.candidate_id: [(o.reviewer, o.action, o.final) for o in c.opinions] for c in prompt.candidates}
    assert by_name[names[0]] == by_name[names[1]] == [("ann", REJECT, True)]


def test_the_index_of_all_has_the_decision_and_hears_of_a_mark_at_once(filled: Store) -> None:
    review = reviews(filled)
    row = review.index(1).table.row_of([(3 << 20) | 2])[0]
    for action, vote in ((REJECT, -1), (ACCEPT, 1)):
        filled.gold.mark("1.3.2", action, "ann")
        index = review.index(1)
        assert (index.votes[row], index.accepted[row], index.voices[row]) == (vote, vote > 0, 1)
        review.say(1, person("ben"), [Act(f"act {action} of ben", ActKind.DECIDE, ("1.3.2",), REJECT)])
        assert review.index(1).votes[row] == vote
    assert review.bulk(1, person("eve"), CandidateFilter(prompt=3), View.PENDING, REJECT) == EACH
    assert review.index(1).votes[row] == 1
    filled.gold.unmark("1.3.2", "ann")
    assert review.index(1).votes[row] == -1
