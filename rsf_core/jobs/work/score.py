"""The score job: the missing scores of candidates under the scorers that the target needs, and their log-probabilities under
the reference model if the reference is not the proposal itself. A pair of candidate and scorer is scored once; if the scorer
has no score for the candidate, the reason is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from rsf_core import models
from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.results import JobResult
from rsf_core.domain.specs import ScoreSpec, Scoring
from rsf_core.jobs import calling
from rsf_core.jobs.schemas import SCORES
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.work import tasting
from rsf_core.jobs.work.failing import Failing
from rsf_core.jobs.work.loading import locate, placed, report
from rsf_core.jobs.work.siblings import Siblings, by_scorer
from rsf_core.jobs.worker import Cancelled, JobContext
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.scorers import answered, kept_answers, own, registry, tastes
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.host import Host, Stopped, hosted
from rsf_core.scorers.preparing import Workplace

if TYPE_CHECKING:
    from rsf_core.proposals.base import Likelihood, LoadedModel


def run(context: JobContext[ScoreSpec]) -> None:
    own.remember(context.project)
    own.ready(context.project, context.spec.scorers)
    answered.remember(context.project)
    learned = tasting.of_job(context, context.spec.scorers, lambda: _base(context))
    files = None if learned is None else _features(context)
    asked_before = kept_answers.spent(context.project)
    candidates = context.input("candidates").to_pylist()
    prepare(context, [scorer for scorer in context.spec.scorers if any(lacks(c, scorer) for c in candidates)])
    prompts = {prompt.prompt_id: prompt for prompt in read_prompts(context.input("prompts"))}
    reference = context.spec.reference
    units = chunks(candidates, context.spec.unit_size)
    model = None
    if reference is not None and len(context.finished_units) < len(units):
        from rsf_core.proposals import making

        context.progress(message="loading the reference model")
        model = making.likelihood(locate(context, reference.model), placed(context))
    done = sum(len(unit) for number, unit in enumerate(units) if number in context.finished_units)
    drawn = {candidate["prompt_id"] for candidate in candidates}
    refuse_unreadable(context.spec.scorers, [prompts[prompt_id] for prompt_id in sorted(drawn)])
    failing = Failing(context.spec.scored_before)
    of_scorer = by_scorer(context.spec.scorers, lambda: context.input("siblings").to_pylist())
    for number, path in context.spool.segments():
        if number < len(units):  # other files are ignored, as by the owner
            failing.resume(context.spool.read_segment(path, SCORES)[1])
    context.start_counting(done, len(candidates), "candidates", "scoring candidates")
    for number, unit in enumerate(units):
        if number in context.finished_units:
            continue
        context.check_cancelled()
        rows = []
        if learned is not None and files is not None:
            tasting.begin_unit(context, learned, files, number, unit)
        for scorer in tastes.last(context.spec.scorers):
            lacking = [candidate for candidate in unit if lacks(candidate, scorer)]
            scores = score(context, scorer, lacking, prompts, failing, of_scorer[scorer])
            if learned is not None:
                learned.keep(scorer, (candidate["candidate_id"] for candidate in lacking), scores)
            rows += _rows(context, scorer, lacking, scores)
        if model is not None and reference is not None:
            lacking = [candidate for candidate in unit if lacks(candidate, reference.scorer)]
            context.progress(message="scoring candidates under the reference model")
            rows += _rows(context, reference.scorer, lacking, judged(model, lacking, reference.tempered))
        context.write_segment(number, pa.Table.from_pylist(rows, schema=SCORES))
        done += len(unit)
        context.progress(done)
    message = (
        f"{failing.note()} {kept_answers.spent_between(asked_before, kept_answers.spent(context.project))}".strip()
    )
    if message:
        report(context, JobResult(note=f"done. {message}"))


def _base(context: JobContext[ScoreSpec]) -> LoadedModel:
    """The model whose hidden states a learned scorer uses."""
    from rsf_core.proposals import making

    assert context.spec.base is not None
    context.progress(message="loading the base model")
    return making.loaded(locate(context, context.spec.base), placed(context))


def _features(context: JobContext[ScoreSpec]) -> FeatureFiles:
    assert context.spec.base is not None
    return FeatureFiles(context.project, models.identity(locate(context, context.spec.base)))


def judged(model: Likelihood, candidates: Sequence[dict[str, Any]], tempered: bool) -> list[float]:
    """log p (nats) of `candidates` under the reference, in their order, each with the masks that it was drawn with and, if
    `tempered`, at its temperature. Raises ModelError for a candidate that it cannot judge."""
    laws = [_law(candidate, tempered) for candidate in candidates]
    values = np.zeros(len(candidates))
    for law in sorted(set(laws)):
        at = [i for i, own in enumerate(laws) if own == law]
        pairs = [(tuple(candidates[i]["prompt_token_ids"]), tuple(candidates[i]["token_ids"])) for i in at]
        model.check(((*pair, candidates[i]["completion"]) for pair, i in zip(pairs, at, strict=True)), law[1])
        values[at] = model.log_prob(pairs, *law)
    return values.tolist()


def _law(candidate: dict[str, Any], tempered: bool) -> tuple[float, bool]:
    """(temperature, masks) that a candidate is judged by; the defaults in jobs of earlier versions, which knew neither."""
    drawn = json.loads(candidate.get("sampling") or "{}")
    return drawn.get("temperature", 1.0) if tempered else 1.0, drawn.get("model_masks", False)


def lacks(candidate: dict[str, Any], scorer: str) -> bool:
    """Whether the candidate still needs a score of this scorer; a job of an earlier version scores all with all."""
    missing = candidate.get("missing")
    return missing is None or scorer in missing


def score(
    context: JobContext[Scoring],
    scorer: str,
    candidates: Sequence[dict[str, Any]],
    prompts: dict[int, Prompt],
    failing: Failing,
    siblings: Siblings | None = None,
) -> list[float | NoScore]:
    """The scores of `candidates` (candidate_id, prompt_id, completion, token_count, finish), in their order, or why there is
    none, which is counted in `failing`. Raises ScorerError if most have none; a scorer that does not return ends the
    process."""
    if not candidates:
        return []
    batch = [
        Scored(
            prompts[c["prompt_id"]],
            c["completion"],
            c["token_count"],
            Finish(c["finish"]),
            c["candidate_id"],
            () if siblings is None else siblings.before(c["candidate_id"]),
        )
        for c in candidates
    ]

    def limited(part: Sequence[Scored]) -> AbstractContextManager[None]:
        return calling.limited(context, scorer, [str(scored.candidate_id) for scored in part])

    caller = Host(scorer, context.project, context.cancelled, context.spec.timeout_seconds)
    try:
        with hosted(caller):
            scores = registry.score(scorer, batch, limited)
    except Stopped:
        raise Cancelled from None
    failing.add(scorer, [c["candidate_id"] for c in candidates], scores, registry.checked(scorer)[1].partial)
    return scores


def prepare(context: JobContext[Scoring], scorers: Sequence[str]) -> None:
    """Load what `scorers` need before they are called, because a call has a time limit. Raises RsfError."""
    workplace = Workplace(context.spec.compute, lambda message: context.progress(message=message))
    registry.prepare(scorers, workplace)


def refuse_unreadable(scorers: Sequence[str], prompts: Sequence[Prompt]) -> None:
    """Raises ScorerError, before anything is scored, naming all prompts whose reference a scorer cannot read."""
    problems = registry.reference_problems(scorers, prompts)
    if problems:
        raise ScorerError(
            f"{len(problems):,} of {len(prompts):,} prompts have a reference that a scorer cannot read: "
            f"{registry.describe(problems)}. Edit these prompts' references, "
            "retire them or change the target, then start the stage again"
        )


def _rows(
    context: JobContext[ScoreSpec], scorer: str, candidates: Sequence[dict[str, Any]], scores: Sequence[float | NoScore]
) -> list[dict[str, Any]]:
    return [
        {
            "candidate_id": candidate["candidate_id"],
            "round": context.spec.round,
            "scorer": scorer,
            "score": None if isinstance(value, NoScore) else value,
            "job_id": context.spool.folder.name,
            "reason": value.reason if isinstance(value, NoScore) else None,
        }
        for candidate, value in zip(candidates, scores, strict=True)
    ]
