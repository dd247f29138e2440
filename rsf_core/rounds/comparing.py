"""Starts the jobs that draw for held-out and for sealed prompts, and that measure forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow as pa

from rsf_core.acceptance import decisions
from rsf_core.acceptance.target import is_tempered
from rsf_core.domain import SAMPLER_VERSION, Control, JobKind, JobState, Prompt, Split, access
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Compute, Sampling, Settings, Target
from rsf_core.domain.specs import EvaluateSpec, GaugePart, ModelRef, SealedSpec
from rsf_core.evaluation import gauges
from rsf_core.jobs import units
from rsf_core.rounds import comparisons, curation, next_proposal, versions
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.rounds.submitting import Submitting
from rsf_core.scorers import registry
from rsf_core.store.database import utc_now
from rsf_core.store.records import SealedOpening
from rsf_core.store.store import Store

CHANGED = "have changed meanwhile"


@dataclass(frozen=True, slots=True)
class GaugeWork:
    """The part of a gauge in an evaluation: in the job's spec, and in its inputs."""

    spec: GaugePart
    inputs: dict[str, pa.Table]


class ComparisonFields(TypedDict):
    """Fields that EvaluateSpec and SealedSpec share."""

    compute: Compute
    evaluation_key: str
    models: tuple[ModelRef, ...]
    base: ModelRef
    reference: ModelRef | None
    scorers: tuple[str, ...]
    timeout_seconds: float
    candidates: int
    batch_size: int
    sampling: Sampling
    sampler: int
    tempered: bool
    unit_size: int


