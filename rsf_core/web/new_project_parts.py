"""The contents of the steps of a new project: task, prompts, model, trial and summary."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rsf_core.domain import Split, files
from rsf_core.domain.words import plural, seconds, significant, size, speed
from rsf_core.jobs.model_check import CheckState, ModelReport
from rsf_core.models import DEFAULT_MODEL
from rsf_core.project import task_files
from rsf_core.project import trial as trials
from rsf_core.project.draft import Draft
from rsf_core.project.draft_steps import Facts
from rsf_core.project.guarded import guarded
from rsf_core.project.trial import TrialPrompt, TrialState
from rsf_core.prompts import Problem, pasted, tasks
from rsf_core.prompts.pasted import Layout
from rsf_core.web import drafting, prompt_import_parts, prompt_parts, session, turns, ui
from rsf_core.web.about import prompts_in_words, target_in_words
from rsf_core.web.literal import literal

_BROUGHT = "brought"  # a task from a folder or an archive
_EMBEDDED, _FOLDER, _HUB = "The one included in RSF Studio", "A folder on this machine", "From the Hugging Face hub"
_LAYOUTS = {
    Layout.LINES: "One prompt per line; a reference answer may follow after a tab",
    Layout.PARAGRAPHS: "Prompts of several lines, separated by empty lines",
}

Began = Callable[[Draft], None]


# -- task --------------------------------------------------------------------------------------------------------------


def task(draft: Draft | None, began: Began) -> None:
    """The choice of a task. `began` is called with the draft once one is chosen. Replacing a task warns first."""
    known = {name: tasks.load(name) for name in (tasks.BLANK, *tasks.names())}
    titles = {name: known_task.title for name, known_task in known.items()}
    captions = {name: known_task.description for name, known_task in known.items()}
    titles[_BROUGHT] = "A task from a folder or an archive"
    captions[_BROUGHT] = (
        "A task that somebody gave you: task.toml and prompts.jsonl, in a folder or an archive (.zip, .tar.gz)."
    )
    current = None if draft is None else draft.chosen.task if draft.chosen.bundled else _BROUGHT
    names = [tasks.BLANK, *tasks.names(), _BROUGHT]
    chosen = st.radio(
        "Task",
        names,
        index=names.index(current) if current in names else 0,
        format_func=lambda name: literal(titles[name]),
        captions=[literal(captions[name]) for name in names],
        key="new-task",
    )
    if draft is not None and chosen == current and chosen != _BROUGHT:
        return
    archive, path = _brought() if chosen == _BROUGHT else (None, None)
    if draft is not None and current == _BROUGHT == chosen and archive is None and path is None:
        st.caption(literal(f"It is {draft.chosen.title} now. Choose another folder or archive to replace it."))
        return
    if draft is not None and draft.is_changed():
        st.warning(
            "Another task replaces the prompts and the definition of good by its own. Model and name stay.",
            icon=":material/swap_horiz:",
        )
    label = "Begin" if draft is None else "Use this task instead"
    lacking = chosen == _BROUGHT and archive is None and path is None
    if st.button(label, type="primary", icon=":material/arrow_forward:", disabled=lacking):
        made: list[Draft] = []
        if ui.attempt(lambda: made.append(_take(draft, chosen, archive, path))):
            began(made[0])


def _brought() -> tuple[tuple[str, memoryview] | None, Path | None]:
    """An uploaded archive by its name, or the path of a folder or archive on this machine."""
    archive = st.file_uploader(
        "An archive",
        type=[suffix.removeprefix(".") for suffix in (*task_files.SUFFIXES, ".gz")],
        key="new-task-archive",
    )
    named = st.text_input(
        "Or a folder or archive on this machine", placeholder="/home/me/my_task", key="new-task-path"
    ).strip()
    if archive is not None:
        return (archive.name, archive.getbuffer()), None
    return None, files.typed(named) if named else None


def _take(draft: Draft | None, chosen: str, archive: tuple[str, memoryview] | None, path: Path | None) -> Draft:
    """Begin a draft with the chosen task, or replace the task of this draft."""
    name = "" if chosen == _BROUGHT else chosen
    if archive is None:
        return _begun(draft, name, path, None)
    with files.scratch("rsf-task-") as folder:
        (folder / "task").write_bytes(archive[1])
        return _begun(draft, name, folder / "task", archive[0])


def _begun(draft: Draft | None, name: str, path: Path | None, called: str | None) -> Draft:
    if draft is None:
        return drafting.begin(session.workspace(), name, path, called)
    draft.choose_task(name, path, called)
    return draft


# -- prompts -----------------------------------------------------------------------------------------------------------


def prompts(draft: Draft) -> None:
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
        prompt_parts.listing(project)
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
                    problems.extend(draft.project.import_prompts(rows.rows, "by hand", share / 100))

            if not rows.rows and not rows.problems:
                ui.problem("There is no prompt in the text: write what the model should be asked.")
            elif ui.attempt(add):
                problems = sorted([*rows.problems, *problems], key=lambda problem: problem.line or 0)
                st.session_state[file] = (len(rows.rows) + len(rows.problems) - len(problems), problems)
                st.rerun()
    if file in st.session_state:
        count, problems = st.session_state[file]
        st.success(f"{plural(count, 'prompt')} added.", icon=":material/check:")
        for problem in problems[: prompt_parts.PAGE]:
            st.text(f"Not added: {problem}")


# -- model -------------------------------------------------------------------------------------------------------------


def model(draft: Draft) -> None:
    """The choice of a model, loading it once, and what that showed."""
    current = draft.project.settings.model
    kinds = [_EMBEDDED, _FOLDER, _HUB]
    usual = (
        _EMBEDDED if current == DEFAULT_MODEL else _FOLDER if os.sep in current and current.startswith(os.sep) else _HUB
    )
    kind = st.radio(
        "Model",
        kinds,
        index=kinds.index(usual),
        captions=[
            "SmolLM2-135M-Instruct: small enough for any machine, good enough to see how everything works.",
            "With config.json, a tokenizer and weights as safetensors.",
            "By its name on the hub, such as HuggingFaceTB/SmolLM2-360M-Instruct. It is downloaded once.",
        ],
        key=f"model-kind-{draft.draft_id}",
    )
    st.caption(
        "The model runs on this machine, because accepting a candidate needs the exact probability with which it was "
        "drawn, and a model behind an API does not give that. Such a model can judge completions instead: see the "
        "scorer llm_judge."
    )
    name = DEFAULT_MODEL
    if kind != _EMBEDDED:
        label = "Its folder" if kind == _FOLDER else "Its name on the hub"
        name = st.text_input(label, current if kind == usual else "", key=f"model-{kind}-{draft.draft_id}").strip()
        if not name:
            st.caption("Name the model, then load it.")
            return
    if name != current and not ui.attempt(lambda: draft.project.set("model", name)):
        return
    state = draft.model()
    if state.running:
        _loading(draft)
    elif state.report is not None:
        _report(draft, state.report)
    else:
        label = "Load it once" if state.problem is None else "Try again"
        if st.button(label, type="primary", icon=":material/play_arrow:"):
            if ui.attempt(draft.try_model):
                st.rerun()
        if state.problem is None:
            st.caption(
                "It takes some seconds. The embedded model takes about 20 s more the first time, and a new one from "
                "the hub takes longer."
            )


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _loading(draft: Draft) -> None:
    state: CheckState = draft.model()
    if not state.running:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"Trying the model: {state.message} …", width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", key="model-cancel"):
            draft.cancel_model()
            st.rerun()


def _report(draft: Draft, report: ModelReport) -> None:
    settings = draft.project.settings
    facts = {
        "Parameters": _count(report.parameters),
        "On disk": size(report.weight_bytes),
        "Context": "no limit" if report.context is None else f"{report.context:,} tokens",
        "Chat template": "yes" if report.chat_template else "no",
        "Memory in use": size(report.memory_bytes),
        "Speed": speed(report.tokens_per_second),
    }
    st.success("The model loads and draws with exact probabilities.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        for name, value in facts.items():
            st.metric(literal(name), literal(value), border=True, height="stretch")
    kind = "encoder-decoder" if report.encoder_decoder else "causal model"
    train = draft.facts().prompts.get(Split.TRAIN, 0)
    drawn = min(settings.generate.prompts or train, train) * settings.generate.candidates
    longest = drawn * settings.generate.max_new_tokens / report.tokens_per_second
    words = f"A {report.family} {kind}, computed on {report.placement}, loaded in {seconds(report.load_seconds)}."
    if drawn:
        words += (
            f" A round of {plural(drawn, 'candidate')} with at most {plural(settings.generate.max_new_tokens, 'token')} each "
            f"takes up to about {seconds(longest)} to draw."
        )
    st.caption(literal(words))
    if not report.chat_template and not report.encoder_decoder:
        st.caption(
            "The model has no chat template: it continues prompts as plain text instead of answering them as in a chat."
        )
    with st.expander("One of the completions it just drew", icon=":material/chat:"):
        ui.text(report.prompt)
        st.caption("completion")
        ui.text(report.completion)
    if st.button("Load it again", type="tertiary", icon=":material/replay:"):
        if ui.attempt(draft.try_model_again):
            st.rerun()


def _count(number: int) -> str:
    for unit, name in ((10**9, "B"), (10**6, "M")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:,}"


# -- trial -------------------------------------------------------------------------------------------------------------


def trial(draft: Draft) -> None:
    """A few candidates, drawn and scored, with what the rule would accept."""
    state = draft.trial.state()
    if state.running:
        _trying(draft)
        return
    fresh = not state.prompts and state.problem is None
    if state.stale and not fresh:
        st.info("Something has changed since this trial: draw again to see the effect.", icon=":material/history:")
    if state.problem is not None:
        ui.problem(state.problem)
    again = fresh or state.stale or state.problem is not None
    label = "Draw a trial" if fresh else "Draw again"
    if st.button(label, type="primary" if again else "secondary", icon=":material/casino:"):
        if ui.attempt(draft.trial.start):
            st.rerun()
    report = draft.model().report
    if fresh and report is not None:
        longest = trials.seconds(draft.project.settings, report.tokens_per_second) + 2 * report.load_seconds
        st.caption(
            f"It takes up to about {seconds(longest)} with this model. You can skip the trial and create the project."
        )
    if state.prompts:
        _tried(draft, state)


@st.fragment(run_every=ui.REFRESH_SECONDS)
def _trying(draft: Draft) -> None:
    state = draft.trial.state()
    if not state.running:
        st.rerun()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text("Drawing and scoring a trial" if state.status is None else state.status.message, width="stretch")
            if st.button("Cancel", icon=":material/stop_circle:", key="trial-cancel"):
                ui.attempt(draft.trial.cancel)
        if state.status is not None:
            counted = f"{state.status.done:,} of {state.status.total:,} {state.status.unit_name}"
            st.progress(state.status.fraction, text=literal(counted if state.status.total else "starting"))


def _tried(draft: Draft, state: TrialState) -> None:
    truncated = sum(candidate.truncated for prompt in state.prompts for candidate in prompt.candidates)
    with st.container(horizontal=True):
        st.metric("Drawn", f"{state.drawn:,}", border=True, height="stretch")
        st.metric("Would be accepted", f"{state.accepted:,}", border=True, height="stretch")
        st.metric(
            "Cut off", f"{truncated:,}", border=True, height="stretch", help="They reached the limit of new tokens."
        )
        if state.log_m is not None:
            st.metric(
                "log M",
                f"{state.log_m:.3g}",
                border=True,
                height="stretch",
                help="The value that this target's rule suggests.",
            )
    st.caption(literal(_reading(state, truncated)))
    if state.note:
        st.warning(literal(state.note), icon=":material/content_cut:")
    for number, prompt in enumerate(state.prompts):
        _prompt(prompt, expanded=number == 0)


def _reading(state: TrialState, truncated: int) -> str:
    """What the trial shows, in a sentence or two."""
    if not state.accepted:
        return (
            "None would be accepted: the checks may be too strict, or this model cannot do the task yet. Look at the "
            "completions, then change what is good or choose another model."
        )
    if state.accepted == state.drawn:
        return (
            "All would be accepted: with nothing to select, training would teach little. Make the checks stricter or add a "
            "reward."
        )
    if 2 * truncated > state.drawn:
        return "Most reached the limit of new tokens: raise it on the Generate page once the project exists."
    return "Some are accepted and some are not, which is what training needs. Do the accepted ones look better to you?"


def _prompt(prompt: TrialPrompt, expanded: bool) -> None:
    title = f"{prompt.accepted} of {len(prompt.candidates)} · {prompt.text[:90]}"
    with st.expander(literal(title), expanded=expanded):
        turns.shown(prompt.text, prompt.system, prompt.earlier)
        if prompt.reference:
            st.caption("reference")
            ui.text(prompt.reference)
        for one in sorted(prompt.candidates, key=lambda candidate: not candidate.accepted):
            with st.container(border=True):
                icon = ":material/check_circle: accepted" if one.accepted else ":material/cancel: not accepted"
                marks = [f"reward {significant(one.reward)}"] if one.reward is not None else []
                marks += [f"{name} {significant(value)}" for name, value in one.scores.items()]
                marks += ["cut off"] if one.truncated else []
                st.caption(f"{icon} · {literal(' · '.join(marks))}")
                ui.text(one.completion)


# -- at a glance -------------------------------------------------------------------------------------------------------


def summary(draft: Draft, facts: Facts) -> None:
    """A summary of the project to be made."""
    state = draft.trial.state()
    trial_result = "not drawn" if not state.prompts else f"{state.accepted:,} of {state.drawn:,} would be accepted"
    rows = {
        "Task": draft.chosen.title,
        "Prompts": prompts_in_words(facts.prompts),
        "Model": facts.model.name,
        "What is good": target_in_words(facts.target) if facts.target.scorers else "nothing chosen yet",
        "Trial": trial_result + (" (something has changed since)" if state.stale and state.prompts else ""),
    }
    with st.container(border=True):
        for name, value in rows.items():
            with st.container(horizontal=True, vertical_alignment="top"):
                st.caption(literal(name), width=110)
                st.text(value, width="stretch")
