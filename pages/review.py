"""Review: read what the rule decided, and overrule it."""

import streamlit as st

from rsf_core.domain import JobKind
from rsf_core.web import (
    agreement_parts,
    compare_parts,
    guide_parts,
    job_parts,
    no_score,
    progress_parts,
    review_parts,
    room,
    round_parts,
    session,
    ui,
)
from rsf_core.web.components.review_card import review_card

project = session.project()
number = ui.chosen_round(project)
reviewer = ui.reviewer()

ui.heading(
    "Review",
    "Read what the rule decided, and overrule it where you know better: your decision counts.",
)

round_parts.stale_proposal(project, number)
running = job_parts.running_job(project, [JobKind.GENERATE, JobKind.SCORE])
if not project.counts(number).candidates and not project.elsewhere_counts(number).candidates:
    if not running:
        ui.empty("The candidates of each prompt will be shown here.", page="generate", label="Generate candidates")
    st.stop()

no_score.panel(project, number, editable=number == project.current_round and not running)
guide_parts.news(project, reviewer)
shown, candidate_filter, view, order = review_parts.looking(project, number, reviewer)
if shown == "One by one":
    questions = project.question_book.current()
    in_view = project.review.counts(number, reviewer, candidate_filter)[view]
    room.reserve_for_review(project, number, in_view, len(questions))
    review_card(
        f"{project.folder} {project.rounds()[0].created_at}",  # another may be made in this folder later
        number,
        reviewer,
        candidate_filter,
        view,
        order,
        editable=number == project.current_round,
        blind=project.settings.review.blind,
        together=project.settings.review.together,
        version=project.review.version(number),
        at=st.query_params.get("at"),
        nonce=st.session_state.get(review_parts.CHANGED, 0),
        guide=project.guide_book.current(),
        questions=questions,
        gold=None if ui.locked("gold.mark") else project.gold.decisions(number, reviewer),
    )
elif shown == "Compare":
    compare_parts.panel(project, number, reviewer)
elif shown == "Table":
    review_parts.table(project, number, reviewer, candidate_filter, view, order)
else:
    agreement_parts.agreement(project, number, reviewer)
if shown in ("One by one", "Compare"):
    progress_parts.panel(project, number, reviewer)
if number == project.current_round:
    if shown not in review_parts.OF_THE_ROUND:
        review_parts.bulk(project, number, reviewer, candidate_filter, view)
    review_parts.how(project)
