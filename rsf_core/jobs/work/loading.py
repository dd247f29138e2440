"""How a job finds its models, with progress while one is converted or fetched, and where it computes."""

from __future__ import annotations

from pathlib import Path

from rsf_core import models
from rsf_core.domain.errors import ModelError
from rsf_core.domain.results import FoundModel, JobResult
from rsf_core.domain.specs import JobSpec, ModelRef
from rsf_core.jobs.worker import JobContext
from rsf_core.models import placement
from rsf_core.models.placement import Placement


def locate(context: JobContext[JobSpec], model: ModelRef) -> Path:
    """The folder of the model that a spec names. A model without a `folder`, or a base that is gone from it, is resolved by
    name. Raises ModelError if the folder is gone or its weights are not the ones the project knows."""

    def progress(fraction: float, message: str) -> None:
        context.start_counting(round(fraction * 100), 100, "%", message)

    folder = context.project / model.folder if model.folder else None
    if folder is None or (model.model_id == "base" and not models.is_ready(str(folder))):
        folder = models.resolve(model.name, progress)
    if not folder.is_dir():
        raise ModelError(f"the folder of model {model.model_id} is gone: {folder}")
    identity = models.identity(folder)
    if model.identity and identity != model.identity:
        raise ModelError(
            f"the model {model.model_id} at {folder} is not the one this project was started with (its weights hash "
            f"to {identity}, not {model.identity}): log-probabilities would not be comparable. Put it back, or start "
            "a new project"
        )
    return folder


def placed(context: JobContext[JobSpec]) -> Placement:
    """Where the job computes. Raises SettingsError if the requested device does not exist."""
    return placement.resolve(context.spec.compute)


def report_base(context: JobContext[JobSpec], model: ModelRef, folder: Path) -> None:
    """Report the base model's folder and identity to the owner, once it is resolved."""
    if model.model_id == "base":
        base = FoundModel(name=model.name, folder=str(folder.absolute()), identity=models.identity(folder))
        report(context, JobResult(base=base))


def report(context: JobContext[JobSpec], result: JobResult) -> None:
    """Add what `result` states to the job's result."""
    stated = {name: getattr(result, name) for name in result.model_fields_set}
    context.spool.write_result(context.spool.result().model_copy(update=stated))
