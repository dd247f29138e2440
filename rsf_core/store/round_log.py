"""The acts of one round, in memory: read once, and from then on only what is new. The database holds the same data, but
looking it up there would need a scan; so an act costs the same however many came before."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Action, ActKind
from rsf_core.domain.arrays import Ints
from rsf_core.domain.errors import StoreError
from rsf_core.store.columns import Columns
from rsf_core.store.database import Database

TABLES = ("acts", "overrides", "annotations", "answers")
VOTES = {"auto": 0, "accept": 1, "reject": -1}
ACTIONS = (Action.AUTO, Action.ACCEPT, Action.REJECT)  # by the sign of a vote: 0, 1, −1
_COLUMNS = {
    "acts": ("seq", "act", "kind", "reviewer"),
    "overrides": ("seq", "act", "reviewer", "place", "vote", "final", "guide"),
    "annotations": ("seq", "act", "kind", "place", "value"),
    "answers": ("seq", "act", "reviewer", "place", "question", "version", "value"),
}
_Rows = Mapping[str, list[Any]]  # by column
Words = tuple[Ints, NDArray[np.int8], NDArray[np.bool_], NDArray[np.int32]]
"""Decisions on some candidates: places, votes (0: left to the rule), whether each is final, the version of the guide."""
Answered = tuple[int, str, int, str | None]
"""An answer: the place, the question, its version, and the value as JSON (None: taken back)."""
_REVIEWER_BITS = 52  # above the bits of a place


@dataclass(slots=True)
class _Line:
    """A reviewer's acts in order: those before `next` can be undone, the others redone."""

    acts: array[int] = field(default_factory=lambda: array("q"))
    next: int = 0

    def walk(self, kind: str) -> int | None:
        """The act that an undo or a redo would affect, None if there is none."""
        at = self.next - 1 if kind == ActKind.UNDO else self.next
        return self.acts[at] if 0 <= at < len(self.acts) else None

    def append(self, seq: int) -> None:
        del self.acts[self.next :]  # what was undone before can no longer be redone
        self.acts.append(seq)
        self.next += 1


