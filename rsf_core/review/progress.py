"""How far each reviewer is: goal, pace, and the newest sitting. Kept up to date act by act, never recounted."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rsf_core.domain.access import LOCAL, Actor, requires_actor, speaker
from rsf_core.domain.errors import StageError
from rsf_core.review.agreement import WithOthers, with_others
from rsf_core.review.pace import Tally
from rsf_core.review.queue import Reviews
from rsf_core.store.database import utc_now
from rsf_core.store.review_records import ReviewGoal
from rsf_core.store.store import Store

MOST = 1_000_000_000
KEPT = 3  # rounds
_VOTES = {"accept": 1, "reject": -1}


@dataclass(frozen=True, slots=True)
class SittingSummary:
    """A sitting: `decided` candidates, `accepted` of them accepted; `undone` acts taken back; `ruled` of the decided ones that
    the rule decides too, `like_the_rule` of them the same way; `turned_away` were rejected though the rule accepts them,
    `brought_in` accepted though it rejects them; `seconds` of work without the breaks, and `per_hour` decisions an hour."""

    begun: datetime
    decided: int
    accepted: int
    undone: int
    ruled: int
    like_the_rule: int
    turned_away: int
    brought_in: int
    seconds: float
    per_hour: float | None

    @property
    def rejected(self) -> int:
        return self.decided - self.accepted


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reviewer is: current decisions made today (by UTC) and in the round, and the newest sitting."""

    reviewer: str
    goal: ReviewGoal
    today: int
    decided: int
    undone: int
    per_hour: float | None
    sitting: SittingSummary | None


class _Tallies:
    """Everybody's tallies in one round."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seen: tuple[int, ...] | None = None
        self.last = 0
        self.of: defaultdict[str, Tally] = defaultdict(Tally)


class ReviewProgress:
    def __init__(self, store: Store, review: Reviews, now: Callable[[], datetime] = utc_now) -> None:
        self._store, self._review, self._now = store, review, now
        self._guard = threading.Lock()
        self._rounds: dict[int, _Tallies] = {}

    def mine(self, round_number: int, reviewer: Actor) -> Progress:
        """How far this reviewer is."""
        tallies = self._tallies(round_number)
        with tallies.lock:
            return self._progress(round_number, reviewer.name, tallies.of.get(reviewer.name) or Tally())

    def with_others(self, round_number: int, reviewer: Actor, onlooker: str | None = None) -> WithOthers:
        """How often this reviewer and others have decided the same candidates of the round alike."""
        return with_others(self._review.independent(round_number, onlooker), reviewer.name)

    def everybody(self, round_number: int) -> list[Progress]:
        """The progress of everybody who has acted in the round, by name."""
        tallies = self._tallies(round_number)
        with tallies.lock:
            return [self._progress(round_number, name, tally) for name, tally in sorted(tallies.of.items())]

    @requires_actor
    def set_goal(self, per_day: int | None, per_round: int | None, reviewer: Actor = LOCAL) -> None:
        """Set this reviewer's own goal; None is no goal. Raises StageError for a goal below 1."""
        self._set(reviewer.name, per_day, per_round, reviewer)

    @requires_actor
    def set_goal_of(self, name: str, per_day: int | None, per_round: int | None, author: Actor = LOCAL) -> None:
        """Set the goal of another reviewer. Raises StageError for a goal below 1, AccessError for an invalid name."""
        self._set(speaker(name), per_day, per_round, author)

    def _set(self, name: str, per_day: int | None, per_round: int | None, author: Actor) -> None:
        for count, of in ((per_day, "a day"), (per_round, "in the round")):
            if count is not None and not 1 <= count <= MOST:
                raise StageError(f"a goal of {count:,} candidates {of} makes no sense: say 1 or more, or none")
        self._store.goals.set(name, ReviewGoal(per_day, per_round), author.name)

    def _tallies(self, round_number: int) -> _Tallies:
        with self._guard:
            tallies = self._rounds.pop(round_number, None) or _Tallies()
            self._rounds[round_number] = tallies  # the one asked for last comes last
            while len(self._rounds) > KEPT:
                del self._rounds[next(iter(self._rounds))]
        version = self._store.goals.words_version()
        with tallies.lock:
            if tallies.seen != version:
                for row in self._store.goals.words_since(round_number, tallies.last):
                    tallies.last = row["seq"]
                    tally = tallies.of[row["reviewer"]]
                    vote = _VOTES.get(row["action"], 0)
                    tally.take(row["act"], row["kind"], row["place"], vote, row["created_at"])
                tallies.seen = version
        return tallies

    def _progress(self, round_number: int, name: str, tally: Tally) -> Progress:
        goals = self._store.unchanged("review goals", ("review_goals",), self._store.goals.all)
        sitting = None if tally.sitting is None else self._sitting(round_number, tally)
        today = tally.days[self._now().date()]
        goal = goals.get(name, ReviewGoal(None, None))
        return Progress(name, goal, today, tally.decided, tally.undone, tally.pace.per_hour, sitting)

    def _sitting(self, round_number: int, tally: Tally) -> SittingSummary:
        sitting = tally.sitting
        assert sitting is not None
        index = self._review.index(round_number)
        rows = index.table.row_of(list(sitting.votes))
        ruled = Counter(
            (bool(index.automatic[row]), vote > 0)  # the decision of the rule, and of the reviewer
            for row, vote in zip(rows, sitting.votes.values(), strict=True)
            if row >= 0 and index.scored[row]
        )
        return SittingSummary(
            begun=sitting.begun,
            decided=len(sitting.votes),
            accepted=sum(vote > 0 for vote in sitting.votes.values()),
            undone=sitting.undone,
            ruled=ruled.total(),
            like_the_rule=ruled[True, True] + ruled[False, False],
            turned_away=ruled[True, False],
            brought_in=ruled[False, True],
            seconds=sitting.pace.seconds,
            per_hour=sitting.pace.per_hour,
        )
