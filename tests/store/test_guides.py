"""The guide's versions are kept, and every decision records the version it was made under."""

from __future__ import annotations

import pytest

from rsf_core.domain import Act, Action, ActKind
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates, decide


@pytest.fixture
def filled(store: Store) -> Store:
    rows = candidates(prompts=4, per_prompt=3)
    add_candidates(store, rows)
    decide(store, rows, 0.0, log_m=-9.0)
    return store


def say(
    store: Store, name: str, candidate: str, action: Action = Action.REJECT, guide: int | None = None
) -> str | None:
    act = Act(name, ActKind.DECIDE, (candidate,), action, guide=guide)
    return store.acts.say([act], 1, "ann")[0].refused


def walk(store: Store, name: str, kind: ActKind) -> None:
    assert store.acts.say([Act(name, kind)], 1, "ann")[0].refused is None


def guides(store: Store) -> dict[str, int]:
    """The guide version of each effective decision, by candidate."""
    rows = store.opinions(1).to_pylist()
    return {f"{row['prompt_id']}.{row['k']}": row["guide"] for row in rows}


def test_versions_are_numbered_from_one_and_kept(store: Store) -> None:
    assert store.guides.version() == 0 and store.guides.all() == []
    assert [store.guides.add(text, "ann", "") for text in ("a", "b", "")] == [1, 2, 3]
    assert [(one.version, one.text) for one in store.guides.all()] == [(3, ""), (2, "b"), (1, "a")]
    assert store.guides.version() == 3


def test_a_decision_is_of_the_version_its_reviewer_had_before_them_else_of_the_newest(filled: Store) -> None:
    assert say(filled, "a", "1.1.0") is None
    filled.guides.add("first", "ann", "")
    assert say(filled, "b", "1.1.1") is None
    filled.guides.add("second", "ann", "")
    assert say(filled, "c", "1.1.2", guide=1) is None  # a card that was drawn before the change
    assert say(filled, "d", "1.2.0", guide=0) is None
    assert say(filled, "e", "1.2.1", guide=2) is None
    assert say(filled, "f", "1.2.2") is None
    assert guides(filled) == {"1.0": 0, "1.1": 1, "1.2": 1, "2.0": 0, "2.1": 2, "2.2": 2}
    assert filled.exported.opinions(1).by_guide == {0: 2, 1: 2, 2: 2}


@pytest.mark.parametrize("guide", [2, 3, -1])
def test_a_version_that_is_not_there_is_refused_by_number(filled: Store, guide: int) -> None:
    filled.guides.add("first", "ann", "")
    assert say(filled, "a", "1.1.0", guide=guide) == f"there is no version {guide} of the guide: the newest is 1"
    assert guides(filled) == {}


def test_what_an_undo_or_a_redo_restores_keeps_its_first_version_of_the_guide(filled: Store) -> None:
    filled.guides.add("first", "ann", "")
    say(filled, "a", "1.1.0", Action.ACCEPT)
    filled.guides.add("second", "ann", "")
    say(filled, "b", "1.1.0", Action.REJECT)
    filled.guides.add("third", "ann", "")
    walk(filled, "u1", ActKind.UNDO)
    assert guides(filled) == {"1.0": 1}
    walk(filled, "r1", ActKind.REDO)
    assert guides(filled) == {"1.0": 2}
    walk(filled, "u2", ActKind.UNDO)
    walk(filled, "u3", ActKind.UNDO)
    assert guides(filled) == {}
    walk(filled, "r2", ActKind.REDO)
    assert guides(filled) == {"1.0": 1}


def test_a_log_that_is_read_again_has_the_versions_of_one_kept_in_memory(filled: Store) -> None:
    filled.guides.add("first", "ann", "")
    kept = filled.acts.logs.of(1)
    for i in range(6):
        say(filled, f"act {i}", f"1.{1 + i // 3}.{i % 3}", guide=i % 2)
    with kept.lock:
        kept.refresh()
        known = kept.overrides["guide"].tolist()
        kept.forget()
        kept.refresh()
        assert kept.overrides["guide"].tolist() == known == [0, 1, 0, 1, 0, 1]


def test_a_decision_in_bulk_is_of_the_newest_version(filled: Store) -> None:
    filled.guides.add("first", "ann", "")
    assert filled.acts.bulk("all at once", [(1, 0), (3, 2)], Action.ACCEPT, 1, "ann") == 2
    assert guides(filled) == {"1.0": 1, "3.2": 1}


def test_reading_is_kept_for_each_reviewer(store: Store) -> None:
    store.guides.add("a", "ann", "")
    store.guides.add_reading(1, "ben")
    assert (store.guides.last_read("ben"), store.guides.last_read("ann")) == (1, 0)
