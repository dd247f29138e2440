"""The drafts of new projects that this process has open, shared by everybody who looks at them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from rsf_core.domain.errors import RsfError
from rsf_core.project.draft import FOLDER, Draft
from rsf_core.web.open_projects import ENDING

_lock = threading.RLock()
_open: dict[Path, Draft] = {}
_ending = False


def begin(workspace: Path, task: str, brought: Path | None = None, called: str | None = None) -> Draft:
    """See Draft.begin. Raises SettingsError, and RsfError while the app ends."""
    with _lock:
        _refuse_at_the_end()
        draft = Draft.begin(workspace, task, brought, called, os.environ.get("RSF_MODEL"))
        _open[draft.folder] = draft
        return draft


def open_draft(workspace: Path, draft_id: str) -> Draft:
    """A draft by its name. Raises NotAProjectError if there is none (any more), ProjectLockedError if another process has it
    open."""
    with _lock:
        _refuse_at_the_end()
        draft = _open.get(workspace / FOLDER / draft_id)
        if draft is None:
            draft = Draft.open(workspace, draft_id)
            _open[draft.folder] = draft
        return draft


def finish(draft: Draft, name: str) -> Path:
    """Make it a project; see Draft.finish."""
    with _lock:
        folder = draft.finish(name)
        _open.pop(draft.folder, None)
        return folder


def discard(draft: Draft) -> None:
    with _lock:
        _open.pop(draft.folder, None)
        draft.discard()


def allow() -> None:
    """Allow drafts to be opened, even after `end` in this process."""
    global _ending
    _ending = False


def end() -> None:
    """Close all drafts; jobs that run for them continue."""
    global _ending
    _ending = True  # before the lock, so that a page that still runs opens none afterwards
    with _lock:
        for folder in list(_open):
            _open.pop(folder).close()


def _refuse_at_the_end() -> None:
    if _ending:
        raise RsfError(ENDING)
