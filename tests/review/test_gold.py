"""Gold items: how often each reviewer is right, in a hand-made example in which the guide changes."""

from __future__ import annotations

from datetime import datetime

import pytest

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import person
from rsf_core.domain.errors import AccessError, StageError
from rsf_core.project.gold_book import GoldBook
from rsf_core.review.gold import answers
from rsf_core.sampling.intervals import share_of_items
from rsf_core.store.review_records import GoldMark, GoldWord
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates, decide

ACCEPT, REJECT = Action.ACCEPT, Action.REJECT


@pytest.fixture
def filled(store: Store) -> Store:
    """Three prompts with four candidates each; the rule accepts all."""
    add_prompts(store, 3)
    rows = candidates(3, 4)
    add_candidates(store, rows)
    decide(store, rows, 0.0, -9.0)
    return store


def say(store: Store, who: str, name: str, action: Action, kind: ActKind = ActKind.DECIDE) -> None:
    count = len(store.overrides())
    (outcome,) = store.acts.say([Act(f"{who} {name} {count}", kind, (name,), action)], 1, who)
    assert outcome.refused is None


def taken(store: Store) -> set[str]:
    """The candidates that freezing would take now."""
    return {sample["candidate_id"] for sample in store.accepted_samples(1)}


def walk(store: Store, who: str, kind: ActKind) -> None:
    count = len(store.overrides())
    (outcome,) = store.acts.say([Act(f"{who} {kind} {count}", kind)], 1, who)
    assert outcome.refused is None


def test_two_reviewers_and_a_guide_that_changes_in_between(filled: Store) -> None:
    gold = GoldBook(filled)
    filled.guides.add("be kind", "ann", "")
    for name, action in (("1.1.0", ACCEPT), ("1.1.1", ACCEPT), ("1.2.0", REJECT), ("1.2.1", REJECT)):
        gold.mark(name, action, person("ann"))
    for name, action in (("1.1.0", ACCEPT), ("1.1.1", REJECT), ("1.2.0", REJECT), ("1.2.1", ACCEPT)):
        say(filled, "ben", name, action)
    say(filled, "eve", "1.1.0", ACCEPT)
    filled.guides.add("be kind and short", "ann", "long ones tire")
    say(filled, "eve", "1.1.1", ACCEPT)
    say(filled, "eve", "1.2.0", ACCEPT)

    report = gold.report(1)
    ben, eve = report.reviewers
    assert (ben.reviewer, ben.whole.answered, ben.whole.right) == ("ben", 4, 2)
    assert (ben.whole.to_accept, ben.whole.turned_away, ben.whole.to_reject, ben.whole.let_through) == (2, 1, 2, 1)
    assert ben.whole.other_guide == 0 and set(ben.by_guide) == {1}
    assert ben.whole.share == share_of_items([True, False, True, False], [1, 1, 2, 2])  # two items from each prompt
    assert (eve.whole.answered, eve.whole.right, eve.whole.other_guide) == (3, 2, 2)
    assert {g: (a.answered, a.right, a.other_guide) for g, a in eve.by_guide.items()} == {1: (1, 1, 0), 2: (2, 1, 2)}
    assert (report.guide, report.outdated) == (2, 4)

    gold.mark("1.2.0", ACCEPT, person("ann"))  # the new guide accepts it; rejecting it was right by the old one
    gold.mark("1.1.1", ACCEPT, person("ann"))  # confirmed under the new guide
    report = gold.report(1)
    ben, eve = report.reviewers
    assert (ben.whole.answered, ben.whole.right, ben.whole.other_guide) == (4, 1, 2)
    assert (eve.whole.answered, eve.whole.right, eve.whole.other_guide) == (3, 3, 0)
    assert report.outdated == 2
    assert eve.whole.share == share_of_items([True, True, True], [1, 1, 2])  # from two prompts


