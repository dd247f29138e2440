"""The generate job: K candidates for each prompt from the proposal, with exact log q.

A unit is a run of prompts with all their new candidates; its segment is written once the last of them has finished. Prompts
that the model does not take, because they are too long or its template refuses them, are left out and named; held-out ones
are named too, because the comparison after training will leave them out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from rsf_core.domain import Candidate, Prompt, candidate_id
from rsf_core.domain.results import JobResult, LeftOutLengths
from rsf_core.domain.specs import GenerateSpec
from rsf_core.jobs import units as units_of
from rsf_core.jobs.schemas import CANDIDATES
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.work.drawing import UnitsInTurn, sentence
from rsf_core.jobs.work.loading import locate, placed, report, report_base
from rsf_core.jobs.worker import JobContext
from rsf_core.sampling.acceptance import uniform

if TYPE_CHECKING:
    from rsf_core.proposals.base import Sampler


def run(context: JobContext[GenerateSpec]) -> None:
    spec = context.spec
    prompts = read_prompts(context.input("prompts"))
    first_k = units_of.first_k(spec, context.input("prompts"))
    units = chunks(prompts, spec.unit_size)
    folder = locate(context, spec.model)
    report_base(context, spec.model, folder)
    left = {number: unit for number, unit in enumerate(units) if number not in context.finished_units}
    if left:
        _draw(context, folder, prompts, left, first_k)


def _draw(
    context: JobContext[GenerateSpec],
    folder: Path,
    prompts: Sequence[Prompt],
    units: dict[int, Sequence[Prompt]],
    first_k: dict[int, int],
) -> None:
    from rsf_core.proposals import making

    placement = placed(context)
    context.progress(message="loading the model")
    sampler = making.sampler(folder, placement)
    sampling, count = context.spec.sampling, context.spec.candidates
    fitting, left_out = sampler.fitting(prompts, sampling.max_new_tokens)
    held_out = _held_out(context)
    not_compared = sampler.unfit(held_out, sampling.max_new_tokens)
    sentences = (sentence(left_out, "not drawn from"), sentence(not_compared, "not compared on after training"))
    note = " ".join(filter(None, (context.spec.note, *sentences)))
    if note:
        report(context, JobResult(note=f"done. {note}"))
    problems = left_out.problems | not_compared.problems
    if problems:
        unfit = [prompt for prompt in (*prompts, *held_out) if prompt.prompt_id in problems]
        report(context, JobResult(lengths=_lengths(sampler, unfit)))
    total = len(fitting) * count
    drawn = UnitsInTurn(context, units, left_out, count, CANDIDATES, lambda rows: _table(rows, context))
    requests = [
        (prompt, k, candidate_id(context.spec.round, prompt.prompt_id, k))
        for prompt in drawn.prompts
        for k in range(first_k[prompt.prompt_id], first_k[prompt.prompt_id] + count)
    ]
    done = total - len(requests)
    context.start_counting(done, total, "candidates", f"drawing candidates. {note}" if note else "drawing candidates")
    for candidate in sampler.draw(requests, sampling, context.spec.batch_size, context.cancelled):
        done += 1
        context.progress(done)
        drawn.add(candidate)
    context.check_cancelled()


def _lengths(sampler: Sampler, prompts: Sequence[Prompt]) -> LeftOutLengths:
    """The lengths of prompts for the list of prompts, and the model's room."""
    window, lengths = sampler.lengths.window, sampler.lengths
    rows = tuple((prompt.prompt_id, *astuple(lengths.of(prompt))) for prompt in prompts)
    return LeftOutLengths(most=window.limit, prefix=window.prefix, prompts=rows)


def _held_out(context: JobContext[GenerateSpec]) -> list[Prompt]:
    """The prompts that models will be compared on; empty in jobs of earlier versions."""
    known = (context.spool.folder / "inputs" / "held_out.parquet").exists()
    return read_prompts(context.input("held_out")) if known else []


def _table(candidates: list[Candidate], context: JobContext[GenerateSpec]) -> pa.Table:
    u = uniform(context.spec.project_seed, [c.candidate_id for c in candidates])
    shared = {
        "round": context.spec.round,
        "sampling": json.dumps(context.spec.sampling.model_dump(), sort_keys=True),
        "model_id": context.spec.model_id,
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
