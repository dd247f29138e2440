"""Compares what the two scopes of M accept of the same candidates. Drawn and scored projects are decided again under each
scope, at the share of their own settings; the projects do not change, because a copy is read.

python -m tests.measurements_scope PROJECT [PROJECT ...] [--rate 0.25] [--draws 4] [--results FILE]

Prints a JSON line for each project and scope. Figures that depend on u are means over `REPEATS` draws of u; TVD, with its 95 %
interval by prompt, is at the M of the project's own u. `draws` limits each prompt to its first candidates, to measure what few
candidates cost.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.decisions import target_of
from rsf_core.acceptance.deriving import rule_m
from rsf_core.acceptance.target import is_indicator, reward
from rsf_core.domain import Scope, settings_file
from rsf_core.domain.settings import Accept
from rsf_core.sampling.acceptance import accepted, critical_log_m, prompt_scale, violated
from rsf_core.store.store import Store
from tests.support.diagnosed import diagnose

REPEATS = 100
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Round:
    """Scored candidates, shape (n,): `ratio` is ℓ in nats, −∞ for a truncated candidate or one that fails a constraint; `r` is
    the reward, all 0 if the target has none; `text` numbers the different completions of each prompt."""

    prompt: NDArray[np.int64]
    ratio: Floats
    u: Floats
    r: Floats
    text: NDArray[np.int64]
    exact: bool

    def first(self, draws: int) -> Round:
        """The first `draws` candidates of each prompt."""
        _, start, index = np.unique(self.prompt, return_index=True, return_inverse=True)
        few = np.arange(len(self.prompt)) - start[index] < draws
        return Round(self.prompt[few], self.ratio[few], self.u[few], self.r[few], self.text[few], self.exact)


def read(folder: Path) -> tuple[str, Accept, Round]:
    """The task, the rule and the first round of a project. Raises SystemExit if none of it is scored."""
    settings = settings_file.read(folder)
    with tempfile.TemporaryDirectory() as copy:
        for name in ("rsf.duckdb", "rsf.duckdb.wal"):
            if (folder / name).exists():
                shutil.copy(folder / name, Path(copy) / name)
        store = Store(Path(copy) / "rsf.duckdb", Path(copy) / "exports")
        try:
            return Path(settings.task).name, settings.accept, _round(store)
        finally:
            store.close()


def _round(store: Store) -> Round:
    if not store.thresholds(1):
        raise SystemExit("its first round has no scores yet")
    target, rows = target_of(store, store.thresholds(1)[0]), store.ratios(1)
    scores = {name: store.score_column(1, name) for name in target.rewards}
    completions = store.completions(rows["candidate_id"].to_pylist())
    prompt = rows["prompt_id"].to_numpy().astype(np.int64)
    _, text = np.unique([f"{p} {c}" for p, c in zip(prompt, completions, strict=True)], return_inverse=True)
    return Round(
        prompt,
        np.where(rows["truncated"].to_numpy(), -np.inf, rows["log_ratio"].to_numpy()),
        rows["u"].to_numpy(),
        reward(target, scores, rows.num_rows),
        text,
        is_indicator(target),
    )


def decided(rounds_read: Round, accept: Accept, rng: np.random.Generator, repeats: int = REPEATS) -> dict[str, Any]:
    """What the rule accepts of a round under one scope."""
    scale = prompt_scale(rounds_read.ratio, rounds_read.prompt)

    def once(u: Floats) -> tuple[NDArray[np.bool_], float, Scope]:
        critical = critical_log_m(rounds_read.ratio, u)
        m = rule_m(accept, rounds_read.ratio, critical, scale, rounds_read.exact)
        return accepted(critical, m.log_m, scale if m.scope is Scope.PROMPT else 0.0), m.log_m, m.scope

    chosen, log_m, scope = once(rounds_read.u)
    prompts, index = np.unique(rounds_read.prompt, return_inverse=True)
    usual = (np.bincount(index, rounds_read.r) / np.bincount(index))[index]  # the mean reward of the prompt
    figures = []
    for kept in (once(1.0 - rng.random(len(rounds_read.u)))[0] for _ in range(repeats)):
        each = np.bincount(index[kept], minlength=prompts.size)
        half = int(np.searchsorted(np.cumsum(np.sort(each)[::-1]), kept.sum() / 2) + 1)
        figures.append(
            (
                kept.sum(),
                (each == 0).sum(),
                rounds_read.r[kept].mean(),
                (rounds_read.r - usual)[kept].mean(),
                np.unique(rounds_read.text[kept]).size,
                half,
            )
        )
    names = (
        "accepted",
        "prompts with none",
        "reward",
        "reward over its prompt's mean",
        "distinct texts",
        "half of the data in prompts",
    )
    by = scale if scope is Scope.PROMPT else np.zeros_like(scale)
    tvd = diagnose(rounds_read.ratio, log_m, scale=by, group=rounds_read.prompt).tvd
    return {
        "scope in force": str(scope),
        "candidates": len(rounds_read.u),
        "prompts": int(prompts.size),
        "reward of all": round(float(rounds_read.r.mean()), 4),
        **{name: round(float(value), 4) for name, value in zip(names, np.mean(figures, axis=0), strict=True)},
        "accepted by its own u": int(chosen.sum()),
        "violating %": round(100 * float(violated(rounds_read.ratio, log_m, by).mean()), 1),
        "tvd": round(tvd.value, 4),
        "tvd low": round(tvd.low, 4) if tvd.known else None,
        "tvd high": round(tvd.high, 4) if tvd.known else None,
    }


def rows(folder: Path, rate: float | None, draws: int | None) -> Iterator[dict[str, Any]]:
    task, accept, rounds_read = read(folder)
    rounds_read = rounds_read.first(draws) if draws else rounds_read
    for scope in (Scope.GLOBAL, Scope.PROMPT):
        rule = accept.model_copy(update={"scope": scope, "rate": rate or accept.rate})
        figures = decided(rounds_read, rule, np.random.default_rng(0))
        each = int(np.bincount(np.unique(rounds_read.prompt, return_inverse=True)[1]).max())
        yield {"task": task, "scope": str(scope), "rate": rule.rate, "draws": each, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--rate", type=float, help="the share to accept; each project's own without it")
    parser.add_argument("--draws", type=int, help="candidates of each prompt; all without it")
    parser.add_argument("--results", type=Path, default=Path("docs/results/scope.jsonl"))
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    with options.results.open("a", encoding="utf-8") as results:
        for folder in options.projects:
            for row in rows(folder, options.rate, options.draws):
                line = json.dumps(row)
                print(line, flush=True)
                results.write(line + "\n")


if __name__ == "__main__":
    main()
