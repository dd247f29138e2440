"""What a tab looks at, and who speaks in it.

This process serves one project alone (`rsf app DIR`), opened at start-up or by the first page where nothing did that; or a
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

PROJECT = "project"  # which project a tab looks at, in the URL
_PROJECT_KEY = "project-name"
_SEEN_KEY = "project-closings"
NAME = "reviewer"  # the label in the URL
SEAL = "seal"  # what shows that this server has put it there
_NAME_KEY = "reviewer-name"
_key = secrets.token_bytes(32)
_lock = threading.Lock()
_project: Project | None = None  # the one that is served alone
_projects = OpenProjects()  # those of the workspace
_ending = False


def alone() -> bool:
    """Whether one project is served alone, and no list of projects."""
    return _project is not None or bool(os.environ.get(FOLDER_VARIABLE))


def folder() -> Path:
    """Where the project is that is served alone. Raises WorkspaceError where a workspace is served."""
    named = os.environ.get(FOLDER_VARIABLE)
    if not named:
        raise WorkspaceError("no project was given: start the app with rsf app DIR")
    return Path(named).absolute()


def workspace() -> Path:
    """The folder whose projects are served, where it is not one alone."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or DEFAULT_WORKSPACE).absolute()


def cookie_name() -> str:
    """Where a browser keeps the secret of its link. One name a project: cookies do not tell the ports of a machine apart."""
    return "rsf_link_" + hashlib.sha256(os.fsencode(folder())).hexdigest()[:12]


def enter() -> str | None:
    """The name of the project that this tab looks at: what the URL says, else the one it looked at before. None where there is
    none, or one alone. What a tab has kept of another project is forgotten: it means nothing here."""
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
    """Look at no project in this tab any more."""
    if _PROJECT_KEY in st.session_state:
        _forget()


def go_on() -> None:
    """Look at this tab's project also where it was closed since: it is opened again."""
    st.session_state[_SEEN_KEY] = _projects.closings(st.session_state[_PROJECT_KEY])


def query() -> dict[str, str]:
    """What a link to a page of this tab's project has in its URL."""
    name = None if alone() else st.session_state.get(_PROJECT_KEY)
    return {} if name is None else {PROJECT: name}


def _forget() -> None:
    for key in list(st.session_state):
        if key != _NAME_KEY:
            del st.session_state[key]


def name() -> str | None:
    """The project this tab looks at; None where one is served alone. Raises WorkspaceError where none is chosen."""
    if alone():
        return None
    chosen = st.session_state.get(_PROJECT_KEY)
    if chosen is None:
        raise WorkspaceError("choose a project first")
    return str(chosen)


def opening() -> tuple[str, int] | None:
    """Which project of the workspace this tab looks at, and how often that had been closed when it began to; None where one is
    served alone. See `opened_as`."""
    named = name()
    return None if named is None else (named, int(st.session_state[_SEEN_KEY]))


def opened_as(which: tuple[str, int] | None) -> Project:
    """The open project that a tab looks at, without asking who. Raises ProjectClosedError where it was closed since: another
    may be there under its name."""
    if which is None:
        return opened()
    named, closings = which
    if _projects.closings(named) != closings:
        raise ProjectClosedError(f"{named} was closed in another tab. Nothing is lost, and its jobs continue")
    return opened(named)


def project() -> Project:
    """The project as whoever looks at this tab may use it. Raises ProjectClosedError where it was closed since in another
    tab."""
    if _ending:
        raise RsfError(ENDING)
    which = opening()
    project = opened_as(which)
    if which is None:
        return guarded(project, actor)

    def speaker() -> Actor:  # asked at each call, also of a piece of a page that draws itself again and again
        opened_as(which)
        return actor()

    return guarded(project, speaker)


def actor() -> Actor:
    """Who speaks in this tab. With links it is the owner of the link, checked each time: raises AccessError once it has ended.
    Else it is the name in the sidebar, a label that anybody on this machine can give."""
    if own.access() is own.Access.LINKS:
        return opened().invites.actor(st.context.cookies.get(cookie_name()))
    return Actor(_label(), Role.OWNER)


def speak_as(name: str) -> None:
    """Give this tab a label. It stays in the URL, so that a reload keeps it. Raises AccessError for what is not a name."""
    name = person_name(name)
    st.session_state[_NAME_KEY] = name
    if name == usual_name():
        st.query_params.pop(NAME, None)
        st.query_params.pop(SEAL, None)
    elif st.query_params.get(NAME) != name or not _sealed(name):
        st.query_params[NAME] = name
        st.query_params[SEAL] = seal(NAME, name)


def offered() -> str | None:
    """A name that the URL gives without having it from here: nobody speaks under it until the person says so."""
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


def opened(named: str | None = None) -> Project:
    """An open project itself, without asking who: that of this name in the workspace, or the one that is served alone, made
    from the task positive_reviews when its folder is not there yet. Raises RsfError while the app ends: a page that still runs
    must not open the project again."""
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


def entries() -> list[Entry]:
    """The projects of the workspace as a list shows them; those that are open here speak for themselves."""
    return [_live(entry) for entry in workspaces.entries(workspace())]


def running(named: str) -> Running | None:
    """How far the job of a project of the workspace is; None where none runs."""
    project = _projects.get(named)
    return workspaces.running(workspace() / named) if project is None else project.running()


def _live(entry: Entry) -> Entry:
    project = _projects.get(entry.name)
    if project is None:
        return entry
    try:
        return replace(entry, summary=project.summary(), running=project.running(), held_by=None)
    except Exception as error:  # of a database that has stopped, say: it hides no other project
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
    """Close a project of the workspace, where it is open here; its jobs go on."""
    _projects.close(named)


def change(named: str, action: Callable[[], object]) -> None:
    """Do to a project of the workspace what needs it to be closed, before anybody can open it again. Raises WorkspaceError
    while a job of it runs; then it stays open."""
    job = running(named)
    if job is not None:
        raise WorkspaceError(f"{job.job_id} of {named} runs: wait for it or cancel it first")
    _projects.close(named, action)


def prepare() -> None:
    """Before anything is served: open the project that is served alone, or see to it that there is one in the workspace.
    Raises RsfError that says what is wrong."""
    if alone():
        opened()
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
    """Allow projects to be opened, also after an end in this process."""
    global _ending
    _ending = _projects.ending = False
    drafting.allow()


def end() -> None:
    """Close all projects for good: no page that still runs opens one again."""
    global _ending
    _ending = True  # before the lock: whoever opens the project this moment is waited for, and nobody after it
    others = threading.Thread(target=_projects.end, name="closing projects", daemon=True)
    others.start()
    drafting.end()
    close()
    others.join()


def close() -> None:
    global _project
    with _lock:
        if _project is not None:
            _project.close()
        _project = None
