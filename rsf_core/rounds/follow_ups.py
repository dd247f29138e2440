"""What the owner does when a job is done: save the model it made, start its follow-ups."""

from __future__ import annotations

import json
from collections.abc import Callable

from rsf_core.acceptance import decisions
from rsf_core.domain import JobKind, JobState
from rsf_core.domain.errors import JobError
from rsf_core.domain.results import JobResult
from rsf_core.domain.specs import Comparing, FinetuneSpec, LearnSpec, ScoreSpec
from rsf_core.rounds.prompt_lengths import PromptLengths
from rsf_core.rounds.stages import Stage, followers
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import BASE_ID, ProjectState, left_out_key, scores_beside
from rsf_core.scorers import tastes
from rsf_core.store.database import utc_now
from rsf_core.store.records import JobRecord, ModelRecord
from rsf_core.store.store import Store


class FollowUps:
    """`steer` lets the autopilot go on; it is called whenever a job has ended."""

    def __init__(self, store: Store, project_state: ProjectState, stages: Stages, steer: Callable[[], None]) -> None:
        self._store, self._project_state, self._stages, self._steer = store, project_state, stages, steer

    def on_done(self, job: JobRecord, result: JobResult) -> None:
        """Runs inside the transaction that marks the job done."""
        base = result.base
        if base is not None and not any(model.model_id == BASE_ID for model in self._store.models()):
            self._store.add_model(ModelRecord(BASE_ID, base.name, base.folder, base.identity, None, 0, None, utc_now()))
        if result.lengths is not None:
            PromptLengths(self._store, self._project_state.settings).keep_of_job(result.lengths)
        spec = job.spec
        if isinstance(spec, Comparing) and result.left_out:
            key = left_out_key(spec.evaluation_key)
            if key not in self._store.values():
                self._store.set_value(key, json.dumps(result.left_out))
        if result.taste is not None:
            self._project_state.keep_taste(result.taste)
        if isinstance(spec, FinetuneSpec):
            if result.identity is None:
                raise JobError("its result.json is damaged: it does not name the identity of the model it made")
            name, folder = f"{self._project_state.settings().task} round {job.round}", f"models/{spec.model_id}"
            made = (spec.model.model_id, job.round, spec.curated_id)
            self._store.add_model(ModelRecord(spec.model_id, name, folder, result.identity, *made, utc_now()))

    def on_ended(self, job: JobRecord) -> bool:
        """Start the follow-ups of a job that has ended. Returns False if some wait for the end of another job: then call it
        again after that. It is called again after a restart, too, so it must not start anything twice."""
        try:
            beside = scores_beside(job) is not None
            started = beside or job.state is not JobState.DONE or self._follow(job)
            if (beside or job.state is JobState.DONE) and job.kind in (JobKind.GENERATE, JobKind.SCORE):
                self._stages.go_on_drawing(job.round)
            return started
        finally:  # whatever kept the next stage from starting: the autopilot reports it and stops
            self._steer()

    def go_on(self) -> None:
        """Go on where the last owner stopped, once all follow-ups of ended jobs were started."""
        self._stages.go_on_drawing(self._project_state.current_round().round)
        self._steer()

    def _follow(self, job: JobRecord) -> bool:
        """Start the follow-ups of a done job of a stage. Returns False if some wait."""
        jobs = self._store.jobs(round_number=job.round)
        later = {other.kind for other in jobs if other.seq > job.seq and scores_beside(other) is None}
        due = [stage for stage in job.follow if stage not in later]
        if job.kind is JobKind.SCORE and job.kind not in later and not self._is_decided(job):
            due.append(Stage.SCORE)  # derives the decisions, or scores what a changed target needs
        started = job.kind is not JobKind.LEARN or self._score_by_learned(job)
        rows = followers()
        for stage in dict.fromkeys(due):
            row = rows.get(stage)
            if row is None or row.follows is None or row.kind is None:
                raise JobError(f"{job.job_id} is to be followed by {stage}, which nothing starts automatically")
            if self._is_active(row.kind):  # of another round, or beside the target
                started = False
            else:
                row.follows(self._stages, job.round)
        return started

    def _score_by_learned(self, job: JobRecord) -> bool:
        """Score the newest round by the scorer just learned, once, so that people can look at it before it is in any target.
        Returns False if another scoring has to end first."""
        spec, number = job.sound_spec(LearnSpec), self._project_state.current_round().round
        newest = self._store.tastes.all()[-1:]
        if spec is None or [one.version for one in newest] != [spec.taste]:
            return True
        if any(other.seq > job.seq and other.kind is JobKind.SCORE for other in self._store.jobs(round_number=number)):
            return True
        if self._is_active(JobKind.SCORE):
            return False
        if self._store.round_counts(number).candidates:
            self._stages.score_by(tastes.ref(spec.taste), number)
        return True

    def _is_decided(self, job: JobRecord) -> bool:
        """Whether all candidates have a decision under the target they were scored for, or under a later one."""
        counts, thresholds = self._store.round_counts(job.round), self._store.thresholds(job.round)
        if not thresholds or counts.undecided:
            return False
        if thresholds[0].seq > job.changed_seq:
            return True
        spec = job.sound_spec(ScoreSpec)
        return spec is not None and decisions.target_of(self._store, thresholds[0]) == spec.target

    def _is_active(self, kind: JobKind) -> bool:
        return any(job.kind is kind for job in self._store.jobs(active=True))
