"""How well the rule and people agree, how well people agree with each other, and which target would agree better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import krippendorff
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from rsf_core.errors import TargetError
from rsf_core.review import Opinions, ReviewIndex, audit_key
from rsf_core.sampling.intervals import Interval, clopper_pearson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST = 10  # decisions of either kind below which no weights are fitted
RIDGE = 1e-3  # keeps the fit finite where a score parts the decisions perfectly


@dataclass(frozen=True, slots=True)
class Confusion:
    """The rule against people: counts of candidates by (rule, person)."""

    accept_accept: int
    accept_reject: int
    reject_accept: int
    reject_reject: int

    @property
    def total(self) -> int:
        return self.accept_accept + self.accept_reject + self.reject_accept + self.reject_reject

    @property
    def precision(self) -> Interval | None:
        """Of what the rule accepts, the share that people accept; exact interval. None where it accepts nothing."""
        return _share(self.accept_accept, self.accept_accept + self.accept_reject)

    @property
    def recall(self) -> Interval | None:
        """Of what people accept, the share that the rule accepts; exact interval. None where they accept nothing."""
        return _share(self.accept_accept, self.accept_accept + self.reject_accept)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers on the candidates both have decided: Cohen's κ, None where chance alone explains everything."""

    first: str
    second: str
    both: int
    same: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """`audit` counts only the first candidates in audit order, as far as all are decided: a random sample, so its rates
    hold for the round. `reviewed` counts everything decided, which is what reviewers happened to look at. `by_p_accept`
    has (low, high, decided, overruled) for ten bins. `alpha` is Krippendorff's, None below two reviewers in common."""

    audit: Confusion
    reviewed: Confusion
    by_p_accept: tuple[tuple[float, float, int, int], ...]
    pairs: tuple[Pair, ...]
    alpha: float | None


