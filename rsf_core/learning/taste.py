"""Learning from decisions: a logistic regression on the last hidden states of completions and on other scores, judged on
prompts that it has not seen (V-STaR's verifier in small; Hosseini et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rsf_core.learning import logistic
from rsf_core.learning.folds import both_kinds, by_prompt
from rsf_core.learning.measures import auc, difference_interval, precision, repeats, share_interval
from rsf_core.sampling.arrays import Floats, Ints
from rsf_core.sampling.intervals import Interval

LEAST = 30  # decisions, of both kinds
FOLDS = 10
INNER_FOLDS = 4  # by which the penalty is chosen
LARGEST_DIMENSIONS = 32  # of the hidden states that are looked at
OTHERS_COUNT = (
    3.0  # times as much as one dimension of the hidden states: there are few, and each was made to mean something
)
HIDDEN_COUNT = (
    1.0,
    0.2,
)  # times as much as that the hidden states may count: where scores say it all they only add noise
PENALTIES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)  # falling; see logistic.path
CALIBRATION_BINS = 5
CURVE_SHARES = (0.25, 0.4, 0.6, 0.8)
CURVE_REPEATS = 4
AUDITED_LEAST = 30
FURTHER = 50  # decisions, of which the curve says what they would bring


@dataclass(frozen=True, slots=True)
class Decided:
    """What people have decided, a row a candidate. `hidden` (n, width); `others` (n, e), NaN where there is no score, of the
    scorers `names`; `accepted` and `prompts` (n,); `rule` (n,) is what the present rule orders them by, NaN where it decides
    nothing. `audit` (n,) are those that were put before people by chance."""

    hidden: NDArray[np.float32]
    others: Floats
    names: tuple[str, ...]
    accepted: NDArray[np.bool_]
    prompts: Ints
    rule: Floats
    audit: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.accepted)


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of candidates: `hidden` (m, width) and `others` (m, e), as in Decided."""

    hidden: NDArray[np.float32]
    others: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """What people have said of two candidates of a prompt, a row each time somebody did: `left` is better (1), a tie (½) or
    `right` is (0), (m,). `prompts` (m,)."""

    left: Features
    right: Features
    preferred: Floats
    prompts: Ints

    def __len__(self) -> int:
        return len(self.preferred)


