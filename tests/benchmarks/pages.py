"""The cost of a rerun of each page with 105,000 prompts and two finished rounds: processor time and the bytes sent to the
browser, when the page is first shown after opening the project, when it is rerun unchanged, and after somebody decided a
candidate. Only the page's script is measured, not AppTest's own work. The second round has 200,000 candidates, 1 in 20 of them
decided by a person; each round has tuned a model, the second a random control too, and all are compared on 1,000 held-out
prompts with 4 completions each. Reading a file of 100,000 rows happens in a separate process and is not measured.

Prints one JSON line a page. From the repository root, one thread and an idle machine:
OMP_NUM_THREADS=1 PYTHONPATH=. python tests/benchmarks/pages.py [--keep FOLDER] [--profile] [PAGE …]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import script_runner as _script_runner
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Action, Control, JobKind, Split
from rsf_core.domain.access import person
from rsf_core.jobs.schemas import EVALUATION_SAMPLES
from rsf_core.project import Project
from rsf_core.rounds.curation import control_id, is_control
from rsf_core.store.curated import content_hash
from rsf_core.store.database import utc_now
from rsf_core.store.records import CuratedRecord, ModelRecord
from rsf_core.web import session
from tests.benchmarks import million
from tests.support import specs
from tests.support.pages import SHELL

PROMPTS, HELD_OUT, EARLIER, CANDIDATES, SAMPLES = 100_000, 5_000, 20_000, 200_000, 20_000
COMPARED, EACH, STEPS = 1_000, 4, 2_000
RERUNS, ACTS, LIMIT_MS, LIMIT_KB = 5, 3, 300, 300
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    **{name: (name, {}) for name in ("overview", "prompts", "scorers", "target", "generate", "acceptance", "guide")},
    **{name: (name, {}) for name in ("review", "train", "models", "export")},
    "scorers-installed": ("scorers", {"show": "Installed"}),
    "scorers-judges": ("scorers", {"show": "Judges"}),
    "review-table": ("review", {"show": "Table"}),
    "review-agreement": ("review", {"show": "Agreement"}),
    "review-compare": ("review", {"show": "Compare"}),
    "models-compare": ("models", {"show": "Compare"}),
    "models-vote": ("models", {"show": "Blind vote"}),
    "models-rounds": ("models", {"show": "Rounds"}),
}
script_runner: Any = _script_runner


def filled(folder: Path) -> Project:
    million.PER_PROMPT = CANDIDATES // PROMPTS
    project = million.build(folder, EARLIER)
    many = ((f"Review trip number {i}.", None, None, Split.TRAIN) for i in range(EARLIER // 2, PROMPTS))
    held_out = ((f"Review held-out trip number {i}.", None, None, Split.HELD_OUT) for i in range(HELD_OUT))
    project.store.add_prompts(many, "made up")
    project.store.add_prompts(held_out, "made up")
    project.set("evaluate.prompts", str(COMPARED))
    project.set("evaluate.candidates", str(EACH))
    project.store.add_model(ModelRecord("base", "made up", "models/base", "base", None, 0, None, utc_now()))
    _tune(project, 1, "base", ["m1-1"])
    project.start_round()
    million.fill(project, 2, CANDIDATES, seed=1)
    _tune(project, 2, "m1-1", ["m2-1", control_id("m2-1", Control.RANDOM)])
    return project


def _tune(project: Project, number: int, proposal: str, models: list[str]) -> None:
    """Freeze a round, tune `models` on it, and compare them with the base and the proposal."""
    store, threshold = project.store, project.threshold(number)
    assert threshold is not None
    accepted = store.accepted_samples(number)[:SAMPLES]
    samples = [
        {name: value for name, value in row.items() if name not in ("offset_log_m", "finish")} | {"weight": 1.0}
        for row in accepted
    ]
    counts, digest = project.counts(number), content_hash(samples)
    summary: dict[str, Any] = {"samples": len(samples), "tokens": 1, "accepted": counts.accepted, "prompts": 1}
    summary |= {"candidates": counts.candidates, "overridden": counts.overridden, "rate_automatic": 0.2}
    summary |= {"rate_effective": 0.2, "distinct": len(samples)}
    for model_id in models:
        curated_id = model_id.replace("m", "c", 1)
        more = {"rule": "random"} if is_control(model_id) else {}
        named = (curated_id, number, threshold.target_id, threshold.log_m, threshold.scope, digest, summary | more)
        store.add_curated_set(CuratedRecord(*named, "ann", utc_now()), samples)
        folder = project.folder / "models" / model_id
        folder.mkdir()
        (folder / "adapter.safetensors").write_bytes(bytes(1_000))
        made = (model_id, model_id, f"models/{model_id}", model_id, proposal, number, curated_id, utc_now())
        store.add_model(ModelRecord(*made))
        job_id = store.next_job_id(JobKind.FINETUNE, number)
        million.finished(project, job_id, specs.finetune(model_id, round=number, curated_id=curated_id))
        names = ("loss", "learning_rate", "grad_norm", "tokens_per_second")
        store.add_metrics(job_id, [(step, name, 1 / (step + 1)) for step in range(STEPS) for name in names])
    target = project.target(number)
    assert target is not None
    key = project._project_state.evaluation_key(target)
    job_id = store.next_job_id(JobKind.EVALUATE, number)
    drawn = {"sampling": project.settings.generate.sampling, "scorers": target.scorers}
    million.finished(project, job_id, specs.evaluate(round=number, evaluation_key=key, **drawn))
    known = store.evaluated_models(key)
    for unit, model_id in enumerate(name for name in ("base", proposal, *models) if name not in known):
        store.commit_segment(job_id, unit, f"{job_id} {unit}", "evaluation_samples", _completions(unit, key, model_id))
        known[model_id] = 1


def _completions(seed: int, key: str, model_id: str) -> pa.Table:
    """A model's completions of the held-out prompts."""
    rng, count = np.random.default_rng([seed, len(model_id)]), COMPARED * EACH
    texts, lengths = million.texts(rng, count)
    log_q = rng.normal(-2.0, 0.4, count) * lengths
    sentiment, repetition = np.tanh(rng.normal(0.2, 0.5, count)), rng.beta(1, 9, count)
    return pa.table(
        {
            "evaluation_key": [key] * count,
            "model_id": [model_id] * count,
            "prompt_id": PROMPTS + 1 + np.arange(count) // EACH,
            "k": np.arange(count) % EACH,
            "completion": texts,
            "token_count": lengths,
            "finish": ["eos"] * count,
            **dict.fromkeys(("log_q", "log_base", "log_reference"), log_q),
            "scores": pa.array(
                [
                    [("sentiment", s), ("repetition", r)]
                    for s, r in zip(sentiment.tolist(), repetition.tolist(), strict=True)
                ],
                EVALUATION_SAMPLES.field("scores").type,
            ),
            "job_id": ["evaluate"] * count,
        }
    ).cast(EVALUATION_SAMPLES)


