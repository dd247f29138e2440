"""The routes that Compare calls: pairs to read, and choices to record."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from rsf_core.domain import Choice, ChoiceKind, Verdict
from rsf_core.domain.access import Actor
from rsf_core.project import Project
from rsf_core.review.comparing import Compared
from rsf_core.web.api_body import Body
from rsf_core.web.choosing_api import UpcomingBody, candidate_json, prompt_json, results, undone

MOST_PAIRS = 25  # in a response


class ChoiceBody(BaseModel):
    """See domain's Choice."""

    act: str = Field(min_length=8, max_length=80)
    kind: Literal[ChoiceKind.COMPARE, ChoiceKind.UNDO]
    candidates: tuple[str, ...] = Field((), max_length=2)
    verdict: Verdict | None = None
    guide: int | None = Field(None, ge=0, lt=2**31)

    @property
    def as_choice(self) -> Choice:
        return Choice(self.act, self.kind, self.candidates, self.verdict, self.guide)


class CompareBody(Body):
    acts: list[ChoiceBody] = Field(max_length=500)


def pairs(body: UpcomingBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Pairs to read, as `queue`, and how many the reviewer has compared and can undo."""
    upcoming = project.comparing.upcoming(body.round, reviewer, MOST_PAIRS, body.again, body.after)
    answer = {"queue": [_pair(pair) for pair in upcoming.pairs], "last": upcoming.last, "ended": upcoming.ended}
    return answer | _stands(project, body.round, reviewer)


def compare(body: CompareBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Record choices in order. A pair that an undo took back is returned, to be shown again."""
    choices = [act.as_choice for act in body.acts]
    outcomes = project.comparing.say_all(choices, body.round, reviewer)
    shown = project.comparing.shown(body.round, undone(outcomes, choices, MOST_PAIRS))
    answer = {"results": results(outcomes), "pairs": [_pair(pair) for pair in shown]}
    return answer | _stands(project, body.round, reviewer)


def _stands(project: Project, round_number: int, reviewer: Actor) -> dict[str, int]:
    return {
        "compared": project.comparing.count(round_number, reviewer),
        "undo": project.comparing.undoable(round_number, reviewer),
    }


def _pair(pair: Compared) -> dict[str, Any]:
    return {"prompt": prompt_json(pair.prompt), "left": candidate_json(pair.left), "right": candidate_json(pair.right)}
