"""The counted decisions of a round in memory: read once, and from then on only what is new. So counting after an act costs
the same however many came before. The database holds the same data, but counting there would need a scan."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, parse_candidate_id, place
from rsf_core.domain.arrays import Bools, Ints
from rsf_core.store.database import Database
from rsf_core.store.last_rounds import LastRounds
from rsf_core.store.records import PromptKind, RoundCounts

Votes = tuple[tuple[int, int, bool], ...]
"""Votes to count in place of the effective ones: the place of a candidate, +1 accept, −1 reject or 0 the rule, and whether it
is then accepted."""
RULED = (  # every table that the decisions of the rule are read from
    *("candidates", "candidates_elsewhere", "scores", "no_scores", "unscored", "log_ratios", "thresholds"),
    "adaptive_jobs",
)
SPOKEN = ("overrides", "gold_marks")  # every table that the decisions of people are read from
KEPT = 16  # rounds, 16 bytes a candidate
KEPT_TABLES = 2  # about 100 bytes a candidate
TRIES = 3
MANY = 2_000  # from this many candidates in one act on, everything is read again
_VOTES = {"accept": 1, "reject": -1, "auto": 0}
_FLAGS = ("elsewhere", "truncated", "decided", "automatic", "violated", "unscored", "further")


@dataclass(frozen=True, slots=True)
class Ruled:
    """The candidates of a round, by place, as arrays (n,): what the rule makes of each; `further` were drawn because their
    prompt had none accepted."""

    places: Ints
    elsewhere: Bools
    truncated: Bools
    decided: Bools
    automatic: Bools
    violated: Bools
    unscored: Bools
    further: Bools

    @property
    def prompts(self) -> Ints:
        return self.places >> K_BITS


class Tally:
    """The tally of one round. Hold `lock` and refresh it before reading it."""

    def __init__(self, db: Database, round_number: int) -> None:
        self._db, self.round = db, round_number
        self.lock = threading.Lock()
        self._state: tuple[int, ...] | None = None
        self._spoken: tuple[int, ...] | None = None
        self._seq = 0
        self._ruled: Ruled
        self._votes: NDArray[np.int8]

    def refresh(self) -> None:
        """Read what has been committed since the last time."""
        state, spoken = self._db.version(*RULED), self._db.version(*SPOKEN)
        if state != self._state or (spoken != self._spoken and not self._read_new()):
            self._read()
        self._state, self._spoken = state, spoken

    def _read(self) -> None:
        (last,) = self._db.rows("last_spoken", {"round": self.round})  # first: newer decisions are read again later
        rows = self._db.arrow("tally", {"round": self.round})
        places = place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64))
        order = np.argsort(places, kind="stable")
        ruled = Ruled(places[order], *(rows[name].to_numpy()[order] for name in _FLAGS))
        votes = rows["vote"].to_numpy()[order]
        self._seq, self._ruled, self._votes = last["seq"], ruled, votes  # together: an error above changes nothing

    def _read_new(self) -> bool:
        """Take in the decisions saved since. Returns False if they are too many."""
        new = self._db.rows("spoken_since", {"round": self.round, "seq": self._seq})
        if len(new) > MANY:
            return False
        actions = {row["candidate_id"]: row["action"] for row in self._now([row["candidate_id"] for row in new])}
        where, votes = [], []
        for row in new:
            self._seq = max(self._seq, row["seq"])
            named = parse_candidate_id(row["candidate_id"])
            if named is not None:
                where.append(place(*named[1:]))
                votes.append(_VOTES[actions.get(row["candidate_id"], "auto")])
        places = self._ruled.places
        rows = np.searchsorted(places, np.array(where, np.int64))
        for row, one, vote in zip(rows.tolist(), where, votes, strict=True):
            if row < len(places) and places[row] == one:
                self._votes[row] = vote
        return True

    def _now(self, names: list[str]) -> list[dict[str, str]]:
        return self._db.look_up("current_overrides_of", names)

    def _votes_with(self, onlooker_votes: Votes) -> NDArray[np.int8]:
        """The vote on each candidate, (n,), with `onlooker_votes` in place of the effective votes."""
        if not onlooker_votes:
            return self._votes
        places, votes = self._ruled.places, self._votes.copy()
        rows = np.searchsorted(places, np.array([where for where, *_ in onlooker_votes], np.int64))
        for row, (where, vote, _) in zip(rows.tolist(), onlooker_votes, strict=True):
            if row < len(places) and places[row] == where:
                votes[row] = vote
        return votes

    def counts(self, retired: Ints, scored: int, onlooker_votes: Votes = ()) -> RoundCounts:
        """`retired`: the prompts that are no longer in use; `scored`: how many drawn candidates have a score."""
        ruled, votes = self._ruled, self._votes_with(onlooker_votes)
        drawn, undecided = ~ruled.elsewhere, ~ruled.elsewhere & ~ruled.decided
        accepted = np.where(votes != 0, votes > 0, ruled.automatic)
        gone = np.isin(ruled.prompts, retired)
        return RoundCounts(
            candidates=_count(drawn),
            scored=scored,
            decided=_count(ruled.decided),
            accepted=_count(accepted & drawn),
            truncated=_count(ruled.truncated),
            automatic=_count(ruled.automatic),
            overridden=_count((votes != 0) & drawn),
            violated=_count(ruled.violated),
            prompts=_different(ruled.prompts[drawn]),
            prompts_accepted=_different(ruled.prompts[accepted & drawn]),
            retired=_count(undecided & gone),
            unscored=_count(undecided & ~gone & ruled.unscored),
            accepted_elsewhere=_count((votes > 0) & ruled.elsewhere),
        )

    def override(self, decided: bool) -> NDArray[np.int8]:
        """People's decision (+1, −1 or 0) on each drawn candidate, by place; if `decided`, only on those the rule decided."""
        return self._votes[self._rows(decided)]

    def accepted(self, decided: bool) -> Bools:
        """Which of the candidates of `override` are accepted in effect."""
        votes, rows = self._votes, self._rows(decided)
        accepted: Bools = np.where(votes != 0, votes > 0, self._ruled.automatic)[rows]
        return accepted

    def _rows(self, decided: bool) -> Bools:
        return self._ruled.decided if decided else ~self._ruled.elsewhere

    def kinds(self, retired: Ints, onlooker_votes: Votes = ()) -> list[PromptKind]:
        """What each prompt with a decided candidate got, counted over prompts that got the same."""
        ruled, votes, own = self._ruled, self._votes_with(onlooker_votes), self._ruled.decided
        prompts = ruled.prompts[own]
        if not len(prompts):
            return []
        first = np.flatnonzero(np.append(True, prompts[1:] != prompts[:-1]))
        accepted = np.where(votes != 0, votes > 0, ruled.automatic)[own]
        automatic, further = ruled.automatic[own], ruled.further[own]
        parts = (~further, ~further & automatic, ~further & accepted, further, further & automatic, further & accepted)
        columns = [np.isin(prompts[first], retired).astype(np.int64)]
        columns += [np.add.reduceat(part.astype(np.int64), first) for part in parts]
        kinds = [PromptKind(count, bool(gone), *rest) for count, (gone, *rest) in _alike(columns)]
        return sorted(kinds, key=lambda kind: tuple(getattr(kind, name) for name in PromptKind.__slots__))


