"""A workspace: a folder whose subfolders are projects. Listing them opens none of their databases: it reads other files of
each.

Every change of the workspace ends with one rename, so a process that is killed leaves either the old or the new state.
Temporary folders have a name that begins with a dot, and are removed a day later if one was left."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsf_core.domain import settings_file
from rsf_core.domain.errors import ProjectLockedError, RsfError, WorkspaceError
from rsf_core.domain.files import writable
from rsf_core.jobs import process
from rsf_core.jobs.spool import Spool
from rsf_core.project import summary as summaries
from rsf_core.project.client import connect
from rsf_core.project.owner import OwnerLock, holder
from rsf_core.project.summary import Running, Summary
from rsf_core.store.backup import restore

ARCHIVE = ".archive"
LONGEST_NAME = 60
_CHANGED_FILES = (settings_file.NAME, "rsf.duckdb", "rsf.duckdb.wal")
_ASIDE = ".aside-"  # begins the name of a folder that is being made or removed
_SWEPT_AFTER_SECONDS = 24 * 3600.0
_SIZE_SECONDS = 30.0  # for how long a size is cached: computing it visits all files
_NEWEST_JOBS = 2  # how many folders of jobs are checked: a running job writes into its own every second
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_FORBIDDEN = '/\\:*?"<>|'  # in the name of a folder, on one system or another


@dataclass(frozen=True, slots=True)
class Entry:
    """A project as a list shows it. `problem` is why its settings cannot be read, or the first that is not allowed. `summary`
    is None for a project of an earlier version that has not been opened since. `held_by` is the process that has it open (pid,
    host, what), None if none has. `changed_at` is in UTC, without a zone."""

    name: str
    folder: Path
    task: str
    model: str
    changed_at: datetime
    bytes: int
    summary: Summary | None
    running: Running | None = None
    held_by: dict[str, Any] | None = None
    problem: str = ""

    @property
    def seconds_ago(self) -> float:
        """How long ago it changed."""
        return max(0.0, (datetime.now(UTC).replace(tzinfo=None) - self.changed_at).total_seconds())


def names(workspace: Path) -> list[str]:
    """The names of the projects in a workspace; empty if it does not exist yet. Raises WorkspaceError if it cannot be read."""
    return [folder.name for folder in _folders(workspace)]


def archived(workspace: Path) -> list[str]:
    """The names of the archived projects."""
    return [folder.name for folder in _folders(workspace / ARCHIVE)]


def entries(workspace: Path) -> list[Entry]:
    """The projects, the one that changed last first."""
    projects = [entry for folder in _folders(workspace) if (entry := _described(folder)) is not None]
    return sorted(projects, key=lambda entry: (entry.changed_at, entry.name), reverse=True)


def _described(folder: Path) -> Entry | None:
    """Like `describe`; if the files cannot be read, the entry reports that, so that the other projects are still listed."""
    try:
        return describe(folder)
    except OSError as error:
        problem = f"{error.filename or folder} cannot be read ({error.strerror})"
        return Entry(folder.name, folder, "", "", datetime(1970, 1, 1), 0, None, problem=problem)


def describe(folder: Path) -> Entry | None:
    """The entry of a project, from its files; None if it was removed at this moment."""
    task = model = problem = ""
    try:
        settings, wrong = settings_file.read_tolerantly(folder)
        task, model = settings.task, settings.model
        problem = f"{settings_file.NAME}: {wrong[0]}" if wrong else ""
    except RsfError as error:
        problem = str(error)
    changed = max(_mtime(folder / name) for name in _CHANGED_FILES)
    entry = Entry(
        folder.name,
        folder,
        task,
        model,
        datetime.fromtimestamp(changed, UTC).replace(tzinfo=None),
        size(folder),
        summaries.read(folder),
        running(folder),
        holder(folder),
        problem,
    )
    return entry if (folder / settings_file.NAME).exists() else None


def folder_of(workspace: Path, name: str) -> Path:
    """The folder of a project. Raises WorkspaceError if there is no project of this name, so that a name cannot lead to
    another place on the disk."""
    if name not in names(workspace):
        raise WorkspaceError(f"there is no project {name!r:.80} in {workspace}: it was renamed, archived or deleted")
    return workspace / name


def checked_name(name: str) -> str:
    """`name` as the name of a project's folder: NFC, single spaces. Raises WorkspaceError saying what is wrong with it."""
    if len(name) > 10 * LONGEST_NAME:
        raise WorkspaceError(f"a project's name has at most {LONGEST_NAME} characters: choose a shorter one")
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    if not any(unicodedata.category(c)[0] in "LN" for c in plain):
        raise WorkspaceError(f"{plain!r} is not a name for a project: it needs a letter or a digit")
    if len(plain) > LONGEST_NAME:
        raise WorkspaceError(f"a project's name has at most {LONGEST_NAME} characters: this one has {len(plain)}")
    wrong = next((c for c in plain if c in _FORBIDDEN or unicodedata.category(c)[0] == "C"), None)
    if wrong is not None:
        shown = repr(wrong) if unicodedata.category(wrong)[0] != "C" else f"U+{ord(wrong):04X}"
        raise WorkspaceError(f"a project's name is that of its folder and cannot have {shown}: leave it out")
    if _RESERVED.fullmatch(plain):
        raise WorkspaceError(f"{plain!r} is the name of a device on Windows: choose another name")
    if plain[0] in ".-" or plain[-1] == ".":
        raise WorkspaceError(f"a project's name neither begins with “.” or “-” nor ends with “.” (got {plain!r})")
    return plain


