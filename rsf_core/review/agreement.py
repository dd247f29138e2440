"""How well the rule and people agree, how well people agree with each other, and which target would agree better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import krippendorff
import numpy as np
from scipy.special import stdtrit

from rsf_core.domain import K_BITS
from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.domain.errors import TargetError
from rsf_core.review.audit import audit_sample
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Opinions
from rsf_core.review.under_guide import UnderGuide, under_guide
from rsf_core.sampling.decisions import REPLICATES, Link, fit_decisions
from rsf_core.sampling.intervals import Interval, share_of_items

FEWEST = 10  # decisions of either kind below which no weights are fitted


@dataclass(frozen=True, slots=True)
class Confusion:
    """The rule against people: counts of candidates by (rule, person). `precision`: of what the rule accepts, the share that
    people accept; `recall`: of what people accept, the share that the rule accepts; both with limits by prompt, None if
    there is nothing to divide by."""

    accept_accept: int
    accept_reject: int
    reject_accept: int
    reject_reject: int
    precision: Interval | None
    recall: Interval | None

    @property
    def total(self) -> int:
        return self.accept_accept + self.accept_reject + self.reject_accept + self.reject_reject


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers on the candidates both have decided: Cohen's κ, None if chance alone explains everything."""

    first: str
    second: str
    both: int
    same: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class WithOthers:
    """Opinions of `reviewers` others on candidates that a reviewer has decided too: `both`, of which `same` equal the
    reviewer's own."""

    reviewers: int
    both: int
    same: int


def with_others(independent: Opinions, reviewer: str) -> WithOthers:
    """A reviewer's decisions beside those of all others (`Opinions.independent`)."""
    mine = independent.reviewers == reviewer
    votes = dict(zip(independent.places[mine].tolist(), independent.votes[mine].tolist(), strict=True))
    others = independent.where(~mine & np.isin(independent.places, list(votes)))
    same = sum(votes[where] == vote for where, vote in zip(others.places.tolist(), others.votes.tolist(), strict=True))
    return WithOthers(len(np.unique(others.reviewers)), len(others.places), same)


@dataclass(frozen=True, slots=True)
class Agreement:
    """`audit` counts only the longest beginning of the audit order of which four of five are decided: a random sample, so its
    rates hold for the round if the `audit_skipped` among them are like the rest. `reviewed` counts everything decided,
    which is what reviewers happened to look at. `by_p_accept` has (low, high, decided, overruled) for ten bins. `alpha` is
    Krippendorff's, None if it is not defined. `by_guide` counts the decisions under each version of the guide. Of a
    reviewer who settled a disagreement, `pairs`, `alpha` and `by_guide` count the decision before that."""

    audit: Confusion
    reviewed: Confusion
    by_p_accept: tuple[tuple[float, float, int, int], ...]
    pairs: tuple[Pair, ...]
    alpha: float | None
    audit_skipped: int = 0
    by_guide: tuple[UnderGuide, ...] = ()


def agreement(index: ReviewIndex, seed: int, before: Opinions | None = None) -> Agreement:
    """The current agreement of a round. Truncated candidates count as rejected by the rule. `before`: the earlier decisions of
    those who settled a candidate."""
    independent = index.opinions.independent(before or Opinions.none())
    decided, audit = _audit(index, seed)
    edges = np.linspace(0.0, 1.0, 11)
    overruled = decided & (index.automatic != (index.votes > 0))
    bins = np.minimum((np.nan_to_num(index.p_accept) * 10).astype(int), 9)
    counts = [(np.bincount(bins[mask], minlength=10)).tolist() for mask in (decided, overruled)]
    return Agreement(
        audit=_confusion(index, audit & decided),
        reviewed=_confusion(index, decided),
        by_p_accept=tuple((float(edges[b]), float(edges[b + 1]), counts[0][b], counts[1][b]) for b in range(10)),
        pairs=tuple(_pairs(independent)),
        alpha=_alpha(independent),
        audit_skipped=int((audit & ~decided).sum()),
        by_guide=under_guide(index, independent),
    )


