"""The state of a round for review: the rule's decisions and people's, as arrays."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Outcome, Scope
from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.review.audit import audit_key
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.opinions import Guides, Opinions, Word
from rsf_core.review.round_table import RoundTable

Tagged = dict[str, Ints] | Callable[[], dict[str, Ints]]

KEPT_ORDERS = 6


def summed_up(words: Sequence[Word]) -> tuple[int, bool, bool, int]:
    """Of all reviewers' decisions on a candidate, the oldest first: how many there are, whether one settled it, whether they
    differ and nobody settled it, and the effective vote, 0 for none."""
    votes = [word.vote for word in words]
    final = [word.vote for word in words if word.final]
    total = sum(votes)
    vote = final[-1] if final else (total > 0) - (total < 0) or (votes[-1] if votes else 0)
    return len(words), bool(final), len(set(votes)) > 1 and not final, vote


@dataclass(frozen=True, slots=True)
class Spots:
    """What one reviewer sees of the decisions on some places, as arrays (n,): the row of each in the table (−1: not there),
    the results of `summed_up`, and whether the reviewer is among those who decided."""

    rows: Ints
    voices: NDArray[np.int32]
    settled: Bools
    split: Bools
    votes: NDArray[np.int8]
    mine: Bools


class ReviewIndex:
    """The state of a round: the automatic decision at M, everybody's opinions and the annotations, as arrays (n,). `version`
    names the state of the table, for what is read beside it. An index does not change; `with_acts` makes the next one,
    which shares the rule's decisions with it."""

    def __init__(
        self,
        table: RoundTable,
        log_m: float | None,
        scope: Scope,
        opinions: Opinions | Callable[[], Opinions],
        flagged: Ints,
        tagged: Tagged,
        version: tuple[int, ...] = (),
    ) -> None:
        self.table, self.version, self.generation = table, version, 0
        n = len(table.places)
        offset = table.scale if scope is Scope.PROMPT else np.zeros(n)
        offset = np.where(offset > -math.inf, offset, math.inf)  # without a scale it is never accepted
        self.scored = ~np.isnan(table.log_ratio)
        m = math.nan if log_m is None else log_m
        self.margin = table.critical - offset - m
        with np.errstate(invalid="ignore"):
            self.automatic = (self.margin > 0) & ~table.truncated
            excess = np.where(table.truncated & self.scored, -math.inf, table.log_ratio) - offset - m
            self.p_accept = np.exp(np.minimum(0.0, excess))
            self.violated: Bools = excess > 0
        self._orders: dict[object, tuple[Ints, Ints]] = {}
        self._sorting = threading.Lock()
        self.read_acts(opinions, flagged, tagged)

    def read_acts(self, opinions: Opinions | Callable[[], Opinions], flagged: Ints, tagged: Tagged) -> None:
        """Read all opinions and annotations from scratch."""
        self._opinions, n = opinions, len(self.table.places)
        rows = np.array(self.table.row_of(self.opinions.places), np.int64)  # the row of each opinion
        # candidates at −1 were drawn after the table was read
        o, rows = self.opinions.where(rows >= 0), rows[rows >= 0]
        self.voices = np.bincount(rows, minlength=n).astype(np.int32)  # how many reviewers have decided it
        self.settled = np.zeros(n, bool)
        self.settled[rows[o.final]] = True
        votes = np.zeros((2, n), bool)
        votes[(o.votes > 0).astype(int), rows] = True
        self._split: Bools = votes[0] & votes[1] & ~self.settled
        self.votes = _in_force(o, rows, n)
        self.accepted = np.where(self.votes != 0, self.votes > 0, self.automatic)
        self._own: dict[str, Bools] = {}
        self._flags = self._at(flagged)
        self._tagged: Tagged = tagged

    @property
    def tagged(self) -> dict[str, Ints]:
        """The places that have each tag."""
        if not isinstance(self._tagged, dict):
            self._tagged = self._tagged()
        return self._tagged

    @property
    def opinions(self) -> Opinions:
        """Everybody's opinions, as arrays of another length; made when they are first needed."""
        if not isinstance(self._opinions, Opinions):
            self._opinions = self._opinions()
        return self._opinions

    def with_acts(
        self,
        words: Mapping[int, Sequence[Word]],
        flags: Mapping[int, bool],
        tagged: Tagged,
        opinions: Callable[[], Opinions],
    ) -> ReviewIndex:
        """The index after some acts: `words` has for some places all current decisions on them, the oldest first, `flags` for
        some whether they are flagged; all other places stay."""
        new = copy(self)
        new.generation += 1
        new._opinions, new._tagged, new._own = opinions, tagged, dict(self._own)
        rows = dict(zip(words, self.table.row_of(list(words)), strict=True))
        if any(row >= 0 for row in rows.values()):
            new._copy_arrays()
            new._own = {name: mine.copy() for name, mine in new._own.items()}
        for where, decisions in words.items():
            row = rows[where]
            if row < 0:  # drawn after the table was read
                continue
            new._set_words(row, decisions)
            by = {word.reviewer for word in decisions}
            for name, mine in new._own.items():
                mine[row] = name in by
        if flags:
            new._flags = self._flags.copy()
            for row, flagged in zip(self.table.row_of(list(flags)), flags.values(), strict=True):
                if row >= 0:
                    new._flags[row] = flagged
        return new

    def as_seen_by(
        self, words: Mapping[int, Sequence[Word]], spots: Spots, reviewer: str, guides: Callable[[], Guides]
    ) -> ReviewIndex:
        """The index for one reviewer, who sees `words` as all decisions on some places, the oldest first; `spots` has the same
        in arrays. `guides`, their versions of the guide, are read only when opinions are."""
        new = copy(self)
        new._copy_arrays()
        mine = self.own(reviewer).copy()
        new._own, new._opinions = {reviewer: mine}, lambda: self.opinions.but_for(words, guides())
        there = spots.rows >= 0
        rows, votes = spots.rows[there], spots.votes[there]
        new.voices[rows], new.settled[rows] = spots.voices[there], spots.settled[there]
        new._split[rows], new.votes[rows] = spots.split[there], votes
        new.accepted[rows] = np.where(votes != 0, votes > 0, self.automatic[rows])
        mine[rows] = spots.mine[there]
        return new

    def _copy_arrays(self) -> None:
        """Stop sharing the arrays that `_set_words` changes."""
        self.voices, self.settled, self._split = self.voices.copy(), self.settled.copy(), self._split.copy()
        self.votes, self.accepted = self.votes.copy(), self.accepted.copy()

    def _set_words(self, row: int, words: Sequence[Word]) -> None:
        """Set all current decisions on a candidate, the oldest first."""
        self.voices[row], self.settled[row], self._split[row], vote = summed_up(words)
        self.votes[row] = vote
        self.accepted[row] = vote > 0 if vote else self.automatic[row]

    def own(self, reviewer: str) -> Bools:
        """Which candidates the reviewer has an opinion on, shape (n,)."""
        rows = self._own.get(reviewer)
        if rows is None:
            rows = self._at(self.opinions.places[self.opinions.reviewers == reviewer])
            self._own[reviewer] = rows
        return rows

    def order(self, order: Order, seed: int, column: Floats | None, name: object) -> tuple[Ints, Ints]:
        """All rows in an order, and the rank of each row; `column` as in `key`, `name` is the cache key of the column."""
        key = (order, seed, name)
        with self._sorting:  # if many ask for the same, one sorts
            ordered = self._orders.get(key)
            if ordered is None:
                rows = np.arange(len(self.table.places))
                first = np.argsort(self.key(rows, order, seed, column), kind="stable")  # ties by place
                rank = np.empty_like(first)
                rank[first] = rows
                if len(self._orders) >= KEPT_ORDERS:
                    self._orders.pop(next(iter(self._orders)), None)
                ordered = self._orders[key] = first, rank
        return ordered

    def mask(
        self,
        candidate_filter: CandidateFilter,
        scores: Mapping[str, Floats],
        matching: Ints | None,
        alike: Ints | None = None,
    ) -> Bools:
        """Which candidates pass `candidate_filter`, shape (n,). `scores` has a column (n,) for each scorer it names;
        `matching` are the places whose text matches, if it asks for text, `alike` those like another candidate, if it asks
        for these."""
        t, keep = self.table, np.ones(len(self.table.places), bool)
        if candidate_filter.prompt is not None:
            keep &= (t.places >> K_BITS) == candidate_filter.prompt
        if candidate_filter.decision is not None:
            keep &= {
                Outcome.ACCEPTED: self.automatic,
                Outcome.REJECTED: self.scored & ~self.automatic & ~t.truncated,
                Outcome.TRUNCATED: t.truncated,
            }[candidate_filter.decision]
        if candidate_filter.overridden is not None:
            keep &= (self.votes != 0) == candidate_filter.overridden
        if candidate_filter.by:
            keep &= self.own(candidate_filter.by)
        if candidate_filter.flagged is not None:
            keep &= self._flags == candidate_filter.flagged
        if candidate_filter.tag:
            keep &= self._at(self.tagged.get(candidate_filter.tag, np.zeros(0, np.int64)))
        columns = [
            (candidate_filter.p_accept, self.p_accept),
            (candidate_filter.log_ratio, t.log_ratio),
            (candidate_filter.tokens, t.tokens),
        ]
        for limits, column in [*columns, *((limits, scores[name]) for name, limits in candidate_filter.scores.items())]:
            if limits is not None:
                keep &= (column >= limits[0]) & (column <= limits[1])
        for places in (matching, alike):
            if places is not None:
                keep &= self._at(places)
        return keep

    def view(self, view: View, reviewer: str, overlap: int = 1) -> Bools:
        """Which candidates belong to `view`, shape (n,). A candidate needs `overlap` opinions."""
        if view is View.PENDING:
            if overlap <= 1:
                return np.asarray(self.voices == 0)
            return ~((self.voices >= overlap) | self.settled | self.own(reviewer))
        chosen: Bools = {
            View.ACCEPTED: self.accepted,
            View.REJECTED: ~self.accepted & (self.scored | (self.votes != 0)),
            View.OVERRIDDEN: self.votes != 0,
            View.FLAGGED: self._flags,
            View.TRUNCATED: self.table.truncated,
            View.DISAGREEMENT: self._split,  # reviewers disagree and nobody has settled it
            View.ALL: np.ones(len(self.table.places), bool),
        }[view]
        return chosen

    def key(self, rows: Ints, order: Order, seed: int, column: Floats | None) -> Floats:
        """What `rows` are sorted by, smallest first, then by place; `column` (n,) is the reward or the spread of the
        scores, if the order goes by one. All keys are equal if there is nothing to order by."""
        key = np.zeros(len(rows))
        if order is Order.BOUNDARY:
            key = np.abs(self.margin[rows])
        elif order is Order.AUDIT:
            key = audit_key(self.table.places[rows], seed)
        elif column is not None:
            key = -column[rows]
        return np.where(np.isnan(key), np.inf, key)

    def rows(self, places: Ints) -> Ints:
        return self.table.rows_of(places)

    def _at(self, places: Ints) -> Bools:
        there = np.zeros(len(self.table.places), bool)
        there[self.rows(places)] = True
        return there


def _in_force(opinions: Opinions, rows: Ints, n: int) -> NDArray[np.int8]:
    """+1, −1 or 0 for each of n candidates by the store's rule: the final decision, else the majority, else the newest."""
    votes = opinions.votes.astype(np.int8)
    total = np.bincount(rows, opinions.votes, minlength=n)
    newest, settled = np.zeros(n, np.int8), np.zeros(n, np.int8)
    newest[rows] = votes  # oldest first, so the last assignment is the newest decision
    settled[rows[opinions.final]] = votes[opinions.final]
    return np.where(settled != 0, settled, np.where(total != 0, np.sign(total).astype(np.int8), newest))
