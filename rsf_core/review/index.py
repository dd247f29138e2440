"""Review: which candidates a person wants to see, and in which order. Filters travel in URLs; the rest is arrays."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rsf_core.domain import K_BITS, Outcome, Scope, place
from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings import describe
from rsf_core.review.audit import audit_key

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

KEPT_ORDERS = 6
SPARSE = 50  # a view of fewer than one row in so many is picked first and sorted then


def _ascending(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] <= limits[1]:
        raise ValueError("the first number of a range is the smaller one")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_ascending)]


Tagged = dict[str, Ints] | Callable[[], dict[str, Ints]]


class View(StrEnum):
    """What a reviewer looks at. `PENDING` is what this reviewer has not decided and still wants an opinion."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OVERRIDDEN = "overridden"
    FLAGGED = "flagged"
    TRUNCATED = "truncated"
    DISAGREEMENT = "disagreement"
    ALL = "all"


class Order(StrEnum):
    """`BOUNDARY`: nearest to the boundary |m − a − log M| first. `AUDIT`: at random, fixed for the project, so that the
    first n are an unbiased sample. `DISAGREEMENT`: where the scorers rank a candidate most differently. The last four are
    those of `active_orders`: unsure and unlike the rest, one of each kind, least sure, against the rule."""

    BOUNDARY = "boundary"
    AUDIT = "audit"
    REWARD = "reward"
    DISAGREEMENT = "disagreement"
    PROMPT = "prompt"
    TEACHES = "teaches"
    KINDS = "kinds"
    UNSURE = "unsure"
    AGAINST = "against"


