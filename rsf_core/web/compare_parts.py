"""The mode of Review in which two candidates of a prompt are compared, and what comes of it on the Agreement view."""

from __future__ import annotations

import uuid

import streamlit as st

from rsf_core.domain import Verdict
from rsf_core.domain.errors import RsfError
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.review.comparing import Compared
from rsf_core.review.win_rates import Figure
from rsf_core.web import ui
from rsf_core.web.literal import literal

MOST_CANDIDATES = 50
_PROBLEM = "compare-problem"
_CHOICES = (
    (Verdict.LEFT, "Left is better", "Left"),
    (Verdict.TIE, "A tie", "Down"),
    (Verdict.RIGHT, "Right is better", "Right"),
)


def panel(project: Project, number: int, reviewer: str) -> None:
    """The next pair, with a button and a key for each answer."""
    again = st.toggle("Pairs that I have compared before, again", key="compare-again")
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        ui.problem(problem)
    try:
        found = project.comparing.next(number, reviewer, again)
    except RsfError as error:
        ui.problem(str(error))
        st.button("Look further")
        return
    if found is None:
        ui.empty(
            "You have compared no pair of this round yet."
            if again
            else "No pair is left for you: each was compared, or its texts nearly repeat each other."
        )
    else:
        _pair(project, number, reviewer, found)
    compared = project.comparing.count(number, reviewer)
    with st.container(horizontal=True, vertical_alignment="center"):
        if compared:
            st.button(
                "Undo",
                icon=":material/undo:",
                shortcut="U",
                on_click=_undo,
                args=(project, number, reviewer, uuid.uuid4().hex),
            )
        st.caption(
            f"You have compared {plural(compared, 'pair')} of this round. Prompts and pairs come at random, the same to "
            "everybody; near-duplicates and truncated completions are left out. What you say here accepts and rejects "
            "nothing: Export writes it as preferences, and Agreement says what it comes to."
        )


def _pair(project: Project, number: int, reviewer: str, found: Compared) -> None:
    with st.container(border=True):
        st.caption(f"Prompt {found.prompt.prompt_id:d}")
        if found.prompt.system:
            ui.text(found.prompt.system)
        for turn in (*found.prompt.earlier, found.prompt.text):
            ui.text(turn)
    for column, name, candidate in zip(st.columns(2), ("Left", "Right"), (found.left, found.right), strict=True):
        with column, st.container(border=True):
            st.caption(literal(name))
            ui.text(candidate.completion)
    act = uuid.uuid4().hex  # of this drawing of the pair: a second click on it says nothing new
    ids = (found.left.candidate_id, found.right.candidate_id)
    with st.container(horizontal=True, horizontal_alignment="center"):
        for verdict, label, key in _CHOICES:
            st.button(
                literal(label),
                key=f"compare-{verdict}-{ids[0]}-{ids[1]}",  # another pair is another button: a late click says nothing of it
                shortcut=key,
                type="secondary" if verdict is Verdict.TIE else "primary",
                on_click=_say,
                args=(project, number, ids, verdict, reviewer, act),
            )


def _say(project: Project, number: int, ids: tuple[str, str], verdict: Verdict, reviewer: str, act: str) -> None:
    try:
        project.comparing.say(number, *ids, verdict, reviewer, act)
    except RsfError as error:
        st.session_state[_PROBLEM] = str(error)


def _undo(project: Project, number: int, reviewer: str, act: str) -> None:
    try:
        project.comparing.undo(number, reviewer, act)
    except RsfError as error:
        st.session_state[_PROBLEM] = str(error)


def win_rates(project: Project, number: int) -> None:
    """What the comparisons of a round come to."""
    st.header("Comparisons", anchor=False)
    found = project.comparing.win_rates(number)
    if not found.compared:
        st.caption("Nobody has compared two candidates of this round yet: that is the mode Compare, above.")
        return
    names = ", ".join(f"{name} {count:,}" for name, count in sorted(found.reviewers.items()))
    st.markdown(
        f"**{plural(found.compared, 'pair')}**, of which {found.tied:,} are ties. Compared by {literal(names)}."
    )
    if found.figures:
        ui.grid([_row(figure) for figure in found.figures])
        st.caption(
            "Of the pairs that people and the row tell apart: how often they prefer what it puts higher. 50 % is chance. "
            "Brackets: 95 % intervals over prompts. The rule puts what it accepts above what it rejects."
        )
    if found.twice:
        st.caption(
            f"Two reviewers spoke of the same two candidates {plural(found.twice, 'time')}; {found.alike:,} of these agree."
        )
    if found.candidates:
        with st.expander("By candidate", icon=":material/leaderboard:"):
            rows = [
                {
                    "candidate": one.candidate_id,
                    "won": one.wins,
                    "of": one.pairs,
                    "share": f"{one.wins / one.pairs:.0%}",
                }
                for one in found.candidates[:MOST_CANDIDATES]
            ]
            ui.grid(rows)
            left = len(found.candidates) - len(rows)
            st.caption(f"{left:,} more are not shown." if left else "Ties are left out.")


def _row(figure: Figure) -> dict[str, str | int]:
    return {
        "higher by": figure.name or "the rule",
        "pairs": figure.pairs,
        "preferred by people": figure.wins,
        "share": ui.limits(figure.share, " %", 100),
    }