@dataclass(frozen=True, slots=True)
class Linear:
    """The log-odds of a candidate: hidden · `hidden` + Σ `others` · (score − mean) / deviation + `intercept`, where a score
    that is not there counts as the mean."""

    hidden: Floats
    others: Floats
    means: Floats
    deviations: Floats
    intercept: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Of the calibration curve: candidates that were given about this chance, and how many of them people accept."""

    predicted: float
    accepted: Interval
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """Of the learning curve: the AUC after so many decisions, and its deviation over the subsamples."""

    decisions: int
    auc: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Against:
    """Another order of the same candidates, on the same folds, and by how much the learned one is better."""

    name: str
    auc: Interval
    auc_gain: Interval
    precision: Interval
    precision_gain: Interval


@dataclass(frozen=True, slots=True)
class Report:
    """How good what was learned is, on prompts that it has not seen. `basis`: "audit", where those judged on were chosen by
    chance, else "chosen". `rate` is the acceptance rate that `precision` is at. `best` is the scorer that tells accepted from
    rejected best, chosen on the same decisions, and `rule` the present rule; None where there is none. `further` is about
    how much FURTHER more decisions would raise the AUC; None where that cannot be told."""

    decisions: int
    accepted: int
    prompts: int
    judged: int
    basis: str
    rate: float
    auc: Interval
    precision: Interval
    best: Against | None
    rule: Against | None
    calibration: tuple[Bin, ...]
    curve: tuple[Point, ...]
    further: float | None
    penalty: float
    pairs: int = 0  # that people have compared, from which it was learned too

    @property
    def learnt(self) -> bool:
        """Whether it tells accepted from rejected at all."""
        return self.auc.low > 0.5

    @property
    def better(self) -> bool:
        """Whether it does so better than the best single scorer."""
        return self.learnt and (self.best is None or self.best.auc_gain.low > 0)


@dataclass(frozen=True, slots=True)
class Learned:
    """`linear` gives calibrated log-odds; `out_of_fold` (n,) are those of the decided candidates, each by a model that has not
    seen its prompt."""

    linear: Linear
    report: Report
    out_of_fold: Floats


def missing(accepted: int, rejected: int) -> str:
    """What people have yet to decide before anything can be learned, in words; "" where there is enough."""
    total = accepted + rejected
    decisions = f"{LEAST - total} more decisions" if total < LEAST else ""
    counts = ((accepted, "accepted"), (rejected, "rejected"))
    kinds = " and ".join(f"{2 - count} more {kind}" for count, kind in counts if count < 2)
    return f"{decisions}, {kinds} among them" if decisions and kinds else decisions or kinds


def learn(decided: Decided, rate: float, seed: int = 0, compared: Compared | None = None) -> Learned:
    """Learn from all of it, and judge that by folds of prompts, on decisions alone. `rate`: the acceptance rate in use,
    between 0 and 1. Raises ValueError where there is too little: see `missing`.

    The chance that left is better than right is that of the difference of their log-odds (Bradley & Terry 1952), so a pair is
    a row of the same regression: the difference of the features, without an intercept. A tie counts half each way, as is usual
    in such fits (Chiang et al. 2024, Chatbot Arena)."""
    y = decided.accepted.astype(np.float64)
    if missing(int(y.sum()), int(len(y) - y.sum())) or len(np.unique(decided.prompts)) < 2:
        raise ValueError("too little is decided to learn from")
    rng = np.random.default_rng([seed, len(y)])
    compared = compared if compared is not None and len(compared) else None
    space = _space(decided, compared)
    folds = by_prompt(decided.prompts, FOLDS, rng)
    rows = _rows(space, decided, folds, compared, seed)
    z, order, chosen = _out_of_fold(rows, decided.others.shape[1])
    calibrated = _cross_calibrated(z, y, folds)
    choice = _choose(rows, np.ones(len(rows.y), np.bool_), decided.others.shape[1])
    beta = choice.fit(rows, np.ones(len(rows.y), np.bool_))
    slope, intercept = logistic.platt(z, y)
    linear = space.linear(beta, slope, intercept)
    curve = _curve(rows, decided.prompts, chosen, rng)
    report = _report(decided, order, calibrated, rate, curve, choice.penalty, rng)
    return Learned(linear, replace(report, pairs=len(rows.y) - len(y)), calibrated)


# -- coordinates -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Space:
    """Standardised hidden states turned to their principal axes, and standardised scores beside them. No label has entered."""

    mean: Floats
    axes: Floats  # (width, r): from a hidden state less its mean to coordinates
    means: Floats
    deviations: Floats

    def coordinates(self, of: Decided | Features) -> Floats:
        hidden = (of.hidden - self.mean) @ self.axes
        others = np.nan_to_num((of.others - self.means) / self.deviations)
        return np.concatenate([hidden, OTHERS_COUNT * others], axis=1)

    def linear(self, beta: Floats, slope: float, intercept: float) -> Linear:
        """`beta` of the coordinates, calibrated by slope · z + intercept, for raw features."""
        r = self.axes.shape[1]
        hidden = slope * (self.axes @ beta[:r])
        constant = slope * float(beta[-1]) + intercept - float(self.mean @ hidden)
        return Linear(hidden, slope * OTHERS_COUNT * beta[r:-1], self.means, self.deviations, constant)


def _space(decided: Decided, compared: Compared | None = None) -> _Space:
    """Of all that was read, decided or compared."""
    seen: list[Decided | Features] = [decided, *((compared.left, compared.right) if compared is not None else ())]
    hidden = np.concatenate([of.hidden for of in seen]).astype(np.float64)
    scores = np.concatenate([of.others for of in seen])
    mean = hidden.mean(0) if hidden.shape[1] else np.zeros(0)
    deviation = hidden.std(0)
    standard = (hidden - mean) / np.where(deviation > 1e-8, deviation, np.inf)
    _, size, turned = np.linalg.svd(standard, full_matrices=False)
    count = int(min(LARGEST_DIMENSIONS, max(1, len(hidden) // 3), (size > 1e-8 * max(1.0, size.max(initial=0))).sum()))
    axes = turned[:count].T / np.where(deviation > 1e-8, deviation, np.inf)[:, None]
    if count:  # the first axes keep more weight than the later ones; on the whole each is about 1
        axes = axes / np.sqrt(np.mean(size[:count] ** 2) / len(hidden))
    with np.errstate(invalid="ignore"):
        there = np.isfinite(scores)
        counts = np.maximum(there.sum(0), 1)
        filled = np.where(there, scores, 0.0)
        means = filled.sum(0) / counts
        spread = np.sqrt(np.where(there, (filled - means) ** 2, 0.0).sum(0) / counts)
    return _Space(mean, axes, means, np.where(spread > 1e-12, spread, 1.0))


# -- folds -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is fitted to: the decisions, and after them the pairs, (n + m,). `one`: 1 for a decision, 0 for a pair, which knows
    no intercept. A prompt's decisions and pairs are of one fold."""

    x: Floats
    y: Floats
    one: Floats
    folds: Ints

    @property
    def decided(self) -> NDArray[np.bool_]:
        return self.one > 0

    @property
    def count(self) -> int:
        """Of decisions."""
        return int(self.one.sum())


