"""What another target, or another rule of M, would accept and reject among a round's stored candidates. Pure functions:
nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.acceptance.bins import bin_edges
from rsf_core.acceptance.deriving import Derived, Drawn, RuleM, derive
from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.target import passes, reward
from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.domain.settings import Accept, Constraint, Target
from rsf_core.store.records import ThresholdRecord

BINS = 32
FEW = 12  # up to this many different values get a bar each


@dataclass(frozen=True, slots=True)
class Draft:
    """A target, and the rule that chooses M under it. They are edited and saved together."""

    target: Target
    accept: Accept


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored values of a round's n candidates, shape (n,), in order of prompt and k. `decided` and `accepted` are the
    current effective decisions, `chance` is the probability with which the rule accepts (NaN: undecided), `override` is −1, 0
    or 1. `retired`: the prompt is no longer in use, and the candidate awaits no score."""

    candidate_ids: NDArray[np.object_]
    drawn: Drawn
    log_model: Floats
    retired: Bools
    decided: Bools
    accepted: Bools
    chance: Floats
    override: NDArray[np.int8]

    @classmethod
    def of(cls, table: pa.Table) -> Stored:
        """The rows of `Store.drawn`."""

        def column(name: str) -> NDArray[np.generic]:
            values: NDArray[np.generic] = table[name].to_numpy(zero_copy_only=False)
            return values

        drawn = Drawn(
            column("prompt_id").astype(np.int64),
            column("log_q").astype(np.float64),
            column("u").astype(np.float64),
            column("stage").astype(np.int64),
            column("truncated").astype(np.bool_),
        )
        return cls(
            candidate_ids=column("candidate_id").astype(np.object_),
            drawn=drawn,
            log_model=column("log_model").astype(np.float64),
            retired=column("retired").astype(np.bool_),
            decided=column("decided").astype(np.bool_),
            accepted=column("accepted").astype(np.bool_),
            chance=column("chance").astype(np.float64),
            override=column("override").astype(np.int8),
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """A scorer by name, or the log-probability under the reference, that is missing for `candidates` of the candidates to be
    decided."""

    name: str
    candidates: int
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One scorer of the target on the candidates: `scored` of them have its score, with this mean (NaN if none has); of these
    `passing` meet the constraint (all of them for a reward)."""

    scorer: str
    weight: float | None
    constraint: Constraint | None
    scored: int
    mean: float
    passing: int


@dataclass(frozen=True, slots=True)
class Shifts:
    """Candidates by some value, in B bins between the B + 1 `edges`, and by how their effective decision would change."""

    edges: Floats
    kept: Ints
    gained: Ints
    lost: Ints
    rejected: Ints


@dataclass(frozen=True)
class Preview:
    """A round under a draft; arrays have shape (n,) over all its candidates. `reward` is NaN if a score is missing. `ell`
    (nats) is NaN if the candidate cannot be decided, and −∞ if a constraint fails. `waits`: a score is still to be computed.
    `chance` is the probability with which the rule accepts. `after` is the effective decision under the draft, as
    `stored.accepted` is the current one. `by` is the M that would be in force, None if nothing can be decided."""

    stored: Stored
    parts: tuple[Part, ...]
    missing: tuple[Missing, ...]
    reward: Floats
    ell: Floats
    chance: Floats
    decidable: Bools
    waits: Bools
    after: Bools
    by: RuleM | None
    kept_m: bool
    derived: Derived | None

    @property
    def gained(self) -> Bools:
        """The candidates that would be newly accepted."""
        return self.after & ~self.stored.accepted

    @property
    def lost(self) -> Bools:
        """The candidates that would no longer be accepted, without those that only wait for a score."""
        return self.stored.accepted & ~self.after & ~self.waits

    @property
    def undecided(self) -> Bools:
        """The candidates that would stay undecided, because a scorer ran and has no score for them."""
        return ~self.decidable & ~self.waits & ~self.stored.retired

    @cached_property
    def landscape(self) -> Landscape | None:
        """The decidable candidates at every M; None if there are none."""
        if self.by is None or self.derived is None:
            return None
        drawn, here = self.stored.drawn, self.decidable
        table = pa.table(
            {
                "truncated": drawn.truncated[here],
                "override": self.stored.override[here],
                "prompt_id": drawn.prompt_ids[here],
                "scale": self.derived.scale,
                "log_ratio": self.derived.log_ratio,
                "critical_log_m": self.derived.critical_log_m,
                "planned": drawn.stage[here] == 0,
            }
        )
        return Landscape(table, self.by.scope)

    @property
    def failing(self) -> int:
        """How many candidates fail a constraint."""
        return int(np.isneginf(self.ell).sum())

    def shifts(self, values: Floats) -> Shifts:
        """The changes by some value of each candidate, e.g. `reward` or `ell`; candidates without a finite value are left
        out."""
        known = np.isfinite(values) & self.decidable
        edges = bin_edges(values[known], BINS, FEW)
        before, after = self.stored.accepted, self.after

        def count(mask: Bools) -> Ints:
            return np.histogram(values[known & mask], edges)[0].astype(np.int64)

        return Shifts(edges, count(before & after), count(self.gained), count(self.lost), count(~before & ~after))

    def examples(self, mask: Bools, most: int) -> list[int]:
        """Up to `most` candidates of `mask`, from as many prompts as possible, those farthest from M first; in stored order
        if there is no M."""
        rows = np.flatnonzero(mask)
        if self.by is not None and self.landscape is not None:
            distance = np.full(len(mask), -np.inf)
            distance[self.decidable] = np.abs(np.maximum(self.landscape.critical, -1e300) - self.by.log_m)
            rows = rows[np.argsort(-distance[rows], kind="stable")]
        prompts = self.stored.drawn.prompt_ids[rows]
        turn = np.zeros(len(rows), np.int64)
        seen: dict[int, int] = {}
        for place, prompt in enumerate(prompts.tolist()):
            turn[place] = seen.get(prompt, 0)
            seen[prompt] = turn[place] + 1
        chosen: list[int] = rows[np.argsort(turn, kind="stable")[:most]].tolist()
        return chosen


def preview(
    stored: Stored,
    draft: Draft,
    scores: Mapping[str, Floats],
    source: str | None,
    log_reference: Floats | None,
    kept: ThresholdRecord | None = None,
    failed: Mapping[str, Bools] | None = None,
) -> Preview:
    """The round under `draft`. `scores` has a column (n,) for each scorer of the target, NaN if there is no score. `source`
    names where `log_reference` (n,) comes from; both are None if it cancels out, see `reference_source`. `kept`: an M that a
    person chose for this target and that stays in force. `failed` (n,) by scorer: whether it ran and has no score, so that
    the candidate stays undecided and awaits none. Raises TargetError if a number is too large."""
    target, count = draft.target, len(stored.retired)
    lacks = {scorer: np.isnan(scores[scorer]) for scorer in target.scorers}
    if log_reference is not None:
        lacks[str(source)] = np.isnan(log_reference)
    none = np.zeros(count, np.bool_)
    awaited = {name: lack & ~stored.retired & ~(failed or {}).get(name, none) for name, lack in lacks.items()}
    lacking = [Missing(name, int(wait.sum()), name not in target.scorers) for name, wait in awaited.items()]
    decidable = ~np.logical_or.reduce([none, *lacks.values()])
    derived, by, ell, chance = None, None, np.full(count, np.nan), np.full(count, np.nan)
    after = stored.override > 0
    if decidable.any():
        derived = derive(
            _some(stored.drawn, decidable),
            target,
            draft.accept,
            {scorer: scores[scorer][decidable] for scorer in target.scorers},
            source,
            None if log_reference is None else log_reference[decidable],
        )
        by = derived.by_rule if kept is None else RuleM(kept.log_m, kept.scope, kept.reason)
        ell[decidable], chance[decidable] = derived.log_ratio, derived.chance(by.log_m, by.scope)
        automatic = np.zeros(count, np.bool_)
        automatic[decidable] = derived.accepted(by.log_m, by.scope)
        after = after | (automatic & (stored.override == 0))
    return Preview(
        stored,
        parts(target, scores),
        tuple(one for one in lacking if one.candidates),
        reward_where_known(target, scores, count),
        ell,
        chance,
        decidable,
        np.logical_or.reduce([none, *awaited.values()]),
        after,
        by,
        kept is not None,
        derived,
    )


def reward_where_known(target: Target, scores: Mapping[str, Floats], count: int) -> Floats:
    """r of each candidate, shape (count,), NaN if a score is missing. Raises TargetError if it is too large a number."""
    known = ~np.logical_or.reduce([np.zeros(count, np.bool_), *(np.isnan(scores[s]) for s in target.rewards)])
    rewards = np.full(count, np.nan)
    rewards[known] = reward(target, {s: scores[s][known] for s in target.rewards}, int(known.sum()))
    return rewards


def failing(target: Target, scores: Mapping[str, float]) -> Constraint | None:
    """The first constraint that a candidate with these scores fails, None if it meets all."""
    for constraint in target.constraints:
        alone = Target(constraints=(constraint,))
        if not passes(alone, {constraint.scorer: np.array([scores[constraint.scorer]])}, 1)[0]:
            return constraint
    return None


def parts(target: Target, scores: Mapping[str, Floats]) -> tuple[Part, ...]:
    """Each reward and constraint by itself, which is known even if other scores are missing."""
    contributions = []
    for scorer, weight in target.rewards.items():
        known = scores[scorer][~np.isnan(scores[scorer])]
        contributions.append(Part(scorer, weight, None, known.size, _mean(known), known.size))
    for constraint in target.constraints:
        known = scores[constraint.scorer][~np.isnan(scores[constraint.scorer])]
        alone = Target(constraints=(constraint,))
        passing = int(passes(alone, {constraint.scorer: known}, known.size).sum())
        contributions.append(Part(constraint.scorer, None, constraint, known.size, _mean(known), passing))
    return tuple(contributions)


def _some(drawn: Drawn, mask: Bools) -> Drawn:
    return Drawn(drawn.prompt_ids[mask], drawn.log_q[mask], drawn.u[mask], drawn.stage[mask], drawn.truncated[mask])


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")
