"""The generate job: K candidates for each prompt from the proposal, with exact log q.

A unit is a run of prompts with all their new candidates; its segment is written once the last of them has finished.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pyarrow as pa

from rsf_core.domain import Candidate, Prompt, candidate_id
from rsf_core.jobs import units as units_of
from rsf_core.jobs.loading import locate, report_base
from rsf_core.jobs.schemas import CANDIDATES
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.worker import JobContext
from rsf_core.sampling.acceptance import uniform
from rsf_core.settings import Sampling


def run(context: JobContext) -> None:
    spec = context.spec
    sampling = Sampling(**spec["sampling"])
    prompts = read_prompts(context.input("prompts"))
    count = int(spec["candidates"])
    first_k = units_of.first_k(spec, context.input("prompts"))
    units = chunks(prompts, units_of.size(spec, units_of.GENERATED // count))
    unit_of = {prompt.prompt_id: number for number, unit in enumerate(units) for prompt in unit}
    requests = [
        (prompt, k, candidate_id(spec["round"], prompt.prompt_id, k))
        for number, unit in enumerate(units)
        if number not in context.finished_units
        for prompt in unit
        for k in range(first_k[prompt.prompt_id], first_k[prompt.prompt_id] + count)
    ]
    folder = locate(context, spec["model"])
    report_base(context, spec["model"], folder)
    if requests:
        sizes = {number: len(unit) * count for number, unit in enumerate(units)}
        _draw(context, folder, sampling, requests, unit_of, sizes)


def _draw(
    context: JobContext,
    folder: Path,
    sampling: Sampling,
    requests: list[tuple[Prompt, int, str]],
    unit_of: dict[int, int],
    unit_sizes: dict[int, int],
) -> None:
    from rsf_core.proposals.local import LocalProposal

    context.progress(message="loading the model")
    proposal = LocalProposal(folder)
    total = sum(unit_sizes.values())
    done = total - len(requests)
    context.start_counting(done, total, "candidates", "drawing candidates")
    waiting: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in proposal.draw(requests, sampling, int(context.spec["batch_size"]), context.cancelled):
        unit = unit_of[candidate.prompt_id]
        waiting[unit].append(candidate)
        done += 1
        context.progress(done)
        if len(waiting[unit]) == unit_sizes[unit]:
            context.write_segment(unit, _table(waiting.pop(unit), context, sampling))
    context.check_cancelled()


def _table(candidates: list[Candidate], context: JobContext, sampling: Sampling) -> pa.Table:
    candidates = sorted(candidates, key=lambda c: (c.prompt_id, c.k))
    u = uniform(int(context.spec["project_seed"]), [c.candidate_id for c in candidates])
    shared = {
        "round": context.spec["round"],
        "sampling": json.dumps(sampling.model_dump(), sort_keys=True),
        "model_id": context.spec["model_id"],
        "job_id": context.spool.folder.name,
    }
    rows = [
        {
            "candidate_id": c.candidate_id,
            "prompt_id": c.prompt_id,
            "k": c.k,
            "completion": c.completion,
            "prompt_token_ids": c.prompt_token_ids,
            "token_ids": c.token_ids,
            "finish": str(c.finish),
            "log_q": c.log_q,
            "log_model": c.log_model,
            "u": float(u[i]),
        }
        | shared
        for i, c in enumerate(candidates)
    ]
    return pa.Table.from_pylist(rows, schema=CANDIDATES)
