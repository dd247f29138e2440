"""What each stage gives its job. No mathematics, no SQL, no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow as pa

from rsf_core.acceptance import decisions
from rsf_core.acceptance.target import LOG_MODEL, LOG_Q, is_indicator, is_tempered, log_prob_scorer, trained_law
from rsf_core.domain import SAMPLER_VERSION, Control, JobKind, JobState, Prompt, Scope, Split
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Compute, Sampling, Settings, Target, Train
from rsf_core.domain.specs import (
    Corrections,
    EmbedSpec,
    EvaluateSpec,
    FinetuneSpec,
    GaugePart,
    GenerateSpec,
    Lineage,
    ModelRef,
    Parent,
    Reference,
    ScoreSpec,
    SealedSpec,
    TrainedLaw,
    TrialSpec,
    Until,
)
from rsf_core.evaluation import gauges
from rsf_core.jobs import units
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.rounds import comparisons, curation, next_proposal, stages
from rsf_core.rounds.stages import Stage
from rsf_core.rounds.state import BASE_ID, Standing
from rsf_core.rounds.until import Looks, asked_for, drawn_until, next_prompts
from rsf_core.sampling.streams import child_seed
from rsf_core.scorers import own, registry
from rsf_core.store.database import utc_now
from rsf_core.store.records import CuratedRecord, JobRecord, ModelRecord, RoundRecord, SealedOpening
from rsf_core.store.store import Store

PART = 32  # prompts drawn for before it is looked how many are accepted, where a round draws for all
_CORRECT = "Edit the reference of each on the Prompts page, or retire it, or change the target"


@dataclass(frozen=True, slots=True)
class GaugeWork:
    """What an evaluation does for a gauge: its part of the job's spec, and of its inputs."""

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


