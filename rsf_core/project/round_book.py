"""The rounds and their stages: which there are, what comes next, how to start it, and the jobs that run it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rsf_core.domain import Control, JobState
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import JobError, StageError
from rsf_core.jobs.spool import Status
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.rounds import drive, next_proposal, stages
from rsf_core.rounds.drive import Complete, Driver
from rsf_core.rounds.stages import Stage, StageState
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.rounds.until import SoFar
from rsf_core.store.records import CuratedRecord, JobRecord, RoundRecord
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

POLL_SECONDS = 0.1


class RoundBook:
    """Starts stages and reads their state. `onlooker` is the reviewer who asks, None for an owner: gold items look to a
    reviewer like any other candidates (see `Onlooking`)."""

    def __init__(
        self,
        store: Store,
        project_state: ProjectState,
        stages: Stages,
        driver: Driver,
        supervisor: JobSupervisor,
        votes_for: Callable[[int, str | None], Votes],
    ) -> None:
        self._store, self._project_state, self._stages, self._driver = store, project_state, stages, driver
        self._supervisor, self._votes_for = supervisor, votes_for

    def rounds(self) -> list[RoundRecord]:
        return self._store.rounds()

    def stages(self, round_number: int | None = None, onlooker: str | None = None) -> tuple[StageState, ...]:
        """The state of each stage of a round (the newest by default)."""
        number = self._project_state.number(round_number)
        return self._project_state.states(number, self._votes_for(number, onlooker))

    def next_step(self, onlooker: str | None = None) -> drive.Step:
        """What comes next: a stage to start, a job to resume or to wait for, a review to wait for, the next round, or
        something that has to be done first."""
        return self._driver.next_step(
            onlooker_votes=self._votes_for(self._project_state.current_round().round, onlooker)
        )

    @requires_actor
    def advance(self, author: Actor = LOCAL) -> str | None:
        """Start what `next_step` returns: what comes next in the newest round, or the next round. None while something runs.
        Raises StageError if a person has to do something first."""
        return self._driver.advance(author)

    @requires_actor
    def start_stage(self, stage: Stage, author: Actor = LOCAL) -> str | None:
        """Start a stage of the newest round by the current settings and decisions, also if a job of it ended badly; the job's
        id, or None if there is nothing left to compute. Raises StageError."""
        return self._driver.start(stage, author)

    def run(self, rounds: int = 1, on_progress: Callable[[JobRecord, Status], None] | None = None) -> None:
        """Complete `rounds` rounds, counting the newest one if it is not complete yet. Raises JobError if a job fails or is
        cancelled."""
        last = drive.last_round(self._project_state.current_round().round, rounds, stages.complete(self.stages()))
        while not isinstance(self._driver.next_step(last), Complete):
            self.advance()
            self.wait(on_progress)

    def wait(self, on_progress: Callable[[JobRecord, Status], None] | None = None) -> None:
        """Wait until no job is queued or running. Raises JobError if one of them fails or is cancelled."""
        watched: set[str] = set()
        while active := self._supervisor.active():
            watched.update(job.job_id for job in active)
            if on_progress is not None:
                on_progress(active[0], self.status(active[0]))
            time.sleep(POLL_SECONDS)
        for job_id in watched:
            job = self._store.job(job_id)
            if job.state is not JobState.DONE:
                raise JobError(job.outcome)

    def start_round(self) -> RoundRecord:
        """Open the next round, with `next_proposal` as its proposal."""
        return self._stages.open_round()

    def draw_next_round(self) -> str:
        """Open the next round and start drawing from its proposal; the generate job's id. Raises StageError."""
        self.start_round()
        return self.generate()

    def next_proposal(self) -> str:
        """The model that the next round will draw from. Raises StageError if there is none yet."""
        return next_proposal.next_proposal(self._store, self._project_state)

    def chosen_proposal(self) -> str | None:
        """The model that a person chose for the round after the newest, or None."""
        return self._store.proposal_choice(self._project_state.current_round().round)

    @requires_actor
    def set_proposal(self, model_id: str, author: Actor = LOCAL, reason: str = "by hand") -> None:
        """Let the next round draw from `model_id`, whatever the newest round has tuned. Raises StageError."""
        if all(model.model_id != model_id for model in self._store.models()):
            raise StageError(f"there is no model {model_id!r}")
        if model_id in self._store.deleted_models():
            raise StageError(f"the files of {model_id} were deleted: nothing can be drawn from it")
        self._store.add_proposal_choice(model_id, self._project_state.current_round().round, author.name, reason)

    def generate(self, then_score: bool = True) -> str:
        """Start drawing candidates; the job's id. Raises StageError."""
        return self._stages.generate(then_score)

    def draw_for_starving(self, then_score: bool = True) -> str:
        """Start drawing more candidates for the prompts of the newest round with none accepted; the job's id. Rates still
        count only what was drawn for all prompts alike. Raises StageError."""
        return self._stages.generate(then_score, starving=True)

    @requires_actor
    def draw_until(self, goal: int, most: int | None = None, log_m: float | None = None, author: Actor = LOCAL) -> str:
        """Start drawing and scoring, some prompts at a time, until `goal` more candidates are accepted at an M that is fixed
        beforehand (`log_m`, nats; by default the current one), or `most` prompts were drawn for; the first job's id. See
        `drawn_until`. Raises StageError."""
        return self._stages.draw_until(goal, most, log_m, author)

    def drawn_until(self, round_number: int | None = None) -> SoFar | None:
        """The state of a round's newest run of `draw_until`, with limits of the rate that are valid at every moment."""
        return self._stages.looks.newest(self._project_state.number(round_number))

    def score(self, round_number: int | None = None, again: bool = False) -> str | None:
        """Start scoring the candidates that lack a score of the current target; the job's id, None if none do (the decisions
        are derived then). Candidates for which a scorer returned no score are scored only with `again`: see
        `without_score`."""
        return self._stages.score(round_number, again)

    def score_by(self, scorer: str, round_number: int | None = None, again: bool = False) -> str | None:
        """Start scoring the candidates of a round (the newest by default) by a scorer that need not be in the target: this
        decides nothing, and `scorer_book.judging` then measures how far it agrees with people. The job's id; None if all have
        a score. Raises ScorerError, StageError."""
        return self._stages.score_by(scorer, round_number, again)

    def choose_m(self) -> None:
        """Let the rule of `settings.accept` choose the newest round's M, even if a person has chosen one. Raises
        StageError."""
        self._stages.choose_m()

    @requires_actor
    def freeze(self, author: Actor = LOCAL) -> CuratedRecord:
        """Freeze the newest round's effective decisions into a curated set. Raises StageError."""
        return self._stages.freeze(author)

    def finetune(self, curated_id: str | None = None, then_evaluate: bool = True) -> str:
        """Start fine-tuning on a curated set (by default the newest of the round); the job's id."""
        return self._stages.finetune(curated_id, then_evaluate)

    @requires_actor
    def train(self, author: Actor = LOCAL) -> str:
        """Freeze, fine-tune and evaluate, one after the other; the fine-tune job's id."""
        return self._stages.finetune(self.freeze(author).curated_id)

    @requires_actor
    def train_control(
        self, author: Actor = LOCAL, round_number: int | None = None, control: Control = Control.RANDOM
    ) -> str:
        """Fine-tune a round's proposal on as many candidates chosen at random, and evaluate: this measures what fine-tuning
        alone gains, or with Control.CONSTRAINTS what the constraints alone gain. The result is then in `comparison(round)`.
        Returns the job's id."""
        return self._stages.train_control(author, round_number, control)

    def evaluate(self, round_number: int | None = None) -> str | None:
        """Start the held-out evaluation of a round; the job's id, None if it is already there."""
        return self._stages.evaluate(round_number)

    @requires_actor
    def open_sealed(self, author: Actor = LOCAL, model_id: str | None = None) -> str:
        """Open the sealed prompts, once, for a tuned model (by default the one that would draw the next round), and compare
        it, the base and its random control on them; the job's id. Raises StageError."""
        return self._stages.open_sealed(author, model_id)

    def try_out(self, models: Sequence[str], text: str, system: str | None = None, candidates: int = 2) -> str:
        """Start drawing completions of a typed prompt from some models, with the same random numbers; the job's id. The
        completions are then in `lineage.trials`. Raises StageError."""
        return self._stages.try_out(models, text, system, candidates)

    def jobs(self, round_number: int | None = None, active: bool = False) -> list[JobRecord]:
        if not active:
            return self._store.jobs(round_number=round_number)
        return [job for job in self._supervisor.active() if round_number in (None, job.round)]

    def status(self, job: JobRecord) -> Status:
        return self._supervisor.status(job)

    def metrics(self, job: JobRecord) -> list[tuple[int, str, float]]:
        """`(step, name, value)` of a job, live while it runs."""
        return self._supervisor.metrics(job)

    def cancel(self, job_id: str) -> None:
        self._supervisor.cancel(job_id)

    def resume(self, job_id: str) -> None:
        """Continue a job that failed or was cancelled; finished units are kept. A wrong model name may have been corrected in
        the settings meanwhile."""
        self._stages.resume(job_id)
