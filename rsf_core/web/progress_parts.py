"""What Review says of a reviewer's goal, pace and sitting, and the owner's table of everybody's."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rsf_core.domain.access import Actor
from rsf_core.domain.words import in_percent
from rsf_core.project import Project
from rsf_core.review.progress import Progress
from rsf_core.web import ui
from rsf_core.web.literal import literal

REFRESH_SECONDS = 15.0
MEANINGS = (
    "Counted are candidates on which your word holds: who changes their mind has decided once, and what was taken back or "
    "decided in bulk does not count. A day is one in UTC. A sitting ends after half an hour without a decision. The pace "
    "leaves out every pause of more than 5 minutes."
)


def panel(project: Project, number: int, reviewer: Actor) -> None:
    """One line of progress, kept up, with the sitting and the goal folded away below it."""
    st.fragment(_line, run_every=REFRESH_SECONDS)(project, number, reviewer)
    with st.expander("Your sitting and your goal", icon=":material/flag:"):
        progress = project.progress.mine(number, reviewer)
        _sitting(progress)
        _goal(project, progress, reviewer)
        st.caption(MEANINGS)


def _line(project: Project, number: int, reviewer: Actor) -> None:
    words = line(project.progress.mine(number, reviewer))
    if words:
        st.caption(literal(words))


def line(progress: Progress) -> str:
    """Goal and pace in short; empty before anything was decided without a goal."""
    goal = progress.goal
    if not progress.decided and goal.per_day is None and goal.per_round is None:
        return ""
    parts = [
        _towards(progress.today, goal.per_day, "today"),
        _towards(progress.decided, goal.per_round, "in this round"),
    ]
    if progress.sitting is not None and progress.sitting.per_hour is not None:
        parts.append(f"{progress.sitting.per_hour:,.0f} an hour")
    return "You have decided " + ", ".join(parts[:2]) + (f"; {parts[2]}" if len(parts) > 2 else "") + "."


def _towards(count: int, goal: int | None, when: str) -> str:
    if goal is None:
        return f"{count:,} {when}"
    return f"{count:,} of {goal:,} {when}" + (" (reached)" if count >= goal else "")


def _sitting(progress: Progress) -> None:
    sitting = progress.sitting
    if sitting is None or not (sitting.decided or sitting.undone):
        st.caption("What you decide here is summed up as you go.")
        return
    share = in_percent(sitting.accepted / sitting.decided) if sitting.decided else "–"
    like = in_percent(sitting.like_the_rule / sitting.ruled) if sitting.ruled else "–"
    pace = "–" if sitting.per_hour is None else f"{sitting.per_hour:,.0f}"
    with st.container(horizontal=True):
        st.metric("Decided in this sitting", f"{sitting.decided:,}", border=True)
        st.metric("Of them accepted", share, border=True)
        st.metric(
            "Like the rule",
            like,
            border=True,
            help="Of those that the rule has decided: how many you decided the same.",
        )
        st.metric("Taken back", f"{sitting.undone:,}", border=True)
        st.metric("An hour", pace, border=True)


def _goal(project: Project, progress: Progress, reviewer: Actor) -> None:
    with st.form("review-goal", border=False):
        left, right = st.columns(2)
        per_day = left.number_input("Goal: candidates a day", 1, value=progress.goal.per_day, step=10)
        per_round = right.number_input("Goal: candidates in the round", 1, value=progress.goal.per_round, step=10)
        if st.form_submit_button("Set the goal"):
            if ui.attempt(lambda: project.progress.set_goal(per_day, per_round, reviewer)):
                st.rerun()


def everybody(project: Project, number: int, author: Actor) -> None:
    """The owner's table of all who review, with their goals."""
    if ui.locked("progress.everybody"):
        return
    reviewers = project.progress.everybody(number)
    if not reviewers:
        return
    st.header("Progress of reviewers", anchor=False)
    ui.grid([_row(one) for one in reviewers])
    st.caption(
        "Decided: candidates on which their word holds, bulk left out. An hour: decisions an hour of work, pauses of more "
        "than 5 minutes left out. Only owners see this table."
    )
    with st.expander("Set somebody's goal", icon=":material/flag:"), st.form("goal-of", border=False):
        name = st.text_input("Reviewer", max_chars=60)
        left, right = st.columns(2)
        per_day = left.number_input("Candidates a day", 1, value=None, step=10)
        per_round = right.number_input("Candidates in the round", 1, value=None, step=10)
        if st.form_submit_button("Set their goal"):
            if ui.attempt(lambda: project.progress.set_goal_of(name, per_day, per_round, author)):
                st.rerun()


def _row(one: Progress) -> dict[str, Any]:
    return {
        "reviewer": one.reviewer,
        "decided": one.decided,
        "goal": one.goal.per_round,
        "today": one.today,
        "goal a day": one.goal.per_day,
        "acts taken back": one.undone,
        "an hour": None if one.per_hour is None else round(one.per_hour),
    }