class Tallies:
    """The tallies of the rounds asked for last."""

    def __init__(self, db: Database) -> None:
        self._db, self._guard = db, threading.Lock()
        self._rounds = LastRounds(partial(Tally, db), KEPT)
        self._tables: dict[tuple[str, int], tuple[tuple[int, ...], pa.Table]] = {}

    def counts(self, round_number: int, retired: Ints, scored: int, onlooker_votes: Votes = ()) -> RoundCounts:
        tally = self._of(round_number)
        with tally.lock:
            tally.refresh()
            return tally.counts(retired, scored, onlooker_votes)

    def kinds(self, round_number: int, retired: Ints, onlooker_votes: Votes = ()) -> list[PromptKind]:
        tally = self._of(round_number)
        with tally.lock:
            tally.refresh()
            return tally.kinds(retired, onlooker_votes)

    def table(self, name: str, round_number: int, decided: bool) -> pa.Table:
        """The rows of a named query, by place: one a drawn candidate or, if `decided`, one a candidate that the rule decided.
        They are read once; the columns `override` and `accepted` are always current."""
        if self._db.in_transaction:
            return self._db.arrow(name, {"round": round_number})
        tally, tables = self._of(round_number), (*RULED, "prompt_events")
        for _ in range(TRIES):
            state = self._db.version(*tables)
            with self._guard:
                kept = self._tables.get((name, round_number))
            table = kept[1] if kept and kept[0] == state else self._db.arrow(name, {"round": round_number})
            with tally.lock:
                tally.refresh()
                override, accepted = tally.override(decided), tally.accepted(decided)
            if self._db.version(*tables) == state and len(override) == table.num_rows:
                break
        else:
            return self._db.arrow(name, {"round": round_number})  # it keeps changing
        with self._guard:
            self._tables.pop((name, round_number), None)
            self._tables[name, round_number] = state, table
            while len(self._tables) > KEPT_TABLES:
                del self._tables[next(iter(self._tables))]
        for column, values in (("override", override), ("accepted", accepted)):
            table = table.set_column(table.schema.get_field_index(column), column, pa.array(values))
        return table

    def _of(self, round_number: int) -> Tally:
        if self._db.in_transaction:  # what is written here may be rolled back
            return Tally(self._db, round_number)
        return self._rounds.of(round_number)


def _count(mask: Bools) -> int:
    return int(np.count_nonzero(mask))


def _different(ordered: Ints) -> int:
    """How many different values there are."""
    return int(np.count_nonzero(np.diff(ordered))) + 1 if len(ordered) else 0


def _alike(columns: list[Ints]) -> list[tuple[int, list[int]]]:
    """How often each row occurs. Rows are counted as one number each if that fits into 63 bits: sorting rows takes long."""
    widths = [int(column.max()) + 1 for column in columns]
    if np.prod([float(width) for width in widths]) < 2.0**62:
        rows = np.zeros(len(columns[0]), np.int64)
        for column, width in zip(columns, widths, strict=True):
            rows = rows * width + column
        _, first, counts = np.unique(rows, return_index=True, return_counts=True)
    else:
        _, first, counts = np.unique(np.stack(columns), axis=1, return_index=True, return_counts=True)
    picked = np.stack([column[first] for column in columns], axis=1).tolist()
    return list(zip(counts.tolist(), picked, strict=True))