class CandidateFilter(BaseModel):
    """What a candidate must be; all that is set must hold. Ranges are closed. `like` keeps the `nearest` candidates to the one
    that it names. The URL form is `to_query`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)

    prompt: int | None = None
    decision: Outcome | None = None
    overridden: bool | None = None
    by: str | None = None
    flagged: bool | None = None
    tag: str | None = None
    p_accept: Range | None = None
    log_ratio: Range | None = None
    tokens: Range | None = None
    scores: dict[str, Range] = Field(default_factory=dict)
    text: str | None = None
    regex: str | None = None
    like: str | None = None
    nearest: int | None = Field(None, ge=1, le=500)  # 20 where it is not said

    def to_query(self) -> dict[str, str]:
        """As URL parameters, only what is set: `tokens=10..20`, `score.sentiment=0.5..1`, `flagged=yes`."""
        found: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name == "scores":
                found |= {f"score.{scorer}": _range_text(limits) for scorer, limits in value.items()}
            elif isinstance(value, bool):
                found[name] = "yes" if value else "no"
            elif isinstance(value, tuple):
                found[name] = _range_text(value)
            elif value is not None:
                found[name] = str(value)
        return found

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read what `to_query` wrote; parameters of other names are not its business. Raises SettingsError naming the
        field."""
        values: dict[str, Any] = {"scores": {}}
        for name, text in query.items():
            if name.startswith("score."):
                values["scores"][name.removeprefix("score.")] = _range(name, text)
            elif name in ("p_accept", "log_ratio", "tokens"):
                values[name] = _range(name, text)
            elif name in ("overridden", "flagged"):
                if text not in ("yes", "no"):
                    raise SettingsError(f"filter {name}: say yes or no (got {text!r})")
                values[name] = text == "yes"
            elif name in cls.model_fields and name != "scores":
                values[name] = text
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(f"filter {describe(error)}") from error

    def describe(self) -> str:
        """In plain words, empty where nothing is set."""
        said = []
        if self.prompt is not None:
            said.append(f"prompt {self.prompt}")
        if self.decision is not None:
            said.append(f"{self.decision} by the rule")
        if self.overridden is not None:
            said.append("overridden" if self.overridden else "not overridden")
        if self.by:
            said.append(f"reviewed by {self.by}")
        if self.flagged is not None:
            said.append("flagged" if self.flagged else "not flagged")
        if self.tag:
            said.append(f"tagged {self.tag}")
        ranges = {"p_accept": self.p_accept, "ℓ": self.log_ratio, "tokens": self.tokens} | dict(self.scores)
        said += [f"{name} {low:g} to {high:g}" for name, found in ranges.items() if found for low, high in [found]]
        if self.text:
            said.append(f"containing “{self.text}”")
        if self.regex:
            said.append(f"matching /{self.regex}/")
        if self.like:
            said.append(f"most like candidate {self.like}" + (f", {self.nearest} of them" if self.nearest else ""))
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class RoundTable:
    """The candidates of a round as arrays of shape (n,), by prompt and k. Ratios are NaN before scoring."""

    places: Ints
    tokens: Ints
    truncated: Bools
    u: Floats
    log_ratio: Floats
    critical: Floats
    scale: Floats

    @classmethod
    def read(cls, rows: pa.Table) -> RoundTable:
        """From the rows of Store.review_table."""
        return cls(
            place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)),
            rows["token_count"].to_numpy().astype(np.int64),
            rows["truncated"].to_numpy(),
            rows["u"].to_numpy(),
            rows["log_ratio"].to_numpy(),
            rows["critical_log_m"].to_numpy(),
            rows["scale"].to_numpy(),
        )

    def rows_of(self, places: Ints) -> Ints:
        """The rows at `places`; those that are not there are left out."""
        rows = np.searchsorted(self.places, places)
        there = rows < len(self.places)
        found: Ints = rows[there][self.places[rows[there]] == places[there]]
        return found

    def row_of(self, places: Sequence[int] | Ints) -> list[int]:
        """The row at each place, −1 where it is not there."""
        where = np.array(places, np.int64)
        rows = np.searchsorted(self.places, where)
        there = rows < len(self.places)
        there[there] = self.places[rows[there]] == where[there]
        return np.where(there, rows, -1).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Opinions:
    """What reviewers say now, one row an opinion: place, reviewer, +1 accept or −1 reject, whether it is final, and the
    version of the guide it was said by, 0 where there was none."""

    places: Ints
    reviewers: NDArray[np.str_]
    votes: Ints
    final: Bools
    guides: Ints

    @classmethod
    def read(cls, rows: pa.Table) -> Opinions:
        """From the rows of Store.opinions, oldest first."""
        return cls(
            place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)),
            rows["reviewer"].to_numpy(zero_copy_only=False).astype(str),
            np.where(np.array(rows["action"].to_pylist(), dtype=object) == "accept", 1, -1).astype(np.int64),
            np.array(rows["final"].to_pylist(), dtype=bool),
            rows["guide"].to_numpy().astype(np.int64),
        )

    @classmethod
    def none(cls) -> Opinions:
        none = np.zeros(0, np.int64)
        return cls(none, np.zeros(0, str), none, np.zeros(0, bool), none)

    def but_for(self, words: Mapping[int, Sequence[Word]], guides: Mapping[int, int] | None = None) -> Opinions:
        """These, but for some places `words`, by a version of `guides`, in place of what is said of them here."""
        left = self.where(~np.isin(self.places, list(words)))
        said = [(where, word) for where, spoken in words.items() for word in spoken]
        return Opinions(
            np.append(left.places, [where for where, _ in said]).astype(np.int64),
            np.array([*left.reviewers.tolist(), *(word.reviewer for _, word in said)], str),
            np.append(left.votes, [word.vote for _, word in said]).astype(np.int64),
            np.append(left.final, [word.final for _, word in said]).astype(bool),
            np.append(left.guides, [(guides or {}).get(where, 0) for where, _ in said]).astype(np.int64),
        )

    def where(self, keep: Bools) -> Opinions:
        columns = (self.places, self.reviewers, self.votes, self.final, self.guides)
        return Opinions(*(column[keep] for column in columns))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Word:
    """What a reviewer says of a candidate: +1 accept or −1 reject, and whether it is final."""

    reviewer: str
    vote: int
    final: bool


