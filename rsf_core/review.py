"""Review: which candidates a person wants to see, and in which order. Filters travel in URLs; the rest is arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rsf_core.domain import K_BITS, Outcome, Scope
from rsf_core.errors import SettingsError
from rsf_core.sampling.arrays import splitmix64
from rsf_core.settings import describe

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def place(prompt_id: Any, k: Any) -> Any:
    """Where a candidate stands in its round, prompt_id · 2²⁰ + k: one integer a candidate, in the order of prompt and k;
    works on arrays."""
    return (prompt_id << K_BITS) | k


def _ascending(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] <= limits[1]:
        raise ValueError("the first number of a range is the smaller one")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_ascending)]


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
    first n are an unbiased sample. `DISAGREEMENT`: where the scorers rank a candidate most differently."""

    BOUNDARY = "boundary"
    AUDIT = "audit"
    REWARD = "reward"
    DISAGREEMENT = "disagreement"
    PROMPT = "prompt"


class CandidateFilter(BaseModel):
    """What a candidate must be; all that is set must hold. Ranges are closed. The URL form is `to_query`."""

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


@dataclass(frozen=True, slots=True)
class Opinions:
    """What reviewers say now, one row an opinion: place, reviewer, +1 accept or −1 reject, and whether it is final."""

    places: Ints
    reviewers: NDArray[np.str_]
    votes: Ints
    final: Bools

    @classmethod
    def read(cls, rows: pa.Table) -> Opinions:
        """From the rows of Store.opinions, oldest first."""
        return cls(
            place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)),
            rows["reviewer"].to_numpy(zero_copy_only=False).astype(str),
            np.where(np.array(rows["action"].to_pylist(), dtype=object) == "accept", 1, -1).astype(np.int64),
            np.array(rows["final"].to_pylist(), dtype=bool),
        )


class ReviewIndex:
    """A round as it stands: the automatic decision at M, everybody's opinions and the annotations, as arrays (n,).
    `version` names the state of the table, for what is read beside it."""

    def __init__(
        self,
        table: RoundTable,
        log_m: float | None,
        scope: Scope,
        opinions: Opinions,
        flagged: Ints,
        tagged: dict[str, Ints],
        version: tuple[int, ...] = (),
    ) -> None:
        self.table, self.opinions, self.version = table, opinions, version
        self._flagged, self._tagged = flagged, tagged
        n = len(table.places)
        offset = table.scale if scope is Scope.PROMPT else np.zeros(n)
        offset = np.where(np.isfinite(offset), offset, 0.0)
        self.scored = ~np.isnan(table.log_ratio)
        m = math.nan if log_m is None else log_m
        self.margin = table.critical - offset - m
        with np.errstate(invalid="ignore"):
            self.automatic = (self.margin > 0) & ~table.truncated
            excess = table.log_ratio - offset - m
            self.p_accept = np.exp(np.minimum(0.0, excess))
            self.violated: Bools = excess > 0
        self._spoken = np.searchsorted(table.places, opinions.places)  # the row of each opinion
        self.votes = self._votes(n)
        self.accepted = np.where(self.votes != 0, self.votes > 0, self.automatic)

    def mask(self, wanted: CandidateFilter, scores: Mapping[str, Floats], matching: Ints | None) -> Bools:
        """Where everything holds that is set in `wanted`. `scores` has a column (n,) for each scorer it names; `matching`
        are the places whose text matches, where it asks for text."""
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
            by_them = np.zeros(len(t.places), bool)
            by_them[self._spoken[self.opinions.reviewers == wanted.by]] = True
            keep &= by_them
        if wanted.flagged is not None:
            keep &= self._at(self._flagged) == wanted.flagged
        if wanted.tag:
            keep &= self._at(self._tagged.get(wanted.tag, np.zeros(0, np.int64)))
        columns = [(wanted.p_accept, self.p_accept), (wanted.log_ratio, t.log_ratio), (wanted.tokens, t.tokens)]
        for limits, column in [*columns, *((limits, scores[name]) for name, limits in wanted.scores.items())]:
            if limits is not None:
                keep &= (column >= limits[0]) & (column <= limits[1])
        if matching is not None:
            keep &= self._at(matching)
        return keep

    def view(self, view: View, reviewer: str, overlap: int = 1) -> Bools:
        """Where a candidate belongs into `view`, shape (n,). A candidate wants `overlap` opinions."""
        if view is View.PENDING:
            done = np.bincount(self._spoken, minlength=len(self.table.places)) >= overlap
            done[self._spoken[(self.opinions.reviewers == reviewer) | self.opinions.final]] = True
            return ~done
        if view is View.DISAGREEMENT:
            return self.disagreement()
        chosen: Bools = {
            View.ACCEPTED: self.accepted,
            View.REJECTED: ~self.accepted,
            View.OVERRIDDEN: self.votes != 0,
            View.FLAGGED: self._at(self._flagged),
            View.TRUNCATED: self.table.truncated,
            View.ALL: np.ones(len(self.table.places), bool),
        }[view]
        return chosen

    def disagreement(self) -> Bools:
        """Where reviewers say different things and nobody has settled it."""
        said = np.zeros((2, len(self.table.places)), bool)
        said[(self.opinions.votes > 0).astype(int), self._spoken] = True
        split: Bools = said[0] & said[1]
        split[self._spoken[self.opinions.final]] = False
        return split

    def key(self, rows: Ints, order: Order, seed: int, column: Floats | None) -> Floats:
        """What `rows` are sorted by, smallest first, then by place; `column` (n,) is the reward or the spread of the
        scores where the order goes by one. All alike where there is nothing to order by."""
        key = np.zeros(len(rows))
        if order is Order.BOUNDARY:
            key = np.abs(self.margin[rows])
        elif order is Order.AUDIT:
            key = audit_key(self.table.places[rows], seed)
        elif order in (Order.REWARD, Order.DISAGREEMENT) and column is not None:
            key = -column[rows]
        return np.where(np.isnan(key), np.inf, key)

    def rows(self, places: Ints) -> Ints:
        return self.table.rows_of(places)

    def _at(self, places: Ints) -> Bools:
        found = np.zeros(len(self.table.places), bool)
        found[self.rows(places)] = True
        return found

    def _votes(self, n: int) -> Ints:
        """+1, −1 or 0 for each candidate by the rule of the store: the final word, else the majority, else the newest."""
        o = self.opinions
        rows = self._spoken
        total = np.bincount(rows, o.votes, minlength=n)
        newest = np.zeros(n, np.int64)
        newest[rows] = o.votes  # oldest first, so the last assignment is the newest word
        settled = np.zeros(n, np.int64)
        settled[rows[o.final]] = o.votes[o.final]
        return np.where(settled != 0, settled, np.where(total != 0, np.sign(total).astype(np.int64), newest))


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


def audit_key(places: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each candidate, fixed for the project: sorted by it, the first n are a random sample."""
    mixed = splitmix64(places.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 1) % 2**64))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


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
