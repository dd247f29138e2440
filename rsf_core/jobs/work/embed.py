"""The embed job: features of candidates under the base model, a file of the project for each unit (models/feature_files.py).
It makes no rows: the files show what is finished."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core import models
from rsf_core.domain.specs import EmbedSpec
from rsf_core.jobs.units import part_name
from rsf_core.jobs.work.loading import locate, placed, report_base
from rsf_core.jobs.worker import JobContext
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.proposals import making

AT_ONCE = 256  # candidates between two checks for a cancellation


def run(context: JobContext[EmbedSpec]) -> None:
    spec = context.spec
    folder = locate(context, spec.model)
    report_base(context, spec.model, folder)
    files = FeatureFiles(context.project, models.identity(folder))
    left = [unit for unit in range(spec.units) if not files.has_segment(_name(context, unit))]
    if not left:
        return
    done = spec.candidates - sum(context.spool.input(part_name(unit), ["k"]).num_rows for unit in left)
    context.progress(message="loading the model")
    model = making.loaded(folder, placed(context))
    context.start_counting(done, spec.candidates, "candidates", "computing features")
    for unit in left:
        part, states = context.input(part_name(unit)), []
        for start in range(0, part.num_rows, AT_ONCE):
            context.check_cancelled()
            some = part.slice(start, AT_ONCE)
            pairs = zip(some["prompt_token_ids"].to_pylist(), some["token_ids"].to_pylist(), strict=True)
            states.append(model.hidden_states(list(pairs)))
            done += some.num_rows
            context.progress(done)
        files.write(_name(context, unit), ids_of(part), np.concatenate(states))


def ids_of(rows: pa.Table) -> NDArray[np.int32]:
    """Round, prompt and k of each row, (n, 3)."""
    return np.stack([rows[name].to_numpy() for name in ("round", "prompt_id", "k")], axis=1).astype(np.int32)


def _name(context: JobContext[EmbedSpec], unit: int) -> str:
    return f"{context.spool.folder.name}-{unit:04d}"