class ReviewIndex:
    """A round as it stands: the automatic decision at M, everybody's opinions and the annotations, as arrays (n,).
    `version` names the state of the table, for what is read beside it. It does not change; `told` makes the next one,
    which shares with it what the rule decides."""

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
            excess = table.log_ratio - offset - m
            self.p_accept = np.exp(np.minimum(0.0, excess))
            self.violated: Bools = excess > 0
        self._orders: dict[object, tuple[Ints, Ints]] = {}
        self._sorting = threading.Lock()
        self.hear(opinions, flagged, tagged)

    def hear(self, opinions: Opinions | Callable[[], Opinions], flagged: Ints, tagged: Tagged) -> None:
        """Take in everything that was said, anew."""
        self._opinions, n = opinions, len(self.table.places)
        spoken = np.array(self.table.row_of(self.opinions.places), np.int64)  # the row of each opinion
        o, spoken = (
            self.opinions.where(spoken >= 0),
            spoken[spoken >= 0],
        )  # the others were drawn after the table was read
        self.voices = np.bincount(spoken, minlength=n).astype(np.int32)  # how many reviewers have decided it
        self.settled = np.zeros(n, bool)
        self.settled[spoken[o.final]] = True
        said = np.zeros((2, n), bool)
        said[(o.votes > 0).astype(int), spoken] = True
        self._split: Bools = said[0] & said[1] & ~self.settled
        self.votes = _in_force(o, spoken, n)
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
        """Everybody's, as arrays of another length; made when they are asked for."""
        if not isinstance(self._opinions, Opinions):
            self._opinions = self._opinions()
        return self._opinions

    def told(
        self,
        words: Mapping[int, Sequence[Word]],
        flags: Mapping[int, bool],
        tagged: Tagged,
        opinions: Callable[[], Opinions],
    ) -> ReviewIndex:
        """The index after something was said: `words` has for some places all that reviewers now say of them, the oldest
        first, `flags` for some whether they are flagged; the others stay."""
        new = copy(self)
        new.generation += 1
        new._opinions, new._tagged, new._own = opinions, tagged, dict(self._own)
        rows = dict(zip(words, self.table.row_of(list(words)), strict=True))
        if any(row >= 0 for row in rows.values()):
            new._let_go()
            new._own = {name: mine.copy() for name, mine in new._own.items()}
        for where, said in words.items():
            row = rows[where]
            if row < 0:  # drawn after the table was read
                continue
            new._hear_of(row, said)
            by = {word.reviewer for word in said}
            for name, mine in new._own.items():
                mine[row] = name in by
        if flags:
            new._flags = self._flags.copy()
            for row, flagged in zip(self.table.row_of(list(flags)), flags.values(), strict=True):
                if row >= 0:
                    new._flags[row] = flagged
        return new

    def as_told(self, words: Mapping[int, Sequence[Word]], reviewer: str) -> ReviewIndex:
        """The index for one reviewer, who is told that `words` is all that is said of some places, the oldest first."""
        new = copy(self)
        new._let_go()
        mine = self.own(reviewer).copy()
        new._own, new._opinions = {reviewer: mine}, lambda: self.opinions.but_for(words)
        for row, said in zip(self.table.row_of(list(words)), words.values(), strict=True):
            if row >= 0:
                new._hear_of(row, said)
                mine[row] = any(word.reviewer == reviewer for word in said)
        return new

    def _let_go(self) -> None:
        """Have arrays of one's own of what `_hear_of` changes."""
        self.voices, self.settled, self._split = self.voices.copy(), self.settled.copy(), self._split.copy()
        self.votes, self.accepted = self.votes.copy(), self.accepted.copy()

    def _hear_of(self, row: int, said: Sequence[Word]) -> None:
        """Take in all that reviewers now say of a candidate, the oldest first."""
        votes = [word.vote for word in said]
        final = [word.vote for word in said if word.final]
        total = sum(votes)
        self.voices[row], self.settled[row] = len(said), bool(final)
        self._split[row] = len(set(votes)) > 1 and not final
        vote = final[-1] if final else (total > 0) - (total < 0) or (votes[-1] if votes else 0)
        self.votes[row] = vote
        self.accepted[row] = vote > 0 if vote else self.automatic[row]

    def own(self, reviewer: str) -> Bools:
        """Where the reviewer has an opinion, shape (n,)."""
        found = self._own.get(reviewer)
        if found is None:
            found = self._at(self.opinions.places[self.opinions.reviewers == reviewer])
            self._own[reviewer] = found
        return found

    def order(self, order: Order, seed: int, column: Floats | None, name: object) -> tuple[Ints, Ints]:
        """All rows in an order, and where in it each row stands; `column` as in `key`, `name` tells one from another."""
        key = (order, seed, name)
        with self._sorting:  # where many ask for the same, one sorts
            found = self._orders.get(key)
            if found is None:
                rows = np.arange(len(self.table.places))
                first = np.argsort(self.key(rows, order, seed, column), kind="stable")  # alike: by place
                rank = np.empty_like(first)
                rank[first] = rows
                if len(self._orders) >= KEPT_ORDERS:
                    self._orders.pop(next(iter(self._orders)), None)
                found = self._orders[key] = first, rank
        return found

    def mask(
        self, wanted: CandidateFilter, scores: Mapping[str, Floats], matching: Ints | None, alike: Ints | None = None
    ) -> Bools:
        """Where everything holds that is set in `wanted`. `scores` has a column (n,) for each scorer it names; `matching`
        are the places whose text matches, where it asks for text, `alike` those like another, where it asks for these."""
        t, keep = self.table, np.ones(len(self.table.places), bool)
        if wanted.prompt is not None:
            keep &= (t.places >> K_BITS) == wanted.prompt
        if wanted.decision is not None:
            keep &= {
                Outcome.ACCEPTED: self.automatic,
                Outcome.REJECTED: self.scored & ~self.automatic & ~t.truncated,
                Outcome.TRUNCATED: t.truncated,
            }[wanted.decision]
        if wanted.overridden is not None:
            keep &= (self.votes != 0) == wanted.overridden
        if wanted.by:
            keep &= self.own(wanted.by)
        if wanted.flagged is not None:
            keep &= self._flags == wanted.flagged
        if wanted.tag:
            keep &= self._at(self.tagged.get(wanted.tag, np.zeros(0, np.int64)))
        columns = [(wanted.p_accept, self.p_accept), (wanted.log_ratio, t.log_ratio), (wanted.tokens, t.tokens)]
        for limits, column in [*columns, *((limits, scores[name]) for name, limits in wanted.scores.items())]:
            if limits is not None:
                keep &= (column >= limits[0]) & (column <= limits[1])
        for places in (matching, alike):
            if places is not None:
                keep &= self._at(places)
        return keep

    def view(self, view: View, reviewer: str, overlap: int = 1) -> Bools:
        """Where a candidate belongs into `view`, shape (n,). A candidate wants `overlap` opinions."""
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
            View.DISAGREEMENT: self._split,  # reviewers say different things and nobody has settled it
            View.ALL: np.ones(len(self.table.places), bool),
        }[view]
        return chosen

    def key(self, rows: Ints, order: Order, seed: int, column: Floats | None) -> Floats:
        """What `rows` are sorted by, smallest first, then by place; `column` (n,) is the reward or the spread of the
        scores where the order goes by one. All alike where there is nothing to order by."""
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
        found = np.zeros(len(self.table.places), bool)
        found[self.rows(places)] = True
        return found