def audited(index: ReviewIndex, seed: int) -> int:
    """How many candidates of the random audit are decided: the `audit.total` of their agreement."""
    decided, audit = _audit(index, seed)
    return int(np.count_nonzero(audit & decided))


def _audit(index: ReviewIndex, seed: int) -> tuple[Bools, Bools]:
    """Which scored candidates are decided, and which belong to the random audit, each (n,)."""
    decided = (index.votes != 0) & index.scored
    return decided, audit_sample(index.table.places, decided, seed)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit of people's decisions: `coefficients` estimate weight/β of each scorer (per unit of its score), `strength` the
    sum of their absolute values (of the weights, over β), both with intervals by bootstrap over prompts. `accuracy` is the
    share of the decisions it was fitted to that the fit repeats, `link` the likelier shape of P(accept): see
    sampling/decisions.py, also for the ridge."""

    coefficients: Mapping[str, Interval]
    decisions: int
    accuracy: float
    link: Link
    strength: Interval

    def rewards(self, size: float) -> tuple[dict[str, float], float]:
        """Weights whose absolute values add up to `size`, and the β that goes with them: only weight/β is identified.
        Raises TargetError if the fit found no scorer that matters."""
        total = sum(abs(interval.value) for interval in self.coefficients.values())
        if total == 0:
            raise TargetError("no score separates the accepted from the rejected: keep the weights")
        return {name: interval.value * size / total for name, interval in self.coefficients.items()}, size / total

    def beta(self, size: float) -> Interval:
        """β with its interval for weights whose absolute values add up to `size`: size/strength, without an upper limit
        if the strength may be 0."""
        s = self.strength
        if not s.known:
            return Interval(size / s.value, -math.inf, math.inf, s.groups)
        return Interval(size / s.value, size / s.high, size / s.low if s.low > 0 else math.inf, s.groups)


def fit(
    scores: Mapping[str, Floats],
    votes: Ints,
    prompts: Ints | None = None,
    *,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
    fewest: int = FEWEST,
    replicates: int = REPLICATES,
) -> Fit:
    """Fit P(a person accepts) to the scores, by maximum likelihood with a slight ridge (sampling/decisions.py).

    `scores` has a column (n,) for each scorer, `votes` (n,) is +1, −1, or 0 for undecided, `prompts` (n,) names each
    candidate's prompt; without it candidates are independent. Raises TargetError if there are fewer than `fewest`
    decisions of either kind, or no score varies.
    """
    decided = votes != 0
    accepted = votes[decided] > 0
    accepts, rejects = int(accepted.sum()), int((~accepted).sum())
    if min(accepts, rejects) < fewest:
        raise TargetError(
            f"at least {fewest} accepts and {fewest} rejects by people are needed to fit weights, and {accepts:,} and "
            f"{rejects:,} count so far: truncated candidates and those without a score do not"
        )
    columns = {name: column[decided] for name, column in scores.items() if np.isfinite(column[decided]).all()}
    columns = {name: column for name, column in columns.items() if varies(column)}
    if not columns:
        raise TargetError("no score varies among the candidates that people decided: nothing to fit")
    scale = np.array([column.std() for column in columns.values()])
    middle = np.array([column.mean() for column in columns.values()])
    x = np.column_stack([np.ones(len(accepted)), (np.column_stack(list(columns.values())) - middle) / scale])
    names = np.flatnonzero(decided) if prompts is None else prompts[decided]
    group = np.unique(names, return_inverse=True)[1].astype(np.int64)
    count = int(group.max()) + 1
    generator = np.random.default_rng(0) if rng is None else rng
    regression = fit_decisions(x, accepted, group, generator, replicates if count > 1 else 0)
    slopes = regression.slopes[1:] / scale
    signs = np.sign(slopes)
    links = [(regression.slopes, regression.repeated), *([regression.rival] if regression.rival is not None else [])]
    fitted = [(of[1:] / scale, repeated[:, 1:] / scale) for of, repeated in links]
    coefficients = {
        name: _hull([_around(float(of[j]), repeated[:, j], count, level) for of, repeated in fitted])
        for j, name in enumerate(columns)
    }
    strength = _hull([_around(float(signs @ of), repeated @ signs, count, level) for of, repeated in fitted])
    eta = x @ regression.slopes
    middle_p = 0.0 if regression.link == "logistic" else math.log(0.5)
    return Fit(
        coefficients,
        len(accepted),
        float(((eta > middle_p) == accepted).mean()),
        regression.link,
        strength,
    )


def varies(column: Floats) -> bool:
    """Whether scores (n,) differ by more than single precision can tell apart: scores that are equal but for rounding carry no
    information, and their weight would be as large as the rounding is small."""
    return bool(column.std() > 8 * np.finfo(np.float32).eps * np.abs(column).max())


def _hull(links: list[Interval]) -> Interval:
    """The first link's estimate, with limits that cover every link that is equally likely."""
    return Interval(links[0].value, min(i.low for i in links), max(i.high for i in links), links[0].groups)