class Stages:
    """Opens rounds and starts their stages: those of the newest round, where a number may be given also of an earlier."""

    def __init__(self, folder: Path, store: Store, standing: Standing, supervisor: JobSupervisor) -> None:
        self._folder = folder
        self.looks = Looks(store)
        self._store, self._standing, self._supervisor = store, standing, supervisor

    def still(self) -> AbstractContextManager[None]:
        """See JobSupervisor.still."""
        return self._supervisor.still()

    def open_round(self) -> RoundRecord:
        """Open the next round with `next_proposal` (the base, before any)."""
        existing = self._store.rounds()
        model_id = next_proposal.next_proposal(self._store, self._standing) if existing else BASE_ID
        self._store.add_round(len(existing) + 1, model_id, self._standing.settings().model_dump(mode="json"))
        return self._standing.current_round()

    def draw_until(self, wanted: int, most: int | None, log_m: float | None, author: str) -> str:
        """Draw candidates of the newest round for `generate.prompts` prompts (32 where that is all) at a time, and score them,
        until `wanted` more are accepted (see `until`) or `most` prompts were drawn for (None: all); the first job's id.
        M is `log_m` (nats, for all prompts alike), else the one in force, which stays. Raises StageError where there is none:
        M must be fixed before what is drawn at it."""
        opened, settings = self._standing.current_round(), self._standing.sound_settings()
        self._refuse_a_second(JobKind.GENERATE)
        self._refuse_a_second(JobKind.SCORE)
        if wanted < 1 or (most is not None and most < 1):
            raise StageError("at least one accepted candidate has to be wanted, of at least one prompt")
        if log_m is not None and not math.isfinite(log_m):
            raise StageError(f"log M is {log_m}: it must be a number")
        in_force = self._store.thresholds(opened.round)[:1]
        target_id = self._store.target_id(settings.target.model_dump(mode="json"), author)
        if log_m is not None:
            fixed, scope = log_m, Scope.GLOBAL
        elif is_indicator(settings.target):
            fixed, scope = 0.0, Scope.GLOBAL
        elif in_force and in_force[0].target_id == target_id:
            fixed, scope = in_force[0].log_m, in_force[0].scope
        else:
            raise StageError(
                "M must be fixed before drawing until enough are accepted, for limits of the rate speak of one M: draw and "
                "score some candidates first and choose M on the Acceptance page, or give log M"
            )
        train = self._store.prompt_counts().get(Split.TRAIN, 0)
        run = f"{opened.round}.{len(self._store.jobs(round_number=opened.round))}.{settings.seed}"
        until = Until(
            run=run, wanted=wanted, most=min(most or train, train), log_m=fixed, scope=scope, target_id=target_id
        )
        # by a person: the rule would choose anew after each part
        self._store.add_threshold(
            opened.round, target_id, fixed, scope, author, f"fixed to draw until {wanted:,} are accepted"
        )
        return self.generate(until=until)

    def go_on_drawing(self, round_number: int) -> None:
        """Draw the next part where a run of the newest round has not come to its end. Asked again it starts nothing twice."""
        busy = any(job.kind in (JobKind.GENERATE, JobKind.SCORE) for job in self._store.jobs(active=True))
        if busy or round_number != self._standing.current_round().round:
            return
        so_far = self.looks.newest(round_number)
        drawn = [job for job in self._store.jobs(round_number=round_number) if job.kind is JobKind.GENERATE]
        if so_far is None or so_far.end is not None or drawn_until(drawn[-1]) != so_far.until:
            return
        if self._store.round_counts(round_number).undecided == 0:
            self.generate(until=so_far.until)

    def generate(self, then_score: bool = True, starving: bool = False, until: Until | None = None) -> str:
        """Draw candidates for the newest round's prompts, for those of them that are `starving`, or for the next of a run that
        draws `until` enough are accepted; `then_score` scores them
        as soon as they are there. Prompts whose reference the target cannot read are left out and named: what is drawn of
        them could not be scored."""
        self._refuse_a_second(JobKind.GENERATE)
        opened, settings = self._standing.current_round(), self._standing.sound_settings()
        train = self._store.prompts(Split.TRAIN)
        if not train:
            raise StageError("there is no train prompt to draw candidates for: add some on the Prompts page")
        if starving:
            drawn = self._starving(opened.round, train)
        elif until is not None:
            mine = [job for job in self._store.jobs(round_number=opened.round) if job.kind is JobKind.GENERATE]
            before = asked_for([job for job in mine if (other := drawn_until(job)) and other.run == until.run])
            drawn = next_prompts(train, until, before, settings.generate.prompts or PART)
        else:
            drawn = stages.draw_prompts(train, settings.generate.prompts, opened.round, settings.seed)
        own.ready(self._folder, settings.target.scorers)
        unreadable = registry.reference_problems(settings.target.scorers, drawn)
        left_out = {problem.prompt_id for problem in unreadable}
        asked = len(drawn)
        drawn = [prompt for prompt in drawn if prompt.prompt_id not in left_out]
        if not drawn:
            raise StageError(f"no prompt can be drawn from: {registry.describe(unreadable)}. {_CORRECT}")
        held_out = self._standing.held_out()  # the job says before training which of them are too long
        problems = {
            "Not drawn from": unreadable,
            "Held out and not to be compared on": registry.reference_problems(settings.target.scorers, held_out),
        }
        notes = [f"{what}: {registry.describe(found)}. {_CORRECT}." for what, found in problems.items() if found]
        spec = GenerateSpec(
            round=opened.round,
            compute=settings.compute,
            model=self._model_ref(opened.model_id),
            model_id=opened.model_id,
            sampling=settings.generate.sampling,
            candidates=settings.generate.candidates,
            batch_size=settings.generate.batch_size,
            unit_size=units.fitting_size(len(drawn), units.GENERATED // settings.generate.candidates),
            project_seed=settings.seed,
            note=" ".join(notes),
            adaptive=starving,
            until=until,
            until_prompts=0 if until is None else asked,
        )
        first_k = stages.first_k(drawn, self._store.next_k(opened.round))["k"]
        inputs = {"prompts": units.prompts_table(drawn, first_k), "held_out": units.prompts_table(held_out)}
        follow = [Stage.SCORE] if then_score else []
        return self._supervisor.submit(spec, inputs, follow)

    def _starving(self, round_number: int, train: Sequence[Prompt]) -> list[Prompt]:
        """The prompts of the round with none accepted. Raises StageError where some are not decided yet, or none starves."""
        counts = self._store.round_counts(round_number)
        if not counts.decided or counts.undecided:
            raise StageError(
                f"round {round_number} is not decided yet, so nobody knows which prompts have none accepted: score it first"
            )
        wanted = set(self._store.starving_prompts(round_number))
        if not wanted:
            raise StageError(
                f"every prompt of round {round_number} has an accepted candidate: there is none to draw more for"
            )
        return [prompt for prompt in train if prompt.prompt_id in wanted]

    def choose_m(self) -> None:
        """Let the rule of the settings choose M of the newest round, whoever has chosen it. Raises StageError where candidates
        have no scores under the target of the settings."""
        opened, settings = self._standing.current_round(), self._standing.sound_settings()
        counts, found = self._store.round_counts(opened.round), self._store.thresholds(opened.round)
        if not found or counts.undecided or decisions.target_of(self._store, found[0]) != settings.target:
            raise StageError(f"round {opened.round} is not scored under this target: score it first")
        decisions.retarget(self._store, settings, opened, BASE_ID, anew=True)

    def score(self, round_number: int | None = None, again: bool = False) -> str | None:
        """Score what has not been scored under the target in force; `again` also the candidates that were found to have no
        score. None when every score is there already; the decisions are then derived anew at once."""
        number = round_number or self._standing.current_round().round
        self._refuse_a_second(JobKind.SCORE)
        opened = self._standing.round(number)
        settings = self._standing.sound_settings()
        if self._store.round_counts(number).candidates == 0:
            raise StageError(f"round {number} has no candidates to score: generate them first")
        reference = decisions.reference_model(settings.target, BASE_ID)
        source = decisions.reference_of(self._store, settings.target, opened, BASE_ID)
        judged: Reference | None = None
        if reference is not None and source is not None and source not in (LOG_Q, LOG_MODEL):
            tempered = source == log_prob_scorer(reference, tempered=True)
            judged = Reference(model=self._model_ref(reference), scorer=source, tempered=tempered)
        own.ready(self._folder, settings.target.scorers)
        needed = [*settings.target.scorers, *([] if judged is None else [judged.scorer])]
        retired = self._store.prompt_book.version()[1]  # another number later: other candidates are to be scored
        candidates = self._store.candidates_to_score(number, needed, again)
        if candidates.num_rows == 0:
            decisions.retarget(self._store, settings, opened, BASE_ID)
            return None
        spec = ScoreSpec(
            round=number,
            compute=settings.compute,
            scorers=settings.target.scorers,
            reference=judged,
            target=settings.target,
            retired=retired,
            timeout_seconds=settings.score.timeout_seconds,
            unit_size=units.fitting_size(candidates.num_rows, units.SCORED),
            scored_before=self._store.count_scores(number, needed),
        )
        inputs = {"candidates": candidates, "prompts": units.prompts_table(self._store.prompts(Split.TRAIN))}
        return self._supervisor.submit(spec, inputs)

    def train_control(self, author: str, round_number: int | None = None, control: Control = Control.RANDOM) -> str:
        """Fine-tune a round's proposal, by the recipe of its tuned model, on a random selection as large as the curated
        set that model was tuned on (see curation.freeze_control), and evaluate; the job's id. One that was broken off goes on,
        one that was not compared is. Raises StageError without a tuned model, where its control is there and compared already,
        or where the control would be the same set."""
        opened = self._standing.round(round_number or self._standing.current_round().round)
        tuned = self._standing.tuned_model(opened.round)
        if tuned is None:
            raise StageError(
                f"round {opened.round} has tuned no model to set a {control.label} against: fine-tune first"
            )
        if self._standing.control(opened.round, control) is not None:
            comparing = self.evaluate(opened.round)
            if comparing is None:
                raise StageError(f"the {control.label} of {tuned.model_id} is there already")
            return comparing
        if not self._standing.control_leaves_a_choice(opened.round, control):
            raise StageError(
                f"{tuned.model_id} was tuned on all that passes the constraints: a control of the constraints alone would be "
                "the same, so that what they gain is what it gained"
            )
        model_id = curation.control_id(tuned.model_id, control)
        made_by = self._made_by(tuned)
        stream = "control" if control is Control.RANDOM else f"control {control}"
        own = child_seed(made_by.recipe.seed, stream)  # the recipe's, drawn independently
        recipe = made_by.recipe.model_copy(update={"seed": own})
        begun = self._standing.control_job(opened.round, control)
        if (
            begun is not None
            and begun.spec_of(FinetuneSpec).recipe == recipe
            and self._supervisor.can_resume(begun.job_id)
        ):
            self.resume(begun.job_id)
            return begun.job_id
        matched = next(c for c in self._store.curated_sets() if c.curated_id == tuned.curated_id)
        curated = curation.freeze_control(self._store, matched, author, control)
        return self._finetune(opened, curated, model_id, recipe, made_by.law)

    def _made_by(self, tuned: ModelRecord) -> FinetuneSpec:
        """What the model was tuned by: the spec of the job that made it, not of one that failed to before."""
        done = (
            job.spec_of(FinetuneSpec)
            for job in self._store.jobs(round_number=tuned.round)
            if job.kind is JobKind.FINETUNE and job.state is JobState.DONE
        )
        return next(spec for spec in done if spec.model_id == tuned.model_id)

    def freeze(self, author: str) -> CuratedRecord:
        return curation.freeze(
            self._store, self._standing.sound_settings(), self._standing.current_round().round, author
        )

    def finetune(self, curated_id: str | None = None, then_evaluate: bool = True) -> str:
        """Fine-tune the newest round's proposal on a curated set of it (the newest by default); the job's id."""
        opened = self._standing.current_round()
        curated = self._standing.curated_set(opened.round)
        if curated_id is not None:
            curated = next((c for c in self._store.curated_sets() if c.curated_id == curated_id), None)
            if curated is not None and (curated.round != opened.round or curation.is_control(curated_id)):
                raise StageError(f"{curated_id} is no set of accepted candidates of round {opened.round}")
        if curated is None:
            raise StageError(f"round {opened.round} has no curated set to train on: freeze one first")
        number = 1 + sum(
            m.round == opened.round and m.model_id != BASE_ID and not curation.is_control(m.curated_id)
            for m in self._store.models()
        )
        settings = self._standing.sound_settings()
        made = f"m{opened.round}-{number}"
        return self._finetune(opened, curated, made, settings.train, trained_law(settings), then_evaluate)

    def _finetune(
        self,
        opened: RoundRecord,
        curated: CuratedRecord,
        model_id: str,
        recipe: Train,
        law: TrainedLaw,
        then_evaluate: bool = True,
    ) -> str:
        self._refuse_a_second(JobKind.FINETUNE)
        if then_evaluate:  # said before hours of training, not after
            scorers = self._standing.target(opened.round).scorers
            unreadable = registry.reference_problems(scorers, self._standing.held_out())
            if unreadable:
                raise StageError(f"the model could not be compared on {registry.describe(unreadable)}. {_CORRECT}")
            gauges.of_project(
                self._folder, self._standing.settings(), self._standing.held_out()
            )  # its file can be read
        parent = self._model_ref(opened.model_id)
        spec = FinetuneSpec(
            round=opened.round,
            compute=self._standing.settings().compute,
            model=parent,
            model_id=model_id,
            recipe=recipe,
            law=law,
            curated_id=curated.curated_id,
            log_m=curated.log_m,
            lineage=Lineage(
                model_id=model_id,
                parent=Parent(model_id=parent.model_id, name=parent.name, identity=parent.identity),
                round=opened.round,
                curated_id=curated.curated_id,
                content_hash=curated.content_hash,
                recipe=recipe,
                task=self._standing.settings().task,
            ),
        )
        samples = self._store.curated_samples(curated.curated_id)
        samples = samples.select(["prompt_token_ids", "token_ids", "weight", "completion", "edited", "log_q"])
        follow = [Stage.EVALUATE] if then_evaluate and self._standing.held_out() else []
        return self._supervisor.submit(spec, {"samples": samples}, follow)

    def evaluate(self, round_number: int | None = None) -> str | None:
        """Draw held-out completions of the round's tuned model, and of its proposal and the base where they have
        none yet. None when all have been drawn already."""
        self._refuse_a_second(JobKind.EVALUATE)
        opened = self._standing.round(round_number or self._standing.current_round().round)
        held_out = self._standing.held_out()
        if not held_out:
            raise StageError("there is no held-out prompt to compare models on: add some on the Prompts page")
        tuned = self._standing.tuned_model(opened.round)
        controls = [self._standing.control(opened.round, control) for control in Control]
        gone = self._store.deleted_models()
        made = [model.model_id for model in (tuned, *controls) if model is not None and model.model_id not in gone]
        wanted = dict.fromkeys([BASE_ID, opened.model_id, *made])
        target = self._standing.target(opened.round)
        evaluated = self._standing.evaluated_models(target)
        missing = [model_id for model_id in wanted if model_id not in evaluated]
        measured = self._gauges(
            self._standing.sound_settings(), held_out, [model_id for model_id in wanted if model_id not in gone]
        )
        if not missing and not measured:
            return None
        judged = [
            model_id
            for model_id in wanted
            if model_id in missing or any(model_id in gauge.spec.models for gauge in measured)
        ]
        key = self._standing.evaluation_key(target)
        spec = EvaluateSpec(
            round=opened.round,
            gauges=tuple(gauge.spec for gauge in measured),
            judged=tuple(map(self._model_ref, judged)),
            **self._comparison(key, missing, target, len(held_out)),
        )
        inputs = {"prompts": units.prompts_table(held_out)}
        for gauge in measured:
            inputs |= gauge.inputs
        return self._supervisor.submit(spec, inputs)

    def _gauges(self, settings: Settings, held_out: Sequence[Prompt], wanted: Sequence[str]) -> list[GaugeWork]:
        """What is left to measure of what some models have forgotten: the base's completions first, where it has none."""
        found = []
        for gauge in gauges.of_project(self._folder, settings, held_out):
            known = gauges.measured(self._store, gauge.key)
            models = [model_id for model_id in wanted if model_id != BASE_ID and model_id not in known]
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
            found.append(GaugeWork(part, inputs))
        return found

    def open_sealed(self, author: str, model_id: str | None = None) -> str:
        """Open the sealed prompts, once: draw for them from the base, a tuned model (by default the one that would draw the
        next round) and its random control; the job's id. Of those opened before, a comparison that was broken off goes on.
        Raises StageError where there are none, they were opened and compared on, or the model is none to publish."""
        self._refuse_a_second(JobKind.SEALED)
        opening = self._store.sealed.opening()
        if opening is not None:
            return self._go_on_with_sealed(opening, model_id)
        prompts = self._store.prompts(Split.SEALED)
        if not prompts:
            raise StageError(
                "there is no sealed prompt: seal held-out prompts that nothing was drawn for, or import some"
            )
        chosen = next_proposal.next_proposal(self._store, self._standing) if model_id is None else model_id
        model = next((model for model in self._store.models() if model.model_id == chosen), None)
        if model is None or model.model_id == BASE_ID or curation.is_control(model.curated_id):
            what = "there is no such model" if model is None else "it was not tuned on what was accepted"
            raise StageError(f"the sealed prompts are not opened for {chosen}: {what}")
        gone = self._store.deleted_models()
        if chosen in gone:
            raise StageError(f"the files of {chosen} were deleted: nothing can be drawn from it")
        target = self._standing.target(model.round)
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
            author=author,
            opened_at=utc_now(),
            round=model.round,
            model_id=chosen,
            control_id=control if control in known else None,
            evaluation_key=self._standing.evaluation_key(target, prompts),
            prompts=len(prompts),
        )
        self._standing.sound_settings()  # before it is opened: nothing is started by settings that are not allowed
        self._store.sealed.add(opening)
        return self._draw_for_sealed(opening)

    def _go_on_with_sealed(self, opening: SealedOpening, model_id: str | None) -> str:
        job = self._standing.sealed_job()
        if (job is not None and job.state is JobState.DONE) or model_id not in (None, opening.model_id):
            raise StageError(
                f"the sealed prompts were opened by {opening.author} on {opening.opened_at:%Y-%m-%d} for {opening.model_id}: "
                "they are opened once"
            )
        if job is not None and self._supervisor.can_resume(job.job_id):
            self.resume(job.job_id)
            return job.job_id
        return self._draw_for_sealed(opening)

    def _draw_for_sealed(self, opening: SealedOpening) -> str:
        prompts, target = self._store.prompts(Split.SEALED), self._standing.target(opening.round)
        models = [BASE_ID, opening.model_id, *([opening.control_id] if opening.control_id else [])]
        spec = SealedSpec(
            round=opening.round,
            target=target,
            log_m=comparisons.common_log_m(self._store, self._store.thresholds(opening.round)[0]),
            judged=tuple(map(self._model_ref, models)),
            **self._comparison(opening.evaluation_key, models, target, len(prompts)),
        )
        return self._supervisor.submit(spec, {"prompts": units.prompts_table(prompts)})

    def _comparison(self, key: str, models: Sequence[str], target: Target, prompts: int) -> ComparisonFields:
        """What the specs of jobs that draw for `prompts` prompts from models to compare them have in common."""
        settings = self._standing.sound_settings()
        own.ready(self._folder, target.scorers)
        reference = decisions.reference_model(target, BASE_ID)
        return {
            "compute": settings.compute,
            "evaluation_key": key,
            "models": tuple(map(self._model_ref, models)),
            "base": self._model_ref(BASE_ID),
            "reference": None if reference is None else self._model_ref(reference),
            "scorers": target.scorers,
            "timeout_seconds": settings.score.timeout_seconds,
            "candidates": settings.evaluate.candidates,
            "batch_size": settings.generate.batch_size,
            "sampling": settings.generate.sampling,
            "sampler": SAMPLER_VERSION,
            "tempered": is_tempered(target, [settings.generate.sampling]),
            "unit_size": units.fitting_size(len(models) * prompts, units.EVALUATED // settings.evaluate.candidates),
        }

    def try_out(self, models: Sequence[str], text: str, system: str | None, candidates: int) -> str:
        """Draw completions of a typed prompt from some models; the job's id."""
        self._refuse_a_second(JobKind.TRIAL)
        if not text.strip():
            raise StageError("type a prompt first: there is nothing to complete")
        gone = self._store.deleted_models().intersection(models)
        if gone:
            raise StageError(f"the files of {', '.join(sorted(gone))} were deleted: nothing can be drawn from it")
        settings = self._standing.sound_settings()
        spec = TrialSpec(
            round=self._standing.current_round().round,
            compute=settings.compute,
            models=tuple(map(self._model_ref, models)),
            text=text,
            system=system or None,
            candidates=candidates,
            batch_size=settings.generate.batch_size,
            sampling=settings.generate.sampling,
        )
        return self._supervisor.submit(spec, {})

    def resume(self, job_id: str) -> None:
        """Go on with a job. What may have been corrected meanwhile, and does not change what it computes, is taken anew:
        where its model is, on what device it computes, and how training fits into the memory. Raises StageError where another
        job was started after it for the same: what both made would be there twice."""
        job = self._store.job(job_id)
        newer = [other for other in self._store.jobs(round_number=job.round) if _supersedes(other, job)]
        if newer:
            raise StageError(
                f"{job_id} cannot go on: {newer[-1].job_id} was started after it for the same. Resume that one if it is not "
                "done, or start the stage again"
            )
        spec = job.spec
        if isinstance(spec, ScoreSpec) and spec.retired != self._store.prompt_book.version()[1]:
            raise StageError(f"prompts were retired or edited since {job_id} began: start scoring again")
        settings = self._standing.settings()
        corrections = Corrections(
            model=self._model_ref(spec.model.model_id)
            if isinstance(spec, GenerateSpec | FinetuneSpec | EmbedSpec)
            else None,
            device=settings.compute.device,
            batch_size=settings.generate.batch_size,
            timeout_seconds=settings.score.timeout_seconds,
            accumulate=settings.train.accumulate,
            checkpoint_seconds=settings.train.checkpoint_seconds,
        )
        self._supervisor.resume(job_id, corrections)

    def base(self) -> ModelRef:
        """How a job finds the base model."""
        return self._model_ref(BASE_ID)

    def _model_ref(self, model_id: str) -> ModelRef:
        """How a job finds a model: a tuned one by its folder in the project, the base by where it was found first (its name
        may mean another meanwhile), and before that, like a teacher, by name."""
        for model in self._store.models():
            if model.model_id == model_id:
                return ModelRef(model_id=model_id, name=model.name, folder=model.folder, identity=model.identity)
        name = self._standing.settings().model if model_id == BASE_ID else model_id
        return ModelRef(model_id=model_id, name=name)

    def _refuse_a_second(self, kind: JobKind) -> None:
        for job in self._store.jobs(active=True):
            if job.kind is kind:
                raise StageError(f"{job.job_id} is {job.state} already: wait for it or cancel it")


def _supersedes(other: JobRecord, job: JobRecord) -> bool:
    """Whether another job of the round was started after this one to make the same. A control's fine-tuning makes another
    model than the round's own, and every trial stands for itself."""
    if other.kind is not job.kind or other.seq <= job.seq or job.kind is JobKind.TRIAL:
        return False
    return job.kind is not JobKind.FINETUNE or _tuned(other) == _tuned(job)


def _tuned(job: JobRecord) -> str | None:
    spec = job.sound_spec(FinetuneSpec)
    return None if spec is None else spec.model_id
