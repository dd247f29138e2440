"""What each stage gives its job, and what the owner does when a job is done. No mathematics, no SQL, no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rsf_core import curation, deciding, project_file, rounds
from rsf_core.domain import JobKind, JobState, Prompt, Split
from rsf_core.errors import StageError
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.jobs.units import prompts_table
from rsf_core.rounds import RoundFacts, Stage
from rsf_core.settings import Settings, Target
from rsf_core.store.database import utc_now
from rsf_core.store.records import CuratedRecord, JobRecord, ModelRecord, RoundRecord
from rsf_core.store.store import Store
from rsf_core.target import log_prob_scorer

BASE_ID = "base"


class Stages:
    """Starts the stages of the newest round. The project sets `supervisor`, `may_propose` (whether the model a round
    tuned is not worse than its proposal) and `steer` (called when a job has ended) once they are there."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self.supervisor: JobSupervisor
        self.may_propose: Callable[[int], bool] = lambda round_number: True
        self.steer: Callable[[], None] = lambda: None

    # -- where the round stands ----------------------------------------------------------------------------------

    def settings(self) -> Settings:
        return project_file.read(self._folder)

    def current_round(self) -> RoundRecord:
        return self._store.rounds()[-1]

    def facts(self, number: int) -> RoundFacts:
        counts = self._store.prompt_counts()
        tuned = self.tuned_model(number)
        return RoundFacts(
            counts=self._store.round_counts(number),
            jobs=[job for job in self._store.jobs(round_number=number) if not _tunes_control(job)],
            curated=self.curated_set(number),
            tuned=tuned,
            evaluated=tuned is not None and tuned.model_id in self.evaluated_models(self.target(number)),
            train_prompts=counts.get(Split.TRAIN, 0),
            held_out_prompts=len(self._held_out()),
        )

    def target(self, number: int) -> Target:
        """What a round is judged by: the target its decisions were made under; before them that of the settings."""
        found = self._store.thresholds(number)
        return deciding.target_of(self._store, found[0]) if found else self.settings().target

    def tuned_model(self, number: int) -> ModelRecord | None:
        found = [m for m in self._store.models() if m.round == number and m.model_id != BASE_ID]
        found = [model for model in found if not curation.is_control(model.curated_id)]
        return found[-1] if found else None

    def control(self, number: int) -> ModelRecord | None:
        """The random control of the round's tuned model, or None."""
        wanted = self._control_id(number)
        return next((m for m in self._store.models() if m.model_id == wanted), None)

    def control_job(self, number: int) -> JobRecord | None:
        """The newest job that tunes the random control of the round's tuned model: no stage of the round."""
        wanted, jobs = self._control_id(number), self._store.jobs(round_number=number)
        found = [job for job in jobs if _tunes_control(job) and job.spec["model_id"] == wanted]
        return found[-1] if found else None

    def _control_id(self, number: int) -> str | None:
        tuned = self.tuned_model(number)
        return None if tuned is None else tuned.model_id + curation.CONTROL

    def curated_set(self, number: int) -> CuratedRecord | None:
        found = [c for c in self._store.curated_sets() if c.round == number and not curation.is_control(c.curated_id)]
        return found[-1] if found else None

    # -- starting ----------------------------------------------------------------------------------------------------

    def open_round(self) -> RoundRecord:
        """Open the next round with `next_proposal` (the base, before any)."""
        existing = self._store.rounds()
        model_id = self.next_proposal() if existing else BASE_ID
        self._store.add_round(len(existing) + 1, model_id, self.settings().model_dump(mode="json"))
        return self.current_round()

    def next_proposal(self) -> str:
        """What the next round draws from: the model a person has chosen since the newest round was opened, else the one
        that round tuned, unless `may_propose` says that it is worse than its own proposal. Raises StageError where the
        round has tuned none."""
        current = self.current_round()
        chosen = self._store.proposal_choice(current.round)
        if chosen is not None:
            return chosen
        tuned = self.tuned_model(current.round)
        if tuned is None:
            raise StageError(f"round {current.round} has not tuned a model yet: finish it first")
        return tuned.model_id if self.may_propose(current.round) else current.model_id

    def current_model(self) -> str:
        """What would be drawn from now: the next proposal, or the newest round's own while that has tuned none."""
        try:
            return self.next_proposal()
        except StageError:
            return self.current_round().model_id

    def has_held_out(self) -> bool:
        return bool(self._held_out())

    def generate(self, then_score: bool = True) -> str:
        """Draw candidates for the newest round's prompts; `then_score` scores them as soon as they are there."""
        self._refuse_a_second(JobKind.GENERATE)
        opened, settings = self.current_round(), self.settings()
        train = self._store.prompts(Split.TRAIN)
        if not train:
            raise StageError("there is no train prompt to draw candidates for: add some on the Prompts page")
        drawn = rounds.draw_prompts(train, settings.generate.prompts, opened.round, settings.seed)
        spec = {
            "model": self._model_spec(opened.model_id),
            "model_id": opened.model_id,
            "sampling": settings.generate.sampling.model_dump(),
            "candidates": settings.generate.candidates,
            "batch_size": settings.generate.batch_size,
            "first_k": rounds.first_k(drawn, self._store.next_k(opened.round)),
            "project_seed": settings.seed,
        }
        follow = [Stage.SCORE] if then_score else []
        return self.supervisor.submit(JobKind.GENERATE, opened.round, spec, {"prompts": prompts_table(drawn)}, follow)

    def score(self, round_number: int | None = None) -> str | None:
        """Score what has not been scored under the target in force. None when every score is there already; the
        decisions are then derived anew at once."""
        number = round_number or self.current_round().round
        self._refuse_a_second(JobKind.SCORE)
        opened = self._round(number)
        settings = self.settings()
        if self._store.round_counts(number).candidates == 0:
            raise StageError(f"round {number} has no candidates to score: generate them first")
        reference = deciding.reference_model(settings.target, BASE_ID)
        needed = list(settings.target.scorers)
        target = settings.target.model_dump(mode="json")
        spec: dict[str, Any] = {"scorers": needed, "reference": None, "target": target}
        if reference is not None and reference != opened.model_id:
            scorer = log_prob_scorer(reference)
            needed = [*needed, scorer]
            spec["reference"] = {"model": self._model_spec(reference), "scorer": scorer}
        candidates = self._store.candidates_to_score(number, needed)
        if candidates.num_rows == 0:
            deciding.retarget(self._store, settings, opened, BASE_ID)
            return None
        inputs = {"candidates": candidates, "prompts": prompts_table(self._store.prompts(Split.TRAIN))}
        return self.supervisor.submit(JobKind.SCORE, number, spec, inputs)

    def train_control(self, author: str, round_number: int | None = None) -> str:
        """Fine-tune a round's proposal, by the recipe of its tuned model, on a random selection as large as the curated
        set that model was tuned on, and evaluate; the job's id. One that was broken off goes on, one that was not compared
        is. Raises StageError without a tuned model, or where its control is there and compared already."""
        opened = self._round(round_number or self.current_round().round)
        tuned = self.tuned_model(opened.round)
        if tuned is None:
            raise StageError(
                f"round {opened.round} has tuned no model to set a random control against: fine-tune first"
            )
        if self.control(opened.round) is not None:
            comparing = self.evaluate(opened.round)
            if comparing is None:
                raise StageError(f"the random control of {tuned.model_id} is there already")
            return comparing
        model_id = tuned.model_id + curation.CONTROL
        recipe = self._recipe_of(tuned)
        begun = self.control_job(opened.round)
        if begun is not None and begun.spec["recipe"] == recipe and self.supervisor.can_resume(begun.job_id):
            self.resume(begun.job_id)
            return begun.job_id
        matched = next(c for c in self._store.curated_sets() if c.curated_id == tuned.curated_id)
        curated = curation.freeze_control(self._store, matched, author)
        return self._finetune(opened, curated, model_id, recipe)

    def _recipe_of(self, tuned: ModelRecord) -> dict[str, Any]:
        """What the model was tuned by: the recipe of the job that made it, not of one that failed to before."""
        made = (
            job
            for job in self._store.jobs(round_number=tuned.round)
            if job.kind is JobKind.FINETUNE and job.state is JobState.DONE and job.spec["model_id"] == tuned.model_id
        )
        recipe: dict[str, Any] = next(made).spec["recipe"]
        return recipe

    def freeze(self, author: str) -> CuratedRecord:
        return curation.freeze(self._store, self.settings(), self.current_round().round, author)

    def finetune(self, curated_id: str | None = None, then_evaluate: bool = True) -> str:
        """Fine-tune the newest round's proposal on a curated set of it (the newest by default); the job's id."""
        opened = self.current_round()
        curated = self.curated_set(opened.round)
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
        recipe = self.settings().train.model_dump()
        return self._finetune(opened, curated, f"m{opened.round}-{number}", recipe, then_evaluate)

    def _finetune(
        self,
        opened: RoundRecord,
        curated: CuratedRecord,
        model_id: str,
        recipe: dict[str, Any],
        then_evaluate: bool = True,
    ) -> str:
        self._refuse_a_second(JobKind.FINETUNE)
        parent = self._model_spec(opened.model_id)
        spec = {
            "model": parent,
            "model_id": model_id,
            "out_folder": str(self._folder / "models" / model_id),
            "recipe": recipe,
            "curated_id": curated.curated_id,
            "log_m": curated.log_m,
            "lineage": {
                "model_id": model_id,
                "parent": parent,
                "round": opened.round,
                "curated_id": curated.curated_id,
                "content_hash": curated.content_hash,
                "recipe": recipe,
                "task": self.settings().task,
            },
        }
        samples = self._store.curated_samples(curated.curated_id)
        samples = samples.select(["prompt_token_ids", "token_ids", "weight", "completion", "edited", "log_q"])
        follow = [Stage.EVALUATE] if then_evaluate and self._held_out() else []
        return self.supervisor.submit(JobKind.FINETUNE, opened.round, spec, {"samples": samples}, follow)

    def evaluate(self, round_number: int | None = None) -> str | None:
        """Draw held-out completions of the round's tuned model, and of its proposal and the base where they have
        none yet. None when all have been drawn already."""
        self._refuse_a_second(JobKind.EVALUATE)
        opened = self._round(round_number or self.current_round().round)
        settings = self.settings()
        held_out = self._held_out()
        if not held_out:
            raise StageError("there is no held-out prompt to compare models on: add some on the Prompts page")
        tuned = self.tuned_model(opened.round)
        control = self.control(opened.round)
        gone = self._store.deleted_models()
        made = [model.model_id for model in (tuned, control) if model is not None and model.model_id not in gone]
        wanted = dict.fromkeys([BASE_ID, opened.model_id, *made])
        target = self.target(opened.round)
        evaluated = self.evaluated_models(target)
        missing = [model_id for model_id in wanted if model_id not in evaluated]
        if not missing:
            return None
        reference = deciding.reference_model(target, BASE_ID)
        spec = {
            "evaluation_key": self.evaluation_key(target),
            "models": [self._model_spec(model_id) for model_id in missing],
            "base": self._model_spec(BASE_ID),
            "reference": None if reference is None else self._model_spec(reference),
            "scorers": list(target.scorers),
            "candidates": settings.evaluate.candidates,
            "batch_size": settings.generate.batch_size,
            "sampling": settings.generate.sampling.model_dump(),
        }
        return self.supervisor.submit(JobKind.EVALUATE, opened.round, spec, {"prompts": prompts_table(held_out)})

    def try_out(self, models: Sequence[str], text: str, system: str | None, candidates: int) -> str:
        """Draw completions of a typed prompt from some models; the job's id."""
        self._refuse_a_second(JobKind.TRIAL)
        if not text.strip():
            raise StageError("type a prompt first: there is nothing to complete")
        gone = self._store.deleted_models().intersection(models)
        if gone:
            raise StageError(f"the files of {', '.join(sorted(gone))} were deleted: nothing can be drawn from it")
        settings = self.settings()
        spec = {
            "models": [self._model_spec(model_id) for model_id in models],
            "text": text,
            "system": system or None,
            "candidates": candidates,
            "batch_size": settings.generate.batch_size,
            "sampling": settings.generate.sampling.model_dump(),
        }
        return self.supervisor.submit(JobKind.TRIAL, self.current_round().round, spec, {})

    def resume(self, job_id: str) -> None:
        """Go on with a job. What may have been corrected meanwhile, and does not change what it computes, is taken anew:
        where its model is, and how training fits into the memory."""
        spec = self._store.job(job_id).spec
        changes: dict[str, Any] = {}
        if "model" in spec:
            changes["model"] = self._model_spec(spec["model"]["model_id"])
        if "batch_size" in spec:
            changes["batch_size"] = self.settings().generate.batch_size
        if "recipe" in spec:
            train = self.settings().train
            kept = {"accumulate": train.accumulate, "checkpoint_seconds": train.checkpoint_seconds}
            changes["recipe"] = spec["recipe"] | kept
        self.supervisor.resume(job_id, changes)

    def evaluated_models(self, target: Target) -> set[str]:
        """The models whose held-out completions are all there, with what `target` needs: part of them would be another
        comparison."""
        expected = len(self._held_out()) * self.settings().evaluate.candidates
        found = self._store.evaluated_models(self.evaluation_key(target))
        return {model_id for model_id, count in found.items() if count == expected}

    def evaluation_key(self, target: Target) -> str:
        """Names what makes held-out samples comparable: prompts, sampling, count, and the target's scorers and reference."""
        settings = self.settings()
        parts = [
            [prompt.prompt_id for prompt in self._held_out()],
            settings.generate.sampling.model_dump(),
            settings.evaluate.candidates,
            list(target.scorers),
            target.reference,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    # -- when a job ends -----------------------------------------------------------------------------------------

    def on_done(self, job: JobRecord, result: dict[str, Any]) -> None:
        """Runs inside the transaction that marks the job done."""
        if "base" in result and not any(model.model_id == BASE_ID for model in self._store.models()):
            base = result["base"]
            self._add_model(BASE_ID, base["name"], base["folder"], base["identity"], None, 0, None)
        if job.kind is JobKind.FINETUNE:
            spec, parent = job.spec, job.spec["model"]["model_id"]
            name = f"{self.settings().task} round {job.round}"
            folder = f"models/{spec['model_id']}"
            self._add_model(spec["model_id"], name, folder, result["identity"], parent, job.round, spec["curated_id"])

    def on_ended(self, job: JobRecord) -> None:
        """Start what follows a job that has ended. Asked again after a restart, so it must not start anything twice."""
        try:
            if job.state is JobState.DONE:
                self._follow(job)
        finally:  # whatever kept the next stage from starting: rounds that run by themselves say so and stop
            self.steer()

    def _follow(self, job: JobRecord) -> None:
        if job.kind is JobKind.SCORE and not self._is_decided(job) and not self._is_active(JobKind.SCORE):
            self.score(job.round)  # derives the decisions, or scores again what a target changed meanwhile needs
        later = [other for other in self._store.jobs(round_number=job.round) if other.created_at > job.created_at]
        for stage in job.follow:
            if any(other.kind == stage for other in later) or self._is_active(JobKind(stage)):
                continue
            if stage == Stage.SCORE:
                self.score(job.round)
            elif stage == Stage.EVALUATE:
                self.evaluate(job.round)

    def recover(self) -> None:
        """Start what the last owner had no time to start."""
        for opened in self._store.rounds():
            for job in self._store.jobs(round_number=opened.round):
                if job.state is JobState.DONE:
                    self._follow(job)
        self.steer()

    # -- pieces ------------------------------------------------------------------------------------------------------

    def _held_out(self) -> list[Prompt]:
        count = self.settings().evaluate.prompts
        found = self._store.prompts(Split.HELD_OUT)
        return found[:count] if count else found

    def _round(self, number: int) -> RoundRecord:
        for opened in self._store.rounds():
            if opened.round == number:
                return opened
        raise StageError(f"there is no round {number}")

    def _model_spec(self, model_id: str) -> dict[str, Any]:
        """How a job finds a model: the base (or a teacher) by name, a tuned one by its folder in the project."""
        for model in self._store.models():
            if model.model_id == model_id:
                folder = str(self._folder / model.folder) if model_id != BASE_ID else None
                return {"model_id": model_id, "name": model.name, "folder": folder, "identity": model.identity}
        name = self.settings().model if model_id == BASE_ID else model_id
        return {"model_id": model_id, "name": name, "folder": None, "identity": None}

    def _add_model(
        self,
        model_id: str,
        name: str,
        folder: str,
        identity: str,
        parent_id: str | None,
        round_number: int,
        curated_id: str | None,
    ) -> None:
        record = ModelRecord(model_id, name, folder, identity, parent_id, round_number, curated_id, utc_now())
        self._store.add_model(record)

    def _is_decided(self, job: JobRecord) -> bool:
        """Whether all candidates have a decision under the target they were scored for, or under a later one."""
        counts, found = self._store.round_counts(job.round), self._store.thresholds(job.round)
        if not found or counts.decided < counts.candidates:
            return False
        specs = {row["target_id"]: row["spec"] for row in self._store.targets()}
        return bool(found[0].created_at > job.changed_at or specs[found[0].target_id] == job.spec["target"])

    def _is_active(self, kind: JobKind) -> bool:
        return any(job.kind is kind for job in self._store.jobs(active=True))

    def _refuse_a_second(self, kind: JobKind) -> None:
        for job in self._store.jobs(active=True):
            if job.kind is kind:
                raise StageError(f"{job.job_id} is {job.state} already: wait for it or cancel it")


def _tunes_control(job: JobRecord) -> bool:
    return job.kind is JobKind.FINETUNE and curation.is_control(job.spec["curated_id"])
