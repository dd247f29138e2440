"""The trial job: completions of one typed prompt by several models, with the same random numbers. A unit is a model."""

from __future__ import annotations

import pyarrow as pa

from rsf_core.domain import Prompt
from rsf_core.domain.specs import TrialSpec
from rsf_core.jobs.schemas import TRIALS
from rsf_core.jobs.work.loading import locate, placed
from rsf_core.jobs.worker import JobContext
from rsf_core.proposals import making


def run(context: JobContext[TrialSpec]) -> None:
    spec = context.spec
    count, name = spec.candidates, context.spool.folder.name
    prompt = Prompt(0, spec.text, system=spec.system)
    placement = placed(context)
    for unit, model in enumerate(spec.models):
        if unit in context.finished_units:
            continue
        sampler = making.sampler(locate(context, model), placement)
        done, total = unit * count, len(spec.models) * count
        context.start_counting(done, total, "completions", f"drawing from {model.model_id}")
        requests = [(prompt, k, f"{name}.{k}") for k in range(count)]
        drawn = []
        for candidate in sampler.draw(requests, spec.sampling, spec.batch_size, context.cancelled):
            drawn.append(candidate)
            context.progress(done + len(drawn))
        context.check_cancelled()
        rows = [
            {
                "job_id": name,
                "model_id": model.model_id,
                "k": candidate.k,
                "completion": candidate.completion,
                "finish": str(candidate.finish),
                "token_count": len(candidate.token_ids),
            }
            for candidate in sorted(drawn, key=lambda c: c.k)
        ]
        context.write_segment(unit, pa.Table.from_pylist(rows, schema=TRIALS))