class RoundLog:
    """Hold `lock` while reading or refreshing. Acts are identified by their seq."""

    def __init__(self, database: Database, round_number: int) -> None:
        self._db, self.round = database, round_number
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Forget everything: the next refresh reads all again."""
        self._seen: tuple[int, ...] | None = None
        self._last = dict.fromkeys(TABLES, 0)
        self._lines: dict[str, _Line] = {}
        self.reviewers: dict[str, int] = {}
        self._newest: dict[int, int] = {}  # reviewer and place → row of `overrides`
        self._heard_from: dict[int, list[int]] = {}  # place → reviewer and place of everyone who decided it
        # act: twice the seq, or one more than the act before if the row has no act, so that it ascends
        self.overrides = Columns(
            act=np.int64,
            place=np.int64,
            reviewer=np.int64,
            vote=np.int8,
            final=np.bool_,
            guide=np.int32,
            previous=np.int64,
        )
        self._texts_of: dict[int, list[tuple[int, str, int]]] = {}  # act → (place, kind, seq) of its annotations
        # place and kind → act → seq of the annotations that nobody has taken back, oldest first
        self._texts: dict[tuple[int, str], dict[int, int]] = {}
        self.notes: dict[int, dict[str, str | None]] = {}  # place → kind → the current value
        self.annotated: list[int] = []  # the place of each annotation and answer, in order
        # place → reviewer, question → version, value
        self.answers: dict[int, dict[tuple[str, str], tuple[int, str]]] = {}
        self._answered: dict[int, list[tuple[Answered, Answered]]] = {}  # act → the answers before it, and its own
        self.life = object()  # replaced when rows seen before may be gone

    # -- keeping up to date ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what has been committed since the last time."""
        version = self._db.version(*TABLES)
        if version != self._seen:
            self.read_on()
            self._seen = version

    def read_on(self) -> None:
        """Read what has been written since the last time, by the current transaction too: call `forget` if that is rolled
        back."""
        rows = self._db.arrow("said_since", self._last | {"round": self.round})
        if rows.num_rows:
            edges = np.searchsorted(rows["part"].to_numpy(), range(len(TABLES) + 1)).tolist()
            parts = zip(TABLES, (rows[low:high] for low, high in pairwise(edges)), strict=True)
            self._add({table: part.select(_COLUMNS[table]).to_pydict() for table, part in parts})

    def take(self, rows: Sequence[Mapping[str, Any]], before: tuple[int, ...]) -> bool:
        """Take in rows that were just written, as `said_since` would read them. Returns False if there may be other new rows
        since the last refresh (`before`: the version of the database before they were written)."""
        first = {TABLES[row["part"]]: row["seq"] for row in reversed(rows)}
        if self._seen != before or any(seq != self._last[table] + 1 for table, seq in first.items()):
            return False
        parts = {table: [row for row in rows if row["part"] == part] for part, table in enumerate(TABLES)}
        self._add({t: {name: [row[name] for row in part] for name in _COLUMNS[t]} for t, part in parts.items()})
        return True

    def mark_committed(self, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        """Note that the rows taken in are committed: `before` and `after` are the versions of the database."""
        if self._seen == before:
            self._seen = after

    def _add(self, rows: Mapping[str, _Rows]) -> None:
        """Take in rows of each table, by seq. Usually they are few: for those plain loops are the quickest."""
        for table, columns in rows.items():
            if columns["seq"]:
                self._last[table] = columns["seq"][-1]
        seqs = dict(zip(rows["acts"]["act"], rows["acts"]["seq"], strict=True))
        self._add_overrides(rows["overrides"], seqs)
        texts, answers = self._add_annotations(rows["annotations"], seqs), self._add_answers(rows["answers"], seqs)
        self._add_acts(rows["acts"], texts, answers)

    def _add_annotations(self, rows: _Rows, seqs: Mapping[str, int]) -> dict[int, list[tuple[int, str, int]]]:
        """Place, kind and seq of the annotations of each act."""
        by_act: dict[int, list[tuple[int, str, int]]] = {}
        for seq, act, kind, where, value in zip(*(rows[name] for name in _COLUMNS["annotations"]), strict=True):
            self.notes.setdefault(where, {})[kind] = value
            self.annotated.append(where)
            by_act.setdefault(seqs.get(act, 0), []).append((where, kind, seq))
        return by_act

    def _add_answers(self, rows: _Rows, seqs: Mapping[str, int]) -> dict[int, list[tuple[Answered, Answered]]]:
        """Of each act the answers that it replaced, and its own."""
        by_act: dict[int, list[tuple[Answered, Answered]]] = {}
        named = zip(*(rows[name] for name in _COLUMNS["answers"]), strict=True)
        for _, act, reviewer, where, question, version, value in named:
            held = self.answers.setdefault(where, {})
            before = held.get((reviewer, question), (version, None))
            if value is None:
                held.pop((reviewer, question), None)
            else:
                held[reviewer, question] = version, value
            self.annotated.append(where)
            both = (where, question, *before), (where, question, version, value)
            by_act.setdefault(seqs.get(act, 0), []).append(both)
        return by_act

    def _add_acts(
        self,
        rows: _Rows,
        texts: Mapping[int, list[tuple[int, str, int]]],
        answers: Mapping[int, list[tuple[Answered, Answered]]],
    ) -> None:
        for seq, act, kind, reviewer in zip(*(rows[name] for name in _COLUMNS["acts"]), strict=True):
            line = self._lines.get(reviewer) or self._lines.setdefault(reviewer, _Line())
            if kind in (ActKind.UNDO, ActKind.REDO):
                target = line.walk(kind)
                if target is None:
                    raise StoreError(f"act {act!r} of {reviewer} in round {self.round} has nothing to {kind}")
                line.next += 1 if kind == ActKind.REDO else -1
                self._walked(target, kind)
                continue
            line.append(seq)
            if seq in answers:
                self._answered[seq] = answers[seq]
            if seq in texts:
                self._texts_of[seq] = texts[seq]
                for where, about, text in texts[seq]:
                    self._texts.setdefault((where, about), {})[seq] = text

    def _walked(self, target: int, kind: str) -> None:
        for where, about, text in self._texts_of.get(target, ()):
            standing = self._texts[where, about]
            standing.pop(target, None)
            if kind == ActKind.REDO:
                standing[target] = text

    def _add_overrides(self, rows: _Rows, seqs: Mapping[str, int]) -> None:
        first = len(self.overrides)
        latest = int(self.overrides["act"][-1]) if first else 0
        acts, who, previous = [], [], []
        named = zip(rows["act"], rows["reviewer"], rows["place"], strict=True)
        for row, (act, reviewer, where) in enumerate(named, start=first):
            number = self.reviewers.setdefault(reviewer, len(self.reviewers))
            seq = seqs.get(act)
            acts.append(latest | 1 if seq is None else 2 * seq)
            latest = max(latest, acts[-1])
            name = number << _REVIEWER_BITS | where
            earlier = self._newest.get(name, -1)
            if earlier < 0:
                self._heard_from.setdefault(where, []).append(name)
            self._newest[name] = row
            who.append(number)
            previous.append(earlier)
        if acts:
            more = {name: rows[name] for name in ("place", "vote", "final", "guide")}
            self.overrides.append(act=acts, reviewer=who, previous=previous, **more)

    # -- reading -----------------------------------------------------------------------------------------------------

    def walk(self, kind: str, reviewer: str) -> int | None:
        """The act that the reviewer's next undo or redo would affect, None if there is none."""
        line = self._lines.get(reviewer)
        return None if line is None else line.walk(kind)

    def depths(self, reviewer: str) -> tuple[int, int]:
        """How many acts of the reviewer can be undone, and redone."""
        line = self._lines.get(reviewer) or _Line()
        return line.next, len(line.acts) - line.next

    def line(self, reviewer: str) -> tuple[list[int], list[int]]:
        """The reviewer's acts that can be undone and those that can be redone, the next one last."""
        line = self._lines.get(reviewer) or _Line()
        return line.acts[: line.next].tolist(), line.acts[line.next :].tolist()[::-1]

    def rows_of(self, act: int) -> slice:
        """The rows of `overrides` that an act added."""
        first, end = np.searchsorted(self.overrides["act"], [2 * act, 2 * act + 1])
        return slice(int(first), int(end))

    def before(self, act: int) -> Words:
        """The decisions of its reviewer on the candidates it touched, as they were before the act."""
        rows = self.rows_of(act)
        previous, there = self.overrides["previous"][rows], self.overrides["previous"][rows] >= 0
        votes = np.where(there, self.overrides["vote"][previous], 0).astype(np.int8)
        final = there & self.overrides["final"][previous]
        guides = np.where(there, self.overrides["guide"][previous], 0).astype(np.int32)
        return self.overrides["place"][rows], votes, final, guides

    def words_of(self, act: int) -> Words:
        """The decisions of the act."""
        rows, columns = self.rows_of(act), self.overrides
        return columns["place"][rows], columns["vote"][rows], columns["final"][rows], columns["guide"][rows]

    def texts_of(self, act: int) -> list[tuple[int, str, int | None]]:
        """The act's annotations: place, kind and the seq of the row that has the value."""
        return list(self._texts_of.get(act, ()))

    def texts_before(self, act: int) -> list[tuple[int, str, int | None]]:
        """The annotations that an undo of the act changes: place, kind and the seq of the row with the value that is
        then current (None: nothing). All reviewers share one text, so the newest one that nobody has taken back is current,
        whoever wrote it. An undo changes something only if it takes back that one: a colleague's later text stays."""
        changes: list[tuple[int, str, int | None]] = []
        for where, kind, _ in self._texts_of.get(act, ()):
            newest = reversed(self._texts[where, kind].items())
            if next(newest)[0] == act:
                _, seq = next(newest, (0, None))
                changes.append((where, kind, seq))
        return changes

    def answers_before(self, act: int) -> list[Answered]:
        """The answers of its reviewer to the same questions, as they were before the act."""
        return [before for before, _ in self._answered.get(act, ())]

    def answers_of(self, act: int) -> list[Answered]:
        """The answers of the act."""
        return [after for _, after in self._answered.get(act, ())]

    def touched(self, act: int) -> list[str]:
        """The names of the candidates an act touched, sorted."""
        places = set(self.overrides["place"][self.rows_of(act)].tolist())
        places.update(where for where, _, _ in self._texts_of.get(act, ()))
        places.update(where for where, *_ in self.answers_of(act))
        return sorted(self.name(where) for where in places)

    def name(self, where: int) -> str:
        """The id of the candidate at a place."""
        return f"{self.round}.{where >> K_BITS}.{where & ((1 << K_BITS) - 1)}"

    def words(self, where: int) -> list[int]:
        """The rows of `overrides` that are some reviewer's newest decision on a candidate, oldest first."""
        return sorted(self._newest[name] for name in self._heard_from.get(where, ()))

    def standing(self) -> Ints:
        """The rows of `overrides` that are some reviewer's newest decision, oldest first."""
        return np.sort(np.fromiter(self._newest.values(), np.int64, len(self._newest)))
