"""A project with a million scored candidates, for the benchmarks of the pages. The candidates are synthetic: no model is
needed.

From the repository root: PYTHONPATH=. python tests/benchmarks/million.py FOLDER [CANDIDATES]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rsf_core.acceptance.target import log_ratio
from rsf_core.domain import Action, JobState, Scope, Split
from rsf_core.domain.specs import JobSpec
from rsf_core.jobs.schemas import CANDIDATES, SCORES
from rsf_core.project import Project
from rsf_core.sampling.acceptance import critical_log_m, log_m_for_rate, prompt_scale, uniform
from rsf_core.store.database import utc_now
from tests.support import specs

PER_PROMPT, AT_ONCE, OVERRIDDEN = 16, 100_000, 0.05
WORDS = np.array(
    ["the", "a", "train", "was", "late", "but", "our", "guide", "stayed", "kind", "and", "we", "would", "gladly"]
)
TASK = '[settings.target]\nreference = "proposal"\nbeta = 0.25\nrewards = { sentiment = 1.0, repetition = -0.5 }\n'


def build(folder: Path, count: int = 1_000_000, seed: int = 0, text: Callable[[int], str] | None = None) -> Project:
    """An open project whose first round has `count` candidates, 1 in 20 of them overridden. `text` makes the completion of
    each; without it, completions are a few plain words."""
    with tempfile.TemporaryDirectory() as task:
        (Path(task) / "task.toml").write_text(f'title = "Million"\n{TASK}')
        (Path(task) / "prompts.jsonl").write_text("")
        project = Project.create(folder, task, seed=seed)
    prompts = ((f"Review trip number {i}.", None, None, Split.TRAIN) for i in range(-(-count // PER_PROMPT)))
    project.store.add_prompts(prompts, "made up")
    fill(project, 1, count, seed, text)
    return project


def fill(project: Project, number: int, count: int, seed: int = 0, text: Callable[[int], str] | None = None) -> None:
    """Give a round `count` scored and decided candidates of the first prompts, 1 in 20 of them overridden."""
    rng, store, prompts = np.random.default_rng(seed), project.store, -(-count // PER_PROMPT)
    generate, score = f"r{number}-generate-1", f"r{number}-score-1"
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("prompt", "ell", "m", "id", "taste")}
    for unit, start in enumerate(range(0, count, AT_ONCE)):
        rows = candidates(rng, start, min(AT_ONCE, count - start), seed, number)
        if text is not None:
            place = rows.schema.get_field_index("completion")
            written = pa.array([text(i) for i in range(start, start + len(rows))], CANDIDATES.field("completion").type)
            rows = rows.set_column(place, CANDIDATES.field("completion"), written)
        store.commit_segment(generate, unit, f"candidates {number} {unit}", "candidates", rows)
        prompt = rows["prompt_id"].to_numpy()
        taste = np.random.default_rng(seed).normal(0.2, 0.3, prompts + 1)[prompt]
        scores = {
            "sentiment": np.tanh(taste + rng.normal(0, 0.5, len(prompt))),
            "repetition": rng.beta(1, 9, len(prompt)),
        }
        for name, values in scores.items():
            table = pa.table(
                {"candidate_id": rows["candidate_id"], "round": rows["round"], "scorer": [name] * len(values)}
            )
            table = table.append_column("score", pa.array(values)).append_column(
                "job_id", pa.array([score] * len(values))
            )
            table = table.append_column("reason", pa.nulls(len(values), pa.string()))
            store.commit_segment(
                score, unit * 2 + (name == "repetition"), f"{name} {number} {unit}", "scores", table.cast(SCORES)
            )
        ell = log_ratio(project.settings.target, scores, rows["log_q"].to_numpy(), None)
        columns["prompt"].append(prompt)
        columns["ell"].append(ell)
        columns["m"].append(critical_log_m(ell, rows["u"].to_numpy()))
        columns["id"].append(rows["candidate_id"].to_numpy(zero_copy_only=False))
    prompt, ell, m, ids = (np.concatenate(columns[name]) for name in ("prompt", "ell", "m", "id"))
    scale = prompt_scale(ell, prompt)
    target_id = store.target_id(project.settings.target.model_dump(mode="json"), "rule")
    rows = pa.table({"candidate_id": ids, "log_ratio": ell, "critical_log_m": m, "scale": scale})
    store.replace_log_ratios(number, target_id, rows)
    store.add_threshold(
        number, target_id, log_m_for_rate(m, 0.2), Scope.GLOBAL, "rule", "accepts 20% of the candidates"
    )
    finished(project, generate, specs.generate(round=number, sampling=project.settings.generate.sampling))
    spoken = rng.choice(count, round(OVERRIDDEN * count), replace=False)
    _override(project, number, ids[spoken], rng.random(len(spoken)) < 0.5)


def finished(project: Project, job_id: str, spec: JobSpec) -> None:
    """Store a finished job."""
    with project.store.transaction(
        "making the job"
    ):  # in one transaction, or the supervisor would look for its process
        project.store.add_job(job_id, spec, ())
        project.store.add_job_event(job_id, JobState.RUNNING, "running")
        project.store.add_job_event(job_id, JobState.DONE, "done")


def texts(rng: np.random.Generator, count: int) -> tuple[list[str], np.ndarray]:
    """Completions of 4 to 39 words, and the number of words of each."""
    lengths = rng.integers(4, 40, count)
    words = WORDS[rng.integers(0, len(WORDS), int(lengths.sum()))]
    return [" ".join(part) for part in np.split(words, np.cumsum(lengths)[:-1])], lengths


def candidates(rng: np.random.Generator, start: int, count: int, seed: int, number: int = 1) -> pa.Table:
    """Candidates `start` … of a round, as a segment holds them."""
    place = np.arange(start, start + count)
    prompt, k = place // PER_PROMPT + 1, place % PER_PROMPT
    ids = [f"{number}.{p}.{i}" for p, i in zip(prompt.tolist(), k.tolist(), strict=True)]
    completions, lengths = texts(rng, count)
    log_q = rng.normal(-2.0, 0.4, count) * lengths
    return pa.table(
        {
            "candidate_id": ids,
            "round": np.full(count, number, np.int32),
            "prompt_id": prompt,
            "k": k,
            "completion": completions,
            "prompt_token_ids": [[1, 2, 3]] * count,
            "token_ids": [list(range(n)) for n in lengths],
            "finish": np.where(rng.random(count) < 0.05, "length", "eos"),
            "log_q": log_q,
            "log_model": log_q,
            "u": uniform(seed, ids),
            "sampling": ["{}"] * count,
            "model_id": ["base"] * count,
            "job_id": [f"r{number}-generate-1"] * count,
        }
    ).cast(CANDIDATES)


def of_later_prompts(rows: pa.Table, prompts: int) -> pa.Table:
    """The same candidates for the prompts `prompts` positions later, with the ids that they then have."""
    prompt = pc.add(rows["prompt_id"], pa.scalar(prompts, pa.int32()))
    names = pc.binary_join_element_wise(*(pc.cast(c, pa.string()) for c in (rows["round"], prompt, rows["k"])), ".")
    for column, values in (("prompt_id", prompt), ("candidate_id", names)):
        place = rows.schema.get_field_index(column)
        rows = rows.set_column(place, rows.schema.field(place), values)
    return rows


def _override(project: Project, number: int, ids: np.ndarray, accept: np.ndarray) -> None:
    words = np.where(accept, Action.ACCEPT, Action.REJECT)
    acts = [f"made-up-{name}" for name in ids]
    by = {
        "round": np.full(len(ids), number, np.int32),
        "reviewer": ["ann"] * len(ids),
        "created_at": [utc_now()] * len(ids),
    }
    with project.store.transaction("making the overrides"):
        project.store._db.append("acts", pa.table({"act": acts, "kind": ["decide"] * len(ids)} | by))
        project.store._db.append(
            "overrides",
            pa.table(
                {
                    "uid": acts,
                    "act": acts,
                    "candidate_id": ids,
                    "action": words.astype(str),
                }
                | by
            ),
        )


def main() -> None:
    folder = Path(sys.argv[1])
    with build(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000) as project:
        print(json.dumps({"folder": str(folder), "candidates": project.counts(1).candidates}))


if __name__ == "__main__":
    main()
