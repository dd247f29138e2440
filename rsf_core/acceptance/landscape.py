"""One round under one scope at every M: sorted once, then each M is a binary search."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import Scope
from rsf_core.domain.arrays import Floats, Ints
from rsf_core.sampling.acceptance import RankIndex
from rsf_core.sampling.arrays import dense_groups, even_weights, relative
from rsf_core.sampling.by_prompt import prompt_index
from rsf_core.sampling.curve import RatioCurve
from rsf_core.sampling.diagnosis import Diagnoser, Diagnosis

T = TypeVar("T")

KEPT = 32
BINS = 96
STEPS = 5  # positions of M within a bin, so that an edge of a bin is a position of M
FAR = 40.0  # nats below the largest ratio, where nothing is ever accepted (e⁻⁴⁰): too far for the axis


@dataclass(frozen=True, slots=True)
class AtM:
    """The exact numbers at one M. `accepted` and `prompts_with_none` count effective decisions, overrides included;
    `expected_rate` is the mean over prompts of the mean of min(1, P/(M·q)) over the planned draws (Rao-Blackwellised);
    `violating` counts all candidates above the bound."""

    accepted: int
    automatic: int
    expected_rate: float
    prompts_with_none: int
    violating: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The chart that is shown while M is dragged, with B bins and G = 5·B + 1 `positions` (nats).

    `accepted[b, g]` counts the candidates of bin b that are accepted in effect at position g, `total[b]` all of its
    candidates; `below` counts those left of the first bin. The curves have shape (G,).
    """

    edges: Floats
    positions: Floats
    total: Ints
    accepted: Ints
    below: int
    accepted_count: Ints
    expected_rate: Floats
    prompts_with_none: Ints
    violating: Ints


