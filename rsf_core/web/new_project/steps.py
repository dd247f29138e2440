"""The steps of a new project: the one that is shown, back and forth between them, and what each still lacks."""

from __future__ import annotations

from functools import partial

import streamlit as st

from rsf_core.domain.errors import RsfError
from rsf_core.project import draft as drafts
from rsf_core.project.draft import Draft
from rsf_core.project.draft_steps import TITLES, Facts, Step, blocking, check
from rsf_core.project.workspace import LONGEST_NAME, checked_name, free_name
from rsf_core.prompts import tasks
from rsf_core.web import drafting, goal_form, session, ui
from rsf_core.web.literal import literal
from rsf_core.web.new_project import model, prompts, summary, task, trial

DRAFT, STEP = "draft", "step"
SHOWN_DRAFTS = 3
LEADS = {
    Step.TASK: "What should the model get better at? A task brings prompts and settings to start from; you can change "
    "all of them.",
    Step.PROMPTS: "What the model will be asked. Some prompts are held out, to show later whether it got better.",
    Step.MODEL: "The model to improve. It is loaded once here, so that problems show now and not later.",
    Step.GOOD: "How to tell a good completion from a bad one. Every scorer you choose gives each completion a number.",
    Step.TRIAL: "A quick check before anything large starts: 8 completions of 4 prompts, and which ones would be "
    "accepted.",
    Step.NAME: "Everything at a glance. Nothing is saved as a project until you create it here.",
}


def draw() -> None:
    """The whole page."""
    draft = _draft()
    _heading(draft)
    if draft is None:
        _unfinished()
        task.draw(None, _began)
        return
    facts = draft.facts()
    step = _stepper(draft, facts)
    st.html(f'<p class="rsf-lead">{LEADS[step]}</p>')
    match step:
        case Step.TASK:
            task.draw(draft, _began)
        case Step.PROMPTS:
            prompts.draw(draft)
        case Step.MODEL:
            model.draw(draft)
        case Step.GOOD:
            goal_form.form(draft)
        case Step.TRIAL:
            trial.draw(draft)
        case Step.NAME:
            _name(draft, facts)
    if step is not Step.NAME:
        _findings(step, draft.facts())  # read again: what was just chosen counts
    _back_and_forth(draft, step)


def _draft() -> Draft | None:
    """The draft that the URL names."""
    named = st.query_params.get(DRAFT)
    if named is None:
        return None
    try:
        return drafting.open_draft(session.workspace(), named)
    except RsfError as error:
        ui.problem(str(error))
        st.query_params.pop(DRAFT, None)
        st.query_params.pop(STEP, None)
        return None


def _heading(draft: Draft | None) -> None:
    st.title("New project", anchor=False)
    if draft is None:
        st.html(
            '<p class="rsf-lead">Six short steps, in any order you like: task, prompts, model, what is good, a trial, a '
            "name. The last one creates the project.</p>"
        )


def _discard(draft_id: str) -> None:
    drafting.discard(drafting.open_draft(session.workspace(), draft_id))


def _unfinished() -> None:
    """New projects that were begun and not finished."""
    drafts_kept = drafts.drafts(session.workspace())[:SHOWN_DRAFTS]
    for draft_id, chosen in drafts_kept:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            named = f" “{chosen.name}”" if chosen.name else ""
            st.text(f"Not finished:{named} {chosen.title}", width="stretch")
            st.button(
                "Go on with it",
                key=f"go-on-{draft_id}",
                icon=":material/edit:",
                on_click=partial(_look, draft_id, Step.TASK),
            )
            if st.button("Discard", key=f"discard-{draft_id}", type="tertiary", icon=":material/delete:"):
                if ui.attempt(partial(_discard, draft_id)):
                    st.rerun()


def _began(draft: Draft) -> None:
    """Show the step after the task."""
    _look(draft.draft_id, Step.PROMPTS)
    st.rerun()


def _look(draft_id: str, step: Step) -> None:
    st.query_params[DRAFT] = draft_id
    if step is Step.TASK:
        st.query_params.pop(STEP, None)
    else:
        st.query_params[STEP] = str(step)


def _stepper(draft: Draft, facts: Facts) -> Step:
    """The steps side by side, each marked if it lacks something. The URL names the one that is shown."""
    missing = blocking(facts)
    tried = bool(draft.trial.state().prompts)

    def label(name: str) -> str:
        step = Step(name)
        if step in missing:
            mark = ":material/error: "
        elif step is Step.NAME or (step is Step.TRIAL and not tried):
            mark = ":material/radio_button_unchecked: "
        else:
            mark = ":material/check_circle: "
        return f"{mark}{TITLES[step]}"

    names = [str(step) for step in Step]
    return Step(
        ui.in_url(
            STEP,
            names.__contains__,
            str(Step.TASK),
            lambda key: st.segmented_control(
                "Step", names, required=True, label_visibility="collapsed", key=key, format_func=label
            ),
        )
    )


def _findings(step: Step, facts: Facts) -> None:
    for finding in check(step, facts):
        if finding.blocks:
            st.warning(literal(finding.message), icon=":material/error:")
        else:
            st.info(literal(finding.message), icon=":material/info:")


def _back_and_forth(draft: Draft, step: Step) -> None:
    steps = list(Step)
    at = steps.index(step)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        if at:
            st.button("Back", icon=":material/arrow_back:", on_click=partial(_look, draft.draft_id, steps[at - 1]))
        if step is not Step.NAME:
            next_step = steps[at + 1]
            st.button(
                f"Next: {TITLES[next_step]}",
                type="secondary" if step in blocking(draft.facts()) else "primary",
                icon=":material/arrow_forward:",
                on_click=partial(_look, draft.draft_id, next_step),
            )
        st.space("stretch")
        with st.popover("Discard", type="tertiary", icon=":material/delete:"):
            st.text("Everything chosen and added so far is removed.")
            if st.button("Yes, discard it"):
                if ui.attempt(lambda: drafting.discard(draft)):
                    ui.go("projects")


def _name(draft: Draft, facts: Facts) -> None:
    """The last step: a summary, what is still lacking, and the name."""
    summary.draw(draft, facts)
    missing = blocking(facts)
    for step, message in missing.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(f"**{TITLES[step]}:** {literal(message)}", icon=":material/error:", width="stretch")
            st.button(f"Go to {TITLES[step]}", key=f"go-{step}", on_click=partial(_look, draft.draft_id, step))
    wish = "my project" if draft.chosen.task == tasks.BLANK else draft.chosen.task
    usual = draft.chosen.name or free_name(session.workspace(), wish[: LONGEST_NAME - 6])
    name = st.text_input("Name of the project", usual, max_chars=LONGEST_NAME, key=f"name-{draft.draft_id}")
    draft.keep_name(name)
    problem = drafts.name_problem(session.workspace(), name)
    if problem is not None:
        st.warning(literal(problem), icon=":material/error:")
    ready = not missing and problem is None
    if st.button("Create the project", type="primary", icon=":material/add:", disabled=not ready):
        with st.spinner("Creating it …"):
            done = ui.attempt(lambda: drafting.finish(draft, name))
        if done:
            st.query_params.clear()
            ui.go("overview", **{session.PROJECT: checked_name(name)})
