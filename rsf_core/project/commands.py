"""The commands by name, with JSON in and JSON out; those of prompts are in `prompt_commands`. Each is a line or two: the work
is done by a method of `Project`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rsf_core.acceptance.target import compounding
from rsf_core.acceptance.target_words import describe
from rsf_core.domain import Action, Control, JobKind, Scope, Split
from rsf_core.domain.access import LOCAL, Actor
from rsf_core.domain.errors import SettingsError
from rsf_core.learning import words
from rsf_core.project import Project, prompt_commands, task_folders
from rsf_core.project.command_table import COMMANDS, command, execute, plain
from rsf_core.project.exporting.request import Request
from rsf_core.project.scorer_book import direction
from rsf_core.review.gold import Accuracy
from rsf_core.rounds import stages
from rsf_core.store.links import LinkRecord

__all__ = ["COMMANDS", "execute", "plain", "prompt_commands"]  # importing prompt_commands registers its commands


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
def score(project: Project, again: bool = False) -> str | None:
    """Score what has no score; with `again`, also candidates for which a scorer returned none."""
    return _begun(project, JobKind.SCORE) or project.score(again=again)


@command
def score_by(project: Project, scorer: str, again: bool = False) -> str | None:
    """Score the newest round by one scorer; this decides nothing."""
    return project.score_by(scorer, again=again)


@command
def judging(project: Project, scorer: str) -> Any:
    """How far a scorer, in its current version, agrees with people's decisions."""
    name = project.scorer_book.current(scorer)
    judged = project.scorer_book.judging(name, direction(project.settings.target, name))
    return plain(judged) | {"scorer": name, "enough": judged.enough, "agrees": judged.agrees}


@command
def embed(project: Project) -> str | None:
    """Compute the features of candidates that have none."""
    return _begun(project, JobKind.EMBED) or project.features.start()


@command
def features(project: Project) -> Any:
    """How many candidates there are, and how many have features."""
    return project.features.counts()


@command
def learn(project: Project, author: Actor) -> str:
    """Learn from people's decisions, and score the newest round by the result."""
    return _begun(project, JobKind.LEARN) or project.taste.learn(author)


@command
def taste(project: Project) -> dict[str, Any]:
    """The decisions to learn from, and every version that was learned, the newest first."""
    current = project.taste.current()
    versions = [plain(version) | {"says": words.sentences(version.report)} for version in project.taste.versions()]
    return {"decisions": project.taste.decisions(), "versions": versions, "current": current is not None}


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
    return _begun(project, JobKind.EVALUATE) or project.evaluate()


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
def override(project: Project, candidate_id: str, action: str, reviewer: Actor) -> bool:
    try:
        chosen = Action(action)
    except ValueError as error:
        raise SettingsError(f"{action!r} is not an action: give one of {', '.join(Action)}") from error
    return project.override(candidate_id, chosen, reviewer)


@command
def set_threshold(project: Project, log_m: float, scope: str, author: Actor) -> None:
    project.set_threshold(log_m, Scope(scope), author=author)


@command
def set_value(project: Project, key: str, value: str, author: Actor = LOCAL) -> Any:
    return project.set(key, value, author)


@command
def unset_value(project: Project, key: str, author: Actor = LOCAL) -> Any:
    return project.unset(key, author)


@command
def target(project: Project) -> dict[str, Any]:
    """Every target the project has had, the current one first, and the one that the newest round is decided by."""
    number = project.current_round
    decided_by = project.target(number)
    return {
        "versions": project.target_book.versions(),
        "round": number,
        "decided_by": None if decided_by is None else describe(decided_by),
        "decided_by_this": decided_by == project.settings.target,
    }


@command
def target_back(project: Project, version: int, decide: bool, author: Actor) -> str | None:
    """Make an earlier version the target again, and with `decide` decide the newest round by it; the scoring job's id."""
    return project.target_book.back(version, decide, author)


@command
def guide(project: Project) -> dict[str, Any]:
    """The current guide (None if there is none), and every version, the newest first."""
    return {"guide": project.guide_book.current(), "versions": project.guide_book.versions()}


@command
def save_guide(project: Project, text: str, reason: str, author: Actor) -> int:
    """Make `text` the guide; the number of its version."""
    return project.guide_book.save(text, reason, author)


