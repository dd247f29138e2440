"""The scorer that learns from decisions, with simulated reviewers, on candidates that the embedded model drew for
`positive_reviews`: how well it orders the candidates of undecided prompts, and how accurate its own AUC is.

    rsf init FOLDER --task positive_reviews; rsf set FOLDER generate.prompts 110; rsf generate FOLDER; rsf score FOLDER
    rsf embed FOLDER
    python -m tests.simulations.reviewing FOLDER
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsf_core.learning import measures
from rsf_core.learning.decided import Decided
from rsf_core.learning.taste import Learned, learn
from rsf_core.project import Project
from rsf_core.scorers.tastes import ENDED, TOKENS
from tests.support.hidden_rules import FLIPPED, RULES

HELD_BACK = 40  # prompts without decisions
NAMES = (TOKENS, ENDED, "sentiment", "repetition", "ended")
HIDDEN = ("sentiment and length", "mentions a person")


@dataclass(frozen=True, slots=True)
class Drawn:
    """All candidates: `states` (n, width), `others` (n, 5) in the order of NAMES, `prompts` (n,), and the result of each
    hidden rule, (n,)."""

    states: NDArray[np.float32]
    others: NDArray[np.float64]
    prompts: NDArray[np.int64]
    rules: dict[str, NDArray[np.bool_]]


def read(folder: Path) -> Drawn:
    with Project.open(folder) as project:
        rows = [c for p in project.prompts_in_round(1) for c in project.candidates(p.prompt_id, 1)]
        states = project.features.of([c.candidate_id for c in rows])
    others = [[np.log1p(c.token_count), float(c.finish == "eos"), *(c.scores[s] for s in NAMES[2:])] for c in rows]
    rules = {name: np.array([RULES[name](c.completion, c.scores["sentiment"]) for c in rows]) for name in HIDDEN}
    return Drawn(states, np.array(others), np.array([c.prompt_id for c in rows]), rules)


def simulate(drawn: Drawn, rule: str, decisions: int, seed: int) -> tuple[float, Learned]:
    """The AUC on the prompts held back, by the exact hidden rule, and what was learned from decisions in random order."""
    rng = np.random.default_rng(seed)
    votes = drawn.rules[rule] ^ (rng.random(len(drawn.prompts)) < FLIPPED)
    fresh = np.isin(drawn.prompts, rng.permutation(np.unique(drawn.prompts))[:HELD_BACK])
    order = rng.permutation(np.flatnonzero(~fresh))[:decisions]
    learned = learn(
        Decided(
            drawn.states[order],
            drawn.others[order],
            NAMES,
            votes[order],
            drawn.prompts[order],
            np.full(len(order), np.nan),
            np.zeros(len(order), np.bool_),
        ),
        0.2,
        seed,
    )
    linear = learned.linear
    others = (drawn.others[fresh] - linear.means) / linear.deviations
    z = drawn.states[fresh] @ linear.hidden + others @ linear.others
    truth = drawn.rules[rule][fresh].astype(np.float64)
    return float(measures.auc(z, truth, np.ones((1, len(truth))))[0]), learned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    drawn = read(options.folder)
    for rule in drawn.rules:
        for decisions in (50, 100, 200, 400):
            results = [simulate(drawn, rule, decisions, seed) for seed in range(options.seeds)]
            truth = np.array([auc for auc, _ in results])
            reach = 2.09 * truth.std(ddof=1) / np.sqrt(len(truth))  # t with 19 degrees of freedom
            learnt = sum(learned_now.report.learnt for _, learned_now in results)
            row = {
                "rule": rule,
                "decisions": decisions,
                "auc": round(float(truth.mean()), 3),
                "low": round(float(truth.mean() - reach), 3),
                "high": round(float(truth.mean() + reach), 3),
                "said": round(float(np.mean([learned_now.report.auc.value for _, learned_now in results])), 3),
                "called learnt": learnt,
                "called better": sum(learned_now.report.better for _, learned_now in results),
            }
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