def new_folder(workspace: Path, name: str) -> Path:
    """The folder that a new project of this name gets. Raises WorkspaceError for a name that is taken or not valid."""
    checked = checked_name(name)
    taken = {other.casefold() for other in _all_names(workspace)}  # some file systems ignore case
    if checked.casefold() in taken:
        raise WorkspaceError(f"there is a project or folder {checked!r} in {workspace} already: choose another name")
    return workspace / checked


def free_name(workspace: Path, name: str) -> str:
    """`name`, or the first of "name 2", "name 3", … that is free."""
    taken = {other.casefold() for other in _all_names(workspace)}
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name[: LONGEST_NAME - 6]} {number}"
    return free


def copy(workspace: Path, name: str, new_name: str) -> Path:
    """Copy a project with its tuned models in its current state, also while it is open; returns the copy's folder. Folders of
    jobs are not copied: a running job continues only in the original. Raises WorkspaceError, BackupError or OutOfSpaceError;
    then there is no copy."""
    source, target = folder_of(workspace, name), new_folder(workspace, new_name)
    sweep(workspace)
    with _aside(workspace) as aside:
        backup = aside / "backup.zip"
        with connect(source, "rsf projects") as connection:
            connection.call("backup", {"file": str(backup), "models": True})
        made = aside / "project"
        restore(backup, made)
        summary = summaries.read(source)
        if summary is not None:
            summaries.write(made, summary)
        _move(made, target)
    return target


def rename(workspace: Path, name: str, new_name: str) -> Path:
    """Rename a project that nobody has open; returns its new folder. Raises WorkspaceError or ProjectLockedError."""
    source, checked = folder_of(workspace, name), checked_name(new_name)
    target = workspace / checked if checked.casefold() == name.casefold() else new_folder(workspace, checked)
    if target != source:
        with _alone(source, "renamed"):
            _move(source, target)
    return target


def archive(workspace: Path, name: str) -> Path:
    """Move a project that nobody has open to the archive; returns its folder there. Raises WorkspaceError or
    ProjectLockedError."""
    source = folder_of(workspace, name)
    with _alone(source, "archived"), writable(workspace):
        (workspace / ARCHIVE).mkdir(mode=0o700, exist_ok=True)
        target = workspace / ARCHIVE / free_name(workspace / ARCHIVE, name)
        _move(source, target)
    return target


