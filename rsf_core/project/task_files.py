"""A task from a person: a folder, or an archive (.zip, .tar, .tar.gz, .tgz) with task.toml and prompts.jsonl.

Only these two files of an archive are unpacked, in pieces up to a limit. Paths inside it are never used to write files, links
are not followed, and its stated sizes are not trusted.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

from rsf_core.domain.errors import SettingsError
from rsf_core.domain.files import writable
from rsf_core.domain.settings_file import LARGEST_BYTES
from rsf_core.prompts import tasks

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
MOST_ENTRIES = 10_000
LARGEST_ARCHIVE = 32 << 20  # the list of a ZIP's files is read whole, 46 bytes or more for each
MOST_BYTES = {"task.toml": LARGEST_BYTES, "prompts.jsonl": 64 << 20}
_MOST_UNPACKED = 256 << 20  # bytes of a TAR passed over on the way to its two files
_PIECE = 1 << 20
_LONGEST_NAME = 60
E = TypeVar("E")
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def take(source: Path, into: Path, called: str | None = None) -> Path:
    """Copy the task in the folder or archive `source` into a new folder below `into`, named after the task; returns that
    folder. An archive may hold the task in a folder. `called` is the name of an uploaded file. Raises SettingsError."""
    name = called or source.name
    try:
        is_folder, is_file = source.is_dir(), source.is_file()
    except OSError as error:  # too long for a path, say
        raise SettingsError(f"{str(source)!r:.200} cannot be opened: {error.strerror}") from error
    if is_folder:
        return _copied(into, source.resolve().name, lambda file, to: _from_folder(source / file, file, to))
    if not is_file:
        raise SettingsError(f"there is no folder or archive {str(source)!r:.200}: name one that holds a task")
    suffix = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), None)
    if suffix is None:
        raise SettingsError(
            f"{name!r:.200} is neither a folder nor an archive ({', '.join(SUFFIXES)}): choose one that holds a task"
        )
    if source.stat().st_size > LARGEST_ARCHIVE:
        raise SettingsError(f"{name!r:.200} is larger than {LARGEST_ARCHIVE >> 20} MiB: pack the task alone")
    with _damage_reported(name):
        if suffix == ".zip":
            with zipfile.ZipFile(source) as packed:
                return _of_zip(packed, name, name[: -len(suffix)], into)
        with tarfile.open(source, "r:*") as unpacked:
            return _of_tar(unpacked, name, name[: -len(suffix)], into)


def _of_zip(packed: zipfile.ZipFile, archive: str, stem: str, into: Path) -> Path:
    entries = packed.infolist()
    if len(entries) > MOST_ENTRIES:
        raise SettingsError(_too_many(archive))
    # the upper half of the attributes has the kind of a Unix file, or 0 if the archive was made on another system
    plain = [e for e in entries if not e.is_dir() and (e.external_attr >> 28) in (0, 0o10)]
    places = _places(archive, {entry.filename: entry for entry in plain})

    def copy(file: str, to: Path) -> None:
        with packed.open(places[file]) as content:
            _pour(content, to, file, archive)

    return _copied(into, _named(places["task.toml"].filename, stem), copy)


def _of_tar(packed: tarfile.TarFile, archive: str, stem: str, into: Path) -> Path:
    files: dict[str, tarfile.TarInfo] = {}
    for count, entry in enumerate(packed):
        if count >= MOST_ENTRIES:
            raise SettingsError(_too_many(archive))
        _check_passed(packed.offset, archive)
        if entry.isreg():
            files[entry.name] = entry
    stream = packed.fileobj
    assert stream is not None  # it was opened here
    while stream.read(_PIECE):  # to the end, where the checksum is verified
        _check_passed(stream.tell(), archive)
    places = _places(archive, files)

    def copy(file: str, to: Path) -> None:
        content = packed.extractfile(places[file])
        assert content is not None  # of a regular file
        with content:
            _pour(content, to, file, archive)

    return _copied(into, _named(places["task.toml"].name, stem), copy)


def _places(archive: str, files: dict[str, E]) -> dict[str, E]:
    """The entries of the task's files, in the topmost folder that has both. Raises SettingsError if there is not exactly
    one."""
    folders = [path.parent for name in files if (path := PurePosixPath(name)).name == "task.toml" and _is_inside(path)]
    whole = [
        folder for folder in folders if str(folder / "prompts.jsonl") in {str(PurePosixPath(name)) for name in files}
    ]
    if not whole:
        raise SettingsError(
            f"{archive!r:.200} holds no task: it needs task.toml and prompts.jsonl beside each other (`rsf task export` makes "
            "such a folder)"
        )
    depth = min(len(folder.parts) for folder in whole)
    nearest = [folder for folder in whole if len(folder.parts) == depth]
    if len(nearest) > 1:
        raise SettingsError(
            f"{archive!r:.200} holds {len(nearest)} tasks ({', '.join(sorted(map(str, nearest))[:3])}): pack one alone"
        )
    by_path = {str(PurePosixPath(name)): entry for name, entry in files.items()}
    return {file: by_path[str(nearest[0] / file)] for file in tasks.FILES}


def _is_inside(path: PurePosixPath) -> bool:
    return not path.is_absolute() and ".." not in path.parts and "\\" not in str(path) and "\0" not in str(path)


def _named(entry: str, stem: str) -> str:
    folder = PurePosixPath(entry).parent.name
    return folder or stem


def _copied(into: Path, name: str, copy: Callable[[str, Path], None]) -> Path:
    """A new folder for the task `name`, filled by `copy`; if that fails, nothing is left of it."""
    safe = re.sub(r"[^\w-]+", "_", name).strip("_")[:_LONGEST_NAME] or "task"
    folder = into / safe
    with writable(into):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            for file in tasks.FILES:
                copy(file, folder / file)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder


def _from_folder(file: Path, name: str, to: Path) -> None:
    if not file.is_file():  # a pipe would never end
        raise SettingsError(f"{file.parent} holds no task: it needs {' and '.join(tasks.FILES)}")
    try:
        with file.open("rb") as content:
            _pour(content, to, name, str(file.parent))
    except PermissionError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error


def _pour(content: IO[bytes], to: Path, file: str, where: str) -> None:
    """Copy what can be read, up to the limit, whatever the stated size."""
    left = MOST_BYTES[file]
    with to.open("xb") as out:
        while piece := content.read(min(_PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                raise SettingsError(
                    f"{file} in {where!r:.200} is larger than {MOST_BYTES[file] >> 20} MiB: begin with a blank task and "
                    "import the prompts as a file"
                )
            out.write(piece)


def _check_passed(offset: int, archive: str) -> None:
    """Raises SettingsError if more bytes were unpacked than the limit to get to this `offset`."""
    if offset > _MOST_UNPACKED:
        raise SettingsError(f"{archive!r:.200} unpacks to more than {_MOST_UNPACKED >> 20} MiB: pack the task alone")


def _too_many(archive: str) -> str:
    return f"{archive!r:.200} holds more than {MOST_ENTRIES:,} files: pack the task alone"


@contextmanager
def _damage_reported(archive: str) -> Iterator[None]:
    """Turns whatever the libraries raise for a damaged archive into SettingsError."""
    try:
        yield
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SettingsError(f"{archive!r:.200} cannot be unpacked ({reason}): pack the task again") from error
