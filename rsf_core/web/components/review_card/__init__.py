"""The review card: read and decide in the browser; /api/review (web/api.py) records the acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rsf_core.domain import Action
from rsf_core.domain.access import Actor
from rsf_core.project.question_book import AskedQuestion
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.store.review_records import GuideVersion
from rsf_core.web import api, session
from rsf_core.web.components import declare

_component = declare("review_card")


def review_card(
    project: str,
    round_number: int,
    reviewer: Actor,
    candidate_filter: CandidateFilter,
    view: View,
    order: Order,
    *,
    editable: bool,
    blind: bool,
    together: bool = False,
    version: str = "",
    at: str | None = None,
    nonce: int = 0,
    guide: GuideVersion | None = None,
    questions: Sequence[AskedQuestion] = (),
    gold: Mapping[str, Action] | None = None,
) -> None:
    """Show the queue of a view to `reviewer`, beginning at the candidate `at`. A new `nonce` requests the queue again; a new
    `version` of the round (Reviews.version) also forgets the reviewer's place in it. `guide` is shown beside the queue,
    `questions` are asked below it. `together`: candidates of a prompt that read the same are decided as one. `gold` holds an
    owner's gold items with their right decisions; it is None for a reviewer who may not mark any."""
    _component(
        key="review-card",
        data={
            "project": project,
            "round": round_number,
            "reviewer": reviewer.name,
            "token": api.token(reviewer.name, reviewer.link_id, session.opening()),
            "filter": candidate_filter.to_query(),
            "view": str(view),
            "order": str(order),
            "editable": editable,
            "blind": blind,
            "together": together,
            "version": version,
            "at": at,
            "nonce": nonce,
            "gold": gold,
            "guide": None if guide is None else {"version": guide.version, "text": guide.text},
            "questions": [_question_data(asked_question) for asked_question in questions],
        },
    )


def _question_data(asked_question: AskedQuestion) -> dict[str, object]:
    question = asked_question.question
    return {
        "name": question.name,
        "kind": str(question.kind),
        "text": question.text,
        "required": question.required,
        "options": list(question.options),
        "points": question.points,
        "version": asked_question.version,
        "alike": list(asked_question.alike),
    }