def put_back(workspace: Path, name: str) -> Path:
    """Move a project back from the archive, under another name if its own is taken; returns its folder. Raises WorkspaceError
    or ProjectLockedError."""
    source = folder_of(workspace / ARCHIVE, name)
    target = workspace / free_name(workspace, name)
    with _alone(source, "put back"):
        _move(source, target)
    return target


def delete(workspace: Path, name: str, typed: str) -> None:
    """Delete a project that nobody has open, for good. `typed` is what the person typed to confirm, which must be its name.
    `workspace` may be an archive. Raises WorkspaceError or ProjectLockedError; then nothing is deleted."""
    source = folder_of(workspace, name)
    if typed != name:
        raise WorkspaceError(f"to delete a project, type its exact name: {name!r:.80}")
    if source.is_symlink():
        raise WorkspaceError(f"{source} is a link to {source.resolve()}: remove the link by hand, and what it leads to")
    with _alone(source, "deleted"):
        aside = workspace / f"{_ASIDE}{secrets.token_hex(6)}"
        _move(source, aside)  # it disappears at once and whole, even if deleting the files fails
    with writable(workspace):
        shutil.rmtree(aside)


def sweep(workspace: Path) -> None:
    """Remove temporary folders that were left by a process that was killed."""
    oldest = time.time() - _SWEPT_AFTER_SECONDS
    for place in (workspace, workspace / ARCHIVE):
        for left in place.glob(f"{_ASIDE}*"):
            with contextlib.suppress(OSError):  # the next call tries again
                if left.stat().st_mtime < oldest:
                    shutil.rmtree(left)


def running(folder: Path) -> Running | None:
    """The running job of a project, found from its files alone; None if none runs."""
    try:
        with os.scandir(folder / "spool") as listing:
            jobs = [(entry.stat().st_mtime, entry.path) for entry in listing if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return None
    for _, path in sorted(jobs, reverse=True)[:_NEWEST_JOBS]:
        if process.is_alive(Path(path)):
            with contextlib.suppress(RsfError):  # a damaged spool: the project's owner reports it
                return summaries.running(Path(path).name, Spool(Path(path)).status())
    return None


def size(folder: Path) -> int:
    """The size of all files of a project in bytes, cached for half a minute."""
    return _size(folder, int(time.monotonic() / _SIZE_SECONDS))


@lru_cache(maxsize=1000)
def _size(folder: Path, when: int) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):  # a temporary file that has just gone
                total += os.lstat(os.path.join(path, name)).st_size
    return total


def _folders(workspace: Path) -> list[Path]:
    try:
        folders = sorted(workspace.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WorkspaceError(f"{workspace} cannot be read ({error.strerror}): name another with --workspace") from error
    return [
        folder for folder in folders if not folder.name.startswith(".") and os.path.isfile(folder / settings_file.NAME)
    ]


def _all_names(workspace: Path) -> list[str]:
    try:
        return os.listdir(workspace)
    except FileNotFoundError:
        return []


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextmanager
def _aside(workspace: Path) -> Iterator[Path]:
    """A hidden folder in the workspace, removed at the end."""
    aside = workspace / f"{_ASIDE}{secrets.token_hex(6)}"
    with writable(workspace):
        aside.mkdir(mode=0o700)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _alone(folder: Path, what: str) -> Iterator[None]:
    """Hold the project's lock, so that nobody opens it meanwhile. Raises ProjectLockedError if somebody has it open,
    WorkspaceError if a job of it runs."""
    job = running(folder)
    if job is not None:
        raise WorkspaceError(f"{job.job_id} of {folder.name} runs: wait for it or cancel it before it is {what}")
    held = holder(folder)
    if held is not None:
        who = f"{held.get('what', 'a process')} (pid {held.get('pid')} on {held.get('host')})"
        raise ProjectLockedError(f"{folder.name} is open in {who}: close it there before it is {what}")
    with writable(folder):
        lock = OwnerLock(folder, f"being {what}")
    try:
        yield
    finally:
        lock.release()


def _move(source: Path, target: Path) -> None:
    with writable(target.parent):
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR):
                raise
            raise WorkspaceError(f"{target} is there already: choose another name") from error
