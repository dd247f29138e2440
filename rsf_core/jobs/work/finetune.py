"""The fine-tune job: makes a tuned model with its lineage from a curated set and a model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.results import JobResult
from rsf_core.domain.specs import FinetuneSpec
from rsf_core.jobs.work.loading import locate, placed
from rsf_core.jobs.worker import Cancelled, JobContext
from rsf_core.training import trainers
from rsf_core.training.base import StepMetrics
from rsf_core.training.samples import TrainingSample


def _elsewhere(row: dict[str, Any]) -> Prompt | None:
    """The prompt of a sample that was made elsewhere; None for drawn samples, and in jobs of earlier versions."""
    if row.get("source") is None:
        return None
    return Prompt(0, row["prompt"], system=row["system"], earlier=tuple(row["earlier"] or ()))


def run(context: JobContext[FinetuneSpec]) -> None:
    spec = context.spec
    folder = context.project / "models" / spec.model_id
    samples = [
        TrainingSample(
            tuple(row["prompt_token_ids"]),
            tuple(row["token_ids"]),
            row["weight"],
            row["completion"],
            row["edited"],
            row["log_q"],
            _elsewhere(row),
        )
        for row in context.input("samples").to_pylist()
    ]
    source = locate(context, spec.model)
    placement = placed(context)
    context.progress(message="loading the model")

    counting = False

    def on_step(step: StepMetrics) -> None:
        nonlocal counting
        if not counting:
            context.start_counting(step.step - 1, step.total, "steps", "fine-tuning")
            counting = True
        values = {name: value for name, value in asdict(step).items() if value is not None}
        context.metrics(step.step, {name: value for name, value in values.items() if name not in ("step", "total")})
        context.progress(step.step)

    checkpoint = context.spool.folder / "checkpoint.safetensors"
    trainer = trainers.of(spec.recipe)
    tuned = trainer.train(
        samples, source, spec.recipe, spec.law, on_step, context.cancelled, checkpoint, spec.log_m, placement
    )
    if tuned is None:
        raise Cancelled
    context.progress(message="saving the tuned model")
    model, tokenizer = tuned
    models.save(model, tokenizer, folder, spec.lineage.model_dump(mode="json"))
    context.spool.write_result(JobResult(identity=models.identity(folder)))
    for path in context.spool.folder.glob("*checkpoint.safetensors"):
        path.unlink()  # the model is saved and its result written: checkpoints are not needed any more
