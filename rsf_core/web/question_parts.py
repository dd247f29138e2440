"""The questions that people are asked beside the decision: how the Guide page shows them and their owner sets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rsf_core.domain.access import Actor
from rsf_core.domain.errors import QuestionError
from rsf_core.domain.questions import MOST, MOST_OPTIONS, POINTS, Question, QuestionKind
from rsf_core.domain.words import in_percent, plural
from rsf_core.project import Project
from rsf_core.project.question_book import AskedQuestion
from rsf_core.review.answers import Summary
from rsf_core.web import ui
from rsf_core.web.literal import literal

KINDS = {
    QuestionKind.RATING: "a rating, by points",
    QuestionKind.CHOICE: "one of some options",
    QuestionKind.TEXT: "words",
    QuestionKind.SPANS: "labelled parts of the text",
}
ADDED = "questions-added"  # counts up, so that the form for a new question is empty again


def section(project: Project, author: Actor) -> None:
    """The questions asked beside accept and reject, each with the owner's form below it."""
    questions = project.question_book.current()
    editable = not ui.locked("question_book.put")
    if not questions and not editable:
        return
    st.header("Questions", anchor=False)
    st.caption(
        "Questions are asked below every completion in Review, next to accept and reject. The keys 1 to 9 answer the "
        "current question, Q goes to the next one. Answers are kept per reviewer and exported."
    )
    for one in questions:
        with st.container(border=True):
            _shown(one)
            if editable:
                with st.expander("Change", icon=":material/edit:"):
                    _form(project, author, one.question)
    if editable and len(questions) < MOST:
        with st.expander("Ask a question", icon=":material/add:", expanded=False):
            _form(project, author, None)


def _shown(current: AskedQuestion) -> None:
    question = current.question
    needed = " · required before a decision" if question.required else ""
    st.markdown(f"**{literal(question.text)}**")
    st.caption(f"{literal(question.name)} · {literal(_answers(question))}{needed} · version {current.version:d}")


def _answers(question: Question) -> str:
    """The possible answers, in words."""
    if question.kind is QuestionKind.RATING:
        return f"1 to {question.points}"
    if question.kind is QuestionKind.TEXT:
        return "words"
    counted = question.values or (None,) * len(question.options)
    options = [f"{o} (counts {v:g})" if v is not None else o for o, v in zip(question.options, counted, strict=True)]
    return ("labels " if question.kind is QuestionKind.SPANS else "") + " | ".join(options)


def _form(project: Project, author: Actor, question: Question | None) -> None:
    """The form of a question, with the fields of its kind. Another version of the question is another form."""
    key = (
        f"question-{question.name}-{hash(question.body)}" if question else f"question-{st.session_state.get(ADDED, 0)}"
    )
    kinds = list(KINDS)
    text = st.text_input("What is asked", question.text if question else "", max_chars=500, key=f"{key}-text")
    left, right = st.columns(2)
    name = left.text_input(
        "Short name",
        question.name if question else "",
        max_chars=40,
        key=f"{key}-name",
        help="Small letters, digits and _. Exports name the answers by it, and answers belong to this name.",
    )
    kind = right.selectbox(
        "Answered with",
        kinds,
        kinds.index(question.kind) if question else 0,
        format_func=KINDS.__getitem__,
        key=f"{key}-kind",
    )
    fields: dict[str, Any] = {"name": name, "kind": kind, "text": text}
    if kind is QuestionKind.RATING:
        points = question.points if question else POINTS
        fields["points"] = st.number_input("Points", 2, MOST_OPTIONS, points, key=f"{key}-points")
    if kind in (QuestionKind.CHOICE, QuestionKind.SPANS):
        label = "Labels, one per line" if kind is QuestionKind.SPANS else "Options, one per line"
        fields["options"] = st.text_area(label, "\n".join(question.options) if question else "", key=f"{key}-options")
    if kind is QuestionKind.CHOICE:
        fields["values"] = st.text_input(
            "Value of each option (optional)",
            ", ".join(f"{value:g}" for value in question.values) if question else "",
            key=f"{key}-values",
            placeholder="1, 0, -1",
            help="Numbers separated by commas, one per option, so that answers can be averaged.",
        )
    fields["required"] = st.checkbox(
        "Required before a candidate can be decided", question.required if question else False, key=f"{key}-required"
    )
    with st.container(horizontal=True):
        label = "Save the question" if question else "Ask it"
        if st.button(label, type="primary", key=f"{key}-save", disabled=ui.locked("question_book.put")):
            instead = question.name if question else None
            if ui.attempt(lambda: project.question_book.put(_fields(fields), instead, author)):
                st.session_state[ADDED] = st.session_state.get(ADDED, 0) + 1
                st.rerun()
        if question and st.button(
            "Stop asking it",
            key=f"{key}-drop",
            icon=":material/delete:",
            help="Answers given so far are kept.",
            disabled=ui.locked("question_book.drop"),
        ):
            if ui.attempt(lambda: project.question_book.drop(question.name, author)):
                st.rerun()
    if question:
        st.caption(
            "A change makes a new version, and every answer records its version. If only the wording changes, answers "
            "stay valid; if options or points change, earlier answers no longer count and are asked for again."
        )


