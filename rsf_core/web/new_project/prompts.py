"""The step of a new project for its prompts: those so far, and two ways to add some."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.words import plural
from rsf_core.project.draft import Draft
from rsf_core.project.guarded import guarded
from rsf_core.prompts import Problem, pasted
from rsf_core.prompts.pasted import Layout
from rsf_core.web import prompt_import_parts, prompt_list, prompt_parts, session, ui

_LAYOUTS = {
    Layout.LINES: "One prompt per line; a reference answer may follow after a tab",
    Layout.PARAGRAPHS: "Prompts of several lines, separated by empty lines",
}


def draw(draft: Draft) -> None:
    """The prompts so far, and two ways to add some."""
    project = guarded(draft.project, session.actor)
    counts = draft.facts().prompts
    prompt_parts.numbers(project, counts)
    views = {"type": "Type or paste", "file": "From a file", "all": f"All {draft.facts().count:,}"}
    usual = "file" if st.query_params.get("import") else "all" if draft.facts().count else "type"
    key = f"new-prompts-{draft.draft_id}"
    st.session_state.setdefault(key, usual)
    view = st.segmented_control(
        "Prompts", list(views), required=True, label_visibility="collapsed", key=key, format_func=views.__getitem__
    )
    if view == "file":
        prompt_import_parts.importing(project)
    elif view == "all":
        prompt_list.listing(project)
    else:
        _paste(draft)


def _paste(draft: Draft) -> None:
    file = f"pasted-{draft.draft_id}"
    with st.form("pasted", clear_on_submit=True):
        text = st.text_area(
            "Prompts",
            height=180,
            placeholder="Write one short review sentence about a kettle.\nWrite one short review …",
        )
        layout = st.radio("They are", list(Layout), format_func=_LAYOUTS.__getitem__)
        share = st.slider(
            "Held-out share (%)",
            0,
            90,
            25,
            5,
            help="The share of these prompts that is held out, rounded to whole prompts, with at least one on either "
            "side. A hash of the text chooses which.",
        )
        if st.form_submit_button("Add them", type="primary", icon=":material/add:"):
            rows = pasted.read(text, layout or Layout.LINES)
            problems: list[Problem] = []

            def add() -> None:
                with st.spinner("Comparing them with all prompts …", show_time=True):
                    project = guarded(draft.project, session.actor)
                    problems.extend(project.import_prompts(rows.rows, "by hand", share / 100))

            if not rows.rows and not rows.problems:
                ui.problem("There is no prompt in the text: write what the model should be asked.")
            elif ui.attempt(add):
                problems = sorted([*rows.problems, *problems], key=lambda problem: problem.line or 0)
                st.session_state[file] = (len(rows.rows) + len(rows.problems) - len(problems), problems)
                st.rerun()
    if file in st.session_state:
        count, problems = st.session_state[file]
        st.success(f"{plural(count, 'prompt')} added.", icon=":material/check:")
        for problem in problems[: prompt_list.PAGE]:
            st.text(f"Not added: {problem}")
