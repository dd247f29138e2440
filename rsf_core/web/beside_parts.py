"""Let a scorer score a round's candidates without deciding anything, to see its scores first and whether people agree."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain import JobKind, JobState
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.rounds.state import scores_beside
from rsf_core.scorers import registry
from rsf_core.web import target_form, ui
from rsf_core.web.literal import literal


def score_beside(project: Project, number: int, scorer: str) -> None:
    """How many candidates of a round a scorer has scored, and the button that lets it score the rest."""
    scored = project.scorer_book.scored_by(scorer, number)
    if not scored.candidates:
        st.caption("Once there are candidates, it can score them here without accepting or rejecting any.")
        return
    st.subheader("Outside the target", anchor=False)
    st.caption(
        f"It has scored {scored.scored:,} of {plural(scored.candidates, 'candidate')} of round {number:d}."
        + (f" {scored.without_score:,} received no score." if scored.without_score else "")
        + " You can let it score them first, look at the scores, and see how far people agree with them. This does not "
        "accept or reject anything."
    )
    _broken_off(project, number, scorer)
    if scored.left:
        _button(project, number, scorer, "Score without deciding")
    elif scored.without_score:
        _button(project, number, scorer, "Try again where it gave no score", again=True)


def another(project: Project, number: int, known: list[str]) -> None:
    """Let a scorer that has not scored the round do so: an installed one or one of the project's own, with its options."""
    with st.expander(
        "Let another scorer score this round, without accepting or rejecting", icon=":material/add_chart:"
    ):
        options = [name for name in target_form.scorers(project) if project.scorer_book.current(name) not in known]
        chosen = st.selectbox(
            "Scorer",
            options,
            index=None,
            key="score-beside",
            accept_new_options=True,
            placeholder="Choose a scorer, or type one with options",
            help='Type a scorer with its options like this: contains(text="cat").',
        )
        if chosen is None:
            return
        try:
            scorer = project.scorer_book.current(chosen)
            description = registry.checked(scorer)[1].description
        except ScorerError as error:
            ui.problem(str(error))
            return
        st.caption(literal(description))
        _broken_off(project, number, scorer)
        _button(project, number, scorer, "Score without deciding")


def _button(project: Project, number: int, scorer: str, label: str, again: bool = False) -> None:
    busy = any(job.kind is JobKind.SCORE for job in project.jobs(active=True))
    disabled = busy or ui.locked("score_by")
    if st.button(literal(label), icon=":material/add_chart:", key=f"beside-{scorer}", disabled=disabled):
        if ui.attempt(lambda: project.score_by(scorer, number, again)):
            st.rerun()


def _broken_off(project: Project, number: int, scorer: str) -> None:
    """Why the newest such job was broken off, if it was, and the button that resumes it."""
    jobs = [job for job in project.jobs(number) if scores_beside(job) == scorer]
    if not jobs or jobs[-1].state not in (JobState.FAILED, JobState.CANCELLED):
        return
    ui.problem(jobs[-1].message or f"{jobs[-1].job_id} was {jobs[-1].state}")
    if st.button("Go on with it", icon=":material/play_arrow:", key=f"resume-{scorer}", disabled=ui.locked("resume")):
        if ui.attempt(lambda: project.resume(jobs[-1].job_id)):
            st.rerun()
