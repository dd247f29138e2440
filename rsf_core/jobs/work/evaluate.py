"""The evaluate job: held-out completions of one or more models, scored, with log-probabilities under base and
reference. A unit is a run of prompts of one model.

One model is drawn from at a time, beside the base and the reference, which judge each of its units: the memory of a job
does not grow with the number of models. Held-out prompts too long for them are left out, the same for all, and named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import SAMPLER_VERSION, Candidate, Prompt
from rsf_core.domain.errors import JobError
from rsf_core.domain.results import JobResult
from rsf_core.domain.specs import Comparing, ModelRef
from rsf_core.jobs.schemas import EVALUATION_SAMPLES
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.work import gauging, tasting
from rsf_core.jobs.work.drawing import UnitsInTurn, sentence
from rsf_core.jobs.work.failing import Failing
from rsf_core.jobs.work.gauging import Gauging
from rsf_core.jobs.work.loading import locate, placed, report
from rsf_core.jobs.work.score import prepare, refuse_unreadable, score
from rsf_core.jobs.work.siblings import by_scorer
from rsf_core.jobs.work.tasting import Tasting
from rsf_core.jobs.worker import JobContext
from rsf_core.models.placement import Placement
from rsf_core.proposals import making
from rsf_core.proposals.base import Likelihood, LoadedModel, Sampler
from rsf_core.scorers import answered, tastes
from rsf_core.scorers import own as own_scorers
from rsf_core.scorers.base import NoScore


def run(context: JobContext[Comparing]) -> None:
    spec = context.spec
    _refuse_another_sampler(spec)
    own_scorers.remember(context.project)
    own_scorers.ready(context.project, spec.scorers)
    tastes.remember(context.project)
    answered.remember(context.project)
    prepare(context, spec.scorers)
    prompts = read_prompts(context.input("prompts"))
    refuse_unreadable(spec.scorers, prompts)  # before drawing
    count = spec.candidates
    units = chunks(prompts, spec.unit_size)
    placement = placed(context)
    base = making.loaded(locate(context, spec.base), placement)
    learned = tasting.of_job(context, spec.scorers, lambda: base)
    reference = spec.reference
    judges = {spec.base.model_id: base}
    if reference is not None and reference.model_id not in judges:
        judges[reference.model_id] = making.loaded(locate(context, reference), placement)
    fitting, left_out = base.fitting(prompts, spec.sampling.max_new_tokens)
    note = sentence(left_out, "not compared on")
    if note:
        report(context, JobResult(note=f"done. {note}", left_out=tuple(sorted(left_out.problems))))
    fit = {prompt.prompt_id for prompt in fitting}
    done = sum(
        sum(prompt.prompt_id in fit for prompt in unit) * count
        for m in range(len(spec.models))
        for number, unit in enumerate(units)
        if m * len(units) + number in context.finished_units
    )
    measuring = gauging.of_job(context, len(spec.models) * len(units))
    done += sum(gauge.done for gauge in measuring)
    total = len(spec.models) * len(fitting) * count + sum(gauge.total for gauge in measuring)
    context.start_counting(done, total, "completions", "drawing held-out completions")
    failing = Failing({})
    numbers = {model.model_id: m for m, model in enumerate(spec.models)}
    for model in spec.judged:
        model_id = model.model_id
        own = units if model_id in numbers else []
        first = numbers.get(model_id, 0) * len(units)
        left = {n: unit for n, unit in enumerate(own) if first + n not in context.finished_units}
        if not left and not any(gauge.left(model_id) for gauge in measuring):
            continue
        table = partial(
            _table,
            prompts={prompt.prompt_id: prompt for prompt in prompts},
            context=context,
            failing=failing,
            model_id=model_id,
            base=base,
            learned=learned,
            reference=None if reference is None else judges[reference.model_id],
        )
        drawn = UnitsInTurn(context, left, left_out, count, EVALUATION_SAMPLES, table, first)
        context.progress(message=f"drawing held-out completions of {model_id}. {note}".strip())
        load = partial(_loaded, context, model, judges, placement)
        done = _measure(context, model_id, load, base, drawn, measuring, done)
    if failing.note():
        report(context, JobResult(note=f"done. {note} {failing.note()}".replace("  ", " ")))


def _measure(
    context: JobContext[Comparing],
    model_id: str,
    load: Callable[[], LoadedModel],
    base: LoadedModel,
    drawn: UnitsInTurn,
    measuring: Sequence[Gauging],
    done: int,
) -> int:
    """Do what is left of a model: its held-out completions, then its forgetting. `done` completions were done before. Returns
    how many are done after."""
    proposal = load()  # not kept after this call: its memory is free for the next model
    if drawn.prompts:
        done = _draw(context, proposal, drawn, done)
    for gauge in measuring:
        done = gauge.measure(model_id, base, proposal, done)
    return done


def _loaded(
    context: JobContext[Comparing], model: ModelRef, judges: Mapping[str, LoadedModel], placement: Placement
) -> LoadedModel:
    return judges.get(model.model_id) or making.loaded(locate(context, model), placement)


def _refuse_another_sampler(spec: Comparing) -> None:
    """Raises JobError for a job that a version with another sampler began: it would go on with other draws, which are not
    paired with those kept under its key, although the seeds are the same."""
    if spec.sampler != SAMPLER_VERSION:
        raise JobError(
            "this comparison was begun by a version of RSF Studio that draws otherwise: its completions are not paired with "
            "those drawn now. Compare the models again; what was drawn stays"
        )


def _draw(context: JobContext[Comparing], proposal: Sampler, drawn: UnitsInTurn, done: int) -> int:
    requests = [
        (prompt, k, f"held-out.{prompt.prompt_id}.{k}")  # the same seeds for every model: the comparison is paired
        for prompt in drawn.prompts
        for k in range(context.spec.candidates)
    ]
    for candidate in proposal.draw(requests, context.spec.sampling, context.spec.batch_size, context.cancelled):
        done += 1
        context.progress(done)
        drawn.add(candidate)
    context.check_cancelled()
    return done


def _table(
    candidates: list[Candidate],
    prompts: dict[int, Prompt],
    context: JobContext[Comparing],
    failing: Failing,
    model_id: str,
    base: LoadedModel,
    learned: Tasting | None,
    reference: Likelihood | None,
) -> pa.Table:
    pairs = [(c.prompt_token_ids, c.token_ids) for c in candidates]
    sampling = context.spec.sampling
    masks, temperature = sampling.model_masks, sampling.temperature if context.spec.tempered else 1.0
    log_base = base.log_prob(pairs, model_masks=masks)
    if reference is not None:
        reference.check(((*pair, c.completion) for pair, c in zip(pairs, candidates, strict=True)), masks)
    if reference is None:  # the proposal is the reference: it cancels out of log P − log q, whatever the model
        log_reference: Sequence[float] | NDArray[np.float64] = [c.log_q for c in candidates]
    elif reference is base and temperature == 1.0:
        log_reference = log_base
    else:
        log_reference = reference.log_prob(pairs, temperature, masks)
    rows: list[dict[str, Any]] = [
        {
            "evaluation_key": context.spec.evaluation_key,
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
    named = [row | {"candidate_id": f"held-out {row['prompt_id']}.{row['k']} of {model_id}"} for row in rows]
    if learned is not None:
        names = [row["candidate_id"] for row in named]
        learned.begin(dict(zip(names, pairs, strict=True)), dict(zip(names, learned.compute(pairs), strict=True)))
    siblings = by_scorer(context.spec.scorers, lambda: named)  # a unit has all completions of its prompts
    scores = {}
    for scorer in tastes.last(context.spec.scorers):
        scores[scorer] = score(context, scorer, named, prompts, failing, siblings[scorer])
        if learned is not None:
            learned.keep(scorer, (row["candidate_id"] for row in named), scores[scorer])
    context.progress(message=drawing)
    for i, row in enumerate(rows):
        row["scores"] = [(name, _number(values[i])) for name, values in scores.items()]
    return pa.Table.from_pylist(rows, schema=EVALUATION_SAMPLES)


def _number(score: float | NoScore) -> float | None:
    """A score as it is stored: None if there is none; such completions are left out of the scorer's metrics."""
    return None if isinstance(score, NoScore) else score
