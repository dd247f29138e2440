"""Effective decisions by day and sitting, and a pace that breaks do not change: counted by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from rsf_core.review.pace import Pace, Tally

NOON = datetime(2026, 5, 4, 12, 0, 0)
TODAY = NOON.date()


class Decisions:
    """Decisions made one after the other, with seconds in between."""

    def __init__(self, at: datetime = NOON) -> None:
        self.tally, self.at, self.count = Tally(), at, 0

    def say(self, place: int, vote: int, after: float = 10.0, kind: str = "decide", same_act: bool = False) -> None:
        if not same_act:
            self.count += 1
            self.at += timedelta(seconds=after)
        self.tally.take(f"act {self.count}", kind, place, vote, self.at)


def test_who_changes_their_mind_has_decided_once_and_who_takes_it_back_has_not() -> None:
    acts = Decisions()
    for place, vote in ((1, 1), (2, -1), (1, -1), (3, 1), (3, 0)):
        acts.say(place, vote)
    tally = acts.tally
    assert tally.decided == tally.days[TODAY] == 2 and tally.sitting is not None
    assert tally.sitting.votes == {1: -1, 2: -1}
    acts.say(3, 1, kind="undo")  # undoes the return to the rule
    assert tally.decided == 3 and tally.sitting.votes[3] == 1
    acts.say(3, 0, kind="undo")
    acts.say(1, 1, kind="undo")
    assert tally.decided == 2 and tally.sitting.votes == {1: 1, 2: -1}
    acts.say(1, -1, kind="redo")
    assert tally.sitting.votes == {1: -1, 2: -1} and tally.undone == tally.sitting.undone == 3


def test_a_decision_that_an_undo_restores_counts_on_its_original_day() -> None:
    acts = Decisions()
    acts.say(1, 1)
    acts.say(1, -1, after=86_400)
    tomorrow = date(2026, 5, 5)
    assert (acts.tally.days[TODAY], acts.tally.days[tomorrow]) == (0, 1)
    acts.say(1, 1, kind="undo")
    assert (acts.tally.days[TODAY], acts.tally.days[tomorrow]) == (1, 0)
    assert acts.tally.sitting is not None and acts.tally.sitting.votes == {}  # it was decided in an earlier sitting
    acts.say(1, -1, kind="redo")
    assert (acts.tally.days[TODAY], acts.tally.days[tomorrow]) == (0, 1) and acts.tally.sitting.votes == {1: -1}


def test_what_is_decided_in_bulk_is_not_read_and_counts_nowhere() -> None:
    acts = Decisions()
    acts.say(1, 1)
    acts.say(1, 1, kind="bulk")
    acts.say(2, 1, kind="bulk", same_act=True)
    assert acts.tally.decided == 0 and acts.tally.pace.steps == 0
    acts.say(2, 0, kind="undo")
    acts.say(1, 1, kind="undo", same_act=True)
    assert acts.tally.decided == 1  # the decision before the bulk act is effective again
    acts.say(1, 1, kind="redo")
    acts.say(2, 1, kind="redo", same_act=True)
    assert acts.tally.decided == 0


def test_a_whole_prompt_at_once_is_several_decisions_and_one_step() -> None:
    acts = Decisions()
    acts.say(9, 1)
    for place in (1, 2, 3):
        acts.say(place, 1, same_act=place > 1)
    assert acts.tally.decided == 4 and (acts.tally.pace.steps, acts.tally.pace.seconds) == (1, 10.0)


def test_a_pause_changes_no_pace_and_half_an_hour_begins_a_sitting() -> None:
    acts = Decisions()
    for place in range(7):
        acts.say(place, 1, after=20.0)
    assert acts.tally.pace.per_hour == 180.0
    acts.say(7, 1, after=301.0)  # a break within the same sitting
    acts.say(8, 1, after=20.0)
    first = acts.tally.sitting
    assert acts.tally.pace.per_hour == 180.0 and first is not None and len(first.votes) == 9
    acts.say(9, -1, after=1_801.0)
    now = acts.tally.sitting
    assert now is not None and now is not first and now.votes == {9: -1} and now.pace.per_hour is None
    acts.say(10, -1, after=30.0)
    assert now.pace.per_hour is None  # half a minute is too short for a pace
    acts.say(10, 1, after=30.0)
    assert now.pace.per_hour == 120.0 and acts.tally.pace.per_hour == pytest.approx(3600 * 9 / 200)
    acts.say(0, -1, after=5.0)  # decided in an earlier sitting, and again now
    assert set(now.votes) == {9, 10, 0} and now.votes[10] == 1 and acts.tally.decided == 11


def test_a_clock_that_is_set_back_is_no_time_of_work() -> None:
    acts = Decisions()
    acts.say(1, 1)
    acts.say(2, 1, after=-3_600.0)
    assert acts.tally.pace.steps == 0 and acts.tally.decided == 2


@pytest.mark.parametrize(("seconds", "steps"), [(-1.0, 0), (0.0, 1), (59.0, 1), (60.0, 1), (300.0, 1), (300.1, 0)])
def test_a_pace_takes_what_is_no_break(seconds: float, steps: int) -> None:
    pace = Pace()
    pace.add(seconds)
    assert pace.steps == steps and (pace.per_hour is None) is (seconds not in (60.0, 300.0))
