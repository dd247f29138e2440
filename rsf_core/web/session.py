"""The one project this process serves. It is opened at start-up, or by the first page where nothing did that."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from rsf_core import project_file
from rsf_core.commands import execute
from rsf_core.errors import RsfError
from rsf_core.project import Project

FOLDER_VARIABLE = "RSF_PROJECT"
DEFAULT_FOLDER = Path("projects/positive_reviews")
DEFAULT_TASK = "positive_reviews"

_lock = threading.Lock()
_project: Project | None = None
_ending = False


def folder() -> Path:
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER).absolute()


def project() -> Project:
    """The open project; made from the task positive_reviews when its folder is not there yet. Raises RsfError while the
    app ends: a page that still runs must not open the project again."""
    global _project
    with _lock:
        if _ending:
            raise RsfError("the app is ending: start it again to go on")
        if _project is None:
            path = folder()
            if (path / project_file.NAME).exists() or (path.exists() and any(path.iterdir())):
                _project = Project.open(path, what="the app")
            else:
                _project = Project.create(path, DEFAULT_TASK, model=os.environ.get("RSF_MODEL"), what="the app")
            _project.serve(lambda name, arguments: execute(project(), name, arguments))
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
