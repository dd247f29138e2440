"""The routes that Rank calls: candidates of a prompt to read, and rankings to record."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from rsf_core.domain import Choice, ChoiceKind
from rsf_core.domain.access import Actor
from rsf_core.project import Project
from rsf_core.review.ranking import ToRank
from rsf_core.web.api_body import Body
from rsf_core.web.choosing_api import UpcomingBody, candidate_json, prompt_json, results, undone

MOST_SETS = 12  # in a response


class RankingBody(BaseModel):
    """See domain's Choice."""

    act: str = Field(min_length=8, max_length=80)
    kind: Literal[ChoiceKind.RANK, ChoiceKind.UNDO]
    candidates: tuple[str, ...] = Field((), max_length=20)
    places: tuple[int, ...] = Field((), max_length=20)
    guide: int | None = Field(None, ge=0, lt=2**31)

    @property
    def as_choice(self) -> Choice:
        return Choice(self.act, self.kind, self.candidates, guide=self.guide, places=self.places)


class RankBody(Body):
    acts: list[RankingBody] = Field(max_length=500)


def sets(body: UpcomingBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Prompts with candidates to rank, as `queue`, and how many the reviewer has ranked and can undo."""
    upcoming = project.ranking.upcoming(body.round, reviewer, MOST_SETS, body.again, body.after)
    answer = {"queue": [_set(prompt) for prompt in upcoming.prompts], "last": upcoming.last, "ended": upcoming.ended}
    return answer | _stands(project, body.round, reviewer)


def rank(body: RankBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Record rankings in order. Candidates of a ranking that an undo took back are returned, to be shown again."""
    choices = [act.as_choice for act in body.acts]
    outcomes = project.ranking.say_all(choices, body.round, reviewer)
    shown = project.ranking.shown(body.round, undone(outcomes, choices, MOST_SETS))
    answer = {"results": results(outcomes), "sets": [_set(prompt) for prompt in shown]}
    return answer | _stands(project, body.round, reviewer)


def _stands(project: Project, round_number: int, reviewer: Actor) -> dict[str, int]:
    return {
        "ranked": project.ranking.count(round_number, reviewer),
        "undo": project.ranking.undoable(round_number, reviewer),
    }


def _set(prompt: ToRank) -> dict[str, Any]:
    return {
        "prompt": prompt_json(prompt.prompt),
        "candidates": [candidate_json(candidate) for candidate in prompt.candidates],
    }
