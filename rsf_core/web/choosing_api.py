"""What the responses about pairs and about rankings have in common. Both hold texts alone: no score and nobody's opinion
is shown beside what is to be judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from rsf_core.domain import ActOutcome, Choice, ChoiceKind
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt
from rsf_core.web.api_body import Body


class UpcomingBody(Body):
    """`again`: those that the reviewer has compared or ranked before. `after`: the `last` of the previous response."""

    again: bool = False
    after: int | None = Field(None, ge=0, lt=2**63)


def undone(outcomes: Sequence[ActOutcome], choices: Sequence[Choice], most: int) -> list[tuple[str, ...]]:
    """The candidates of the choices that undos took back, to be shown again: at most `most` choices."""
    taken_back = {
        result.candidate_ids
        for result, choice in zip(outcomes, choices, strict=True)
        if choice.kind is ChoiceKind.UNDO and result.refused is None
    }
    return sorted(taken_back)[:most]


def results(outcomes: Sequence[ActOutcome]) -> list[dict[str, Any]]:
    return [
        {"act": outcome.act, "refused": outcome.refused, "candidates": outcome.candidate_ids} for outcome in outcomes
    ]


def prompt_json(prompt: ReviewPrompt) -> dict[str, Any]:
    return {"prompt_id": prompt.prompt_id, "text": prompt.text, "system": prompt.system, "earlier": prompt.earlier}


def candidate_json(candidate: ReviewCandidate) -> dict[str, str]:
    return {"candidate_id": candidate.candidate_id, "completion": candidate.completion}
