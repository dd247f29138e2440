"""What the review card shows at the end of a queue: what the reviewer has done, in words, and what helps most next."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rsf_core.domain import access
from rsf_core.domain.access import Actor
from rsf_core.domain.words import in_percent, plural, seconds
from rsf_core.project import Project
from rsf_core.review.agreement import WithOthers
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.review.progress import SittingSummary
from rsf_core.review.what_next import EndOfQueue, suggestions
from rsf_core.rounds.drive import OpenRound, Start
from rsf_core.rounds.stages import stage_type
from rsf_core.web.api_body import Body


class SummaryBody(Body):
    """The queue that has ended."""

    filter: dict[str, str] = Field(default_factory=dict)
    view: View = View.PENDING
    order: Order = Order.BOUNDARY


def summary(body: SummaryBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """`rows` of [what, how much, what it means], and suggestions for what is `next`: words, why, page, query, and whether the
    queue stays."""
    mine = project.progress.mine(body.round, reviewer)
    newest = body.round == project.current_round
    return {
        "rows": rows(mine.sitting, mine.decided, project.progress.with_others(body.round, reviewer)),
        "next": [
            {"words": one.words, "why": one.why, "page": one.page, "query": dict(one.query), "stays": one.stays}
            for one in (suggestions(_end(body, project, reviewer)) if newest else [])
        ],
    }


def _end(body: SummaryBody, project: Project, reviewer: Actor) -> EndOfQueue:
    candidate_filter = CandidateFilter.from_query(body.filter)
    here = project.review.counts(body.round, reviewer, candidate_filter)
    whole = project.review.counts(body.round, reviewer, CandidateFilter())
    learnable = starving = 0
    step = ""
    if access.may(reviewer, "advance"):
        decisions, plan = project.taste.decisions(), project.starving_plan()
        learnable = 0 if decisions.lacking or project.taste.current() else decisions.count
        starving = 0 if plan is None else plan.prompts
        step = _step(project)
    return EndOfQueue(
        view=body.view,
        filtered=candidate_filter != CandidateFilter(),
        order=body.order,
        open_here=here[View.PENDING],
        open=whole[View.PENDING],
        disputed=whole[View.DISAGREEMENT],
        audited=project.review.audited(body.round),
        ruled=project.counts(body.round).decided,
        learnable=learnable,
        starving=starving,
        step=step,
    )


def _step(project: Project) -> str:
    """The next step of the round, in the words of its button; empty if nothing can begin now."""
    match project.next_step():
        case Start(stage):
            return stage_type(stage).action(project.counts())
        case OpenRound():
            return f"Start round {project.current_round + 1}"
        case _:
            return ""


def rows(sitting: SittingSummary | None, decided: int, others: WithOthers) -> list[list[str]]:
    """What a reviewer has done, as [what, how much, what it means]."""
    if sitting is None:
        return []
    made = [
        ["Decided in this session", f"{sitting.decided:,}", _split(sitting)],
        ["In the whole round", f"{decided:,}", "candidates whose decision by you is in effect"],
    ]
    if sitting.seconds:
        pace = (
            ""
            if sitting.per_hour is None
            else f"{sitting.per_hour:,.0f} an hour, without pauses of more than 5 minutes"
        )
        made.append(["Time", seconds(sitting.seconds), pace])
    if sitting.ruled:
        share = f"{in_percent(sitting.like_the_rule / sitting.ruled)} of {sitting.ruled:,}"
        turned = (
            f"you rejected {sitting.turned_away:,} that it accepts, and accepted {sitting.brought_in:,} that it rejects"
        )
        made.append(["Like the rule", share, turned])
    if sitting.undone:
        made.append(["Taken back", f"{sitting.undone:,}", "with Undo"])
    if others.both:
        words = (
            f"{plural(others.both, 'opinion')} of {plural(others.reviewers, 'other reviewer')} on candidates that you "
            "decided too"
        )
        made.append(["Like other reviewers", f"{in_percent(others.same / others.both)} of {others.both:,}", words])
    return made


def _split(sitting: SittingSummary) -> str:
    return f"{sitting.accepted:,} accepted, {sitting.rejected:,} rejected"
