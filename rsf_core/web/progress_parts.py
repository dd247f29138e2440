"""A reviewer's goal, pace and sitting as Review shows them, and the owner's table of everybody's."""

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
    "This counts candidates whose decision by you is in effect: changing your mind still counts once, and decisions "
    "that were taken back or made in bulk do not count. Days are in UTC. A session ends after half an hour without a "
    "decision. The pace excludes pauses of more than 5 minutes."
)


def panel(project: Project, number: int, reviewer: Actor) -> None:
    """One line of progress, kept up to date, with the sitting and the goal folded away below it."""
    st.fragment(_line, run_every=REFRESH_SECONDS)(project, number, reviewer)
    with st.expander("Your session and your goal", icon=":material/flag:"):
        progress = project.progress.mine(number, reviewer)
        _sitting(progress)
        _goal(project, progress, reviewer)
        st.caption(MEANINGS)


def _line(project: Project, number: int, reviewer: Actor) -> None:
    st.caption(literal(line(project.progress.mine(number, reviewer))))


def line(progress: Progress) -> str:
    """Goal and pace in short. There is always one: a line that came with the first decision would move what lies below."""
    goal = progress.goal
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
        st.caption("Your decisions here are summed up as you go.")
        return
    share = in_percent(sitting.accepted / sitting.decided) if sitting.decided else "–"
    like = in_percent(sitting.like_the_rule / sitting.ruled) if sitting.ruled else "–"
    pace = "–" if sitting.per_hour is None else f"{sitting.per_hour:,.0f}"
    with st.container(horizontal=True):
        st.metric("Decided in this session", f"{sitting.decided:,}", border=True)
        st.metric("Accepted of these", share, border=True)
        st.metric(
            "Like the rule",
            like,
            border=True,
            help="Among candidates that the rule has decided: how many you decided the same way.",
        )
        st.metric("Taken back", f"{sitting.undone:,}", border=True)
        st.metric("An hour", pace, border=True)


def _goal(project: Project, progress: Progress, reviewer: Actor) -> None:
    with st.form("review-goal", border=False):
        left, right = st.columns(2)
        per_day = left.number_input("Goal: candidates per day", 1, value=progress.goal.per_day, step=10)
        per_round = right.number_input("Goal: candidates in the round", 1, value=progress.goal.per_round, step=10)
        if st.form_submit_button("Set the goal"):
            if ui.attempt(lambda: project.progress.set_goal(per_day, per_round, reviewer)):
                st.rerun()


def everybody(project: Project, number: int, author: Actor) -> None:
    """The owner's table of all reviewers, with their goals."""
    if ui.locked("progress.everybody"):
        return
    reviewers = project.progress.everybody(number)
    if not reviewers:
        return
    st.header("Progress of reviewers", anchor=False)
    ui.grid([_row(reviewer) for reviewer in reviewers])
    st.caption(
        "Decided: candidates whose decision by this reviewer is in effect, without bulk decisions. Per hour: decisions "
        "per hour of work, without pauses of more than 5 minutes. Only owners see this table."
    )
    with st.expander("Set somebody's goal", icon=":material/flag:"), st.form("goal-of", border=False):
        name = st.text_input("Reviewer", max_chars=60)
        left, right = st.columns(2)
        per_day = left.number_input("Candidates per day", 1, value=None, step=10)
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
        "actions undone": one.undone,
        "an hour": None if one.per_hour is None else round(one.per_hour),
    }