def _fields(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as a question has them. Raises QuestionError if a value is not a number."""
    fields = dict(typed)
    if "options" in fields:
        fields["options"] = [line.strip() for line in str(fields["options"]).splitlines() if line.strip()]
    if "values" in fields:
        parts = [part.strip() for part in str(fields["values"]).split(",") if part.strip()]
        try:
            fields["values"] = [float(part) for part in parts]
        except ValueError:
            raise QuestionError(
                f"what options count as are numbers, separated by commas, not {', '.join(parts)!r:.80}"
            ) from None
    return fields


def answered(project: Project, number: int) -> None:
    """People's answers in a round, and how well they agree."""
    summaries = [summary for summary in project.question_book.summaries(number) if summary.answers or summary.other]
    if not summaries:
        return
    st.header("Answers", anchor=False)
    for one in summaries:
        st.markdown(f"**{literal(one.question.text)}**")
        mean = f", {one.mean:.2f} on average" if one.mean is not None else ""
        st.caption(
            f"{plural(one.answers, 'answer')} by {plural(one.reviewers, 'reviewer')} of "
            f"{plural(one.candidates, 'candidate')}{mean}."
            + (f" {plural(one.other, 'answer')} to earlier options or points left out." if one.other else "")
        )
        if one.counts:
            what = "parts" if one.question.kind is QuestionKind.SPANS else "answers"
            total = sum(count for _, count in one.counts)
            ui.grid(
                [
                    {"answer": answer, what: count, "share": in_percent(count / total) if total else "–"}
                    for answer, count in one.counts
                ],
            )
        st.caption(literal(_agreement(one)))


def _agreement(one: Summary) -> str:
    agreed = one.agreed
    if not agreed.pairs:
        return "No candidate has answers from two people, so their agreement is unknown."
    words = (
        f"Agreement: {plural(agreed.candidates, 'candidate')} answered by two or more people, {agreed.alike:,} of "
        f"{plural(agreed.pairs, 'pair')} of answers the same"
    )
    if agreed.overlap is not None:
        share = f"of what either person marked, both marked {in_percent(agreed.overlap)} the same on average"
        return f"{words}; {share}. People who marked nothing are not counted."
    if one.question.kind is QuestionKind.TEXT:
        return f"{words}."
    alpha = "undefined, because all answers are the same" if agreed.alpha is None else f"{agreed.alpha:.2f}"
    by = ", by distance" if one.question.kind is QuestionKind.RATING else ""
    return f"{words}; Krippendorff’s α{by}: {alpha}."
