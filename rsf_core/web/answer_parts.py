"""The part of the Scorers page about what people answered: what it says of the candidates, and how it comes into a target."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.project.answer_book import AnswerScores
from rsf_core.web import charts, target_form, ui
from rsf_core.web.literal import literal

REWARD, CONSTRAINT = "As a reward: the higher people rate it, the more it is wanted", "As a constraint: it must reach"


def answers(project: Project, number: int) -> None:
    """Each question whose answers are numbers, as a score of this round's candidates."""
    st.markdown(
        "A rating that people give in Review, or a choice whose options have values, is a score: the mean over people of what "
        "each answered last. A candidate that nobody has answered of has no score."
    )
    answers_kept = project.answers.of_round(number)
    if not answers_kept:
        ui.empty(
            "What people answer will be shown here once a question is asked whose answers are numbers: a rating, or a choice "
            "whose options have values.",
            page="guide",
            label="Ask a question",
        )
        return
    for one in answers_kept:
        with st.container(border=True):
            _question(project, number, one)


def _question(project: Project, number: int, one: AnswerScores) -> None:
    scores, name = one.scores, one.question.name
    total = scores.count + scores.missing
    st.markdown(f"**{literal(one.question.text)}**")
    st.caption(
        f"{literal(name)}, from {one.bounds[0]:g} to {one.bounds[1]:g}. {scores.count:,} of {plural(total, 'candidate')} of "
        f"round {number:d} {'has' if scores.count == 1 else 'have'} an answer"
        + (f", with a mean of {scores.mean:.2f}." if scores.count else ".")
        + (
            f" So {'has' if one.elsewhere == 1 else 'have'} {one.elsewhere:,} of other rounds or made elsewhere."
            if one.elsewhere
            else ""
        )
    )
    if not scores.count:
        if st.button("Review", icon=":material/rate_review:", key=f"answers-review-{name}"):
            ui.go("review", round=str(number))
        return
    histogram = charts.scores(scores.edges, scores.levels, scores.counts, name)
    st.plotly_chart(histogram, key=f"answers-{name}", config=charts.CONFIG)
    if scores.missing:
        st.warning(
            f"**A target with it decides nothing of {plural(scores.missing, 'candidate')}** of this round, of which nobody "
            "has answered: they are neither accepted nor rejected, and no rate counts them. Nor has anybody answered of "
            "candidates that are drawn later, or of the held-out completions by which models are compared: their reward is "
            "not told. To decide those, learn a scorer from decisions.",
            icon=":material/help:",
        )
    _use(project, number, one)


def _use(project: Project, number: int, one: AnswerScores) -> None:
    name, (low, high) = one.question.name, one.bounds
    way = st.radio("How", [REWARD, CONSTRAINT], key=f"answers-way-{name}", label_visibility="collapsed")
    least = None
    if way == CONSTRAINT:
        least = st.number_input("At least", low, high, (low + high) / 2, key=f"answers-least-{name}")
    with st.container(horizontal=True):
        if st.button(
            "Look at the target with it",
            icon=":material/target:",
            key=f"answers-use-{name}",
            help="Leads to the Target page, which shows what it would accept and reject. Nothing changes until it is saved.",
            disabled=ui.locked("answers.use"),
        ):
            used: list[str] = []
            if ui.attempt(lambda: used.append(project.answers.use(name))):
                target_form.fill(project, project.answers.draft(used[0], least), f"what people answered to {name}")
                ui.go("target")
        if st.button(
            "Score the round by it",
            icon=":material/add_chart:",
            key=f"answers-score-{name}",
            help="Keeps the answers as they are now, as a scorer beside the others. Nothing is accepted or rejected by that.",
            disabled=ui.locked("answers.use"),
        ):
            jobs: list[str | None] = []
            if ui.attempt(lambda: jobs.append(project.answers.score(name, number))):
                if jobs == [None]:
                    st.toast(f"Round {number:,} has been scored by these answers.")
                else:
                    st.rerun()
    st.caption(
        "Answers that are given later change nothing of a target: put them into it anew. The review card and its filters do "
        "not show this score, for it would tell what others have answered. What is learned from decisions, and weights that "
        "are suggested by them, do not go by it: whoever decides a candidate mostly answers of it too, and nobody has "
        "answered of the others."
    )