def _rows(space: _Space, decided: Decided, folds: Ints, compared: Compared | None, seed: int) -> _Rows:
    x, y = space.coordinates(decided), decided.accepted.astype(np.float64)
    if compared is None:
        return _Rows(x, y, np.ones(len(y)), folds)
    of_prompt = dict(zip(decided.prompts.tolist(), folds.tolist(), strict=True))
    new = np.array([prompt not in of_prompt for prompt in compared.prompts.tolist()], np.bool_)
    rng = np.random.default_rng([seed, len(y), len(compared)])
    if new.any():  # prompts of which nothing is decided: to the same folds, by chance
        own = by_prompt(compared.prompts[new], len(np.unique(folds)), rng)
        of_prompt |= dict(zip(compared.prompts[new].tolist(), own.tolist(), strict=True))
    pairs = space.coordinates(compared.left) - space.coordinates(compared.right)
    return _Rows(
        np.concatenate([x, pairs]),
        np.concatenate([y, compared.preferred]),
        np.concatenate([np.ones(len(y)), np.zeros(len(compared))]),
        np.concatenate([folds, [of_prompt[prompt] for prompt in compared.prompts.tolist()]]).astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """How to fit: the penalty, and `scale` (d,) by which each coordinate may count."""

    penalty: float
    scale: Floats

    def fit(self, rows: _Rows, train: NDArray[np.bool_]) -> Floats:
        """Weights of `x` as it is, and the intercept."""
        x = rows.x[train] * self.scale
        return self.unscaled(logistic.fit(x, rows.y[train], self.penalty, one=rows.one[train]))

    def unscaled(self, beta: Floats) -> Floats:
        weights: Floats = beta * np.append(self.scale, 1.0)
        return weights


def _choose(rows: _Rows, among: NDArray[np.bool_], others: int) -> _Choice:
    """The way under which the folds `among` the rows predict each other's decisions best. The last `others` coordinates are
    scores."""
    scales = [np.repeat([count, 1.0], [rows.x.shape[1] - others, others]) for count in HIDDEN_COUNT]
    choices = [[_Choice(penalty, scale) for penalty in PENALTIES] for scale in scales]
    totals, inner = np.zeros((len(scales), len(PENALTIES))), rows.folds % INNER_FOLDS
    for fold in np.unique(inner[among & rows.decided]):
        train, test = among & (inner != fold), among & (inner == fold) & rows.decided
        if not both_kinds(rows.y, train & rows.decided):
            continue
        for i, scale in enumerate(scales):
            for j, beta in enumerate(logistic.path(rows.x[train] * scale, rows.y[train], PENALTIES, rows.one[train])):
                z = logistic.predict(rows.x[test], choices[i][j].unscaled(beta))
                totals[i, j] += logistic.loss(z, rows.y[test]) * test.sum()
    best = np.unravel_index(int(np.argmin(totals)), totals.shape)
    return choices[int(best[0])][int(best[1])]


def _out_of_fold(rows: _Rows, others: int) -> tuple[Floats, Floats, dict[int, _Choice]]:
    """Log-odds of each decision by a model that has not seen its prompt, (n,); the same without the intercept, by which those
    of different folds are compared; and how each fold's was fitted, chosen by the others alone.

    The intercept follows the share of accepted ones in the other folds, which is low where it is high in the own fold:
    across folds it would put accepted ones below rejected ones."""
    z, order = np.zeros(rows.count), np.zeros(rows.count)
    chosen: dict[int, _Choice] = {}
    for fold in np.unique(rows.folds[rows.decided]):
        train, test = rows.folds != fold, (rows.folds == fold)[: rows.count]
        if both_kinds(rows.y, train & rows.decided):
            chosen[int(fold)] = _choose(rows, train, others)
            beta = chosen[int(fold)].fit(rows, train)
            z[test] = logistic.predict(rows.x[: rows.count][test], beta)
            order[test] = z[test] - beta[-1]
    return z, order, chosen


def _cross_calibrated(z: Floats, y: Floats, folds: Ints) -> Floats:
    """Each row's log-odds calibrated by the other folds."""
    found = np.empty(len(z))
    for fold in np.unique(folds):
        mine = folds == fold
        slope, intercept = logistic.platt(z[~mine], y[~mine])
        found[mine] = slope * z[mine] + intercept
    return found


# -- figures -----------------------------------------------------------------------------------------------------------------


def _report(
    decided: Decided,
    order: Floats,
    log_odds: Floats,
    rate: float,
    curve: Sequence[Point],
    penalty: float,
    rng: np.random.Generator,
) -> Report:
    y = decided.accepted.astype(np.float64)
    audited = decided.audit & np.isfinite(log_odds)
    by_chance = int(audited.sum()) >= AUDITED_LEAST and both_kinds(y, audited)
    on = audited if by_chance else np.ones(len(y), np.bool_)
    rows, prompts = int(on.sum()), decided.prompts[on]
    drawn = repeats(prompts, np.ones(rows), rng)
    fewer = int(min(y[on].sum(), rows - y[on].sum()))
    own_auc = auc(order[on], y[on], drawn.weights)
    own_precision = precision(order[on], y[on], drawn.weights, rate)
    top = max(1, round(rate * rows))

    def against(name: str, score: Floats) -> Against:
        other_auc = auc(score, y[on], drawn.weights)
        other_precision = precision(score, y[on], drawn.weights, rate)
        return Against(
            name,
            share_interval(other_auc, drawn.groups, fewer, 1.0),
            difference_interval(own_auc, other_auc, drawn.groups),
            share_interval(other_precision, drawn.groups, top, 1.0),
            difference_interval(own_precision, other_precision, drawn.groups),
        )

    best = _best_scorer(decided.others[on], y[on])
    rule = decided.rule[on]
    has_rule = bool(np.isfinite(rule).all()) and len(np.unique(rule)) > 1
    return Report(
        decisions=len(y),
        accepted=int(y.sum()),
        prompts=len(np.unique(decided.prompts)),
        judged=rows,
        basis="audit" if by_chance else "chosen",
        rate=rate,
        auc=share_interval(own_auc, drawn.groups, fewer),
        precision=share_interval(own_precision, drawn.groups, top),
        best=None if best is None else against(decided.names[best[0]], best[1]),
        rule=against("the present rule", rule) if has_rule else None,
        calibration=_calibration(log_odds[on], y[on], drawn.weights, drawn.groups),
        curve=tuple(curve),
        further=_further(curve, len(y)),
        penalty=penalty,
    )


def _best_scorer(others: Floats, y: Floats) -> tuple[int, Floats] | None:
    """Which scorer tells accepted from rejected best, whichever way round, and its scores, the better ones higher."""
    found: tuple[float, int, Floats] | None = None
    for i, column in enumerate(others.T):
        score = np.where(np.isfinite(column), column, np.nanmean(column) if np.isfinite(column).any() else 0.0)
        value = float(auc(score, y, np.ones((1, len(y))))[0])
        score = score if value >= 0.5 else -score
        if found is None or max(value, 1 - value) > found[0]:
            found = max(value, 1 - value), i, score
    return None if found is None else found[1:]


def _calibration(log_odds: Floats, y: Floats, weights: Floats, groups: int) -> tuple[Bin, ...]:
    """Candidates by the chance they were given, in bins of about as many."""
    chance = logistic.sigmoid(log_odds)
    bins = np.array_split(np.argsort(chance, kind="stable"), min(CALIBRATION_BINS, max(1, len(y) // 10)))
    found = []
    for rows in bins:
        share = weights[:, rows]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = (share * y[rows]).sum(1) / share.sum(1)
        found.append(Bin(float(chance[rows].mean()), share_interval(values, groups, len(rows)), len(rows)))
    return tuple(found)


def _curve(rows: _Rows, prompts: Ints, chosen: dict[int, _Choice], rng: np.random.Generator) -> list[Point]:
    """The AUC on the same folds where fewer prompts were decided, and last where all were; pairs are the same throughout."""
    found, y, folds = [], rows.y[: rows.count], rows.folds[: rows.count]
    for share in (*CURVE_SHARES, 1.0):
        values, sizes = [], []
        for _ in range(CURVE_REPEATS if share < 1 else 1):
            z, size = np.zeros(len(y)), []
            for fold, choice in chosen.items():
                train, test = _some(prompts, folds != fold, share, rng), folds == fold
                if both_kinds(y, train):
                    also = (rows.folds != fold)[rows.count :]
                    beta = choice.fit(rows, np.concatenate([train, also]))
                    z[test] = logistic.predict(rows.x[: rows.count][test], beta) - beta[-1]
                size.append(int(train.sum()))
            values.append(float(auc(z, y, np.ones((1, len(y))))[0]))
            sizes.append(float(np.mean(size)))
        found.append(Point(round(float(np.mean(sizes))), float(np.mean(values)), float(np.std(values))))
    return found


def _some(prompts: Ints, rows: NDArray[np.bool_], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Of `rows` those of a share of their prompts, chosen by chance."""
    names = np.unique(prompts[rows])
    kept = rng.permutation(names)[: max(1, round(share * len(names)))]
    return rows & np.isin(prompts, kept)


def _further(curve: Sequence[Point], decisions: int) -> float | None:
    """By how much FURTHER more decisions would raise the AUC if it goes on as 1/√n did: the line through the curve in 1/√n,
    never falling."""
    if len({point.decisions for point in curve}) < 3:
        return None
    at = 1 / np.sqrt([max(1, point.decisions) for point in curve])
    line = np.polyfit(at, [point.auc for point in curve], 1)
    return max(0.0, float(line[0] * (1 / np.sqrt(decisions + FURTHER) - 1 / np.sqrt(decisions))))
