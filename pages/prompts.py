"""Prompts: what the rounds draw from, and what is held out for the comparison."""

import streamlit as st

from rsf_core.domain import Split
from rsf_core.web import prompt_import_parts, prompt_list, prompt_parts, session, turns, ui

project = session.project()
counts = project.prompt_counts()
total = sum(counts.values())

ui.heading("Prompts", "What the model is asked. Held-out prompts are never trained on: they show what a round gained.")

prompt_parts.numbers(project, counts)

prompt_parts.unusable(project)
prompt_parts.unfit(project)

usual = "Import a file" if st.query_params.get("import") else None if total else "Add by hand"
listed, by_hand, imported = st.tabs(["All prompts", "Add by hand", "Import a file"], default=usual)

with listed:
    prompt_list.listing(project)

with by_hand:
    with st.form("by-hand", clear_on_submit=True):
        text = st.text_area("Prompt", height=90)
        first, second = st.columns([2, 1])
        reference = first.text_input(
            "Reference answer", help="For scorers that compare with a gold answer, e.g. numeric_match."
        )
        side = second.selectbox("Split", ["by hash", *Split], format_func=lambda value: str(value).replace("_", " "))
        system = st.text_input("System prompt", help="May be left empty.")
        earlier = turns.text_areas((), "by-hand")
        locked = ui.locked("import_prompts")
        if st.form_submit_button("Add prompt", type="primary", icon=":material/add:", disabled=locked):
            if not text.strip():
                ui.problem("The prompt is empty: write what the model should be asked.")
            else:
                split = None if side == "by hash" else Split(side)
                typed = (text.strip(), reference.strip() or None, system.strip() or None, split)
                with st.spinner("Comparing it with all prompts …", show_time=True):
                    if ui.attempt(lambda: prompt_parts.add_by_hand(project, *typed, earlier)):
                        st.rerun()

with imported:
    prompt_import_parts.importing(project)
