"""The one project this process serves. It is opened at start-up, or by the first page where nothing did that."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from rsf_core import project_file
from rsf_core.commands import execute
from rsf_core.project import Project

FOLDER_VARIABLE = "RSF_PROJECT"
DEFAULT_FOLDER = Path("projects/positive_reviews")
DEFAULT_TASK = "positive_reviews"

_lock = threading.Lock()
_project: Project | None = None


def folder() -> Path:
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER).absolute()


def project() -> Project:
    """The open project; made from the task positive_reviews when its folder is not there yet."""
    global _project
    with _lock:
        if _project is None:
            path = folder()
            if (path / project_file.NAME).exists() or (path.exists() and any(path.iterdir())):
                _project = Project.open(path, what="the app")
            else:
                _project = Project.create(path, DEFAULT_TASK, model=os.environ.get("RSF_MODEL"), what="the app")
            _project.serve(lambda name, arguments: execute(project(), name, arguments))
        return _project


def close() -> None:
    global _project
    with _lock:
        if _project is not None:
            _project.close()
        _project = None
