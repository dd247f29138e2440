"""Two reviewers: each of their figures is right in a hand-made example, and stays up to date as they go on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import person
from rsf_core.domain.errors import AccessError, StageError
from rsf_core.domain.settings import Settings
from rsf_core.review.progress import ReviewProgress
from rsf_core.review.queue import Reviews
from rsf_core.store.review_records import ReviewGoal
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_prompts, candidates, decide
from tests.support.wall_clock import set_wall_clock

SETTINGS = Settings.model_validate({"task": "t"})


class Clock:
    at = datetime(2026, 5, 4, 12, 0, 0)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    set_wall_clock(monkeypatch, made.now)
    return made


@pytest.fixture
def progress(store: Store, clock: Clock) -> ReviewProgress:
    """Two prompts with three candidates each; the rule accepts those of the first prompt."""
    add_prompts(store)
    rows = candidates(2, 3)
    add_candidates(store, rows)
    decide(store, rows, [5.0] * 3 + [-50.0] * 3, 0.0)
    return ReviewProgress(store, Reviews(store, lambda: SETTINGS, lambda number: SETTINGS.target), clock.now)


def say(store: Store, clock: Clock, who: str, name: str, action: Action, seconds: int = 20) -> None:
    clock.at += timedelta(seconds=seconds)
    (outcome,) = store.acts.say([Act(f"{who} {name} {action} {clock.at}", ActKind.DECIDE, (name,), action)], 1, who)
    assert outcome.refused is None


def test_two_reviewers_are_counted_apart(store: Store, progress: ReviewProgress, clock: Clock) -> None:
    for name, action in (("1.1.0", Action.ACCEPT), ("1.1.1", Action.REJECT), ("1.2.0", Action.REJECT)):
        say(store, clock, "ann", name, action, seconds=40)
    say(store, clock, "ben", "1.1.0", Action.REJECT)
    ann = progress.mine(1, person("ann"))
    assert (ann.today, ann.decided, ann.undone, ann.per_hour) == (3, 3, 0, 90.0)
    assert ann.sitting is not None
    assert (ann.sitting.decided, ann.sitting.accepted) == (3, 1)
    assert (ann.sitting.ruled, ann.sitting.like_the_rule) == (3, 2)  # the rule accepts 1.1.1, which ann rejects
    say(store, clock, "ann", "1.1.1", Action.ACCEPT)  # the figures follow
    store.acts.say([Act("undo", ActKind.UNDO)], 1, "ann")
    store.acts.say([Act("undo 2", ActKind.UNDO)], 1, "ann")
    ann = progress.mine(1, person("ann"))
    assert (ann.decided, ann.undone) == (2, 2)
    assert [(one.reviewer, one.decided) for one in progress.everybody(1)] == [("ann", 2), ("ben", 1)]
    nobody = progress.mine(1, person("cleo"))
    assert (nobody.decided, nobody.sitting, nobody.per_hour) == (0, None, None)


def test_a_progress_kept_in_memory_equals_one_computed_again(
    store: Store, progress: ReviewProgress, clock: Clock
) -> None:
    for k, action in enumerate((Action.ACCEPT, Action.REJECT, Action.AUTO)):
        say(store, clock, "ann", f"1.1.{k}", action)
        progress.mine(1, person("ann"))
    store.acts.say([Act("undo", ActKind.UNDO)], 1, "ann")
    store.acts.bulk("all", [(2, 0), (2, 1)], Action.ACCEPT, 1, "ann")
    fresh = ReviewProgress(store, Reviews(store, lambda: SETTINGS, lambda number: SETTINGS.target), clock.now)
    assert progress.mine(1, person("ann")) == fresh.mine(1, person("ann"))
    assert progress.mine(1, person("ann")).decided == 2


def test_tomorrow_nothing_was_decided_today(store: Store, progress: ReviewProgress, clock: Clock) -> None:
    say(store, clock, "ann", "1.1.0", Action.ACCEPT)
    clock.at = datetime(2026, 5, 5, 0, 0, 1)
    mine = progress.mine(1, person("ann"))
    assert (mine.today, mine.decided) == (0, 1)


def test_a_goal_is_ones_own_or_the_owners_and_the_newest_holds(progress: ReviewProgress) -> None:
    assert progress.mine(1, person("ann")).goal == ReviewGoal(None, None)
    progress.set_goal(50, None, person("ann"))
    progress.set_goal_of("ben", 10, 200, person("ann"))
    assert progress.mine(1, person("ann")).goal == ReviewGoal(50, None)
    assert progress.mine(1, person("ben")).goal == ReviewGoal(10, 200)
    progress.set_goal(None, 7, person("ben"))
    assert progress.mine(1, person("ben")).goal == ReviewGoal(None, 7)


@pytest.mark.parametrize(("per_day", "per_round"), [(0, None), (None, -1), (10**9 + 1, None)])
def test_a_goal_that_makes_no_sense_is_refused(
    progress: ReviewProgress, per_day: int | None, per_round: int | None
) -> None:
    with pytest.raises(StageError, match="makes no sense: say 1 or more, or none"):
        progress.set_goal(per_day, per_round, person("ann"))
    with pytest.raises(AccessError):
        progress.set_goal_of("rule", 5, None, person("ann"))
    assert progress.mine(1, person("ann")).goal == ReviewGoal(None, None)
