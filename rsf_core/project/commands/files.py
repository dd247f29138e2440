"""The commands that write files: backup, exports, and a task folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rsf_core.project import Project, task_folders
from rsf_core.project.commands.table import command
from rsf_core.project.exporting.request import Request


@command
def backup(project: Project, file: str | None, models: bool) -> dict[str, Any]:
    """Back the project up to `file` (None: a new one among the exports)."""
    return project.backup(None if file is None else Path(file), models)


@command
def export_start(project: Project, request: dict[str, Any], out: str | None) -> str:
    """Start to write an export, into the project's exports or the new folder `out`; its id."""
    return project.exports.start(Request.parse(request), None if out is None else Path(out))


@command
def export_state(project: Project, export_id: str) -> Any:
    return project.exports.state(export_id)


@command
def export_cancel(project: Project, export_id: str) -> None:
    project.exports.cancel(export_id)


@command
def export_task(project: Project, folder: str, sealed: bool) -> list[task_folders.Finding]:
    """Make a task folder from the prompts and the settings; returns findings about it."""
    return task_folders.export(project, Path(folder), sealed)