def test_only_effective_single_decisions_after_the_mark_count_as_answers(filled: Store) -> None:
    gold = GoldBook(filled)
    say(filled, "ben", "1.1.0", REJECT)  # before the mark
    gold.mark("1.1.0", ACCEPT, person("ann"))
    for name in ("1.1.1", "1.1.2", "1.1.3", "1.2.0"):
        gold.mark(name, ACCEPT, person("ann"))
    filled.acts.bulk("a bulk act", [(1, 1)], REJECT, 1, "ben")
    say(filled, "ben", "1.1.2", REJECT)
    walk(filled, "ben", ActKind.UNDO)
    say(filled, "ann", "1.1.3", REJECT)  # her own item
    say(filled, "ben", "1.2.0", REJECT)
    say(filled, "ben", "1.2.0", Action.AUTO)
    say(filled, "ben", "1.3.0", REJECT)  # not a gold item
    assert gold.report(1).reviewers == []
    say(filled, "ben", "1.1.1", ACCEPT)  # ben decides it alone
    assert [(one.reviewer, one.whole.answered, one.whole.right) for one in gold.report(1).reviewers] == [("ben", 1, 1)]
    walk(filled, "ben", ActKind.UNDO)  # the bulk decision is effective again
    assert gold.report(1).reviewers == []
    walk(filled, "ben", ActKind.REDO)
    say(filled, "ben", "1.1.0", ACCEPT)  # ben changes his mind; his new decision counts
    (ben,) = gold.report(1).reviewers
    assert (ben.whole.answered, ben.whole.right) == (2, 2)
    gold.unmark("1.1.0", person("ann"))
    gold.mark("1.1.0", REJECT, person("ann"))  # marked again: answers to the earlier item no longer count
    (ben,) = gold.report(1).reviewers
    assert ben.whole.answered == 1


def test_an_undo_or_redo_of_something_that_is_gone_says_nothing() -> None:
    marks = [GoldMark("1.1.0", ACCEPT, "ann", 0, datetime(2026, 1, 1), 1)]

    def words(*kinds: ActKind) -> list[GoldWord]:
        return [GoldWord(seq, "1.1.0", "ben", ACCEPT, 0, kind) for seq, kind in enumerate(kinds, start=2)]

    decided, undone, redone = ActKind.DECIDE, ActKind.UNDO, ActKind.REDO
    for gone in ([undone], [redone], [undone, redone], [decided, undone, undone], [decided, undone, undone, undone]):
        assert answers(words(*gone), marks) == []
    for held in ([undone, decided], [redone, redone, decided], [decided, redone], [decided, undone, undone, redone]):
        (answer,) = answers(words(*held), marks)
        assert answer.right


def test_the_decision_of_a_gold_item_is_the_word_in_force_until_the_mark_is_taken_away(filled: Store) -> None:
    gold = GoldBook(filled)
    accepted = taken(filled)
    assert "1.1.0" in accepted
    gold.mark("1.1.0", REJECT, person("ann"))
    for who in ("ben", "eve"):
        say(filled, who, "1.1.0", ACCEPT)
    say(filled, "ben", "1.1.0", ACCEPT, ActKind.ADJUDICATE)
    assert accepted - taken(filled) == {"1.1.0"}
    (word,) = filled.opinions(1).to_pylist()
    assert (word["reviewer"], word["action"], word["final"]) == ("ann", "reject", True)
    gold.unmark("1.1.0", person("ann"))
    assert taken(filled) == accepted
    assert {row["reviewer"] for row in filled.opinions(1).to_pylist()} == {"ben", "eve"}


def test_an_export_shows_a_gold_item_like_a_settled_candidate(filled: Store) -> None:
    GoldBook(filled).mark("1.1.0", REJECT, person("ann"))
    say(filled, "ben", "1.1.0", ACCEPT)
    say(filled, "ben", "1.1.1", ACCEPT)
    opinions_by_name = {
        name: [(one["reviewer"], one["action"], one["final"]) for one in opinions]
        for name, opinions in filled.exported.opinions(1).of_prompts(1, 99).items()
    }
    assert opinions_by_name == {
        "1.1.0": [("ann", "reject", True), ("ben", "accept", False)],
        "1.1.1": [("ben", "accept", False)],
    }


@pytest.mark.parametrize(
    ("name", "action", "words"),
    [
        ("1.1.0", "auto", "accept or reject, not 'auto'"),
        ("1.1.0", "yes", "accept or reject, not 'yes'"),
        ("1.9.0", "accept", "no candidate '1.9.0'"),
        ("x", "accept", "no candidate 'x'"),
    ],
)
def test_what_cannot_be_marked_is_reported(filled: Store, name: str, action: str, words: str) -> None:
    with pytest.raises(StageError, match=words):
        GoldBook(filled).mark(name, action, person("ann"))
    assert GoldBook(filled).report(1).marks == []


def test_a_mark_is_taken_away_once_and_nobody_marks_under_a_name_of_the_system(filled: Store) -> None:
    gold = GoldBook(filled)
    gold.mark("1.1.0", ACCEPT, person("ann"))
    gold.unmark("1.1.0", person("ann"))
    for name in ("1.1.0", "nonsense", "2.1.0"):
        with pytest.raises(StageError, match="is not a gold item"):
            gold.unmark(name, person("ann"))
    with pytest.raises(AccessError, match="system"):
        gold.mark("1.1.0", ACCEPT, person("rule"))
