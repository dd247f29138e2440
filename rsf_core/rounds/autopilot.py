"""The autopilot runs rounds by itself: generate, score, accept, wait for a review on request, fine-tune, compare, go on.

Every step is decided from what is stored, so a run continues after a restart where it was, and takes into account whatever a
person does in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rsf_core.acceptance import bands
from rsf_core.domain import Control, JobState
from rsf_core.domain.access import Actor, ActorKind, Role, requires_actor
from rsf_core.domain.errors import RsfError, StageError
from rsf_core.rounds import comparisons, drive, guardrails, stages
from rsf_core.rounds.drive import Complete, Driver, OpenRound, Resume, Start, Stopped, WaitForJob, WaitForReview
from rsf_core.rounds.stages import Stage
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.store.store import Store


class AutopilotState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"
    FINISHED = "finished"


STATES = {
    "started": AutopilotState.RUNNING,
    "continued": AutopilotState.RUNNING,
    "waiting": AutopilotState.WAITING,
    "stopped": AutopilotState.STOPPED,
    "finished": AutopilotState.FINISHED,
}


@dataclass(frozen=True, slots=True)
class AutopilotRun:
    """The newest run of the autopilot. It ends after `last_round`; with `pause` it waits for a review before each fine-tuning.
    `reason` is why it waits or stopped, or what it finished."""

    number: int
    state: AutopilotState
    event: str
    round: int
    last_round: int
    pause: bool
    author: str
    reason: str
    changed_at: datetime

    @property
    def actor(self) -> Actor:
        """The actor of its steps: the autopilot, under the name of the person who started it."""
        return Actor(self.author, Role.OWNER, kind=ActorKind.AUTOPILOT)

    @property
    def active(self) -> bool:
        return self.state in (AutopilotState.RUNNING, AutopilotState.WAITING)


class Autopilot:
    """The driver decides what comes next. The autopilot adds when to stop, when to wait for a person, and the controls."""

    def __init__(self, store: Store, project_state: ProjectState, stages: Stages, driver: Driver) -> None:
        self._store, self._project_state, self._stages, self._driver = store, project_state, stages, driver

    def latest_run(self) -> AutopilotRun | None:
        """The newest run, or None before any."""
        last = self._store.last_autopilot_event()
        if last is None:
            return None
        return AutopilotRun(
            last.run,
            STATES[last.event],
            last.event,
            last.round,
            last.last_round,
            last.pause,
            last.author,
            last.reason,
            last.created_at,
        )

    @requires_actor
    def start(self, count: int, pause: bool, author: Actor) -> AutopilotRun:
        """Run rounds until `count` more are complete, the open one included. Raises StageError while one is active."""
        run = self.latest_run()
        if run is not None and run.active:
            raise StageError("rounds are already running by themselves: stop them first")
        if count < 1:
            raise StageError("at least one round has to run")
        current = self._project_state.current_round().round
        last = drive.last_round(current, count, stages.complete(self._project_state.states(current)))
        number = run.number + 1 if run else 1
        self._store.add_autopilot_event(number, "started", current, last, pause, author.name, f"{count} rounds")
        self.steer()
        return self._run()

    @requires_actor
    def stop(self, author: Actor, reason: str = "by hand") -> None:
        """Stop the autopilot. A running job continues to its end."""
        self._say("stopped", author.name, reason)

    @requires_actor
    def go_on(self, author: Actor) -> None:
        """Go on after the review that the run waits for. Raises StageError if none waits."""
        if self._run().state is not AutopilotState.WAITING:
            raise StageError("nothing is waiting for a review")
        self._say("continued", author.name, "reviewed")
        self.steer()

    def steer(self) -> None:
        """Start what comes next, until a job runs or the run waits or ends. Called whenever a job has ended."""
        with self._stages.still():
            while (run := self.latest_run()) is not None and run.state is AutopilotState.RUNNING:
                try:
                    if not self._step(run):
                        return
                except RsfError as error:  # nobody watches: it is recorded where the person will look
                    self._say("stopped", run.author, str(error))

    def _step(self, run: AutopilotRun) -> bool:
        """Do one step. Returns False if a job is running or the run waits."""
        match self._driver.next_step(run.last_round):
            case WaitForJob() | WaitForReview():
                return False
            case OpenRound() | Complete() as step:
                self._after_round(run, step)
            case Resume(_, job_id):  # a person decides whether the job goes on
                self._say("stopped", run.author, self._store.job(job_id).outcome)
            case Start(stage) | Stopped(stage) if self._awaits_review(run, stage):  # also if none is accepted yet
                number = self._project_state.current_round().round
                accepted = self._store.round_counts(number).accepted
                reason = f"{accepted:,} candidates of round {number} are accepted: review them"
                self._say("waiting", run.author, reason)
            case Start(Stage.FINETUNE) | Stopped(Stage.FINETUNE):
                self._train(run, self._project_state.current_round().round)
            case Start(stage):
                self._driver.start(stage, run.actor)
            case Stopped(_, because):
                self._say("stopped", run.author, because)
        return True

    def _awaits_review(self, run: AutopilotRun, stage: Stage) -> bool:
        """Whether a person is to review before this stage and has not let it go on."""
        reviewed = run.event == "continued" and run.round == self._project_state.current_round().round
        return run.pause and not reviewed and stages.persons_before(stage) is not None

    def _train(self, run: AutopilotRun, number: int) -> None:
        limits = self._project_state.settings().autopilot
        rate = bands.rates(self._store.prompt_kinds(number)).effective
        why = guardrails.before_training(self._store.round_counts(number), limits, rate)
        if why:
            self._say("stopped", run.author, "; ".join(why))
            return
        curated = self._stages.freeze(run.actor)
        why = guardrails.repetition(curated.summary, limits)
        if why:
            self._say("stopped", run.author, f"{curated.curated_id}: " + "; ".join(why))
            return
        self._stages.finetune(curated.curated_id)

    def _after_round(self, run: AutopilotRun, step: OpenRound | Complete) -> None:
        number = self._project_state.current_round().round
        limits = self._project_state.settings().autopilot
        comparison = comparisons.comparison(self._store, self._project_state, number)
        if comparison:
            controls = [
                *([Control.RANDOM] if limits.control and not comparison.control else []),
                *([Control.CONSTRAINTS] if limits.constraints_control and not comparison.constraints else []),
            ]
            if any(self._control(run, number, control) for control in controls):
                return
        why = guardrails.after_round(comparison, limits) if comparison else []
        if why:
            self._say("stopped", run.author, f"after round {number}: " + "; ".join(why))
        elif isinstance(step, Complete):
            self._say("finished", run.author, f"round {number} is complete")
        else:
            self._stages.open_round()

    def _control(self, run: AutopilotRun, number: int, control: Control) -> bool:
        """Train and evaluate a control of the round; stop the run if that was interrupted. Returns False if there is nothing
        to do: it is evaluated, its files were deleted, or it would be the same set."""
        job = self._project_state.control_job(number, control)
        if job is not None and job.state is not JobState.DONE:
            self._say("stopped", run.author, f"the {control.label}: {job.outcome}")
        elif self._project_state.control(number, control) is None:
            if not self._project_state.control_leaves_a_choice(number, control):
                return False
            self._stages.train_control(run.actor, number, control)
        elif self._project_state.control_is_deleted(number, control) or self._stages.evaluate(number) is None:
            return False
        return True

    def _say(self, event: str, author: str, reason: str) -> None:
        run = self._run()
        number = self._project_state.current_round().round
        self._store.add_autopilot_event(run.number, event, number, run.last_round, run.pause, author, reason)

    def _run(self) -> AutopilotRun:
        run = self.latest_run()
        if run is None:
            raise StageError("no rounds are running by themselves")
        return run