class Comparing:
    def __init__(self, folder: Path, store: Store, project_state: ProjectState, submitting: Submitting) -> None:
        self._folder, self._store, self._project_state, self._submitting = folder, store, project_state, submitting

    def evaluate(self, round_number: int | None = None) -> str | None:
        """Draw held-out completions of the round's tuned model, and of its proposal and the base if they have none
        yet. Returns the job's id, None if all have been drawn already."""
        self._submitting.refuse_a_second(JobKind.EVALUATE)
        round_record = self._project_state.round(round_number or self._project_state.current_round().round)
        held_out = self._project_state.held_out()
        if not held_out:
            raise StageError("there is no held-out prompt to compare models on: add some on the Prompts page")
        tuned = self._project_state.tuned_model(round_record.round)
        controls = [self._project_state.control(round_record.round, control) for control in Control]
        gone = self._store.deleted_models()
        made = [model.model_id for model in (tuned, *controls) if model is not None and model.model_id not in gone]
        model_ids = dict.fromkeys([BASE_ID, round_record.model_id, *made])
        target = self._project_state.target(round_record.round)
        evaluated = self._project_state.evaluated_models(target)
        missing = [model_id for model_id in model_ids if model_id not in evaluated]
        measured = self._gauges(
            self._project_state.sound_settings(), held_out, [model_id for model_id in model_ids if model_id not in gone]
        )
        if not missing and not measured:
            return None
        judged = [
            model_id
            for model_id in model_ids
            if model_id in missing or any(model_id in gauge.spec.models for gauge in measured)
        ]
        key = self._project_state.evaluation_key(target)
        spec = EvaluateSpec(
            round=round_record.round,
            gauges=tuple(gauge.spec for gauge in measured),
            judged=tuple(map(self._submitting.model_ref, judged)),
            **self._comparison(key, missing, target, len(held_out)),
        )
        inputs = {"prompts": units.prompts_table(held_out)}
        for gauge in measured:
            inputs |= gauge.inputs

        def check() -> None:  # a prompt may have been sealed since: nothing is drawn for a sealed prompt
            if self._project_state.held_out() != held_out:
                raise StageError(f"the held-out prompts {CHANGED}: compare again")

        return self._submitting.submit(spec, inputs, check=check)

    def _gauges(self, settings: Settings, held_out: Sequence[Prompt], model_ids: Sequence[str]) -> list[GaugeWork]:
        """What is left to measure of the forgetting of some models: the base's completions first, if it has none."""
        gauge_works = []
        for gauge in gauges.of_project(self._folder, settings, held_out):
            known = gauges.measured(self._store, gauge.key)
            models = [model_id for model_id in model_ids if model_id != BASE_ID and model_id not in known]
            if not models:
                continue
            inputs = {f"gauge_{gauge.name}": units.prompts_table(gauge.prompts)}
            if BASE_ID in known:
                drawn = self._store.gauge_samples(known[BASE_ID], gauge.key, BASE_ID)
                inputs[f"gauge_{gauge.name}_drawn"] = drawn
            else:
                models.insert(0, BASE_ID)
            size = units.fitting_size(len(gauge.prompts), units.GENERATED)
            part = GaugePart(
                name=gauge.name, key=gauge.key, models=tuple(models), unit_size=size, sampling=gauge.sampling
            )
            gauge_works.append(GaugeWork(part, inputs))
        return gauge_works

    def open_sealed(self, actor: Actor, model_id: str | None = None) -> str:
        """Open the sealed prompts, once: draw for them from the base, a tuned model (by default the one that would draw the
        next round) and its random control. Returns the job's id. If they were opened before, an interrupted comparison goes
        on. Raises StageError if there are none, they were opened and compared on, or the model cannot be published."""
        access.check(actor, "open_sealed")
        for job in self._store.jobs(active=True):
            if job.kind is JobKind.SEALED:
                raise StageError(
                    f"the sealed prompts are open already, and {job.job_id} compares on them ({job.state}): nothing is to be "
                    "done; `rsf sealed DIR` tells the figures once it is done"
                )
        opening = self._store.sealed.opening()
        if opening is not None:
            return self._go_on_with_sealed(opening, model_id)
        prompts = self._store.prompts(Split.SEALED)
        if not prompts:
            raise StageError(
                "there is no sealed prompt: seal held-out prompts that nothing was drawn for, or import some"
            )
        chosen = next_proposal.next_proposal(self._store, self._project_state) if model_id is None else model_id
        model = next((model for model in self._store.models() if model.model_id == chosen), None)
        if model is None or model.model_id == BASE_ID or curation.is_control(model.curated_id):
            what = "there is no such model" if model is None else "it was not tuned on what was accepted"
            raise StageError(f"the sealed prompts are not opened for {chosen}: {what}")
        gone = self._store.deleted_models()
        if chosen in gone:
            raise StageError(f"the files of {chosen} were deleted: nothing can be drawn from it")
        target = self._project_state.target(model.round)
        unreadable = registry.reference_problems(target.scorers, prompts)
        if unreadable:
            numbers = ", ".join(str(problem.prompt_id) for problem in unreadable)
            raise StageError(
                f"the scorer {unreadable[0].scorer!r} cannot read the reference of sealed prompts {numbers}: retire them, or "
                "change the target, before they are opened"
            )
        control = curation.control_id(chosen, Control.RANDOM)
        known = {model.model_id for model in self._store.models()} - gone
        opening = SealedOpening(
            author=actor.name,
            opened_at=utc_now(),
            round=model.round,
            model_id=chosen,
            control_id=control if control in known else None,
            evaluation_key=self._project_state.evaluation_key(target, prompts),
            prompts=len(prompts),
        )
        self._project_state.sound_settings()  # before they are opened: settings that are not valid start nothing
        with self._store.transaction("opening the sealed prompts"):
            if self._store.prompts(Split.SEALED) != prompts:
                raise StageError(f"the sealed prompts {CHANGED}: nothing was opened; look, and open them then")
            self._store.sealed.add(opening)
        return self._draw_for_sealed(opening)

    def _go_on_with_sealed(self, opening: SealedOpening, model_id: str | None) -> str:
        job = self._project_state.sealed_job()
        if (job is not None and job.state is JobState.DONE) or model_id not in (None, opening.model_id):
            raise StageError(
                f"the sealed prompts were opened by {opening.author} on {opening.opened_at:%Y-%m-%d} for {opening.model_id}: "
                "they are opened once"
            )
        if job is not None and self._submitting.can_resume(job.job_id):
            self._submitting.resume(job.job_id)
            return job.job_id
        return self._draw_for_sealed(opening)

    def _draw_for_sealed(self, opening: SealedOpening) -> str:
        prompts, target = self._store.prompts(Split.SEALED), self._project_state.target(opening.round)
        models = [BASE_ID, opening.model_id, *([opening.control_id] if opening.control_id else [])]
        spec = SealedSpec(
            round=opening.round,
            target=target,
            log_m=comparisons.common_log_m(self._store, self._store.thresholds(opening.round)[0]),
            judged=tuple(map(self._submitting.model_ref, models)),
            **self._comparison(opening.evaluation_key, models, target, len(prompts)),
        )
        return self._submitting.submit(spec, {"prompts": units.prompts_table(prompts)})

    def _comparison(self, key: str, models: Sequence[str], target: Target, prompts: int) -> ComparisonFields:
        """The fields shared by the specs of jobs that compare models on `prompts` prompts."""
        settings = self._project_state.sound_settings()
        versions.ready(self._folder, target.scorers)
        reference = decisions.reference_model(target, BASE_ID)
        return {
            "compute": settings.compute,
            "evaluation_key": key,
            "models": tuple(map(self._submitting.model_ref, models)),
            "base": self._submitting.model_ref(BASE_ID),
            "reference": None if reference is None else self._submitting.model_ref(reference),
            "scorers": target.scorers,
            "timeout_seconds": settings.score.timeout_seconds,
            "candidates": settings.evaluate.candidates,
            "batch_size": settings.generate.batch_size,
            "sampling": settings.generate.sampling,
            "sampler": SAMPLER_VERSION,
            "tempered": is_tempered(target, [settings.generate.sampling]),
            "unit_size": units.fitting_size(len(models) * prompts, units.EVALUATED // settings.evaluate.candidates),
        }
