"""The score job: every scorer the target needs, and the log-probability under the reference model where the
reference is not the proposal itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from rsf_core.domain import Finish, Prompt
from rsf_core.jobs import units as units_of
from rsf_core.jobs.loading import locate
from rsf_core.jobs.schemas import SCORES
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.worker import JobContext
from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored


def run(context: JobContext) -> None:
    candidates = context.input("candidates").to_pylist()
    prompts = {prompt.prompt_id: prompt for prompt in read_prompts(context.input("prompts"))}
    reference = context.spec.get("reference")
    units = chunks(candidates, units_of.size(context.spec, units_of.SCORED))
    model = None
    if reference and len(context.finished_units) < len(units):
        from rsf_core.proposals.local import LocalProposal

        context.progress(message="loading the reference model")
        model = LocalProposal(locate(context, reference["model"]))
    done = sum(len(unit) for number, unit in enumerate(units) if number in context.finished_units)
    context.start_counting(done, len(candidates), "candidates", "scoring candidates")
    for number, unit in enumerate(units):
        if number in context.finished_units:
            continue
        context.check_cancelled()
        scores = score_unit(unit, prompts, context.spec["scorers"], lambda name: _name(context, name))
        if model is not None and reference is not None:
            context.progress(message="scoring candidates under the reference model")
            pairs = [(tuple(c["prompt_token_ids"]), tuple(c["token_ids"])) for c in unit]
            model.check((*pair, c["completion"]) for pair, c in zip(pairs, unit, strict=True))
            scores[reference["scorer"]] = model.log_prob(pairs).tolist()
        context.write_segment(number, _table(unit, scores, context))
        done += len(unit)
        context.progress(done)


def score_unit(
    candidates: Sequence[dict[str, Any]],
    prompts: dict[int, Prompt],
    scorers: list[str],
    on_scorer: Callable[[str], None] = lambda name: None,
) -> dict[str, list[float]]:
    """The scores of `candidates` (prompt_id, completion, token_count, finish) by scorer, each in their order. `on_scorer` is
    told the name of each before it is called: where one hangs, that is what is to be read."""
    batch = [
        Scored(prompts[c["prompt_id"]], c["completion"], c["token_count"], Finish(c["finish"])) for c in candidates
    ]
    scores = {}
    for name in scorers:
        on_scorer(name)
        scores[name] = registry.score(name, batch)
    return scores


def _name(context: JobContext, scorer: str) -> None:
    context.progress(message=f"scoring candidates with {scorer}")


def _table(candidates: Sequence[dict[str, Any]], scores: dict[str, list[float]], context: JobContext) -> pa.Table:
    rows = [
        {
            "candidate_id": candidate["candidate_id"],
            "round": context.spec["round"],
            "scorer": scorer,
            "score": values[i],
            "job_id": context.spool.folder.name,
        }
        for scorer, values in scores.items()
        for i, candidate in enumerate(candidates)
    ]
    return pa.Table.from_pylist(rows, schema=SCORES)
