"""The one project this process serves, and who speaks in a tab. The project is opened at start-up, or by the first page
where nothing did that."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rsf_core.domain import settings_file
from rsf_core.domain.access import Actor, Role, person_name, usual_name
from rsf_core.domain.errors import AccessError, RsfError
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.project.guarded import guarded
from rsf_core.web import browser, own

FOLDER_VARIABLE = "RSF_PROJECT"
DEFAULT_FOLDER = Path("projects/positive_reviews")
DEFAULT_TASK = "positive_reviews"

NAME = "reviewer"  # the label in the URL
SEAL = "seal"  # what shows that this server has put it there
_NAME_KEY = "reviewer-name"
_key = secrets.token_bytes(32)
_lock = threading.Lock()
_project: Project | None = None
_ending = False


def folder() -> Path:
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER).absolute()


def cookie_name() -> str:
    """Where a browser keeps the secret of its link. One name a project: cookies do not tell the ports of a machine apart."""
    return "rsf_link_" + hashlib.sha256(os.fsencode(folder())).hexdigest()[:12]


def project() -> Project:
    """The project as whoever looks at this tab may use it."""
    return guarded(opened(), actor)


def actor() -> Actor:
    """Who speaks in this tab. With links it is whose link it is, asked anew each time: raises AccessError once it has ended.
    Else it is the name in the sidebar, a label that anybody on this machine can give."""
    if own.access() is own.Access.LINKS:
        return opened().invites.actor(st.context.cookies.get(cookie_name()))
    return Actor(_label(), Role.OWNER)


def speak_as(name: str) -> None:
    """Give this tab a label. It stays in the URL, so that a reload keeps it. Raises AccessError for what is no name."""
    name = person_name(name)
    st.session_state[_NAME_KEY] = name
    if name == usual_name():
        st.query_params.pop(NAME, None)
        st.query_params.pop(SEAL, None)
    elif st.query_params.get(NAME) != name or not _sealed(name):
        st.query_params[NAME] = name
        st.query_params[SEAL] = _seal(name)


def offered() -> str | None:
    """A name that the URL gives without having it from here: nobody speaks under it until the person says so."""
    asked = st.query_params.get(NAME)
    if asked is None or asked == _label() or _sealed(asked):
        return None
    try:
        return person_name(asked)
    except AccessError:
        return None


def _label() -> str:
    if get_script_run_ctx() is None:  # no tab: a test, a thread
        return usual_name()
    asked = st.query_params.get(NAME)
    said = st.session_state.get(_NAME_KEY) or (asked if asked is not None and _sealed(asked) else None)
    return str(said) if said else usual_name()


def _sealed(name: str) -> bool:
    return hmac.compare_digest(st.query_params.get(SEAL, "").encode(), _seal(name).encode())


def _seal(name: str) -> str:
    """Proves that the label was typed in this browser, not written into a URL."""
    whose = st.context.cookies.get(browser.COOKIE, "")
    return hmac.new(_key, f"{whose}\0{name}".encode(), hashlib.sha256).hexdigest()[:20]


def opened() -> Project:
    """The open project itself, without asking who; made from the task positive_reviews when its folder is not there yet.
    Raises RsfError while the app ends: a page that still runs must not open the project again."""
    global _project
    with _lock:
        if _ending:
            raise RsfError("the app is ending: start it again to go on")
        if _project is None:
            path = folder()
            if settings_file.is_new(path):
                _project = Project.create(path, DEFAULT_TASK, model=os.environ.get("RSF_MODEL"), what="the app")
            else:
                _project = Project.open(path, what="the app")
            _project.serve(lambda name, arguments: execute(opened(), name, arguments))
        return _project


def begin() -> None:
    """Allow the project to be opened, also after an end in this process."""
    global _ending
    _ending = False


def end() -> None:
    """Close the project for good: no page that still runs opens it again."""
    global _ending
    _ending = True  # before the lock: whoever opens the project this moment is waited for, and nobody after it
    close()


def close() -> None:
    global _project
    with _lock:
        if _project is not None:
            _project.close()
        _project = None
