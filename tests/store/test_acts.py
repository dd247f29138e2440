"""Everything that people decide or write is an act: harmless to send again, refused by itself, undone and redone exactly."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from rsf_core.domain import Act, Action, ActKind, candidate_id, parse_candidate_id
from rsf_core.domain.errors import RefusedRowsError, StoreError
from rsf_core.store import acts, recent_candidates
from rsf_core.store.round_log import TABLES
from rsf_core.store.sql import queries
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates, decide

Request = acts._Request


@pytest.fixture
def filled(store: Store) -> Store:
    rows = candidates(prompts=4, per_prompt=3)
    add_candidates(store, rows)
    decide(store, rows, 0.0, log_m=-9.0)
    return store


def decided(name: str, candidate: str, action: Action = Action.REJECT) -> Act:
    return Act(name, ActKind.DECIDE, (candidate,), action)


def accepted(store: Store) -> set[str]:
    return {r.candidate_id for prompt in range(1, 5) for r in store.candidates_of_prompt(1, prompt) if r.accepted}


def annotation(store: Store, candidate: str) -> dict[str, object]:
    _, prompt, k = candidate.split(".")
    row = [r for r in store.annotations(1) if (r["prompt_id"], r["k"]) == (int(prompt), int(k))]
    return row[0] if row else {}


def test_a_batch_is_kept_in_order_and_sending_it_again_changes_nothing(filled: Store) -> None:
    batch = [
        decided(f"act {i}", f"1.{1 + i // 3}.{i % 3}", Action.REJECT if i % 2 else Action.ACCEPT) for i in range(12)
    ]
    first = filled.acts.say(batch, 1, "ann")
    assert [(s.refused, s.known) for s in first] == [(None, False)] * 12
    again = filled.acts.say(batch, 1, "ann")
    assert [(s.refused, s.known) for s in again] == [(None, True)] * 12
    assert [(o.uid, o.action) for o in filled.overrides()] == [(a.act, a.action) for a in batch]


def test_an_undo_sent_again_says_what_it_touched_when_it_was_first_sent(filled: Store) -> None:
    filled.acts.say([decided("a", "1.1.0"), decided("b", "1.2.0")], 1, "ann")
    undo = Act("c", ActKind.UNDO)
    assert filled.acts.say([undo], 1, "ann")[0].candidate_ids == ("1.2.0",)
    assert filled.acts.say([undo], 1, "ann")[0].candidate_ids == ("1.2.0",)
    assert filled.acts.standing(1, "ann") == (["a"], ["b"])


def test_the_same_act_twice_in_one_batch_counts_once(filled: Store) -> None:
    filled.acts.say([decided("a", "1.1.0"), decided("a", "1.1.0")], 1, "ann")
    assert len(filled.overrides()) == 1


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (decided("bad", "1.9.9"), "there is no candidate '1.9.9'"),
        (decided("bad", "nonsense"), "there is no candidate 'nonsense'"),
        (Act("bad", ActKind.DECIDE, ("1.1.0",)), "decide needs an action"),
        (Act("bad", ActKind.NOTE), "note names no candidate"),
        (Act("bad", ActKind.EDIT, ("1.1.0",), value=" \n"), "cannot be empty"),
        (Act("bad", ActKind.UNDO), None),
        (Act("bad", ActKind.REDO), "nothing to redo"),
    ],
)
def test_one_bad_act_is_refused_alone(filled: Store, act: Act, reason: str | None) -> None:
    before, middle, after = filled.acts.say([decided("first", "1.1.0"), act, decided("last", "1.1.1")], 1, "ann")
    assert before.refused is None and after.refused is None
    assert (middle.refused is None) if reason is None else (reason in str(middle.refused))


def test_a_candidate_of_another_round_is_refused(filled: Store) -> None:
    add_candidates(filled, candidates(prompts=1, per_prompt=1, round_number=2), job_id="r2-generate-1")
    (answer,) = filled.acts.say([decided("a", "1.1.0")], 2, "ann")
    assert "is of round 1" in str(answer.refused) and filled.overrides() == []


def test_a_whole_prompt_is_one_step(filled: Store) -> None:
    everything = accepted(filled)
    filled.acts.say([Act("all", ActKind.DECIDE, ("1.1.0", "1.1.1", "1.1.2"), Action.REJECT)], 1, "ann")
    assert accepted(filled) == everything - {"1.1.0", "1.1.1", "1.1.2"}
    (answer,) = filled.acts.say([Act("back", ActKind.UNDO)], 1, "ann")
    assert answer.candidate_ids == ("1.1.0", "1.1.1", "1.1.2") and accepted(filled) == everything


def test_bulk_is_one_step_and_its_undo_restores_the_earlier_decisions(filled: Store) -> None:
    filled.add_override("own", "1.1.0", Action.ACCEPT, "ann")
    places = [(prompt, k) for prompt in (1, 2) for k in range(3)]
    assert filled.acts.bulk("bulk", places, Action.REJECT, 1, "ann") == 6
    assert filled.acts.bulk("bulk", places, Action.REJECT, 1, "ann") == 0  # the act is already recorded
    assert filled.round_counts(1).overridden == 6
    assert filled.undo_override("u", 1, "ann") is not None
    assert filled.round_counts(1).overridden == 1 and len(filled.opinions(1)) == 1
    filled.acts.say([Act("r", ActKind.REDO)], 1, "ann")
    assert filled.round_counts(1).overridden == 6


def test_notes_flags_tags_and_edits_are_kept_undone_and_redone(filled: Store) -> None:
    for kind, value in (
        (ActKind.NOTE, "why"),
        (ActKind.FLAG, "yes"),
        (ActKind.TAGS, "style,wrong"),
        (ActKind.EDIT, "new"),
    ):
        filled.acts.say([Act(f"{kind}", kind, ("1.1.0",), value=value)], 1, "ann")
    full = {"note": "why", "flagged": True, "tags": "style,wrong", "edit": "new"}
    assert annotation(filled, "1.1.0").items() >= full.items()
    filled.acts.say([Act("u1", ActKind.UNDO), Act("u2", ActKind.UNDO)], 1, "ann")
    assert annotation(filled, "1.1.0").items() >= {"note": "why", "flagged": True, "tags": None, "edit": None}.items()
    filled.acts.say([Act("r1", ActKind.REDO), Act("r2", ActKind.REDO)], 1, "ann")
    assert annotation(filled, "1.1.0").items() >= full.items()
    filled.acts.say([Act("off", ActKind.FLAG, ("1.1.0",))], 1, "ann")
    assert annotation(filled, "1.1.0")["flagged"] is False


def test_undoing_a_note_leaves_a_colleagues_later_one(filled: Store) -> None:
    filled.acts.say([Act("a", ActKind.NOTE, ("1.1.0",), value="mine")], 1, "ann")
    filled.acts.say([Act("b", ActKind.NOTE, ("1.1.0",), value="theirs")], 1, "ben")
    filled.acts.say([Act("u", ActKind.UNDO)], 1, "ann")
    assert annotation(filled, "1.1.0")["note"] == "theirs"


@pytest.mark.parametrize("first", ["ann", "ben"])
def test_a_text_that_was_taken_back_does_not_come_back_with_a_colleagues_undo(filled: Store, first: str) -> None:
    filled.acts.say([Act("a", ActKind.EDIT, ("1.1.0",), value="of ann")], 1, "ann")
    filled.acts.say([Act("b", ActKind.EDIT, ("1.1.0",), value="of ben")], 1, "ben")
    filled.acts.say([Act("u1", ActKind.UNDO)], 1, first)
    assert annotation(filled, "1.1.0")["edit"] == ("of ben" if first == "ann" else "of ann")
    filled.acts.say([Act("u2", ActKind.UNDO)], 1, "ben" if first == "ann" else "ann")
    assert annotation(filled, "1.1.0")["edit"] is None


def test_undoing_what_was_redone_over_a_colleagues_text_brings_that_text_back(filled: Store) -> None:
    filled.acts.say([Act("a", ActKind.EDIT, ("1.1.0",), value="of ann")], 1, "ann")
    filled.acts.say([Act("b", ActKind.EDIT, ("1.1.0",), value="of ben")], 1, "ben")
    filled.acts.say([Act("u", ActKind.UNDO), Act("r", ActKind.REDO)], 1, "ann")
    assert annotation(filled, "1.1.0")["edit"] == "of ann"
    filled.acts.say([Act("u2", ActKind.UNDO)], 1, "ann")
    assert annotation(filled, "1.1.0")["edit"] == "of ben"


def test_most_reviewers_win_and_a_settling_word_wins_over_all(filled: Store) -> None:
    for reviewer, action in (("ann", Action.REJECT), ("ben", Action.REJECT), ("cleo", Action.ACCEPT)):
        filled.add_override(reviewer, "1.1.0", action, reviewer)
    assert "1.1.0" not in accepted(filled)
    filled.acts.say([Act("settle", ActKind.ADJUDICATE, ("1.1.0",), Action.ACCEPT)], 1, "dora")
    (record,) = [r for r in filled.candidates_of_prompt(1, 1) if r.k == 0]
    assert record.accepted and record.reviewer == "dora"
    filled.acts.say([Act("u", ActKind.UNDO)], 1, "dora")
    assert "1.1.0" not in accepted(filled)


def test_where_reviewers_are_even_the_newest_word_holds(filled: Store) -> None:
    filled.add_override("a", "1.1.0", Action.REJECT, "ann")
    filled.add_override("b", "1.1.0", Action.ACCEPT, "ben")
    assert "1.1.0" in accepted(filled)
    filled.add_override("c", "1.1.0", Action.REJECT, "ann")
    assert "1.1.0" not in accepted(filled)


def test_decisions_do_not_wait_for_the_end_of_a_jobs_segments(filled: Store) -> None:
    """The ingest ends only after all decisions: a decision that waited for it would wait for ever."""
    stop = threading.Event()

    def ingest() -> None:
        unit = 100
        while not stop.is_set():
            rows = candidates(500, 4, round_number=unit)
            add_candidates(filled, rows, unit=unit, job_id=f"r{unit}-generate-1")
            unit += 1

    thread = threading.Thread(target=ingest)
    thread.start()
    try:
        for i in range(60):
            filled.acts.say([decided(f"act {i}", f"1.{1 + i % 4}.{i % 3}")], 1, "ann")
    finally:
        stop.set()
        thread.join()
    assert len(filled.overrides()) == 60


@pytest.mark.parametrize(
    "name",
    [
        *("1.².0", "1.1.²", "١.1.0", "1.1." + "9" * 20, "9" * 20 + ".1.0", "1.-1.0", "-1.1.0", "+1.1.0", "1_0.1.0"),
        *("1.1.1048576", "1.01.0", "1.1", "1.1.0.0", "1.1.0 ", " 1.1.0", "1.1.0\n", "1.1.0\x00", "x" * 100_000),
        *("", ".", "..", "1..0", "one.two.three"),
    ],
)
def test_a_text_that_is_no_name_of_a_candidate_is_refused_alone(filled: Store, name: str) -> None:
    assert parse_candidate_id(name) is None
    bad, good = filled.acts.say([decided("bad act", name), decided("good act", "1.1.0")], 1, "ann")
    assert bad.refused is not None and "there is no candidate" in bad.refused and good.refused is None
    with pytest.raises(StoreError, match="there is no candidate"):
        filled.add_override("again", name, Action.ACCEPT, "ann")


def test_a_name_of_a_candidate_is_read_as_it_is_written() -> None:
    for parts in ((1, 17, 3), (0, 0, 0), (999_999_999, 999_999_999, 2**20 - 1)):
        assert parse_candidate_id(candidate_id(*parts)) == parts


def test_requests_that_wait_together_are_saved_together_and_only_failing_ones_raise(filled: Store) -> None:
    filled.acts.say([decided("taken 1.1.0", "1.1.0")], 1, "ann")
    answers: dict[str, object] = {}

    def say(reviewer: str, act: Act) -> None:
        try:
            answers[reviewer] = filled.acts.say([act, Act(f"{reviewer} undoes", ActKind.UNDO)], 1, reviewer)
        except RefusedRowsError as error:
            answers[reviewer] = error

    acts = {f"reviewer {i}": decided(f"by {i}", f"1.{1 + i % 4}.{i % 3}") for i in range(12)}
    acts["spoiler"] = Act("taken", ActKind.DECIDE, ("1.1.0", "1.1.1"), Action.ACCEPT)  # the keys of its rows are taken
    threads = [threading.Thread(target=say, args=item) for item in acts.items()]
    with filled.transaction("holding them up"):
        for thread in threads:
            thread.start()
        while len(filled.acts._waiting) < len(threads):
            threading.Event().wait(0.01)
    for thread in threads:
        thread.join(60)
    assert isinstance(answers.pop("spoiler"), RefusedRowsError)
    assert all(not one.refused for outcomes in answers.values() for one in outcomes)  # type: ignore[attr-defined]
    assert {row.reviewer for row in filled.overrides()} == {"ann", *answers}
    assert [filled.acts.depths(1, reviewer) for reviewer in answers] == [(0, 1)] * 12 and filled.acts.depths(
        1, "spoiler"
    ) == (0, 0)


def test_a_candidate_that_is_named_twice_in_an_act_is_meant_once(filled: Store) -> None:
    filled.acts.say([Act("a", ActKind.DECIDE, ("1.1.0", "1.1.0"), Action.REJECT)], 1, "ann")
    assert [o.candidate_id for o in filled.overrides()] == ["1.1.0"]


def test_rows_that_came_past_the_acts_are_seen(filled: Store) -> None:
    """As from a migration or a tool: the log in memory may be behind the database, but never contradicts it."""
    filled.acts.say([decided("a", "1.1.0")], 1, "ann")
    assert filled.acts.depths(1, "ann") == (1, 0)
    with filled.transaction("a tool"):
        filled._db._cursor().execute(
            "INSERT INTO acts (act, kind, round, reviewer, created_at) VALUES ('b', 'decide', 1, 'ann', now()::TIMESTAMP)"
        )
    assert filled.acts.standing(1, "ann") == (["a", "b"], [])


def test_no_act_reads_all_acts_and_no_undo_all_overrides(filled: Store) -> None:
    """The database's own plan uses an index or a range of the table, however many acts there are."""
    acts = [decided(f"act {i}", f"1.{1 + i % 4}.{i % 3}") for i in range(60)]
    filled.acts.say(acts, 1, "ann")
    cursor = filled._db._cursor()
    known = queries()["acts_known"].replace("$keys", "('act 1', 'act 2')")
    assert "Index Scan" in cursor.execute(f"EXPLAIN ANALYZE {known}").fetchall()[0][1]
    last = {table: cursor.execute(f"SELECT max(seq) FROM {table}").fetchall()[0][0] or 0 for table in TABLES}
    since = queries()["said_since"]
    for name, value in (last | {"round": 1}).items():
        since = since.replace(f"${name}", str(value))
    plan = cursor.execute(f"EXPLAIN {since}").fetchall()[0][1]
    assert "overrides" not in plan and "Table: x.main.acts" not in plan  # nothing is newer, so neither table is read