def agreement(index: ReviewIndex, seed: int) -> Agreement:
    """The agreement of a round as it stands. Truncated candidates count as rejected by the rule."""
    decided = (index.votes != 0) & index.scored
    order = np.argsort(audit_key(index.table.places, seed), kind="stable")
    missing = np.flatnonzero(~decided[order])
    audit = np.zeros(len(decided), bool)
    audit[order[: missing[0] if missing.size else len(order)]] = True
    edges = np.linspace(0.0, 1.0, 11)
    overruled = decided & (index.automatic != (index.votes > 0))
    bins = np.minimum((np.nan_to_num(index.p_accept) * 10).astype(int), 9)
    counts = [(np.bincount(bins[mask], minlength=10)).tolist() for mask in (decided, overruled)]
    return Agreement(
        audit=_confusion(index, audit & decided),
        reviewed=_confusion(index, decided),
        by_p_accept=tuple((float(edges[b]), float(edges[b + 1]), counts[0][b], counts[1][b]) for b in range(10)),
        pairs=tuple(_pairs(index.opinions)),
        alpha=_alpha(index.opinions),
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic fit of people's decisions: `coefficients` estimate weight/β of each scorer (per unit of its score), as
    Wald intervals; `accuracy` is the share of decisions that the fit repeats."""

    coefficients: Mapping[str, Interval]
    decisions: int
    accuracy: float

    def rewards(self, size: float) -> tuple[dict[str, float], float]:
        """Weights whose absolute values add up to `size`, and the β that goes with them: only weight/β is identified.
        Raises TargetError where the fit found no scorer that matters."""
        total = sum(abs(found.value) for found in self.coefficients.values())
        if total == 0:
            raise TargetError("no score tells the accepted from the rejected: keep the weights")
        return {name: found.value * size / total for name, found in self.coefficients.items()}, size / total


def fit(scores: Mapping[str, Floats], votes: Ints) -> Fit:
    """Fit P(a person accepts) = σ(c + Σ b_j·score_j) by maximum likelihood, with a slight ridge on standardised scores.

    `scores` has a column (n,) for each scorer, `votes` (n,) is +1, −1, or 0 for undecided. Raises TargetError where
    there are fewer than ten decisions of either kind, or no score varies.
    """
    spoken = votes != 0
    accepted = (votes[spoken] > 0).astype(np.float64)
    if min(accepted.sum(), (1 - accepted).sum()) < FEWEST:
        raise TargetError(f"at least {FEWEST} accepts and {FEWEST} rejects by people are needed to fit weights")
    columns = {name: column[spoken] for name, column in scores.items() if np.isfinite(column[spoken]).all()}
    columns = {name: column for name, column in columns.items() if column.std() > 0}
    if not columns:
        raise TargetError("no score varies among the candidates that people decided: nothing to fit")
    scale = np.array([column.std() for column in columns.values()])
    x = np.stack(
        [np.ones(len(accepted)), *((c - c.mean()) / s for c, s in zip(columns.values(), scale, strict=True))], axis=1
    )
    penalty = np.array([0.0, *[RIDGE] * len(columns)])

    def loss(b: Floats) -> tuple[float, Floats]:
        z = x @ b
        value = -float(accepted @ log_expit(z) + (1 - accepted) @ log_expit(-z)) + 0.5 * float(penalty @ (b * b)) * len(
            z
        )
        return value, x.T @ (expit(z) - accepted) + penalty * b * len(z)

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="BFGS").x
    p = expit(x @ found)
    information = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty) * len(p)
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    coefficients = {
        name: Interval(b / s, (b - 1.96 * e) / s, (b + 1.96 * e) / s, len(p))
        for name, b, e, s in zip(columns, found[1:].tolist(), error[1:].tolist(), scale.tolist(), strict=True)
    }
    return Fit(coefficients, len(p), float(((p > 0.5) == (accepted > 0)).mean()))


def cohen_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """κ = (p_o − p_e)/(1 − p_e) of two raters on the same items (Cohen 1960); None where p_e is 1."""
    a, b = np.asarray(first), np.asarray(second)
    observed = float((a == b).mean())
    chance = float(sum((a == label).mean() * (b == label).mean() for label in np.union1d(a, b)))
    return None if math.isclose(chance, 1.0) else (observed - chance) / (1.0 - chance)


def _confusion(index: ReviewIndex, where: Bools) -> Confusion:
    rule, person = index.automatic[where], index.votes[where] > 0
    return Confusion(
        int((rule & person).sum()),
        int((rule & ~person).sum()),
        int((~rule & person).sum()),
        int((~rule & ~person).sum()),
    )


def _share(part: int, of: int) -> Interval | None:
    return clopper_pearson(part, of) if of else None


def _votes(opinions: Opinions) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for where, reviewer, vote, final in zip(
        opinions.places.tolist(),
        opinions.reviewers.tolist(),
        opinions.votes.tolist(),
        opinions.final.tolist(),
        strict=True,
    ):
        if not final:  # who settles a disagreement has read both sides
            found.setdefault(reviewer, {})[where] = vote
    return found


def _pairs(opinions: Opinions) -> list[Pair]:
    votes = _votes(opinions)
    found = []
    for first, second in combinations(sorted(votes), 2):
        both = sorted(votes[first].keys() & votes[second].keys())
        if both:
            a, b = [votes[first][w] for w in both], [votes[second][w] for w in both]
            same = sum(x == y for x, y in zip(a, b, strict=True))
            found.append(Pair(first, second, len(both), same, cohen_kappa(a, b)))
    return found


def _alpha(opinions: Opinions) -> float | None:
    """Krippendorff's α for nominal data over the candidates that two or more reviewers decided."""
    votes = _votes(opinions)
    counts: dict[int, int] = {}
    for said in votes.values():
        for where in said:
            counts[where] = counts.get(where, 0) + 1
    shared = sorted(where for where, count in counts.items() if count > 1)
    data = np.array([[said.get(where, np.nan) for where in shared] for said in votes.values()], dtype=np.float64)
    if not shared or np.unique(data[~np.isnan(data)]).size < 2:
        return None  # nothing in common, or everybody always said the same: α is not defined
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))
