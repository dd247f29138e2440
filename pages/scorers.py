"""Scorers: what can be measured about a completion, and how this project's candidates score."""

import streamlit as st

from rsf_core.domain import JobKind
from rsf_core.web import answer_parts, job_parts, judge_parts, own_scorer_parts, scorer_parts, session, taste_parts, ui

project = session.project()
number = ui.chosen_round(project)

ui.heading(
    "Scorers", "What makes a completion good? Each scorer gives it a number; the target says which scores count."
)

job_parts.running_job(project, [JobKind.SCORE])
way = scorer_parts.way_of_looking()
if way == scorer_parts.WAYS[0]:
    scorer_parts.on_the_candidates(project, number)
elif way == scorer_parts.WAYS[1]:
    scorer_parts.installed(project.scorer_book.cards(), project.scorer_book.milliseconds())
elif way == scorer_parts.WAYS[2]:
    own_scorer_parts.own(project, number)
elif way == scorer_parts.WAYS[3]:
    judge_parts.judges(project, number)
elif way == scorer_parts.WAYS[4]:
    answer_parts.answers(project, number)
else:
    taste_parts.panel(project)

with st.expander("What a scorer is", icon=":material/help:"):
    st.markdown(
        "A scorer is a rule or a small model that gives every completion a number, the same number each time: how "
        "positive it is, whether it contains a word, whether its answer is correct. The **target** puts them together: "
        "rewards, which are weighted and added up, and constraints, which a completion must meet. Anything that no "
        "scorer in the target measures has no influence on what is accepted, apart from your decisions in Review."
    )