def test_what_reviewers_were_shown_is_not_looked_up_when_they_decide(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up, look_up = [], filled._db.look_up

    def counting(name: str, keys: Sequence[Any]) -> list[dict[str, Any]]:
        looked_up.extend([name] if keys else [])
        return look_up(name, keys)

    monkeypatch.setattr(filled._db, "look_up", counting)
    filled.candidates_of_prompts(1, [1, 2])
    looked_up.clear()
    (one,) = filled.acts.say([decided("a shown one", "1.2.1")], 1, "ann")
    (of_another,) = filled.acts.say([decided("in round 2", "1.1.1")], 2, "ann")
    assert one.refused is None and "is of round 1" in str(of_another.refused)
    assert "candidates_of_few_prompts" not in looked_up
    answers = filled.acts.say([decided("not shown", "1.3.0"), decided("no such", "1.1.9")], 1, "ann")
    assert [answer.refused is None for answer in answers] == [True, False]
    assert "candidates_of_few_prompts" in looked_up  # candidates that were not shown are not in memory


def test_a_candidate_that_was_taken_back_before_it_was_committed_is_not_known(filled: Store) -> None:
    rows = candidates(prompts=6, per_prompt=3).slice(12)  # of prompts 5 and 6

    def draw_and_fail() -> None:
        with filled.transaction("drawing"):
            filled._db.append("candidates", rows)
            assert len(filled.candidates_of_prompts(1, [5, 6])) == 6
            raise StoreError("never mind")

    with pytest.raises(StoreError, match="never mind"):
        draw_and_fail()
    (answer,) = filled.acts.say([decided("of none", "1.5.0")], 1, "ann")
    assert answer.refused is not None and filled.overrides() == []


def test_of_the_candidates_that_were_read_the_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_candidates, "KEPT", 10)
    read = recent_candidates.RecentCandidates()
    for prompt in range(50):
        read.add((f"1.{prompt}.{k}", 1) for k in range(4))
        assert len(read) <= 10
    assert read.of(["1.49.3", "1.48.0", "1.47.2", "1.47.1", "1.0.0"]) == {"1.49.3": 1, "1.48.0": 1, "1.47.2": 1}
    read.add([("1.47.2", 1)])  # read again
    read.add((f"1.60.{k}", 1) for k in range(9))
    assert list(read.of(["1.47.2", "1.49.3"])) == ["1.47.2"]


