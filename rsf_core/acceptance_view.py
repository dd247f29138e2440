"""What the Acceptance page draws: the distribution of ℓ relative to M, and how much of each prompt is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import Finish, Scope
from rsf_core.sampling.acceptance import RankIndex, acceptance_prob, prompt_scale, violated
from rsf_core.sampling.arrays import relative
from rsf_core.sampling.diagnosis import Diagnosis, diagnose

Floats = NDArray[np.float64]

BINS = 60


@dataclass(frozen=True, slots=True)
class RatioHistogram:
    """Counts of candidates by ℓ − a(c) (nats), stacked by what became of them; `edges` has one entry more."""

    edges: Floats
    accepted: NDArray[np.int64]
    rejected: NDArray[np.int64]
    violating: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AcceptanceView:
    """Everything at one M: counts of effective decisions, and the expected acceptance rate (Rao-Blackwellised).
    `impossible` candidates have ℓ = −∞: a constraint failed. `low` and `high` are the log M worth looking at."""

    histogram: RatioHistogram
    accepted: int
    automatic: int
    candidates: int
    impossible: int
    violating: int
    expected_rate: float
    prompt_rates: Floats
    prompts_with_none: int
    low: float
    high: float


def view(ratios: pa.Table, log_m: float, scope: Scope) -> AcceptanceView:
    """The view of `ratios` (Project.ratios) at `log_m` in nats. The table must have at least one row."""
    c = _columns(ratios, scope)
    override, m, prompts = ratios["override"].to_numpy(), ratios["critical_log_m"].to_numpy(), c.prompts
    # a truncated candidate is never accepted by the rule, whatever its ratio
    critical = relative(np.where(c.truncated, -np.inf, m), c.scale, "critical_log_m")
    ratio = relative(c.log_ratio, c.scale)
    possible = np.isfinite(ratio)
    automatic = critical > log_m
    accepted = (automatic & (override >= 0)) | (override > 0)
    above = violated(ratio, log_m)
    _, index = np.unique(prompts, return_inverse=True)
    per_prompt = np.bincount(index, accepted) / np.bincount(index)
    finite = ratio[possible]
    edges = _edges(finite)
    return AcceptanceView(
        histogram=RatioHistogram(
            edges,
            _count(ratio[accepted & possible & ~above], edges),
            _count(ratio[~accepted & possible & ~above], edges),
            _count(ratio[possible & above], edges),
        ),
        accepted=RankIndex(critical, override).count(log_m),
        automatic=int(automatic.sum()),
        candidates=len(ratio),
        impossible=int((~possible).sum()),
        violating=int(above.sum()),
        expected_rate=float(np.where(c.truncated, 0.0, acceptance_prob(ratio, log_m)).mean()),
        prompt_rates=per_prompt,
        prompts_with_none=int((per_prompt == 0).sum()),
        low=float(finite.min()) - 1.0 if finite.size else -1.0,
        high=float(critical[critical > -np.inf].max(initial=float(finite.max()) if finite.size else 0.0)) + 0.5,
    )


def diagnosis(ratios: pa.Table, log_m: float, scope: Scope) -> Diagnosis | None:
    """How far what is accepted at `log_m` (nats) lies from the target; None where no candidate can be accepted. These
    are the draws M was chosen on, so it is in-sample."""
    c = _columns(ratios, scope)
    log_ratio = np.where(c.truncated, -np.inf, c.log_ratio)
    if not np.isfinite(relative(log_ratio, c.scale)).any():
        return None
    return diagnose(log_ratio, log_m, scale=c.scale, group=c.prompts)


class _Columns(NamedTuple):
    log_ratio: Floats
    scale: Floats
    prompts: NDArray[np.int64]
    truncated: NDArray[np.bool_]


def _columns(ratios: pa.Table, scope: Scope) -> _Columns:
    log_ratio, prompts = ratios["log_ratio"].to_numpy(), ratios["prompt_id"].to_numpy().astype(np.int64)
    scale = prompt_scale(log_ratio, prompts) if scope is Scope.PROMPT else np.zeros(len(log_ratio))
    truncated = np.array([finish == Finish.LENGTH for finish in ratios["finish"].to_pylist()])
    return _Columns(log_ratio, scale, prompts, truncated)


def _edges(values: Floats) -> Floats:
    if values.size == 0 or values.min() == values.max():
        centre = float(values[0]) if values.size else 0.0
        return np.linspace(centre - 1.0, centre + 1.0, BINS + 1)
    return np.linspace(values.min(), values.max(), BINS + 1)


def _count(values: Floats, edges: Floats) -> NDArray[np.int64]:
    return np.asarray(np.histogram(values, edges)[0], dtype=np.int64)
