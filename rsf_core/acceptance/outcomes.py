"""The outcomes of a round's candidates by score, by length and by prompt. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.bins import bin_edges
from rsf_core.acceptance.landscape import Landscape
from rsf_core.domain.arrays import Floats, Ints
from rsf_core.sampling.starvation import Starvation, starvation

BINS = 40
FEW = 24  # up to this many different values get a bar each


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Candidates by some value, counted by effective outcome in B bins between the B + 1 `edges`. An overridden truncated
    candidate counts as accepted."""

    edges: Floats
    accepted: Ints
    rejected: Ints
    truncated: Ints

    @property
    def rate(self) -> Floats:
        """The share accepted in each bin, NaN in an empty one."""
        total = self.accepted + self.rejected + self.truncated
        return _share(self.accepted, total)


@dataclass(frozen=True, slots=True)
class Density:
    """Candidates by length and log ratio: `count[r, t]` of them in ratio bin r and length bin t, and the share accepted
    (NaN in an empty bin)."""

    tokens: Floats
    log_ratio: Floats
    count: Ints
    rate: Floats


def by_value(landscape: Landscape, values: Floats, log_m: float) -> Outcomes:
    """Outcomes at `log_m` (nats) by `values` (n,); candidates with NaN are left out."""
    known = np.isfinite(values)
    accepted = landscape.effective(log_m)
    edges = bin_edges(values[known], BINS, FEW)

    def count(mask: NDArray[np.bool_]) -> Ints:
        return np.asarray(np.histogram(values[known & mask], edges)[0], dtype=np.int64)

    return Outcomes(
        edges, count(accepted), count(~accepted & ~landscape.truncated), count(~accepted & landscape.truncated)
    )


def by_length(landscape: Landscape, tokens: Ints, log_m: float) -> Density:
    """ℓ (nats) against length (tokens): a slope shows that length is being selected, since log-ratios of sequences grow with
    length."""
    known = np.isfinite(landscape.log_ratio)
    x, y = tokens[known].astype(np.float64), landscape.log_ratio[known]
    grid = (bin_edges(y, BINS, FEW), bin_edges(x, BINS, FEW))
    count = np.histogram2d(y, x, grid)[0].astype(np.int64)
    accepted = np.histogram2d(y, x, grid, weights=landscape.effective(log_m)[known].astype(np.float64))[0]
    return Density(grid[1], grid[0], count, _share(accepted, count))


@dataclass(frozen=True, slots=True)
class PromptOutcomes:
    """One row per prompt, by prompt_id: how many of its `candidates` are accepted in effect, and its share of all data."""

    prompt_id: Ints
    candidates: Ints
    accepted: Ints

    @property
    def rate(self) -> Floats:
        return self.accepted / self.candidates

    @property
    def share(self) -> Floats:
        """Each prompt's share of the accepted data; all 0 if nothing is accepted."""
        return self.accepted / max(int(self.accepted.sum()), 1)

    def between(self, low: float, high: float) -> Ints:
        """The rows whose rate lies between `low` and `high`, both included, in order of rate, then of prompt."""
        rows = np.flatnonzero((self.rate >= low) & (self.rate <= high))
        return rows[np.argsort(self.rate[rows], kind="stable")]


def by_prompt(landscape: Landscape, log_m: float) -> PromptOutcomes:
    """How much of each prompt is accepted at `log_m` (nats), overrides included."""
    accepted = np.bincount(landscape.prompt_index, landscape.effective(log_m)).astype(np.int64)
    return PromptOutcomes(landscape.prompt_ids, np.bincount(landscape.prompt_index), accepted)


def starving(landscape: Landscape, log_m: float, k: int) -> Starvation:
    """How many prompts, and which, would get none of `k` further candidates accepted at `log_m` (nats), by the automatic
    decisions on the draws so far; `by_prompt` and `rate` are in the order of `landscape.prompt_ids`. All draws count: the
    reason why more were drawn for a prompt cancels in its likelihood."""

    def find() -> Starvation:
        accepted = np.bincount(landscape.prompt_index, landscape.critical > log_m)
        return starvation(accepted, np.bincount(landscape.prompt_index), k)

    return landscape.kept(("starving", log_m, k), find)


def half_of_the_data(prompts: PromptOutcomes) -> int:
    """The fewest prompts that hold half of the accepted data: half of all prompts if it is even, fewer if not."""
    running = np.cumsum(np.sort(prompts.accepted)[::-1])
    return int(np.searchsorted(running, running[-1] / 2) + 1) if running.size and running[-1] else 0


def _share(part: NDArray[np.generic], of: Ints) -> Floats:
    """part / of, NaN if `of` is 0."""
    share: Floats = np.divide(part, of, out=np.full(of.shape, np.nan), where=of > 0)
    return share
