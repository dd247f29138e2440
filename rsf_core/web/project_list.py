"""The list of projects: what each is, how far it is, and what can be done with it as a whole."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from rsf_core.domain import bundled
from rsf_core.domain.words import ago, number, size, unit
from rsf_core.project import workspace as workspaces
from rsf_core.project.summary import Gain
from rsf_core.project.workspace import Entry
from rsf_core.web import session, ui
from rsf_core.web.literal import literal

REFRESH_SECONDS = 2.0
_COPY, _RENAME, _CLOSE, _ARCHIVE, _DELETE = "Copy", "Rename", "Close", "Archive", "Delete"
_ICONS = {
    _COPY: ":material/content_copy:",
    _RENAME: ":material/edit:",
    _CLOSE: ":material/close:",
    _ARCHIVE: ":material/archive:",
    _DELETE: ":material/delete:",
}


def draw() -> None:
    """The whole page."""
    with st.container(horizontal=True, vertical_alignment="center", key="projects-head"):
        st.title("Projects", anchor=False, width="stretch")
        if st.button("New project", icon=":material/add:"):
            ui.go("new_project")
    st.html(
        '<p class="rsf-lead">Each project tunes one model on one task, round by round. Open one, or make your own.</p>'
    )
    name = st.query_params.get(session.PROJECT)
    if name is not None:  # an existing one would have been opened
        ui.problem(f"There is no project {name:.80} in {session.workspace()}: it was renamed, archived or deleted.")
    entries = session.entries()
    _watch(_state(entries))
    if not entries:
        ui.empty("Your projects will be listed here.", page="new_project", label="New project")
    for entry in entries:
        _card(entry)
    _archived()
    st.caption(f"In the folder {literal(session.workspace())}.")


def _state(entries: list[Entry]) -> tuple[object, ...]:
    """What the page is drawn from, except times, sizes and the progress of jobs."""
    shown = [
        (e.name, e.task, e.model, e.summary, e.running and e.running.job_id, e.held_by, e.problem) for e in entries
    ]
    return (*shown, *(session.is_open(e.name) for e in entries), *workspaces.archived(session.workspace()))


@st.fragment(run_every=REFRESH_SECONDS)
def _watch(shown: tuple[object, ...]) -> None:
    """Draw the page again when something in the list has changed, here or elsewhere."""
    if _state(session.entries()) != shown:
        st.rerun()


def _card(entry: Entry) -> None:
    with st.container(border=True, key=f"project-{entry.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                bundled.path("pages", "overview.py"),
                label=f"**{literal(entry.name)}**",
                icon=":material/folder_open:" if session.is_open(entry.name) else ":material/folder:",
                query_params={session.PROJECT: entry.name},
                width="stretch",
            )
            _main_button(entry)
            _menu(entry)
        st.html(_facts(entry))
        if entry.running is not None:
            _progress(entry.name)
        elif entry.held_by is not None:
            who = f"{entry.held_by.get('what')} (pid {entry.held_by.get('pid')})"
            st.caption(f":material/lock: Open in {literal(who)}: close it there to open it here.")
        if entry.problem:
            ui.problem(entry.problem)


def _main_button(entry: Entry) -> None:
    """The button that opens a project; for a new one also the button that draws its first candidates."""
    quiet = entry.running is None and entry.held_by is None and not entry.problem
    if entry.summary is not None and entry.summary.fresh and quiet:
        if st.button(
            literal(entry.summary.next),
            key=f"begin-{entry.name}",
            type="primary",
            icon=":material/casino:",
            width="content",
        ):
            if ui.attempt(lambda: session.project_of(entry.name).advance(ui.actor())):
                ui.go("overview", **{session.PROJECT: entry.name})
    if st.button("Open", key=f"open-{entry.name}", icon=":material/arrow_forward:", width="content"):
        if ui.attempt(lambda: session.open_project(entry.name)):
            ui.go("overview", **{session.PROJECT: entry.name})


def _menu(entry: Entry) -> None:
    options = [name for name in _ICONS if name != _CLOSE or session.is_open(entry.name)]
    action = st.menu_button(
        "More",
        options,
        key=f"menu-{entry.name}",
        help=f"Copy, rename, archive or delete {literal(entry.name)}",
        format_func=lambda name: f"{_ICONS[name]} {name}",
    )
    match action:
        case "Copy":
            _copy(entry)
        case "Rename":
            _rename(entry.name)
        case "Delete":
            _delete(entry.name, session.workspace(), size(entry.bytes))
        case "Close":
            if ui.attempt(lambda: session.close_one(entry.name)):
                st.rerun()
        case "Archive":
            if _done(partial(workspaces.archive, session.workspace(), entry.name), entry.name):
                st.rerun()


def _facts(entry: Entry) -> str:
    """The facts about a project, in short, as HTML."""
    summary, unknown = entry.summary, ("?", "", "Unknown until the project is opened once")
    facts = {
        "Task": (entry.task or "?", "", ""),
        "Model": (entry.model.rstrip("/").rpartition("/")[2] or "?", "", entry.model),
        "Round": unknown if summary is None else (f"{summary.round:,}", _next(entry), ""),
        "Gain": unknown if summary is None else _gain(summary.gain),
        "Last change": (ago(entry.seconds_ago), "", f"{entry.changed_at:%d %b %Y %H:%M} UTC"),
        "Size": (size(entry.bytes), "", ""),
    }
    cells = (
        f'<div title="{html.escape(more)}"><dt>{name}</dt><dd>{html.escape(value)}</dd>'
        f'<dd class="rsf-detail">{html.escape(below)}</dd></div>'
        for name, (value, below, more) in facts.items()
    )
    return f'<dl class="rsf-facts">{"".join(cells)}</dl>'


def _next(entry: Entry) -> str:
    """The next step, if there is no button for it."""
    summary = entry.summary
    return f"next: {summary.next}" if summary is not None and summary.next and not summary.fresh else ""


def _gain(gain: Gain | None) -> tuple[str, str, str]:
    """A gain with its limits; its metric and round; an explanation."""
    if gain is None:
        return "none yet", "", "A round's gain on held-out prompts, once one has been compared"
    value = f"{number(gain.value, gain.metric, signed=True)} {unit(gain.metric)}".strip()
    if gain.low is not None:
        low, high = (number(limit, gain.metric, signed=True) for limit in (gain.low, gain.high))
        value += f" [{low}, {high}]"
    more = "On held-out prompts, over the base; in brackets a 95 % interval"
    return value, f"{gain.metric}, round {gain.round:,}", more


@st.fragment(run_every=1.0)
def _progress(name: str) -> None:
    """The progress of a project's job, by its files, even if another process has the project open."""
    running = session.running(name)
    if running is not None:
        st.progress(running.fraction, text=literal(running.line))


