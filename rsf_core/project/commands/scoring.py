"""The commands of scorers: scoring, features, and learning from decisions."""

from __future__ import annotations

from typing import Any

from rsf_core.domain import JobKind
from rsf_core.domain.access import Actor
from rsf_core.learning import words
from rsf_core.project import Project
from rsf_core.project.commands.rounds import active_job_id
from rsf_core.project.commands.table import command, plain
from rsf_core.project.scorer_book import direction


@command
def score(project: Project, again: bool = False) -> str | None:
    """Score what has no score; with `again`, also candidates for which a scorer returned none."""
    return active_job_id(project, JobKind.SCORE) or project.score(again=again)


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
    return active_job_id(project, JobKind.EMBED) or project.features.start()


@command
def features(project: Project) -> Any:
    """How many candidates there are, and how many have features."""
    return project.features.counts()


@command
def learn(project: Project, author: Actor) -> str:
    """Learn from people's decisions, and score the newest round by the result."""
    return active_job_id(project, JobKind.LEARN) or project.taste.learn(author)


@command
def taste(project: Project) -> dict[str, Any]:
    """The decisions to learn from, and every version that was learned, the newest first."""
    current = project.taste.current()
    versions = [plain(version) | {"says": words.sentences(version.report)} for version in project.taste.versions()]
    return {"decisions": project.taste.decisions(), "versions": versions, "current": current is not None}