def _around(value: float, repeated: Floats, count: int, level: float) -> Interval:
    """value ± t·s with the standard deviation s of its replicates over `count` prompts."""
    if repeated.size < 2:
        return Interval(value, -math.inf, math.inf, count)
    half = float(stdtrit(count - 1, 0.5 + 0.5 * level)) * float(repeated.std(ddof=1))
    return Interval(value, value - half, value + half, count)


def cohen_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """κ = (p_o − p_e)/(1 − p_e) of two raters on the same items (Cohen 1960); None if p_e is 1."""
    a, b = np.asarray(first), np.asarray(second)
    observed = float((a == b).mean())
    chance = float(sum((a == label).mean() * (b == label).mean() for label in np.union1d(a, b)))
    return None if math.isclose(chance, 1.0) else (observed - chance) / (1.0 - chance)


def _confusion(index: ReviewIndex, where: Bools) -> Confusion:
    rule, person = index.automatic[where], index.votes[where] > 0
    prompts = index.table.places[where] >> K_BITS
    return Confusion(
        int((rule & person).sum()),
        int((rule & ~person).sum()),
        int((~rule & person).sum()),
        int((~rule & ~person).sum()),
        share_of_items(person[rule], prompts[rule]) if rule.any() else None,
        share_of_items(rule[person], prompts[person]) if person.any() else None,
    )


def _votes(opinions: Opinions) -> dict[str, dict[int, int]]:
    votes: dict[str, dict[int, int]] = {}
    for where, reviewer, vote in zip(
        opinions.places.tolist(), opinions.reviewers.tolist(), opinions.votes.tolist(), strict=True
    ):
        votes.setdefault(reviewer, {})[where] = vote
    return votes


def _pairs(opinions: Opinions) -> list[Pair]:
    votes = _votes(opinions)
    pairs = []
    for first, second in combinations(sorted(votes), 2):
        both = sorted(votes[first].keys() & votes[second].keys())
        if both:
            a, b = [votes[first][w] for w in both], [votes[second][w] for w in both]
            same = sum(x == y for x, y in zip(a, b, strict=True))
            pairs.append(Pair(first, second, len(both), same, cohen_kappa(a, b)))
    return pairs


def _alpha(opinions: Opinions) -> float | None:
    """Krippendorff's α for nominal data over the candidates that two or more reviewers decided."""
    votes = _votes(opinions)
    counts: dict[int, int] = {}
    for own in votes.values():
        for where in own:
            counts[where] = counts.get(where, 0) + 1
    shared = sorted(where for where, count in counts.items() if count > 1)
    data = np.array([[own.get(where, np.nan) for where in shared] for own in votes.values()], dtype=np.float64)
    if not shared or np.unique(data[~np.isnan(data)]).size < 2:
        return None  # nothing in common, or all votes are equal: α is not defined
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))