@contextmanager
def counting() -> Iterator[list[int]]:
    """Collects the bytes of every message to the browser."""
    sent: list[int] = []
    enqueue = ForwardMsgQueue.enqueue

    def counted(queue: ForwardMsgQueue, message: Any) -> None:
        sent.append(message.ByteSize())
        enqueue(queue, message)

    ForwardMsgQueue.enqueue = counted  # type: ignore[method-assign, assignment]
    try:
        yield sent
    finally:
        ForwardMsgQueue.enqueue = enqueue  # type: ignore[method-assign]


def measured(name: str, project: Project, profile: bool) -> dict[str, Any]:
    page, query = PAGES[name]
    app, times, sizes = AppTest.from_file(str(SHELL), default_timeout=300), [], []
    app.switch_page(f"../../pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    profiler = cProfile.Profile() if profile else None
    with counting() as sent, timing() as spent:
        for run in range(1 + RERUNS + ACTS):
            if run > RERUNS:
                decide(project)
            sent.clear()
            spent.clear()
            with _profiled(profiler) if profiler and run else nullcontext():
                app.run()
            times.append(sum(spent) * 1e3)
            sizes.append(sum(sent) / 1e3)
            assert not app.exception, app.exception
    if profiler is not None:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(70)
    cpu, after = statistics.median(times[1 : 1 + RERUNS]), statistics.median(times[1 + RERUNS :])
    return {
        "benchmark": f"page_{name}",
        "prompts": PROMPTS + HELD_OUT,
        "candidates": CANDIDATES,
        "title": app.title[0].value if app.title else None,
        "first_cpu_ms": round(times[0], 1),
        "rerun_cpu_ms": round(cpu, 1),
        "rerun_cpu_least_ms": round(min(times[1 : 1 + RERUNS]), 1),
        "after_an_act_cpu_ms": round(after, 1),
        "rerun_kb": round(max(sizes), 1),
        f"within_{LIMIT_MS}_ms": max(cpu, after) <= LIMIT_MS,
        f"first_within_{LIMIT_MS}_ms": times[0] <= LIMIT_MS,
        f"within_{LIMIT_KB}_kb": max(sizes) <= LIMIT_KB,
    }


@contextmanager
def timing() -> Iterator[list[float]]:
    """Collects the processor time of every run of a script, in seconds."""
    spent: list[float] = []
    run = script_runner.exec_func_with_error_handling

    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return run(*arguments, **named)
        finally:
            spent.append(time.process_time() - start)

    script_runner.exec_func_with_error_handling = timed
    try:
        yield spent
    finally:
        script_runner.exec_func_with_error_handling = run


def decide(project: Project) -> None:
    """Decide an undecided candidate of the newest round."""
    number = project.current_round
    prompt = 1 + project.counts(number).overridden % (CANDIDATES // million.PER_PROMPT)
    project.override(f"{number}.{prompt}.0", Action.ACCEPT, person("eva"))


@contextmanager
def _profiled(profiler: cProfile.Profile) -> Iterator[None]:
    """Profile the page's script, which AppTest runs in a separate thread."""
    module: Any = script_runner
    run = module.exec_func_with_error_handling

    def profiled(*arguments: Any, **named: Any) -> Any:
        profiler.enable()
        try:
            return run(*arguments, **named)
        finally:
            profiler.disable()

    module.exec_func_with_error_handling = profiled
    try:
        yield
    finally:
        module.exec_func_with_error_handling = run


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("pages", nargs="*", metavar="PAGE", help=", ".join(PAGES))
    asked.add_argument("--keep", type=Path, help="a folder for the project, which the next run takes as it is")
    asked.add_argument("--profile", action="store_true")
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or Path(scratch)) / "project"
        names = arguments.pages or list(PAGES)
        with Project.open(folder) if folder.exists() else filled(folder) as project:
            session._project = project
            for name in names:  # the first import of a module is not a cost of the page
                AppTest.from_file(str(SHELL), default_timeout=300).switch_page(f"../../pages/{PAGES[name][0]}.py").run()
        for name in names:
            st.cache_data.clear()
            with Project.open(folder) as project:
                session._project = project
                print(json.dumps(measured(name, project, arguments.profile)), flush=True)


if __name__ == "__main__":
    main()
