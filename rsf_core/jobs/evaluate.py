"""The evaluate job: held-out completions of one or more models, scored, with log-probabilities under base and
reference. A unit is a run of prompts of one model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from rsf_core.domain import Candidate, Prompt
from rsf_core.jobs import units as units_of
from rsf_core.jobs.loading import locate
from rsf_core.jobs.schemas import EVALUATION_SAMPLES
from rsf_core.jobs.score import score_unit
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.worker import JobContext
from rsf_core.proposals.local import LocalProposal
from rsf_core.settings import Sampling


def run(context: JobContext) -> None:
    spec = context.spec
    prompts = read_prompts(context.input("prompts"))
    count = int(spec["candidates"])
    units = chunks(prompts, units_of.size(spec, units_of.EVALUATED // count))
    total = len(spec["models"]) * len(prompts) * count
    done = sum(
        len(unit) * count
        for m in range(len(spec["models"]))
        for number, unit in enumerate(units)
        if m * len(units) + number in context.finished_units
    )
    loaded: dict[str, LocalProposal] = {}

    def load(model: dict[str, Any]) -> LocalProposal:
        if model["model_id"] not in loaded:
            loaded[model["model_id"]] = LocalProposal(locate(context, model))
        return loaded[model["model_id"]]

    base = load(spec["base"])
    reference = load(spec["reference"]) if spec["reference"] else None
    context.start_counting(done, total, "completions", "drawing held-out completions")
    for m, model in enumerate(spec["models"]):
        left = {n: unit for n, unit in enumerate(units) if m * len(units) + n not in context.finished_units}
        if not left:
            continue
        done = _evaluate(context, model["model_id"], load(model), base, reference, left, m * len(units), done)


def _evaluate(
    context: JobContext,
    model_id: str,
    proposal: LocalProposal,
    base: LocalProposal,
    reference: LocalProposal | None,
    units: dict[int, Sequence[Prompt]],
    first_unit: int,
    done: int,
) -> int:
    count = int(context.spec["candidates"])
    context.progress(message=f"drawing held-out completions of {model_id}")
    requests = [
        (prompt, k, f"held-out.{prompt.prompt_id}.{k}")  # the same seeds for every model: the comparison is paired
        for unit in units.values()
        for prompt in unit
        for k in range(count)
    ]
    unit_of = {prompt.prompt_id: number for number, unit in units.items() for prompt in unit}
    waiting: dict[int, list[Candidate]] = defaultdict(list)
    sampling = Sampling(**context.spec["sampling"])
    for candidate in proposal.draw(requests, sampling, int(context.spec["batch_size"]), context.cancelled):
        unit = unit_of[candidate.prompt_id]
        waiting[unit].append(candidate)
        done += 1
        context.progress(done)
        if len(waiting[unit]) == len(units[unit]) * count:
            prompts = {prompt.prompt_id: prompt for prompt in units[unit]}
            table = _table(waiting.pop(unit), prompts, context, model_id, base, reference)
            context.write_segment(first_unit + unit, table)
    context.check_cancelled()
    return done


def _table(
    candidates: list[Candidate],
    prompts: dict[int, Prompt],
    context: JobContext,
    model_id: str,
    base: LocalProposal,
    reference: LocalProposal | None,
) -> pa.Table:
    candidates = sorted(candidates, key=lambda c: (c.prompt_id, c.k))
    pairs = [(c.prompt_token_ids, c.token_ids) for c in candidates]
    log_base = base.log_prob(pairs)
    if reference is not None:
        reference.check((*pair, c.completion) for pair, c in zip(pairs, candidates, strict=True))
    # with the proposal as reference it cancels out of log P − log q, whatever the model
    log_reference = [c.log_q for c in candidates] if reference is None else reference.log_prob(pairs)
    rows: list[dict[str, Any]] = [
        {
            "evaluation_key": context.spec["evaluation_key"],
            "model_id": model_id,
            "prompt_id": c.prompt_id,
            "k": c.k,
            "completion": c.completion,
            "token_count": len(c.token_ids),
            "finish": str(c.finish),
            "log_q": c.log_q,
            "log_base": float(log_base[i]),
            "log_reference": float(log_reference[i]),
            "job_id": context.spool.folder.name,
        }
        for i, c in enumerate(candidates)
    ]
    drawing = context.message
    scores = score_unit(
        rows,
        prompts,
        context.spec["scorers"],
        lambda name: context.progress(message=f"scoring completions with {name}"),
    )
    context.progress(message=drawing)
    for i, row in enumerate(rows):
        row["scores"] = [(name, values[i]) for name, values in scores.items()]
    return pa.Table.from_pylist(rows, schema=EVALUATION_SAMPLES)
