"""What Compare asks of the server: pairs to read, and what was said of them. A pair is told by its texts alone: no score and
nobody's word stands beside what is to be judged."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from rsf_core.domain import Choice, ChoiceKind, Verdict
from rsf_core.domain.access import Actor
from rsf_core.project import Project
from rsf_core.review.comparing import Compared
from rsf_core.web.api_body import Body

MOST_PAIRS = 25  # of an answer


class PairsBody(Body):
    """`again`: those that the reviewer has compared. `after`: the `last` of the answer before."""

    again: bool = False
    after: int | None = Field(None, ge=0, lt=2**63)


class ChoiceBody(BaseModel):
    """See domain's Choice."""

    act: str = Field(min_length=8, max_length=80)
    kind: Literal[ChoiceKind.COMPARE, ChoiceKind.UNDO]
    candidates: tuple[str, ...] = Field((), max_length=2)
    verdict: Verdict | None = None
    guide: int | None = Field(None, ge=0, lt=2**31)

    @property
    def told(self) -> Choice:
        return Choice(self.act, self.kind, self.candidates, self.verdict, self.guide)


class CompareBody(Body):
    acts: list[ChoiceBody] = Field(max_length=500)


def pairs(body: PairsBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Pairs to read, as `queue`, and how many the reviewer has compared and can take back."""
    found = project.comparing.upcoming(body.round, reviewer, MOST_PAIRS, body.again, body.after)
    told = {"queue": [_pair(one) for one in found.pairs], "last": found.last, "ended": found.ended}
    return told | _stands(project, body.round, reviewer)


def compare(body: CompareBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Keep choices in order. A pair that an undo took back comes back, to be shown again."""
    said = project.comparing.say_all([act.told for act in body.acts], body.round, reviewer)
    undone = {
        result.candidate_ids
        for result, act in zip(said, body.acts, strict=True)
        if act.kind is ChoiceKind.UNDO and result.refused is None
    }
    shown = project.comparing.shown(body.round, sorted(undone)[:MOST_PAIRS])
    return {
        "results": [{"act": one.act, "refused": one.refused, "candidates": one.candidate_ids} for one in said],
        "pairs": [_pair(one) for one in shown],
    } | _stands(project, body.round, reviewer)


def _stands(project: Project, round_number: int, reviewer: Actor) -> dict[str, int]:
    return {
        "compared": project.comparing.count(round_number, reviewer),
        "undo": project.comparing.undoable(round_number, reviewer),
    }


def _pair(found: Compared) -> dict[str, Any]:
    prompt = found.prompt
    sides = [{"candidate_id": one.candidate_id, "completion": one.completion} for one in (found.left, found.right)]
    asked = {"prompt_id": prompt.prompt_id, "text": prompt.text, "system": prompt.system, "earlier": prompt.earlier}
    return {"prompt": asked, "left": sides[0], "right": sides[1]}
