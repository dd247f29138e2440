"""Models: where each came from, which is better, and which draws next."""

import streamlit as st

from rsf_core.web import model_parts, session, ui, unsealing

project = session.project()

ui.heading("Models", "Every model and where it came from. Compare any two, and choose which one draws the next round.")

models = project.lineage.models()
if not models:
    ui.empty(
        "The base model appears here once it has drawn candidates, and each round adds the one it tuned.",
        page="generate",
        label="Generate candidates",
    )
    st.stop()

shown = model_parts.way_of_looking()
if shown == "Lineage":
    model_parts.lineage(project, models)
elif shown == "Compare":
    model_parts.compare(project, models)
elif shown == "Blind vote":
    model_parts.vote(project, models)
elif shown == "Sealed set":
    unsealing.panel(project, models)
else:
    model_parts.rounds(project)
