"""The part of the Scorers page about people's answers: how they score the candidates, and how to use them in a target."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.project.answer_book import AnswerScores
from rsf_core.web import charts, target_form, ui
from rsf_core.web.literal import literal

REWARD, CONSTRAINT = "As a reward: the higher the rating, the more it counts", "As a constraint: it must reach"


def answers(project: Project, number: int) -> None:
    """Each question whose answers are numbers, as a score of this round's candidates."""
    st.markdown(
        "A rating that people give in Review, or a choice whose options have values, is a score: the mean over people "
        "of each person's last answer. A candidate without an answer has no score."
    )
    answers_kept = project.answers.of_round(number)
    if not answers_kept:
        ui.empty(
            "Answers will be shown here once you ask a question whose answers are numbers: a rating, or a choice whose "
            "options have values.",
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
            f"**A target with it does not decide {plural(scores.missing, 'candidate')}** of this round that have no "
            "answer: they are neither accepted nor rejected, and no rate counts them. Candidates drawn later, and the "
            "held-out completions that models are compared on, have no answers either, so their reward is unknown. To "
            "decide those, learn a scorer from decisions.",
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
            help="Opens the Target page, which shows what it would accept and reject. Nothing changes until you save "
            "there.",
            disabled=ui.locked("answers.use"),
        ):
            used: list[str] = []
            if ui.attempt(lambda: used.append(project.answers.use(name))):
                target_form.fill(project, project.answers.draft(used[0], least), f"what people answered to {name}")
                ui.go("target")
        if st.button(
            "Score the round with it",
            icon=":material/add_chart:",
            key=f"answers-score-{name}",
            help="Keeps the answers as they are now as one more scorer. This does not accept or reject anything.",
            disabled=ui.locked("answers.use"),
        ):
            jobs: list[str | None] = []
            if ui.attempt(lambda: jobs.append(project.answers.score(name, number))):
                if jobs == [None]:
                    st.toast(f"Round {number:,} has been scored with these answers.")
                else:
                    st.rerun()
    st.caption(
        "Later answers do not change a target: add the scorer to it again. The review card and its filters hide this "
        "score, because it would reveal what others have answered. Learned scorers and suggested weights do not use "
        "it: whoever decides a candidate usually answers its questions too, so the other candidates have no answers."
    )