def waiting_by(event: type[threading.Event], spoken: Sequence[Act], round_number: int, reviewer: str) -> acts._Request:
    """A request that waits for others with an event of this class."""
    return Request(spoken, round_number, reviewer, done=event())


@pytest.mark.parametrize("spoiled", [False, True])
def test_where_many_act_their_acts_within_a_moment_are_committed_together(
    filled: Store, monkeypatch: pytest.MonkeyPatch, spoiled: bool
) -> None:
    names, commit = [f"reviewer {i}" for i in range(6)], filled.acts._commit
    all_wait, together = threading.Barrier(len(names)), []

    class Moment(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            all_wait.wait(60)
            return super().wait(timeout)

    def counting(requests: Sequence[Any]) -> None:
        together.append(len(requests))
        commit(requests)

    filled.acts.say([decided("taken 1.1.0", "1.1.0")], 1, "ann")  # a lone request, which waits for nobody
    monkeypatch.setattr(acts, "BUSY_SECONDS", 3600)
    monkeypatch.setattr(acts, "_Request", partial(waiting_by, Moment))
    monkeypatch.setattr(filled.acts, "_commit", counting)
    acts_of = {name: decided(f"act of {name}", f"1.{1 + i % 4}.{i % 3}") for i, name in enumerate(names)}
    if spoiled:
        acts_of[names[3]] = Act(
            "taken", ActKind.DECIDE, ("1.1.0", "1.1.1"), Action.ACCEPT
        )  # the key of its row is taken
    answers: dict[str, object] = {}

    def say(name: str) -> None:
        try:
            answers[name] = filled.acts.say([acts_of[name]], 1, name)[0].refused
        except RefusedRowsError:
            answers[name] = "spoiled"

    threads = [threading.Thread(target=say, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert together == ([6, *[1] * 6] if spoiled else [6])
    assert answers == {name: "spoiled" if spoiled and name == names[3] else None for name in names}
    assert len(filled.overrides()) == (6 if spoiled else 7)


def test_a_single_reviewer_waits_for_nobody(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Never(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise AssertionError("waited")

    filled.acts.say([decided("by ben", "1.1.0")], 1, "ben")
    monkeypatch.setattr(acts, "BUSY_SECONDS", 0.0)  # ben's act is long ago
    monkeypatch.setattr(acts, "_Request", partial(waiting_by, Never))
    filled.acts.say([decided("by ann", "1.1.0")], 1, "ann")
    monkeypatch.setattr(acts, "BUSY_SECONDS", 3600)
    filled.acts.say([decided("ann again", "1.1.1")], 1, "ann")
    with filled.transaction("what is part of more"):
        filled.acts.say([decided("inside", "1.1.2")], 1, "cleo")
    assert len(filled.overrides()) == 4