@command
def gold(project: Project, round_number: int | None = None) -> dict[str, Any]:
    """The gold items of a round (None: the newest), and how often each reviewer is right on them."""
    number = project.current_round if round_number is None else round_number
    gold_report = project.gold.report(number)
    reviewers = [
        {"reviewer": reviewer.reviewer, "whole": _accuracy(reviewer.whole)}
        | {"by_guide": {guide: _accuracy(part) for guide, part in reviewer.by_guide.items()}}
        for reviewer in gold_report.reviewers
    ]
    report = {"guide": gold_report.guide, "outdated": gold_report.outdated, "reviewers": reviewers}
    return {"round": number, "share": project.settings.review.gold_share, "items": gold_report.marks} | report


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    made: dict[str, Any] = plain(accuracy)
    share = accuracy.share
    return made | {"accuracy": None if share is None else [share.value, share.low, share.high]}


@command
def mark_gold(project: Project, candidate_id: str, action: str, author: Actor) -> None:
    project.gold.mark(candidate_id, action, author)


@command
def unmark_gold(project: Project, candidate_id: str, author: Actor) -> None:
    project.gold.unmark(candidate_id, author)


@command
def backup(project: Project, file: str | None, models: bool) -> dict[str, Any]:
    """Back the project up to `file` (None: a new one among the exports)."""
    return project.backup(None if file is None else Path(file), models)


@command
def export_start(project: Project, request: dict[str, Any], out: str | None) -> str:
    """Start to write an export, into the project's exports or the new folder `out`; its id."""
    return project.exports.start(Request.parse(request), None if out is None else Path(out))


@command
def export_state(project: Project, export_id: str) -> Any:
    return project.exports.state(export_id)


@command
def export_cancel(project: Project, export_id: str) -> None:
    project.exports.cancel(export_id)


@command
def has_control(project: Project, control: str = "random") -> bool:
    """Whether the newest round was compared with a control, or cannot be: it was deleted, or would be the same set."""
    kind, comparison = _control(control), project.comparison()
    made = comparison is not None and bool(comparison.control if kind is Control.RANDOM else comparison.constraints)
    return made or project.control_is_deleted(control=kind) or not project.control_leaves_a_choice(control=kind)


@command
def export_task(project: Project, folder: str, sealed: bool) -> list[task_folders.Finding]:
    """Make a task folder from the prompts and the settings; returns findings about it."""
    return task_folders.export(project, Path(folder), sealed)


@command
def comparisons(project: Project) -> list[Any]:
    """The held-out comparison of every round that has one."""
    compared = (project.comparison(round_record.round) for round_record in project.rounds())
    return [comparison for comparison in compared if comparison is not None]


@command
def open_sealed(project: Project, author: Actor, model_id: str | None) -> str:
    """Open the sealed prompts, once, for a tuned model (None: the one that would draw the next round)."""
    return project.open_sealed(author, model_id)


@command
def sealed(project: Project) -> dict[str, Any]:
    """How many sealed prompts there are, who has opened them, and the comparison on them."""
    return {
        "prompts": project.prompt_counts().get(Split.SEALED, 0),
        "opening": project.sealed_opening(),
        "comparison": project.sealed_comparison(),
    }


@command
def replicate_template(project: Project) -> Any:
    return project.replicate_template()


@command
def invite(project: Project, name: str, owner: bool, days: int, author: Actor) -> dict[str, Any]:
    """Create a link for a person; `url` is returned only here. `open` is whether the app accepts links at the moment."""
    invitation = project.invites.invite(name, author, owner, days)
    return _link(invitation.link) | {
        "url": project.invites.url(invitation),
        "open": project.invites.address is not None,
    }


@command
def links(project: Project) -> list[dict[str, Any]]:
    """Every link there has been, the oldest first, without its secret."""
    return [_link(link) for link in project.invites.links()]


@command
def revoke(project: Project, name_or_id: str, author: Actor) -> list[dict[str, Any]]:
    """Revoke the links of a name, or one link, at once."""
    return [_link(link) for link in project.invites.revoke(name_or_id, author)]


def _link(link: LinkRecord) -> dict[str, Any]:
    shown = ("link_id", "name", "role", "state", "created_by", "created_at", "expires_at")
    return {name: getattr(link, name) for name in shown}


def _control(name: str) -> Control:
    try:
        return Control(name)
    except ValueError as error:
        raise SettingsError(f"{name!r} is not a control: give one of {' or '.join(Control)}") from error


def _begun(project: Project, kind: JobKind) -> str | None:
    """The id of a job of this kind that already runs or waits: follow-ups start on their own, also when a project is
    opened."""
    job_ids = [job.job_id for job in project.jobs(project.current_round, active=True) if job.kind is kind]
    return job_ids[-1] if job_ids else None
