"""Export: candidates and decisions as files for other tools."""

import streamlit as st

from rsf_core.domain.errors import RsfError
from rsf_core.web import export_parts, session, ui

project = session.project()
number = ui.chosen_round(project)

ui.heading("Export", "Choose what other tools get: training data, with a card that says how it was made.")

request = export_parts.chosen(project, number)
try:
    preview = project.exports.preview(request)
except RsfError as error:
    export_parts.nothing_yet(project, number, error)
else:
    export_parts.preview(request, preview)
    export_parts.write_button(project, request, preview)

export_parts.running(project)
export_parts.finished_exports(project)

with st.expander("Which one do I need?", icon=":material/help:"):
    st.markdown(export_parts.GUIDE)
