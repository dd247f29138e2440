"""What one reviewer has done in a round, counted as it is said: how much holds, today and in this sitting, and how fast. Pure.

A decision is a reviewer's word on a candidate that holds: who changes their mind has decided once, who takes it back has not.
Decisions in bulk are no reading and count nowhere. Times are those of the server when it kept the word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from rsf_core.domain import ActKind

PAUSE_SECONDS = 300.0  # between two decisions: longer is a break, and no time of work
LEAST_SECONDS = 60.0  # of work, below which a pace says nothing
SITTING_SECONDS = 1_800.0  # without a decision: a new sitting begins


@dataclass(slots=True)
class Pace:
    """Time between decisions without the breaks, in seconds, and how many decisions ended such a time."""

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
    """What was done since the last break of half an hour: the vote of each candidate decided in it that holds, how many acts
    were taken back, and how fast."""

    begun: datetime
    votes: dict[int, int] = field(default_factory=dict)
    undone: int = 0
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class _Word:
    """What was said of a candidate: the vote (0: back to the rule, or said in bulk), on which day and in which sitting."""

    vote: int
    day: date
    sitting: datetime


@dataclass(slots=True)
class Tally:
    """One reviewer's, kept up word by word. `days` has the decisions that hold by the day on which they were said, `decided`
    how many there are in the round."""

    days: Counter[date] = field(default_factory=Counter)
    decided: int = 0
    undone: int = 0
    pace: Pace = field(default_factory=Pace)
    sitting: Sitting | None = None
    _words: dict[int, list[_Word]] = field(default_factory=dict)  # by place, the one that holds last
    _taken_back: dict[int, list[_Word]] = field(default_factory=dict)  # by place, the one to be said again last
    _last: datetime | None = None
    _act: str | None = None

    def take(self, act: str, kind: str, place: int, vote: int, at: datetime) -> None:
        """Take in the next word: +1 accept, −1 reject, 0 back to the rule. Words of one act are one step."""
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
        """Count the word that holds, or no longer."""
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
