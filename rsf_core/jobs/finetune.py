"""The fine-tune job: a curated set and a model in, a tuned model with its lineage out."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from rsf_core import models
from rsf_core.jobs.loading import locate
from rsf_core.jobs.worker import Cancelled, JobContext
from rsf_core.settings import Train
from rsf_core.training.finetune import StepMetrics, TrainingSample, finetune


def run(context: JobContext) -> None:
    spec = context.spec
    folder = Path(spec["out_folder"])
    samples = [
        TrainingSample(
            tuple(row["prompt_token_ids"]),
            tuple(row["token_ids"]),
            row["weight"],
            row["completion"] if row["edited"] else None,
        )
        for row in context.input("samples").to_pylist()
    ]
    context.spool.clear_metrics()  # a job that is started again starts from the first step
    source = locate(context, spec["model"])
    context.progress(message="loading the model")
    started = time.monotonic()

    def on_step(step: StepMetrics) -> None:
        if step.step == 1:
            context.start_counting(0, step.total, "steps", "fine-tuning")
        values = asdict(step)
        for name in ("step", "total"):
            values.pop(name)
        context.metrics(step.step, values)
        context.progress(step.step)

    tuned = finetune(samples, source, Train(**spec["recipe"]), on_step, context.cancelled)
    if tuned is None:
        raise Cancelled
    context.progress(message="saving the tuned model")
    model, tokenizer = tuned
    models.save(model, tokenizer, folder, spec["lineage"])
    context.spool.write_result(
        {"identity": models.identity(folder), "folder": str(folder), "seconds": time.monotonic() - started}
    )