class Landscape:
    """The candidates of a round (`ratios`: Project.ratios, at least one row) under one scope of M.

    A truncated candidate is never accepted by the rule, so it counts as a draw with P = 0, like one that fails a
    constraint. Rates and distances use only the draws made equally for all prompts (`planned`), each prompt counting the
    same. Draws added for a prompt because it had none accepted are decided and counted like all others. Raises TargetError
    if a ratio is NaN or +∞.
    """

    def __init__(self, ratios: pa.Table, scope: Scope) -> None:
        self.scope = scope
        self._diagnosis = lru_cache(maxsize=16)(self._diagnose)  # a page asks for the same M at each rerun
        self.truncated: NDArray[np.bool_] = ratios["truncated"].to_numpy()
        self.override = ratios["override"].to_numpy()
        self.prompts: Ints = ratios["prompt_id"].to_numpy().astype(np.int64)
        self.scale = ratios["scale"].to_numpy() if scope is Scope.PROMPT else np.zeros(ratios.num_rows)
        self.log_ratio = np.where(self.truncated, -np.inf, ratios["log_ratio"].to_numpy())
        self.relative = relative(self.log_ratio, self.scale)
        critical = np.where(self.truncated, -np.inf, ratios["critical_log_m"].to_numpy())
        self.critical = relative(critical, self.scale, "critical_log_m")
        self.candidates = ratios.num_rows
        self.possible = int(np.isfinite(self.relative).sum())
        self.prompt_count, self.prompt_index = dense_groups(self.prompts, self.prompts)
        self.prompt_ids: Ints = np.empty(self.prompt_count, np.int64)
        self.prompt_ids[self.prompt_index] = self.prompts
        self._index_overrides()
        self._ratios = np.sort(self.relative)
        names, everything = ratios.column_names, np.ones(self.candidates, np.bool_)
        self.planned: NDArray[np.bool_] = ratios["planned"].to_numpy() if "planned" in names else everything
        self.rate_is_zero = not np.isfinite(self.relative[self.planned]).any()
        self._judged = everything if self.rate_is_zero else self.planned
        own = self.prompts[self._judged]
        self.weight = even_weights(*dense_groups(own, own))  # of each judged candidate
        self._curve = RatioCurve(self.relative[self._judged], weight=self.weight) if self.possible else None
        self._kept: dict[Hashable, Any] = {}
        self._drawn: tuple[tuple[float, float], Picture] | None = None

    def with_overrides(self, override: NDArray[np.int8]) -> Landscape:
        """The same candidates with the current overrides, shape (n,). Whatever depends on the rule alone is not recomputed."""
        new = copy(self)
        new.override = override
        new._index_overrides()
        new._drawn = None
        return new

    def _index_overrides(self) -> None:
        self._accepted = RankIndex(self.critical, self.override)
        self._covered = prompt_index(self.critical, self.prompts, self.override)

    @property
    def curve(self) -> RatioCurve:
        """Every diagnostic by rank. It exists only if some candidate is `possible`."""
        assert self._curve is not None, "no candidate of this round can be accepted"
        return self._curve

    def at(self, log_m: float) -> AtM:
        """The exact numbers at `log_m` (nats)."""
        rate = float(self._curve.acceptance_rate(log_m)) if self._curve and not self.rate_is_zero else 0.0
        return AtM(
            self._accepted.count(log_m),
            self._accepted.automatic_count(log_m),
            rate,
            self.prompt_count - self._covered.count(log_m),
            int(self._violating(log_m)),
        )

    def _violating(self, log_m: float | Floats) -> Ints:
        return np.asarray(self.candidates - self._ratios.searchsorted(log_m, side="right"))

    def effective(self, log_m: float) -> NDArray[np.bool_]:
        """Which candidates are accepted in effect at `log_m`, shape (n,)."""
        accepted: NDArray[np.bool_] = ((self.critical > log_m) & (self.override >= 0)) | (self.override > 0)
        return accepted

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which candidates the rate and the distances are computed from, shape (n,): the planned ones, or all if no planned
        one can be accepted (`rate_is_zero`: the rate is then 0, whatever was drawn again)."""
        return self._judged

    @cached_property
    def scale_contains_draw(self) -> bool:
        """Whether the scale of each draw includes that draw itself, as in rounds of an earlier version: then all candidates of
        a prompt share one scale though their ratios differ, and the true TVD is larger than any estimate."""
        if self.scope is Scope.GLOBAL or not self.possible:
            return False
        finite = np.isfinite(self.relative)
        prompt, ratio, scale = self.prompt_index[finite], self.log_ratio[finite], self.scale[finite]

        def spread(values: Floats) -> Floats:
            low, high = np.full(self.prompt_count, np.inf), np.full(self.prompt_count, -np.inf)
            np.minimum.at(low, prompt, values)
            np.maximum.at(high, prompt, values)
            difference: Floats = high - low
            return difference

        differ = spread(ratio) > 0.0
        return bool(differ.any() and not (spread(scale)[differ] > 0.0).any())

    def kept(self, name: Hashable, find: Callable[[], T]) -> T:
        """The result of `find`, cached under `name`. It must depend on the rule alone: `with_overrides` keeps it."""
        kept: tuple[T] | None = self._kept.get(name)  # another page may clear the cache at the same moment
        if kept is None:
            kept = (find(),)
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[name] = kept
        return kept[0]

    def log_m_for_count(self, count: int) -> float:
        """The log M whose automatic decisions accept `count` candidates, as nearly as ties allow."""
        return self._accepted.log_m_for_rate(min(max(count, 1), self.possible) / self.candidates)

    def diagnosis(self, log_m: float) -> Diagnosis:
        """How far the accepted law is from the target, with intervals by prompt. It is in-sample: see marks.py for an M chosen
        and judged on different prompts."""
        return self._diagnosis(log_m)

    def _diagnose(self, log_m: float) -> Diagnosis:
        return self._diagnoser.at(log_m)

    @cached_property
    def _diagnoser(self) -> Diagnoser:
        own = slice(None) if self._judged.all() else self._judged  # a slice makes no copy
        return Diagnoser(self.log_ratio[own], scale=self.scale[own], group=self.prompts[own])

    def span(self, *shown: float) -> tuple[float, float]:
        """The range of log M worth showing: the finite ratios, some room above the largest, and every log M in `shown`."""
        high = max(self.curve.highest + 2.5, *(m + 0.25 for m in shown))
        return min(max(self.curve.lowest - 0.5, self.curve.highest - FAR), *(m - 0.25 for m in shown)), high

    def picture(self, low: float, high: float) -> Picture:
        """The chart between `low` and `high` (nats). The last one is cached, because it stays the same while M is dragged."""
        drawn = self._drawn  # another page may ask for another range at the same moment
        if drawn is None or drawn[0] != (low, high):
            drawn = self._drawn = ((low, high), self._picture(low, high))
        return drawn[1]

    def _picture(self, low: float, high: float) -> Picture:
        positions = np.linspace(low, high, BINS * STEPS + 1)
        inside = np.flatnonzero((self.relative >= low) & (self.relative <= high))
        bin_of = np.minimum(((self.relative[inside] - low) / (high - low) * BINS).astype(np.int64), BINS - 1)
        override = self.override[inside]
        # accepted at every position left of m; an override accepts at all positions or at none
        reach = np.searchsorted(positions, self.critical[inside])
        reach = np.where(override > 0, len(positions), np.where(override < 0, 0, reach))
        width = len(positions) + 1
        ends = np.bincount(bin_of * width + reach, minlength=BINS * width).reshape(BINS, width)
        return Picture(
            edges=positions[::STEPS],
            positions=positions,
            total=np.bincount(bin_of, minlength=BINS),
            accepted=ends[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:],
            below=self.possible - len(inside),
            accepted_count=self._accepted.counts(positions),
            expected_rate=self.curve.acceptance_rate(positions) * (not self.rate_is_zero),
            prompts_with_none=self.prompt_count - self._covered.counts(positions),
            violating=self._violating(positions),
        )
