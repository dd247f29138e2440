"""People's decisions are kept for good, and undo walks back through them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsf_core.domain import Act, Action, ActKind
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates, decide

NAMES = ("1.1.0", "1.1.1", "1.2.0")


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with candidates decided by the rule, and by nobody else yet."""
    rows = candidates(prompts=2, per_prompt=2)
    add_candidates(store, rows)
    decide(store, rows, 0.0, log_m=-9.0)
    return store


def current(store: Store) -> dict[str, str | None]:
    return {
        record.candidate_id: record.override for prompt in (1, 2) for record in store.candidates_of_prompt(1, prompt)
    }


def test_saying_the_same_uid_again_changes_nothing(filled: Store) -> None:
    assert filled.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    assert filled.add_override("b", "1.1.0", Action.REJECT, "ann")
    assert not filled.add_override("a", "1.1.0", Action.ACCEPT, "ann")  # a retry that arrives late
    assert current(filled)["1.1.0"] == "reject" and len(filled.overrides()) == 2


def test_undo_walks_back_step_by_step(filled: Store) -> None:
    for uid, name, action in (
        ("a", "1.1.0", Action.ACCEPT),
        ("b", "1.2.0", Action.REJECT),
        ("c", "1.1.0", Action.REJECT),
    ):
        filled.add_override(uid, name, action, "ann")
    assert filled.undo_override("u1", 1, "ann") == "1.1.0" and current(filled)["1.1.0"] == "accept"
    assert filled.undo_override("u2", 1, "ann") == "1.2.0" and current(filled)["1.2.0"] is None
    assert filled.undo_override("u3", 1, "ann") == "1.1.0" and current(filled)["1.1.0"] is None
    assert filled.undo_override("u4", 1, "ann") is None
    assert len(filled.overrides()) == 6  # nothing is ever removed


def test_after_an_undo_one_can_go_on(filled: Store) -> None:
    filled.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    filled.undo_override("u1", 1, "ann")
    filled.add_override("b", "1.1.0", Action.REJECT, "ann")
    assert current(filled)["1.1.0"] == "reject"
    assert filled.undo_override("u2", 1, "ann") == "1.1.0" and current(filled)["1.1.0"] is None
    assert filled.undo_override("u3", 1, "ann") is None


def test_undo_takes_back_only_ones_own_words_in_this_round(filled: Store) -> None:
    add_candidates(filled, candidates(prompts=1, per_prompt=1, round_number=2), job_id="r2-generate-1")
    filled.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    filled.add_override("b", "1.1.1", Action.ACCEPT, "ben")
    filled.add_override("c", "2.1.0", Action.ACCEPT, "ann")
    assert filled.undo_override("u1", 1, "ann") == "1.1.0"
    assert filled.undo_override("u2", 1, "ann") is None
    assert current(filled)["1.1.1"] == "accept"
    assert filled.undo_override("u3", 2, "ann") == "2.1.0"


def test_undo_does_not_revert_a_colleagues_later_decision(filled: Store) -> None:
    filled.add_override("a", "1.1.0", Action.ACCEPT, "ann")
    filled.add_override("b", "1.1.0", Action.REJECT, "ben")
    assert filled.undo_override("u1", 1, "ann") == "1.1.0"
    assert current(filled)["1.1.0"] == "reject"


def test_undo_returns_to_a_colleagues_earlier_decision(filled: Store) -> None:
    filled.add_override("a", "1.1.0", Action.REJECT, "ben")
    filled.add_override("b", "1.1.0", Action.ACCEPT, "ann")
    assert filled.undo_override("u1", 1, "ann") == "1.1.0"
    assert current(filled)["1.1.0"] == "reject"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.tuples(st.sampled_from(NAMES), st.sampled_from(list(Action))), st.sampled_from(["undo", "redo"])),
        max_size=12,
    )
)
def test_any_walk_of_one_reviewer_is_a_stack(filled: Store, steps: list[tuple[str, Action] | str]) -> None:
    reviewer = f"reviewer {len(filled.overrides())}"
    done: list[tuple[str, Action]] = []
    undone: list[tuple[str, Action]] = []
    for number, step in enumerate(steps):
        uid = f"{reviewer} {number}"
        if isinstance(step, tuple):
            filled.add_override(uid, *step, reviewer)
            done.append(step)
            undone.clear()
        else:
            (answer,) = filled.acts.say([Act(uid, ActKind(step))], 1, reviewer)
            source, target = (done, undone) if step == "undo" else (undone, done)
            assert (answer.refused is not None) == (not source)
            if source:
                target.append(source.pop())
                assert answer.candidate_ids == (target[-1][0],)
        expected = {name: action for name, action in dict(done).items() if action is not Action.AUTO}
        assert opinions(filled, reviewer) == expected


def opinions(store: Store, reviewer: str) -> dict[str, str]:
    """A reviewer's current decisions, by candidate."""
    return {
        f"1.{row['prompt_id']}.{row['k']}": row["action"]
        for row in store.opinions(1).to_pylist()
        if row["reviewer"] == reviewer
    }
