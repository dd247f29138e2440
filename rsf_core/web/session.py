"""The project that a tab shows, and the person who acts in it.

This process serves either one project alone (`rsf app DIR`), opened at start-up or, failing that, by the first page; or a
workspace: the projects in one folder, each opened by its first visitor. Then the URL names the project of a tab."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rsf_core.domain import settings_file
from rsf_core.domain.access import Actor, Role, person_name, usual_name
from rsf_core.domain.errors import AccessError, ProjectClosedError, RsfError, WorkspaceError
from rsf_core.project import Project
from rsf_core.project import workspace as workspaces
from rsf_core.project.commands import execute
from rsf_core.project.guarded import guarded
from rsf_core.project.summary import Running
from rsf_core.project.workspace import Entry
from rsf_core.web import browser, drafting, own
from rsf_core.web.open_projects import ENDING, OpenProjects

FOLDER_VARIABLE = "RSF_PROJECT"
WORKSPACE_VARIABLE = "RSF_WORKSPACE"
DEFAULT_WORKSPACE = Path("projects")
DEFAULT_TASK = "positive_reviews"

PROJECT = "project"  # which project a tab shows, in the URL
_PROJECT_KEY = "project-name"
_SEEN_KEY = "project-closings"
NAME = "reviewer"  # the label in the URL
SEAL = "seal"  # shows that this server has put the label there
_NAME_KEY = "reviewer-name"
_key = secrets.token_bytes(32)
_lock = threading.Lock()
_project: Project | None = None  # the project that is served alone
_projects = OpenProjects()  # the open projects of the workspace
_ending = False


def alone() -> bool:
    """Whether one project is served alone, and not a workspace."""
    return _project is not None or bool(os.environ.get(FOLDER_VARIABLE))


def folder() -> Path:
    """The folder of the project that is served alone. Raises WorkspaceError if a workspace is served."""
    named = os.environ.get(FOLDER_VARIABLE)
    if not named:
        raise WorkspaceError("no project was given: start the app with rsf app DIR")
    return Path(named).absolute()


def workspace() -> Path:
    """The folder whose projects are served, if not one project alone."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or DEFAULT_WORKSPACE).absolute()


def cookie_name() -> str:
    """The name of the cookie in which a browser keeps the secret of its link. Each project has its own name, because cookies
    do not tell the ports of a machine apart."""
    return "rsf_link_" + hashlib.sha256(os.fsencode(folder())).hexdigest()[:12]


def enter() -> str | None:
    """The name of the project that this tab shows: the one in the URL, else the one it showed before. None if there is no such
    project, or if one is served alone. What the tab has kept from another project is forgotten: it means nothing here."""
    if alone():
        return None
    name = st.query_params.get(PROJECT) or st.session_state.get(_PROJECT_KEY)
    if name is None or name not in workspaces.names(workspace()):
        leave()
        return None
    if st.session_state.get(_PROJECT_KEY) != name:
        _forget()
        st.session_state[_PROJECT_KEY] = name
        go_on()
    return str(name)


def leave() -> None:
    """Show no project in this tab any more."""
    if _PROJECT_KEY in st.session_state:
        _forget()


def go_on() -> None:
    """Go on with this tab's project even if it was closed since: it is opened again."""
    st.session_state[_SEEN_KEY] = _projects.closings(st.session_state[_PROJECT_KEY])


def query() -> dict[str, str]:
    """The query of a link to a page of this tab's project."""
    name = None if alone() else st.session_state.get(_PROJECT_KEY)
    return {} if name is None else {PROJECT: name}


def _forget() -> None:
    for key in list(st.session_state):
        if key != _NAME_KEY:
            del st.session_state[key]


def name() -> str | None:
    """The name of this tab's project; None if one is served alone. Raises WorkspaceError if none is chosen."""
    if alone():
        return None
    chosen = st.session_state.get(_PROJECT_KEY)
    if chosen is None:
        raise WorkspaceError("choose a project first")
    return str(chosen)


def opening() -> tuple[str, int] | None:
    """The name of this tab's project in the workspace, and how often it had been closed when the tab began to show it; None if
    one is served alone. See `project_of_tab`."""
    named = name()
    return None if named is None else (named, int(st.session_state[_SEEN_KEY]))


def project_of_tab(which: tuple[str, int] | None) -> Project:
    """The open project of a tab, without asking who acts. Raises ProjectClosedError if it was closed since: another project
    may have its name now."""
    if which is None:
        return open_project()
    named, closings = which
    if _projects.closings(named) != closings:
        raise ProjectClosedError(f"{named} was closed in another tab. Nothing is lost, and its jobs continue")
    return open_project(named)


def project() -> Project:
    """The project as the person at this tab may use it. Raises ProjectClosedError if it was closed since in another tab."""
    if _ending:
        raise RsfError(ENDING)
    which = opening()
    project = project_of_tab(which)
    if which is None:
        return guarded(project, actor)

    def speaker() -> Actor:  # checked at each call, also from a fragment that is drawn again and again
        project_of_tab(which)
        return actor()

    return guarded(project, speaker)


def actor() -> Actor:
    """Who acts in this tab. With links it is the holder of the link, checked each time: raises AccessError once it has ended.
    Else it is the name in the sidebar, a label that anybody on this machine can give."""
    if own.access() is own.Access.LINKS:
        return open_project().invites.actor(st.context.cookies.get(cookie_name()))
    return Actor(_label(), Role.OWNER)


