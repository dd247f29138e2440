"""The commands of rounds: their stages, jobs, autopilot and comparisons."""

from __future__ import annotations

from typing import Any

from rsf_core.acceptance.target import compounding
from rsf_core.domain import Control, JobKind, Scope, Split
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import SettingsError
from rsf_core.evaluation.metrics import CONSTRAINTS_MET
from rsf_core.project import Project
from rsf_core.project.commands.table import command, plain
from rsf_core.rounds import stages
from rsf_core.rounds.comparisons import BY_METRIC, Comparison


@command
def status(project: Project) -> dict[str, Any]:
    """Show the state of the newest round."""
    number = project.current_round
    return {
        "folder": str(project.folder),
        "task": project.settings.task,
        "model": project.settings.model,
        "round": number,
        "proposal": project.rounds()[-1].model_id,
        "stages": [
            {
                "stage": s.stage,
                "progress": s.progress,
                "detail": s.detail,
                "note": s.note,
                "job": s.job.job_id if s.job else None,
            }
            for s in project.stages()
        ],
        "counts": project.counts(),
        "threshold": project.threshold(),
        "autopilot": project.autopilot.latest_run(),
        "problem": project.supervisor.problem,
        "settings_problems": [str(problem) for problem in project.settings_problems()],
        "compounding": compounding(project.settings.target, project.settings.generate),
    }


@command
def active_job(project: Project) -> dict[str, Any] | None:
    """The job that runs or waits, with its progress; None if there is none."""
    active = project.jobs(active=True)
    if not active:
        return None
    job = max(active, key=lambda job: job.state == "running")
    progress = project.status(job)
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "round": job.round,
        "state": job.state,
        "message": progress.message or job.message,
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit_name,
        "remaining_seconds": progress.remaining_seconds(),
        "note": progress.note,
        "problem": project.supervisor.problem,
    }


@command
def job(project: Project, job_id: str) -> Any:
    record = project.store.job(job_id)
    return plain(record) | {"spec": plain(record.spec), "outcome": record.outcome}


@command
def advance(project: Project, author: Actor) -> str | None:
    """Start what comes next; this opens the next round if the current one is complete."""
    return project.advance(author)


@command
def round_complete(project: Project) -> bool:
    return stages.complete(project.stages())


@command
def generate(project: Project, starving: bool = False) -> str:
    """Draw for the round's prompts; with `starving`, for those without an accepted candidate."""
    return project.draw_for_starving(then_score=False) if starving else project.generate(then_score=False)


@command
def draw_until(project: Project, goal: int, most: int | None, log_m: float | None, author: Actor) -> str:
    """Draw and score until `goal` more candidates are accepted."""
    return project.draw_until(goal, most, log_m, author)


@command
def drawn_until(project: Project) -> Any:
    """The state of the newest run of `draw_until`; None before the first."""
    return project.drawn_until()


@command
def set_threshold(project: Project, log_m: float, scope: str, author: Actor) -> None:
    project.set_threshold(log_m, Scope(scope), author=author)


@command
def freeze(project: Project, author: Actor) -> Any:
    return project.freeze(author)


@command
def finetune(project: Project) -> str:
    return project.finetune(then_evaluate=False)


@command
def train_control(project: Project, author: Actor, round_number: int | None, control: str = "random") -> str:
    """Fine-tune on a random selection as large as the curated set of a round (None: the newest)."""
    return project.train_control(author, round_number, _control(control))


@command
def evaluate(project: Project) -> str | None:
    return active_job_id(project, JobKind.EVALUATE) or project.evaluate()


@command
def has_control(project: Project, control: str = "random") -> bool:
    """Whether the newest round was compared with a control, or cannot be: it was deleted, or would be the same set."""
    kind, comparison = _control(control), project.comparison()
    made = comparison is not None and bool(comparison.control if kind is Control.RANDOM else comparison.constraints)
    return made or project.control_is_deleted(control=kind) or not project.control_leaves_a_choice(control=kind)


@command
def comparisons(project: Project) -> list[Any]:
    """The held-out comparison of every round that has one."""
    compared = (project.comparison(round_record.round) for round_record in project.rounds())
    return [_shown(comparison) for comparison in compared if comparison is not None]


@command
def autopilot(project: Project, rounds: int, pause: bool, author: Actor) -> Any:
    """Start the autopilot for some rounds."""
    return project.autopilot.start(rounds, pause, author)


@command
def autopilot_go_on(project: Project, author: Actor) -> None:
    project.autopilot.go_on(author)


@command
def autopilot_stop(project: Project, author: Actor) -> None:
    project.autopilot.stop(author)


@command
def set_proposal(project: Project, model_id: str, author: Actor) -> None:
    """Let the next round draw from this model."""
    project.set_proposal(model_id, author)


@command
def cancel(project: Project, job_id: str) -> None:
    project.cancel(job_id)


@command
def resume(project: Project, job_id: str) -> None:
    project.resume(job_id)


@command
def open_sealed(project: Project, author: Actor, model_id: str | None) -> str:
    """Open the sealed prompts, once, for a tuned model (None: the one that would draw the next round)."""
    return project.open_sealed(author, model_id)


@command
def sealed(project: Project) -> dict[str, Any]:
    """How many sealed prompts there are, who has opened them, and the comparison on them."""
    comparison = project.sealed_comparison()
    return {
        "prompts": project.prompt_counts().get(Split.SEALED, 0),
        "opening": project.sealed_opening(),
        "comparison": None if comparison is None else _shown(comparison),
    }


@command
def replicate_template(project: Project) -> Any:
    return project.replicate_template()


def _shown(comparison: Comparison) -> dict[str, Any]:
    """A comparison; the share that meets the constraints is null where the target has none."""
    shown: dict[str, Any] = plain(comparison)
    if not comparison.has_constraints:
        for name in BY_METRIC:
            if shown[name]:
                shown[name][CONSTRAINTS_MET] = None
    return shown


def _control(name: str) -> Control:
    try:
        return Control(name)
    except ValueError as error:
        raise SettingsError(f"{name!r} is not a control: give one of {' or '.join(Control)}") from error


def active_job_id(project: Project, kind: JobKind) -> str | None:
    """The id of a job of this kind that already runs or waits: follow-ups start on their own, also when a project is
    opened."""
    job_ids = [job.job_id for job in project.jobs(project.current_round, active=True) if job.kind is kind]
    return job_ids[-1] if job_ids else None
