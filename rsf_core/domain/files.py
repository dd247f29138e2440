"""Files that are there whole or not at all: write a temporary file beside, fsync, rename."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import OutOfSpaceError, StoreError

log = logging.getLogger(__name__)
NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
FULL = "the disk of {} is full: free some space; saved data stays"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def expand_home(path: str) -> Path:
    """A path as a person types it: ~ is the home folder; ~name of an unknown user stays as it is."""
    return Path(os.path.expanduser(path))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place. Raises OutOfSpaceError on a full disk and
    StoreError if nothing can be written; the previous file at `path` is then still there."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except Exception as error:
        with contextlib.suppress(OSError):  # nothing can be removed here either
            temporary.unlink(missing_ok=True)
        if is_full_disk(error):
            raise OutOfSpaceError(
                f"the disk is full: {path} could not be written. Free some space and resume; saved data stays"
            ) from error
        if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
            raise StoreError(cannot_write(path.parent, error)) from error
        raise


@contextmanager
def writable(folder: Path | str) -> Iterator[None]:
    """Turns an OSError raised inside because `folder`, or something in it, cannot be written into StoreError, or into
    OutOfSpaceError on a full disk."""
    try:
        yield
    except OSError as error:
        if is_full_disk(error):
            raise OutOfSpaceError(FULL.format(folder)) from error
        if error.errno in NOT_WRITABLE:
            raise StoreError(cannot_write(error.filename or folder, error)) from error
        if error.errno == errno.ENAMETOOLONG:
            raise StoreError(f"{str(folder)[:300]} is too long a name for this disk: choose a shorter one") from error
        raise


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder for temporary files, which is removed afterwards. Raises as `writable` does."""
    with writable(temporary_folder()), tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def temporary_folder() -> str:
    """The folder of temporary files. Raises OutOfSpaceError if no folder takes any."""
    try:
        return tempfile.gettempdir()
    except FileNotFoundError as error:
        raise OutOfSpaceError(
            "no folder takes temporary files: free some space in /tmp, or name another folder by TMPDIR and start again"
        ) from error


@contextmanager
def in_words() -> Iterator[None]:
    """For the outermost call: an OSError of a disk that is full or not writable, wherever it was raised, becomes
    OutOfSpaceError or StoreError, whose messages are for a person."""
    try:
        yield
    except OSError as error:
        place = error.filename or "this machine"
        if is_full_disk(error):
            raise OutOfSpaceError(FULL.format(place)) from error
        if error.errno in NOT_WRITABLE:
            raise StoreError(
                f"{place} cannot be read or written ({error.strerror}): give yourself write access, and try again"
            ) from error
        raise


def cannot_write(place: object, error: OSError) -> str:
    """The message about a file or folder that cannot be written."""
    return f"{place} cannot be written ({error.strerror}): mount it writable, or make it yours, and try again"


def is_full_disk(error: BaseException) -> bool:
    """Whether a full disk raised `error`. safetensors raises an error of its own, with the error number in its text."""
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return getattr(error, "errno", None) in numbers or any(f"os error {number}" in str(error) for number in numbers)


def write_json(path: Path, data: Any) -> None:
    write_whole(path, lambda temporary: temporary.write_text(json.dumps(data), encoding="utf-8"))


def read_json(path: Path) -> Any:
    """The parsed file, or None if there is no file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def keep_private(folder: Path) -> None:
    """Let nobody but the user read a folder: 0700, files in it 0600. Deeper levels are changed only if the folder itself was
    open to others, since a closed folder protects them. Links are left alone: they may lead elsewhere. If the modes cannot be
    changed (another user's folder, a file system without modes), a warning is logged."""
    try:
        was = stat.S_IMODE(folder.stat().st_mode)
        if was & _OTHERS:
            _take_from_others(folder)  # first: from here on nobody else gets in
            for path, folders, files in os.walk(folder):
                for name in (*folders, *files):
                    _take_from_others(Path(path, name))
            log.warning("%s could be read by others (%04o); now it is yours alone (0700, its files 0600)", folder, was)
        else:
            for entry in folder.iterdir():
                _take_from_others(entry)
    except FileNotFoundError:  # the folder itself was removed
        return
    except OSError as error:
        if error.errno not in (*NOT_WRITABLE, errno.ENOTSUP):
            raise
        log.warning("%s may be read by others: its modes cannot be changed (%s)", folder, error.strerror)


def _take_from_others(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # a job's temporary file
        return
    if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and mode & _OTHERS:
        try:
            os.chmod(path, stat.S_IMODE(mode) & ~_OTHERS)
        except FileNotFoundError:
            return