def _done(action: Callable[[], object], name: str) -> bool:
    """Do what needs the project to be closed. Returns whether it succeeded; if not, the page shows why."""
    return ui.attempt(lambda: session.change(name, action))


@st.dialog("Copy a project")
def _copy(entry: Entry) -> None:
    st.caption(
        f"Copies all of {literal(entry.name)} as it is now, {size(entry.bytes)} at most: prompts, candidates, "
        "decisions, models. Running jobs continue in the original only."
    )
    usual = workspaces.free_name(session.workspace(), f"{entry.name[:50]} copy")
    name = st.text_input("Name of the copy", usual, max_chars=workspaces.LONGEST_NAME)
    if st.button("Copy it", type="primary", icon=_ICONS[_COPY]):
        with st.spinner("Copying"):
            done = ui.attempt(lambda: workspaces.copy(session.workspace(), entry.name, name))
        if done:
            st.rerun()


@st.dialog("Rename a project")
def _rename(name: str) -> None:
    st.caption(
        "Its folder gets this name. Links to its pages contain the name: links sent earlier then lead to the list of "
        "projects."
    )
    chosen = st.text_input("New name", name, max_chars=workspaces.LONGEST_NAME)
    if st.button("Rename it", type="primary", icon=_ICONS[_RENAME]):
        if _done(lambda: workspaces.rename(session.workspace(), name, chosen), name):
            st.rerun()


@st.dialog("Delete a project")
def _delete(name: str, place: Path, size_in_words: str) -> None:
    st.warning(
        f"All of **{literal(name)}** is deleted for good: prompts, candidates, decisions, models "
        f"({literal(size_in_words)}). To hide it instead, archive it.",
        icon=":material/warning:",
    )
    typed = st.text_input(f"To delete it, type its name: {literal(name)}")
    if st.button("Delete for good", type="primary", icon=_ICONS[_DELETE]):
        if _done(lambda: workspaces.delete(place, name, typed), name):
            st.rerun()


def _archived() -> None:
    """The archived projects, which are not in the list."""
    archived = workspaces.archived(session.workspace())
    if not archived:
        return
    with st.expander(f"Archived ({len(archived):,})", icon=_ICONS[_ARCHIVE]):
        for name in archived:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(name, width="stretch")
                if st.button("Put back", key=f"back-{name}", icon=":material/unarchive:"):
                    if ui.attempt(partial(workspaces.put_back, session.workspace(), name)):
                        st.rerun()
                if st.button("Delete", key=f"delete-{name}", icon=_ICONS[_DELETE]):
                    place = session.workspace() / workspaces.ARCHIVE
                    _delete(name, place, size(workspaces.size(place / name)))
