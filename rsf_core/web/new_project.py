"""A new project from a bundled task, under a name of one's own."""

from __future__ import annotations

import os

import streamlit as st

from rsf_core.project import workspace as workspaces
from rsf_core.prompts import tasks
from rsf_core.web import session, ui
from rsf_core.web.literal import literal


def draw() -> None:
    st.title("New project", anchor=False)
    st.caption("A project is a folder with prompts, candidates, decisions and models. It begins with a task.")
    found = {name: tasks.load(name) for name in tasks.names()}
    chosen = st.radio(
        "Task",
        list(found),
        format_func=lambda name: literal(found[name].title),
        captions=[literal(task.description) for task in found.values()],
    )
    usual = workspaces.free_name(session.workspace(), chosen)
    name = st.text_input("Name", usual, max_chars=workspaces.LONGEST_NAME, key=f"name-{chosen}")
    model = st.text_input(
        "Model",
        os.environ.get("RSF_MODEL", ""),
        placeholder="the embedded model (SmolLM2-135M-Instruct)",
        help="A Hugging Face id or a folder with safetensors. Empty: the embedded model.",
    ).strip()
    if st.button("Make the project", type="primary", icon=":material/add:"):
        if ui.attempt(lambda: session.make(name, chosen, model or None)):
            ui.go("overview", **{session.PROJECT: workspaces.checked_name(name)})