def speak_as(name: str) -> None:
    """Give this tab a label. It stays in the URL, so that a reload keeps it. Raises AccessError if it is not a
    valid name."""
    name = person_name(name)
    st.session_state[_NAME_KEY] = name
    if name == usual_name():
        st.query_params.pop(NAME, None)
        st.query_params.pop(SEAL, None)
    elif st.query_params.get(NAME) != name or not _sealed(name):
        st.query_params[NAME] = name
        st.query_params[SEAL] = seal(NAME, name)


def offered() -> str | None:
    """A name in the URL that this server has not put there: nobody acts under it until the person confirms it."""
    label = st.query_params.get(NAME)
    if label is None or label == _label() or _sealed(label):
        return None
    try:
        return person_name(label)
    except AccessError:
        return None


def _label() -> str:
    if get_script_run_ctx() is None:  # no tab: a test, a thread
        return usual_name()
    offered = st.query_params.get(NAME)
    label = st.session_state.get(_NAME_KEY) or (offered if offered is not None and _sealed(offered) else None)
    return str(label) if label else usual_name()


def _sealed(name: str) -> bool:
    return hmac.compare_digest(st.query_params.get(SEAL, "").encode(), seal(NAME, name).encode())


def seal(kind: str, text: str) -> str:
    """Proves that a text of this kind was typed in this browser since the app was started, not written into a URL."""
    whose = st.context.cookies.get(browser.COOKIE, "")
    return hmac.new(_key, f"{whose}\0{kind}\0{text}".encode(), hashlib.sha256).hexdigest()[:20]


def open_project(named: str | None = None) -> Project:
    """An open project itself, without asking who acts: the one of this name in the workspace, or the one that is served alone,
    made from the task positive_reviews if its folder does not exist yet. Raises RsfError while the app ends: a page that still
    runs must not open the project again."""
    global _project
    if named is not None:
        return _projects.get(named) or _projects.open(named, lambda: _open(workspaces.folder_of(workspace(), named)))
    with _lock:
        if _ending:
            raise RsfError(ENDING)
        if _project is None:
            path = folder()
            _project = _make(path) if settings_file.is_new(path) else _open(path)
        return _project


def project_of(named: str) -> Project:
    """A project of the workspace as the person at this tab may use it; it is opened if it is not open."""
    return guarded(open_project(named), actor)


def entries() -> list[Entry]:
    """The projects of the workspace as a list shows them. Those that are open here report their state now."""
    return [_live(entry) for entry in workspaces.entries(workspace())]


def running(named: str) -> Running | None:
    """The progress of the job of a project of the workspace; None if none runs."""
    project = _projects.get(named)
    return workspaces.running(workspace() / named) if project is None else project.running()


def _live(entry: Entry) -> Entry:
    project = _projects.get(entry.name)
    if project is None:
        return entry
    try:
        return replace(entry, summary=project.summary(), running=project.running(), held_by=None)
    except Exception as error:  # of a broken database, for example: it must not hide the other projects
        return replace(entry, held_by=None, problem=str(error))


def is_open(named: str) -> bool:
    """Whether this process has a project of the workspace open."""
    return _projects.get(named) is not None


def make(named: str, task: str, model: str | None = None) -> None:
    """Make a project of this name in the workspace from a task, and open it. Raises RsfError."""
    path, made = workspaces.new_folder(workspace(), named), []

    def making() -> Project:
        made.append(_make(path, task, model))
        return made[0]

    _projects.open(path.name, making)
    if not made:  # somebody else was faster, in another tab
        raise WorkspaceError(f"there is a project {path.name!r} in {path.parent} already: choose another name")


def close_one(named: str) -> None:
    """Close a project of the workspace, if it is open here; its jobs continue."""
    _projects.close(named)


def change(named: str, action: Callable[[], object]) -> None:
    """Do to a project of the workspace what needs it to be closed, before anybody can open it again. Raises WorkspaceError
    while one of its jobs runs; then it stays open."""
    job = running(named)
    if job is not None:
        raise WorkspaceError(f"{job.job_id} of {named} runs: wait for it or cancel it first")
    _projects.close(named, action)


def prepare() -> None:
    """Before anything is served: open the project that is served alone, or make sure that the workspace has one. Raises
    RsfError with what is wrong."""
    if alone():
        open_project()
        return
    own.one_project(own.access())
    if not workspaces.names(workspace()) and not workspaces.archived(workspace()):
        make(DEFAULT_TASK, DEFAULT_TASK, os.environ.get("RSF_MODEL"))
    workspaces.sweep(workspace())


def _open(path: Path) -> Project:
    return _served(Project.open(path, what="the app"))


def _make(path: Path, task: str = DEFAULT_TASK, model: str | None = None) -> Project:
    return _served(Project.create(path, task, model=model or os.environ.get("RSF_MODEL"), what="the app"))


def _served(project: Project) -> Project:
    project.serve(lambda name, arguments: execute(project, name, arguments))
    return project


def begin() -> None:
    """Allow projects to be opened, even after `end` in this process."""
    global _ending
    _ending = _projects.ending = False
    drafting.allow()


def end() -> None:
    """Close all projects for good: no page that still runs opens one again."""
    global _ending
    _ending = True  # before the lock: an opening that has begun is waited for, and no other begins
    closing = threading.Thread(target=_projects.end, name="closing projects", daemon=True)
    closing.start()
    drafting.end()
    close()
    closing.join()


def close() -> None:
    global _project
    with _lock:
        if _project is not None:
            _project.close()
        _project = None
