"""Rows for a store without a model: candidates with chosen log-probabilities, scores, decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from rsf_core.domain import ChosenBy, Scope, Split, candidate_id
from rsf_core.jobs.schemas import CANDIDATES, SCORES
from rsf_core.project import Project
from rsf_core.sampling.acceptance import critical_log_m, prompt_scale, uniform
from rsf_core.store.store import Store

SEED = 11


def candidates(
    prompts: int = 2,
    per_prompt: int = 3,
    *,
    round_number: int = 1,
    log_q: ArrayLike = -2.0,
    log_model: ArrayLike = -2.5,
    finish: Sequence[str] | str = "eos",
    completions: Sequence[str] | None = None,
    token_ids: Sequence[Sequence[int]] | None = None,
) -> pa.Table:
    """`per_prompt` candidates for each of the prompts 1, 2, …, in the order of prompt and k, all columns of a segment."""
    n = prompts * per_prompt
    prompt_ids = [1 + i // per_prompt for i in range(n)]
    ids = [candidate_id(round_number, prompt, i % per_prompt) for i, prompt in enumerate(prompt_ids)]
    columns = {
        "candidate_id": ids,
        "round": [round_number] * n,
        "prompt_id": prompt_ids,
        "k": [i % per_prompt for i in range(n)],
        "completion": list(completions or [f"completion {name}" for name in ids]),
        "prompt_token_ids": [[1, prompt] for prompt in prompt_ids],
        "token_ids": [list(tokens) for tokens in token_ids] if token_ids else [[3, i, 2] for i in range(n)],
        "finish": [finish] * n if isinstance(finish, str) else list(finish),
        "log_q": np.broadcast_to(np.asarray(log_q, np.float64), n),
        "log_model": np.broadcast_to(np.asarray(log_model, np.float64), n),
        "u": uniform(SEED, ids),
        "sampling": ["{}"] * n,
        "model_id": ["base"] * n,
        "job_id": ["r1-generate-1"] * n,
    }
    return pa.table(columns).cast(CANDIDATES)


def replaced(table: pa.Table, column: str, values: ArrayLike) -> pa.Table:
    """`table` with other values in `column`."""
    index = table.schema.get_field_index(column)
    return table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))


def add_candidates(store: Store, rows: pa.Table, unit: int = 0, job_id: str = "r1-generate-1") -> None:
    assert store.commit_segment(job_id, unit, f"sha of {job_id} {unit}", "candidates", rows)


def add_scores(store: Store, rows: pa.Table, scores: Mapping[str, ArrayLike], job_id: str = "r1-score-1") -> None:
    """One score of each scorer for every candidate of `rows`, in their order."""
    n = rows.num_rows
    for unit, (scorer, values) in enumerate(scores.items()):
        table = pa.table(
            {
                "candidate_id": rows["candidate_id"],
                "round": rows["round"],
                "scorer": [scorer] * n,
                "score": np.broadcast_to(np.asarray(values, np.float64), n),
                "job_id": [job_id] * n,
                "reason": pa.nulls(n, pa.string()),
            }
        ).cast(SCORES)
        assert store.commit_segment(job_id, unit, f"sha of {job_id} {unit}", "scores", table)


def decide(
    store: Store, rows: pa.Table, log_ratio: ArrayLike, log_m: float, scope: Scope = Scope.GLOBAL, round_number: int = 1
) -> pa.Table:
    """Store ℓ and log M as the current decisions for the candidates of `rows`; returns the rows of log_ratios."""
    ell = np.broadcast_to(np.asarray(log_ratio, np.float64), rows.num_rows)
    table = pa.table(
        {
            "candidate_id": rows["candidate_id"],
            "log_ratio": ell,
            "critical_log_m": critical_log_m(ell, rows["u"].to_numpy()),
            "scale": prompt_scale(ell, rows["prompt_id"].to_numpy()),
        }
    )
    target_id = store.target_id({"reference": "base"}, "rule")
    store.replace_log_ratios(round_number, target_id, table)
    store.add_threshold(round_number, target_id, log_m, scope, "rule", "for the test", ChosenBy.RULE)
    return table


@contextmanager
def decided_project(folder: Path, task: Path, rows: pa.Table, sentiment: ArrayLike = 0.5) -> Iterator[Project]:
    """A new project in which `rows` (see `candidates`) are scored and decided, all accepted by the rule."""
    with Project.create(folder, str(task), seed=1) as made:
        add_candidates(made.store, rows)
        add_scores(made.store, rows, {"sentiment": sentiment})
        decide(made.store, rows, 0.0, -9.0)
        yield made


def add_prompts(store: Store, train: int = 2, held_out: int = 1) -> None:
    """Add train prompts 1 … train, then held-out prompts; no two are alike."""
    splits = [Split.TRAIN] * train + [Split.HELD_OUT] * held_out
    store.add_prompts(((f"{i * 7919} apples?", None, str(i), split) for i, split in enumerate(splits)), "the test")
