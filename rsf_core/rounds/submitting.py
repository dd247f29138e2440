"""Hands jobs to the supervisor: never two of a kind, with models as a job can find them; and resumes jobs."""

from __future__ import annotations

from rsf_core.domain import JobKind
from rsf_core.domain.errors import StageError
from rsf_core.domain.parts import of_part
from rsf_core.domain.specs import Corrections, EmbedSpec, FinetuneSpec, GenerateSpec, LearnSpec, ModelRef, ScoreSpec
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.rounds.state import BASE_ID, ProjectState, scores_beside
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store


class Submitting:
    def __init__(self, store: Store, project_state: ProjectState, supervisor: JobSupervisor) -> None:
        self._store, self._project_state, self._supervisor = store, project_state, supervisor

    submit = of_part("_supervisor", JobSupervisor.submit)
    can_resume = of_part("_supervisor", JobSupervisor.can_resume)
    still = of_part("_supervisor", JobSupervisor.still)

    def refuse_a_second(self, kind: JobKind) -> None:
        for job in self._store.jobs(active=True):
            if job.kind is kind:
                raise StageError(f"{job.job_id} is {job.state} already: wait for it or cancel it")

    def model_ref(self, model_id: str) -> ModelRef:
        """How a job finds a model: a tuned one by its folder in the project, the base by the folder where it was first found
        (its name may mean another model by now), and before that, like a teacher, by name."""
        for model in self._store.models():
            if model.model_id == model_id:
                return ModelRef(model_id=model_id, name=model.name, folder=model.folder, identity=model.identity)
        name = self._project_state.settings().model if model_id == BASE_ID else model_id
        return ModelRef(model_id=model_id, name=name)

    def base(self) -> ModelRef:
        """How a job finds the base model."""
        return self.model_ref(BASE_ID)

    def resume(self, job_id: str) -> None:
        """Continue a job. Settings that may have been corrected and do not change its result are read again: where its
        model is, on what device it computes, and how training fits into memory. Raises StageError if another job for the
        same work was started after it, because the results would then exist twice."""
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
        settings = self._project_state.settings()
        corrections = Corrections(
            model=self.model_ref(spec.model.model_id)
            if isinstance(spec, GenerateSpec | FinetuneSpec | EmbedSpec | LearnSpec)
            else None,
            device=settings.compute.device,
            batch_size=settings.generate.batch_size,
            timeout_seconds=settings.score.timeout_seconds,
            accumulate=settings.train.accumulate,
            checkpoint_seconds=settings.train.checkpoint_seconds,
        )
        self._supervisor.resume(job_id, corrections)


def _supersedes(other: JobRecord, job: JobRecord) -> bool:
    """Whether another job of the round was started after this one for the same work. A control's fine-tuning makes another
    model than the round's own, scoring beside the target is separate, and trials are independent of each other."""
    if other.kind is not job.kind or other.seq <= job.seq or job.kind is JobKind.TRIAL:
        return False
    if job.kind is JobKind.SCORE:
        return scores_beside(other) == scores_beside(job)
    return job.kind is not JobKind.FINETUNE or _tuned(other) == _tuned(job)


def _tuned(job: JobRecord) -> str | None:
    spec = job.sound_spec(FinetuneSpec)
    return None if spec is None else spec.model_id
