"""Starts the fine-tuning job: with a curated set or a control of it, the recipe and the lineage."""

from __future__ import annotations

from pathlib import Path

from rsf_core.acceptance.target import trained_law
from rsf_core.domain import Control, JobKind, JobState, access
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Train
from rsf_core.domain.specs import FinetuneSpec, Lineage, Parent, TrainedLaw
from rsf_core.evaluation import gauges
from rsf_core.rounds import curation
from rsf_core.rounds.comparing import Comparing
from rsf_core.rounds.drawing import CORRECT
from rsf_core.rounds.stages import Stage
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.rounds.submitting import Submitting
from rsf_core.sampling.streams import child_seed
from rsf_core.scorers import registry
from rsf_core.store.records import CuratedRecord, ModelRecord, RoundRecord
from rsf_core.store.store import Store

TRAINED_ON = [
    *("prompt_token_ids", "token_ids", "weight", "completion", "edited", "log_q"),
    *("source", "prompt", "system", "earlier"),  # the job makes the tokens of samples made elsewhere
]


class Tuning:
    def __init__(
        self, folder: Path, store: Store, project_state: ProjectState, submitting: Submitting, comparing: Comparing
    ) -> None:
        self._folder, self._store, self._project_state, self._submitting = folder, store, project_state, submitting
        self._comparing = comparing

    def freeze(self, actor: Actor) -> CuratedRecord:
        access.check(actor, "freeze")
        return curation.freeze(
            self._store, self._project_state.sound_settings(), self._project_state.current_round().round, actor.name
        )

    def finetune(self, curated_id: str | None = None, then_evaluate: bool = True) -> str:
        """Fine-tune the newest round's proposal on a curated set of it (the newest by default). Returns the job's id."""
        round_record = self._project_state.current_round()
        curated = self._project_state.curated_set(round_record.round)
        if curated_id is not None:
            curated = next((c for c in self._store.curated_sets() if c.curated_id == curated_id), None)
            if curated is not None and (curated.round != round_record.round or curation.is_control(curated_id)):
                raise StageError(f"{curated_id} is not a set of accepted candidates of round {round_record.round}")
        if curated is None:
            raise StageError(f"round {round_record.round} has no curated set to train on: freeze one first")
        number = 1 + sum(
            m.round == round_record.round and m.model_id != BASE_ID and not curation.is_control(m.curated_id)
            for m in self._store.models()
        )
        settings = self._project_state.sound_settings()
        made = f"m{round_record.round}-{number}"
        return self._finetune(round_record, curated, made, settings.train, trained_law(settings), then_evaluate)

    def train_control(self, actor: Actor, round_number: int | None = None, control: Control = Control.RANDOM) -> str:
        """Fine-tune a round's proposal, by the recipe of its tuned model, on a random selection as large as the curated
        set that model was tuned on (see curation.freeze_control), and evaluate. Returns the job's id. An interrupted job goes
        on; a control that was not compared is compared. Raises StageError without a tuned model, if its control exists and is
        compared already, or if the control would be the same set."""
        access.check(actor, "train_control")
        round_record = self._project_state.round(round_number or self._project_state.current_round().round)
        tuned = self._project_state.tuned_model(round_record.round)
        if tuned is None:
            raise StageError(
                f"round {round_record.round} has tuned no model to set a {control.label} against: fine-tune first"
            )
        if self._project_state.control(round_record.round, control) is not None:
            comparing = self._comparing.evaluate(round_record.round)
            if comparing is None:
                raise StageError(f"the {control.label} of {tuned.model_id} already exists")
            return comparing
        if not self._project_state.control_leaves_a_choice(round_record.round, control):
            raise StageError(
                f"{tuned.model_id} was tuned on all candidates that pass the constraints: a constraints-only control "
                "would be the same, so its gain is theirs"
            )
        model_id = curation.control_id(tuned.model_id, control)
        made_by = self._made_by(tuned)
        stream = "control" if control is Control.RANDOM else f"control {control}"
        own = child_seed(made_by.recipe.seed, stream)  # derived from the recipe's seed, but independent of it
        recipe = made_by.recipe.model_copy(update={"seed": own})
        begun = self._project_state.control_job(round_record.round, control)
        if (
            begun is not None
            and begun.spec_of(FinetuneSpec).recipe == recipe
            and self._submitting.can_resume(begun.job_id)
        ):
            self._submitting.resume(begun.job_id)
            return begun.job_id
        matched = next(c for c in self._store.curated_sets() if c.curated_id == tuned.curated_id)
        curated = curation.freeze_control(self._store, matched, actor.name, control)
        return self._finetune(round_record, curated, model_id, recipe, made_by.law)

    def _made_by(self, tuned: ModelRecord) -> FinetuneSpec:
        """The spec of the job that made the model, not of a failed one before it."""
        done = (
            job.spec_of(FinetuneSpec)
            for job in self._store.jobs(round_number=tuned.round)
            if job.kind is JobKind.FINETUNE and job.state is JobState.DONE
        )
        return next(spec for spec in done if spec.model_id == tuned.model_id)

    def _finetune(
        self,
        round_record: RoundRecord,
        curated: CuratedRecord,
        model_id: str,
        recipe: Train,
        law: TrainedLaw,
        then_evaluate: bool = True,
    ) -> str:
        self._submitting.refuse_a_second(JobKind.FINETUNE)
        if then_evaluate:  # reported before hours of training, not after
            scorers = self._project_state.target(round_record.round).scorers
            unreadable = registry.reference_problems(scorers, self._project_state.held_out())
            if unreadable:
                raise StageError(f"the model could not be compared on {registry.describe(unreadable)}. {CORRECT}")
            # raises if the file of a gauge cannot be read
            gauges.of_project(self._folder, self._project_state.settings(), self._project_state.held_out())
        parent = self._submitting.model_ref(round_record.model_id)
        spec = FinetuneSpec(
            round=round_record.round,
            compute=self._project_state.settings().compute,
            model=parent,
            model_id=model_id,
            recipe=recipe,
            law=law,
            curated_id=curated.curated_id,
            log_m=curated.log_m,
            lineage=Lineage(
                model_id=model_id,
                parent=Parent(model_id=parent.model_id, name=parent.name, identity=parent.identity),
                round=round_record.round,
                curated_id=curated.curated_id,
                content_hash=curated.content_hash,
                recipe=recipe,
                task=self._project_state.settings().task,
            ),
        )
        samples = self._store.curated_samples(curated.curated_id)
        samples = samples.select(TRAINED_ON)
        follow = [Stage.EVALUATE] if then_evaluate and self._project_state.held_out() else []
        return self._submitting.submit(spec, {"samples": samples}, follow)
