"""A reviewer's progress in a round, counted act by act: current decisions today and in this sitting, and the pace. Pure.

A reviewer who changes their mind has decided a candidate once; one who takes the decision back has not decided it. Decisions
in bulk are made without reading and count nowhere. Times are those at which the server saved the act."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from rsf_core.domain import ActKind

PAUSE_SECONDS = 300.0  # between two decisions: longer is a break, which is not work
LEAST_SECONDS = 60.0  # of work, below which there is no pace
SITTING_SECONDS = 1_800.0  # without a decision: a new sitting begins


@dataclass(slots=True)
class Pace:
    """Time between decisions without the breaks, in seconds, and over how many decisions."""

    seconds: float = 0.0
    steps: int = 0

    def add(self, seconds: float) -> None:
        if 0 <= seconds <= PAUSE_SECONDS:
            self.seconds += seconds
            self.steps += 1

    @property
    def per_hour(self) -> float | None:
        """Steps an hour of work; None before a minute of it."""
        return 3600.0 * self.steps / self.seconds if self.seconds >= LEAST_SECONDS else None


@dataclass(slots=True)
class Sitting:
    """The work since the last break of half an hour: the current votes of the candidates decided in it, how many acts were
    taken back, and the pace."""

    begun: datetime
    votes: dict[int, int] = field(default_factory=dict)
    undone: int = 0
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class _Word:
    """A decision on a candidate: the vote (0: back to the rule, or in bulk), its day and its sitting."""

    vote: int
    day: date
    sitting: datetime


@dataclass(slots=True)
class Tally:
    """One reviewer's tally, kept up to date act by act. `days` counts the current decisions by the day on which they were
    made, `decided` counts them in the round."""

    days: Counter[date] = field(default_factory=Counter)
    decided: int = 0
    undone: int = 0
    pace: Pace = field(default_factory=Pace)
    sitting: Sitting | None = None
    _words: dict[int, list[_Word]] = field(default_factory=dict)  # by place, the current one last
    _taken_back: dict[int, list[_Word]] = field(default_factory=dict)  # by place, the next one to redo last
    _last: datetime | None = None
    _act: str | None = None

    def take(self, act: str, kind: str, place: int, vote: int, at: datetime) -> None:
        """Take in the next decision: +1 accept, −1 reject, 0 back to the rule. All of one act are one step."""
        if act != self._act:
            self._step(kind, at)
            self._act = act
        assert self.sitting is not None
        words, back = self._words.setdefault(place, []), self._taken_back.setdefault(place, [])
        self._count(place, words, -1)
        if kind == ActKind.UNDO:
            back.append(words.pop())
        elif kind == ActKind.REDO:
            words.append(back.pop())
        else:
            back.clear()
            words.append(_Word(0 if kind == ActKind.BULK else vote, at.date(), self.sitting.begun))
        self._count(place, words, +1)

    def _step(self, kind: str, at: datetime) -> None:
        gap = None if self._last is None else (at - self._last).total_seconds()
        if self.sitting is None or gap is None or gap > SITTING_SECONDS:
            self.sitting = Sitting(at)
        elif kind not in (ActKind.UNDO, ActKind.REDO, ActKind.BULK):
            self.pace.add(gap)
            self.sitting.pace.add(gap)
        if kind == ActKind.UNDO:
            self.undone += 1
            self.sitting.undone += 1
        self._last = at

    def _count(self, place: int, words: list[_Word], by: int) -> None:
        """Add `by` (±1) to the counts for the current decision on a place, if any."""
        word = words[-1] if words else None
        if word is None or not word.vote:
            return
        self.decided += by
        self.days[word.day] += by
        if self.sitting is not None and word.sitting == self.sitting.begun:
            if by > 0:
                self.sitting.votes[place] = word.vote
            else:
                del self.sitting.votes[place]