def _in_force(opinions: Opinions, rows: Ints, n: int) -> NDArray[np.int8]:
    """+1, −1 or 0 for each of n candidates by the rule of the store: the final word, else the majority, else the newest."""
    votes = opinions.votes.astype(np.int8)
    total = np.bincount(rows, opinions.votes, minlength=n)
    newest, settled = np.zeros(n, np.int8), np.zeros(n, np.int8)
    newest[rows] = votes  # oldest first, so the last assignment is the newest word
    settled[rows[opinions.final]] = votes[opinions.final]
    return np.where(settled != 0, settled, np.where(total != 0, np.sign(total).astype(np.int8), newest))


def first(order: tuple[Ints, Ints], chosen: Bools, start: int, limit: int) -> Ints:
    """The first `limit` rows of `chosen` (n,) that stand at `start` or later in `order` (rows, and the rank of each)."""
    ordered, rank = order
    if np.count_nonzero(chosen) * SPARSE < len(chosen):
        rows = np.flatnonzero(chosen)
        return page(rows, rank[rows].astype(np.float64), (start - 0.5, 0), limit)
    found: list[Ints] = []
    missing, step = limit, 4 * limit
    while missing > 0 and start < len(ordered):
        part = ordered[start : start + step]
        found.append(part[chosen[part]][:missing])
        missing, start, step = missing - len(found[-1]), start + step, 2 * step
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def page(rows: Ints, key: Floats, after: tuple[float, int] | None, limit: int) -> Ints:
    """The first `limit` of `rows` by (key, row), or those that come after (key, row) `after`, which need not be one of
    them, without sorting all of them."""
    if after is not None:
        later = (key > after[0]) | ((key == after[0]) & (rows > after[1]))
        rows, key = rows[later], key[later]
    if len(rows) > limit:
        border = np.partition(key, limit - 1)[limit - 1]
        near = key <= border  # with all ties at the border, so that they are cut by place
        rows, key = rows[near], key[near]
    return rows[np.lexsort((rows, key))[:limit]]


def spread(columns: list[Floats]) -> Floats:
    """How differently the scorers rank each candidate: the largest less the smallest of its ranks, in [0, 1]. Equal scores
    share the average of their ranks, a missing one (NaN) has none, and a scorer that scores all alike ranks nothing."""
    ranks = []
    for column in columns:
        known = ~np.isnan(column)
        values, which, counts = np.unique(column[known], return_inverse=True, return_counts=True)
        if len(values) > 1:
            rank = np.full(len(column), np.nan)
            average = np.cumsum(counts) - (counts + 1) / 2
            rank[known] = average[which] / (len(which) - 1)
            ranks.append(rank)
    if not ranks:
        return np.zeros(len(columns[0]))
    stacked = np.stack(ranks)
    widest: Floats = np.fmax.reduce(stacked) - np.fmin.reduce(stacked)
    return widest


def _range(name: str, text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    try:
        if not dots:
            raise ValueError
        return float(low or "-inf"), float(high or "inf")
    except ValueError as error:
        raise SettingsError(f"filter {name}: give a range such as 0.2..0.8, or 10.. (got {text!r})") from error


def _range_text(limits: tuple[float, float]) -> str:
    return "..".join("" if math.isinf(limit) else repr(limit).removesuffix(".0") for limit in limits)
