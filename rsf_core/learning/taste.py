"""Learning from decisions: a logistic regression on the last hidden states of completions and on other scores, judged on
prompts that it has not seen (a small version of V-STaR's verifier; Hosseini et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rsf_core.domain.arrays import Floats
from rsf_core.learning import logistic
from rsf_core.learning.decided import Compared, Decided
from rsf_core.learning.fitting import choose, order_of, out_of_fold, spread
from rsf_core.learning.folds import folds_of
from rsf_core.learning.report import Report, curve_of, report_of
from rsf_core.learning.space import Linear, rows_of, space_of

LEARNER = 5  # version of how a model is learned and judged; part of a learned version's identity
LEAST = 30  # decisions, accepted and rejected together
LEAST_OF_KIND = 2
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Learned:
    """`linear` gives calibrated log-odds; `out_of_fold` (n,) holds those of the decided candidates, each from a model that has
    not seen its prompt."""

    linear: Linear
    report: Report
    out_of_fold: Floats


def missing(accepted: int, rejected: int) -> str:
    """What people still have to decide before anything can be learned, in words; "" if there is enough."""
    counts = ((accepted, "accepted"), (rejected, "rejected"))
    kinds = " and ".join(f"{LEAST_OF_KIND - count} more {kind}" for count, kind in counts if count < LEAST_OF_KIND)
    more = max(LEAST - accepted - rejected, 2 * LEAST_OF_KIND - sum(min(count, LEAST_OF_KIND) for count, _ in counts))
    decisions = f"{more} more decision{'s' if more > 1 else ''}" if accepted + rejected < LEAST else ""
    return f"{decisions}, {kinds} among them" if decisions and kinds else decisions or kinds


def learn(decided: Decided, rate: float, seed: int = 0, compared: Compared | None = None) -> Learned:
    """Learn from all decisions and pairs, and judge the result by folds of prompts, on decisions alone. `rate`: the acceptance
    rate in use, between 0 and 1. Raises ValueError if there is too little (see `missing`), or if every accepted candidate
    belongs to one prompt and every rejected one to another.

    The log-odds that the left candidate is better are its own log-odds less those of the right one (Bradley & Terry 1952), so
    a pair is a row of the same regression: the difference of the features, without an intercept. A tie counts half each way,
    as is usual (Chiang et al. 2024, Chatbot Arena). The pairs of a ranking count less, see `pair_words.weight_of`."""
    y = decided.accepted.astype(np.float64)
    if missing(int(y.sum()), int(len(y) - y.sum())) or len(np.unique(decided.prompts)) < 2:
        raise ValueError("too little is decided to learn from")
    rng = np.random.default_rng([seed, len(y)])
    compared = compared if compared is not None and len(compared) else None
    pairs = compared.prompts if compared is not None else np.zeros(0, np.int64)
    folds, others = folds_of(decided.prompts, pairs, FOLDS, rng), decided.others.shape[1]
    fitted = out_of_fold(decided, compared, folds)
    if not fitted:
        raise ValueError("all that is accepted is of one prompt and all that is rejected of another")
    order = order_of(fitted, len(y))
    slope, intercept = logistic.platt(order, y)
    space = space_of(decided, compared)
    rows, every = rows_of(space, decided, compared, folds), np.ones(len(folds), np.bool_)
    choice = choose(rows, every, others)
    beta = choice.fit(rows, every)
    log_odds = slope * order + intercept
    prompts = np.concatenate([decided.prompts, pairs])
    report = report_of(decided, fitted, prompts, log_odds, rate, curve_of(decided, fitted, rng), choice.penalty, rng)
    linear = space.linear(beta[:-1] / spread(rows, every, beta), slope, intercept)
    return Learned(linear, replace(report, pairs=len(pairs), learner=LEARNER), log_odds)
