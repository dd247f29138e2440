"""What Rank asks of the server: candidates of a prompt to read, and how they were ranked. They are told by their texts
alone."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from rsf_core.domain import Choice, ChoiceKind
from rsf_core.domain.access import Actor
from rsf_core.project import Project
from rsf_core.review.ranking import ToRank
from rsf_core.web.api_body import Body

MOST_SETS = 12  # of an answer


class SetsBody(Body):
    """`again`: those that the reviewer has ranked. `after`: the `last` of the answer before."""

    again: bool = False
    after: int | None = Field(None, ge=0, lt=2**63)


class RankingBody(BaseModel):
    """See domain's Choice."""

    act: str = Field(min_length=8, max_length=80)
    kind: Literal[ChoiceKind.RANK, ChoiceKind.UNDO]
    candidates: tuple[str, ...] = Field((), max_length=20)
    places: tuple[int, ...] = Field((), max_length=20)
    guide: int | None = Field(None, ge=0, lt=2**31)

    @property
    def told(self) -> Choice:
        return Choice(self.act, self.kind, self.candidates, guide=self.guide, places=self.places)


class RankBody(Body):
    acts: list[RankingBody] = Field(max_length=500)


def sets(body: SetsBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Prompts with candidates to rank, as `queue`, and how many the reviewer has ranked and can take back."""
    found = project.ranking.upcoming(body.round, reviewer, MOST_SETS, body.again, body.after)
    told = {"queue": [_set(one) for one in found.prompts], "last": found.last, "ended": found.ended}
    return told | _stands(project, body.round, reviewer)


def rank(body: RankBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Keep rankings in order. What an undo took back comes back, to be shown again."""
    said = project.ranking.say_all([act.told for act in body.acts], body.round, reviewer)
    undone = {
        result.candidate_ids
        for result, act in zip(said, body.acts, strict=True)
        if act.kind is ChoiceKind.UNDO and result.refused is None
    }
    shown = project.ranking.shown(body.round, sorted(undone)[:MOST_SETS])
    return {
        "results": [{"act": one.act, "refused": one.refused, "candidates": one.candidate_ids} for one in said],
        "sets": [_set(one) for one in shown],
    } | _stands(project, body.round, reviewer)


def _stands(project: Project, round_number: int, reviewer: Actor) -> dict[str, int]:
    return {
        "ranked": project.ranking.count(round_number, reviewer),
        "undo": project.ranking.undoable(round_number, reviewer),
    }


def _set(found: ToRank) -> dict[str, Any]:
    prompt = found.prompt
    asked = {"prompt_id": prompt.prompt_id, "text": prompt.text, "system": prompt.system, "earlier": prompt.earlier}
    shown = [{"candidate_id": one.candidate_id, "completion": one.completion} for one in found.candidates]
    return {"prompt": asked, "candidates": shown}
