"""The list of a project's prompts, a page at a time, with what can be done to a prompt."""

from __future__ import annotations

import math

import streamlit as st

from rsf_core.domain import Split
from rsf_core.domain.turns import with_roles
from rsf_core.domain.words import plural
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.store.records import Fit, PromptFilters, PromptRecord
from rsf_core.web import turns, ui
from rsf_core.web.literal import literal

PAGE = 50
_STATES: dict[str, bool | None] = {"In use": False, "Retired": True, "All": None}


def listing(project: Project) -> None:
    """The prompts a page at a time, searched by text or number, to be edited, retired and put back."""
    if not project.prompt_book.version()[0]:
        ui.empty("No prompt yet. Add some by hand or import a file.", icon=":material/format_list_bulleted:")
        return
    first, fourth, fifth = st.columns([6, 2, 1], vertical_alignment="bottom")
    second, third = st.columns([2.4, 3.6])
    text = first.text_input("Find", placeholder="text, reference or number", key="prompts-find").strip()
    state = second.segmented_control("Show", list(_STATES), default="In use", required=True, key="prompts-state")
    side = third.segmented_control(
        "Side",
        ["All", *Split],
        default="All",
        required=True,
        format_func=lambda side: literal(words(side)),
        key="prompts-side",
    )
    fit = fourth.selectbox(
        "For the model",
        ["All", *Fit],
        format_func=lambda fit: literal(words(fit).capitalize()),
        key="prompts-fit",
        help="Prompts are checked when a file is imported, and by the generate job.",
    )
    filters: PromptFilters = {
        "split": None if side == "All" else Split(side),
        "retired": _STATES[state],
        "text": text,
        "fit": None if fit == "All" else Fit(fit),
    }
    number = int(fifth.number_input("Page", 1, None, 1, key=f"prompts-page-{text}-{state}-{side}-{fit}"))
    page = project.prompt_page(PAGE, (number - 1) * PAGE, **filters)
    pages = max(1, math.ceil(page.total / PAGE))
    if number > pages:
        st.caption(f"There {'is 1 page' if pages == 1 else f'are {pages:,} pages'} of such prompts.")
        return
    if not page.total:
        st.caption("No prompt matches.")
        return
    chosen = ui.grid(
        [_listed(prompt) for prompt in page.prompts],
        height=420,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"prompts-list-{project.prompt_book.version()}-{number}-{text}-{state}-{side}-{fit}",
        column_config={
            "no.": st.column_config.NumberColumn(width="small"),
            "prompt": st.column_config.Column(width="large"),
        },
    )
    rows = [page.prompts[i] for i in chosen["selection"]["rows"] if i < len(page.prompts)]
    with st.container(horizontal=True, vertical_alignment="center"):
        _actions(project, rows)
        st.caption(
            f"{plural(page.total, 'prompt')}, page {number:,} of {pages:,}. Select rows with the boxes on the left."
        )


def _listed(prompt: PromptRecord) -> dict[str, object]:
    state = {None: "in use", "retire": "retired", "replace": f"edited: now {prompt.replaced_by}"}[prompt.retired]
    shown = {
        "no.": prompt.prompt_id,
        "prompt": prompt.text,
        "reference": prompt.reference,
        "split": words(prompt.split),
    }
    if prompt.fit in (Fit.TOO_LONG, Fit.REFUSED):
        state += f", {words(prompt.fit)}"
    if prompt.earlier:
        before = " · ".join(f"{role}: {content}" for role, content in with_roles(prompt.earlier))
        shown |= {"earlier turns": f"{len(prompt.earlier)} · {before}"}
    return shown | {"system": prompt.system, "tokens": prompt.tokens, "state": state}


def _actions(project: Project, rows: list[PromptRecord]) -> None:
    if ui.locked("retire_prompts"):
        return
    in_use = [prompt.prompt_id for prompt in rows if prompt.retired is None]
    retired = [prompt.prompt_id for prompt in rows if prompt.retired is not None]
    sealed = any(prompt.split is Split.SEALED for prompt in rows)
    if st.button("Edit", icon=":material/edit:", disabled=len(rows) != 1 or not in_use or sealed):
        _edit(project, in_use[0])
    if st.button(
        "Retire", icon=":material/archive:", disabled=not in_use, help="It is no longer used for drawing or comparing."
    ):
        if ui.attempt(lambda: project.retire_prompts(in_use, ui.actor())):
            st.rerun()
    if st.button(
        "Seal",
        icon=":material/lock:",
        disabled=not rows or any(p.split is not Split.HELD_OUT or p.retired for p in rows),
        help="Held-out prompts that nothing has been drawn for yet: nobody sees them until they are opened, once, on "
        "the Models page.",
    ):
        if ui.attempt(lambda: project.seal_prompts(in_use, ui.actor())):
            st.rerun()
    if st.button("Put back", icon=":material/unarchive:", disabled=not retired):
        if ui.attempt(lambda: project.restore_prompts(retired, ui.actor())):
            st.rerun()


@st.dialog("Edit prompt", width="large")
def _edit(project: Project, prompt_id: int) -> None:
    old = project.prompt_book.prompt(prompt_id)
    st.caption(
        f"Prompt {prompt_id:,}, {literal(words(old.split))}. The edited prompt gets a new number and stays on the same "
        "side; candidates and decisions for the earlier text stay with that text."
    )
    text = st.text_area("Prompt", old.text, height=220, key=f"edit-text-{prompt_id}")
    reference = st.text_area("Reference answer", old.reference or "", height=70, key=f"edit-reference-{prompt_id}")
    system = st.text_area("System prompt", old.system or "", height=70, key=f"edit-system-{prompt_id}")
    earlier = turns.text_areas(old.earlier, f"edit-{prompt_id}")
    if st.button("Save", type="primary", icon=":material/save:"):
        with st.spinner("Comparing it with all prompts …", show_time=True):
            saved = ui.attempt(
                lambda: project.edit_prompt(
                    prompt_id, PromptRow(text, reference, system, earlier=turns.from_texts(earlier)), ui.actor()
                )
            )
        if saved:
            st.rerun()


def words(value: str) -> str:
    return str(value).replace("_", " ")
