"""What comes next: one answer for the button on the Overview, `rsf run`, Project.advance and the autopilot; each of them
decides only whether to do it. `next_step` is pure; Driver reads its state from the store and does a step."""

from __future__ import annotations

from dataclasses import dataclass

from rsf_core.domain import access
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import StageError
from rsf_core.rounds import stages
from rsf_core.rounds.stages import Progress, Stage, StageState
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes


@dataclass(frozen=True, slots=True)
class Start:
    """A stage can start."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Resume:
    """The newest job of a stage was interrupted and agrees with the current settings: it goes on from what it finished."""

    stage: Stage
    job_id: str


@dataclass(frozen=True, slots=True)
class WaitForJob:
    """A job runs or is queued. What follows it is not known before it has ended."""

    job_id: str


@dataclass(frozen=True, slots=True)
class WaitForReview:
    """The autopilot waits for a person before it starts this stage."""

    stage: Stage
    because: str


@dataclass(frozen=True, slots=True)
class OpenRound:
    """The round is complete: the next one begins."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The last round that was asked for is complete."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stage that comes next cannot start before a person has done something."""

    stage: Stage
    because: str


Step = Start | Resume | WaitForJob | WaitForReview | OpenRound | Complete | Stopped


@dataclass(frozen=True, slots=True)
class DriveState:
    """All that decides what comes next in the newest round. `active_job` is the first job of the project that has not ended.
    `agrees`: whether the newest job of the stage that comes next, if it was interrupted, agrees with the current settings.
    `awaits_review` is why the autopilot waits for a person in this round, "" if it does not."""

    round: int
    stages: tuple[StageState, ...]
    active_job: str | None = None
    agrees: bool = False
    awaits_review: str = ""


def next_step(state: DriveState, last_round: int | None = None) -> Step:
    """What comes next, up to `last_round` (None: without end)."""
    running = next((stage.job for stage in state.stages if stage.progress is Progress.RUNNING), None)
    active_job = running.job_id if running is not None else state.active_job
    if active_job is not None:
        return WaitForJob(active_job)
    if stages.complete(state.stages):  # whatever happened to a job that was to add to it
        return OpenRound() if last_round is None or state.round < last_round else Complete()
    due = due_stage(state.stages)
    assert due is not None, "a round that is not complete has a stage to do"
    if due.progress is Progress.FAILED and due.job is not None and state.agrees:
        return Resume(due.stage, due.job.job_id)
    if state.awaits_review and stages.persons_before(due.stage) is not None:
        return WaitForReview(due.stage, state.awaits_review)
    if due.blocked is not None:
        return Stopped(due.stage, due.blocked.because.format(round=state.round))
    return Start(due.stage)


def due_stage(states: tuple[StageState, ...]) -> StageState | None:
    """The state of the stage that comes next, or None when all is done or something runs."""
    stage = stages.next_stage(states)
    return next((state for state in states if state.stage is stage), None)


def last_round(current: int, more: int, is_complete: bool) -> int:
    """The round that ends a run of `more` rounds, the newest (`current`) included unless it is complete already."""
    return current + more - (0 if is_complete else 1)


class Driver:
    """The driver of one project: decides what comes next in the newest round, and does it."""

    def __init__(self, store: Store, project_state: ProjectState, starts: Stages) -> None:
        self._store, self._project_state, self._starts = store, project_state, starts

    def state(self, onlooker_votes: Votes = ()) -> DriveState:
        """The state of the newest round, with `onlooker_votes` in place of the effective votes."""
        current = self._project_state.current_round().round
        states = self._project_state.states(current, onlooker_votes)
        active = self._store.jobs(active=True)
        due = due_stage(states)
        failed = due.job if due is not None and due.progress is Progress.FAILED else None
        newest = self._store.last_autopilot_event()
        waits = newest is not None and newest.event == "waiting" and newest.round == current
        return DriveState(
            current,
            states,
            active[0].job_id if active else None,
            failed is not None and self._project_state.agrees(failed),
            newest.reason if newest is not None and waits else "",
        )

    def next_step(self, last_round: int | None = None, onlooker_votes: Votes = ()) -> Step:
        """See `next_step`."""
        return next_step(self.state(onlooker_votes), last_round)

    def advance(self, actor: Actor) -> str | None:
        """Do what comes next. Returns the id of the job that was started or goes on, None while a job runs or if nothing was
        left to compute. Raises StageError if a person has to do something first."""
        with self._starts.still():  # what follows a job that ends this moment is started once
            step = self.next_step()
            if isinstance(step, OpenRound):
                self._starts.open_round()
                step = self.next_step()
            match step:
                case Start(stage):
                    return self.start(stage, actor)
                case Resume(_, job_id):
                    self._starts.resume(job_id)
                    return job_id
                case Stopped(_, because):
                    raise StageError(because)
                case WaitForReview(_, because):
                    raise StageError(
                        f"the autopilot waits for a review ({because}): let it go on or stop it on the Overview page, or with "
                        "`rsf autopilot DIR --go-on` or `--stop`"
                    )
                case _:
                    return None

    def start(self, stage: Stage, actor: Actor) -> str | None:
        """Start a stage with the current settings and decisions. Returns its job's id, or None if there was nothing left to
        compute. Raises StageError if that leaves the stage as it was: repeated calls would never end."""
        access.check(actor, "start_stage")
        row = stages.stage_type(stage)
        if row.start is None:
            raise StageError(f"{row.label} is done by a person on the {row.page.capitalize()} page, not by a job")
        job_id = row.start(self._starts, actor)
        if job_id is None and self.next_step() == Start(stage):
            raise StageError(f"{row.label}: there is nothing left to compute, but the stage is not done")
        return job_id
