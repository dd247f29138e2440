"""Importing a prompt file: it is stored, read and placed in a process of its own, previewed, and added.

    imports/<upload>/            upload.csv as it was uploaded, name.json, order.json
    imports/<upload>/<placing>/  request.json, existing.parquet; progress.json, then rows.parquet and summary.json

The name of a placing is a hash of its inputs, so it is made once for the same file, columns, share and prompts, whoever asks
and however often; it continues when the page is reloaded or the app is restarted.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow.parquet as pq

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError, PromptFileError
from rsf_core.domain.files import expand_home, read_json, writable, write_json, write_whole
from rsf_core.domain.settings import Settings
from rsf_core.jobs import process
from rsf_core.project import prompt_reading, reading_process
from rsf_core.project.import_steps import TOO_LARGE
from rsf_core.project.problem_list import NAME as PROBLEMS
from rsf_core.project.prompt_book import PromptBook
from rsf_core.prompts import Format, Problem, PromptRow, hub, row_file
from rsf_core.prompts.chosen_columns import prompt_columns, unread
from rsf_core.prompts.files import AS_RECOGNISED, PACKED, Reading
from rsf_core.prompts.parsing import Columns
from rsf_core.prompts.rows import LARGEST_FILE
from rsf_core.rounds.prompt_lengths import LengthsState, PromptLengths
from rsf_core.store.store import Store

SMALL_FILE = 256 << 10  # bytes: read and placed at once, without a process
SMALL_PROJECT = 2_000  # prompts
KEPT_UPLOADS = 3
_ADDED_AT_ONCE = 20_000  # rows
_PART = 4 << 20  # bytes of a file at a time
KILL_SECONDS = 5.0
CANCELLED = "reading the file was cancelled"


@dataclass(frozen=True, slots=True)
class Preview:
    """The result of a placing: counts, the first rows and the first problems. `references_not_taken`: how many of the rows
    left out have a reference that the project's prompt of the same text has not."""

    train: int
    held_out: int
    sealed: int
    left_out: int
    in_part: int
    rows: tuple[PromptRow, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    references_not_taken: int = 0

    @property
    def count(self) -> int:
        return self.train + self.held_out + self.sealed


@dataclass(frozen=True, slots=True)
class ImportState:
    """The state of a placing: `preview` once it is done, `problem` if it ended otherwise, else `message`."""

    message: str = ""
    preview: Preview | None = None
    problem: str | None = None

    @property
    def running(self) -> bool:
        return self.preview is None and self.problem is None


class Imports:
    def __init__(
        self, folder: Path, store: Store, book: PromptBook, lengths: PromptLengths, settings: Callable[[], Settings]
    ) -> None:
        self._folder, self._store, self._book, self._settings = folder, store, book, settings
        self._lengths = lengths
        self._format = lru_cache(maxsize=8)(reading_process.read_format)
        self._beginning = threading.Lock()

    def keep(self, name: str, content: bytes | memoryview) -> str:
        """Store an uploaded file; returns the upload's name for the other methods. The same file again is the same upload."""
        upload = blake2b(name.encode(), digest_size=8)
        upload.update(content)
        folder = self._folder / upload.hexdigest()
        if read_json(folder / "name.json") is None:
            with writable(self._folder):
                folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / f"upload{Path(name).suffix.lower()}", lambda path: path.write_bytes(content))
            write_json(folder / "name.json", {"name": name})
        self._made_newest(folder.name)
        return folder.name

    def keep_file(self, path: Path) -> str:
        """Store a file of this machine, as `keep` does. Raises PromptFileError if it cannot be read or is too large."""
        upload = blake2b(path.name.encode(), digest_size=8)
        try:
            if path.is_dir():
                return self.keep_folder(str(path))
            if path.stat().st_size > LARGEST_FILE:
                raise PromptFileError(f"{path.name} is larger than {LARGEST_FILE >> 20} MiB: split it")
            with path.open("rb") as file:
                while part := file.read(_PART):
                    upload.update(part)
            folder = self._folder / upload.hexdigest()
            if read_json(folder / "name.json") is None:
                with writable(self._folder):
                    folder.mkdir(parents=True, exist_ok=True)
                write_whole(folder / f"upload{path.suffix.lower()}", lambda beside: shutil.copyfile(path, beside))
                write_json(folder / "name.json", {"name": path.name})
        except OSError as error:
            raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error
        self._made_newest(folder.name)
        return folder.name

    def keep_named(self, file: str, config: str | None = None, split: str | None = None) -> str:
        """Store a file or a folder of this machine, or `hub:ID`, for which a configuration and a split may be given. Raises
        PromptFileError."""
        if file.startswith(hub.PREFIX):
            return self.keep_hub(file, config, split or "train")
        if config or split:
            raise PromptFileError("a configuration and a split are of a data set of the hub: write hub:org/name")
        return self.keep_file(Path(file))

    def keep_hub(self, name: str, config: str | None = None, split: str = "train") -> str:
        """Store at most a million rows of a data set of the hub as one file; returns the upload's name. Raises
        PromptFileError: without `datasets`, offline, or if there is no such data set, configuration or split."""
        source, config, split = hub.checked(name, config, split)
        return self._kept(
            f"{source} {config} {split}",
            f"{source} (hub, {split})",
            partial(reading_process.fetch, source, config, split),
        )

    def keep_folder(self, folder: str) -> str:
        """Store a data set's folder on this machine as one file; returns the upload's name. Raises PromptFileError."""
        source = expand_home(folder.strip()).absolute()
        return self._kept(str(source), f"{source.name} (folder)", partial(reading_process.gather, source))

    def _kept(self, source: str, name: str, write: Callable[[Path], None]) -> str:
        """Store one Parquet file, which `write` makes from the current state of a source."""
        upload = blake2b(f"{source}\0{time.time_ns()}".encode(), digest_size=8).hexdigest()
        with writable(self._folder):
            (self._folder / upload).mkdir(parents=True)
        try:
            write(self._folder / upload / "upload.parquet")
        except PromptFileError:
            shutil.rmtree(self._folder / upload, ignore_errors=True)
            raise
        write_json(self._folder / upload / "name.json", {"name": name})
        self._made_newest(upload)
        return upload

    def name(self, upload: str) -> str | None:
        """The original name of an uploaded file; None if it is not stored (any more)."""
        if not upload.isalnum():
            return None
        about = read_json(self._folder / upload / "name.json")
        return None if about is None else str(about["name"])

    def format(self, upload: str, reading: Reading = AS_RECOGNISED) -> Format:
        """The format that the file is read as. Raises PromptFileError if it cannot be read."""
        copy = self.file(upload)
        try:
            return self._format(copy, reading)
        except PromptFileError as error:  # the message has the original name of the file
            name = self.name(upload) or copy.name
            raise PromptFileError(str(error).replace(str(copy), name).replace(copy.name, name)) from error

    def start(
        self,
        upload: str,
        columns: Columns,
        held_out_share: float,
        reading: Reading = AS_RECOGNISED,
        again: bool = False,
    ) -> str:
        """Start to read and place the rows of an uploaded file; returns the name of the placing. With `again`, a placing that
        was cancelled or interrupted starts again."""
        settings = self._settings()
        request = {
            "columns": asdict(columns),
            "reading": asdict(reading),
            "share": held_out_share,
            "seed": settings.seed,
            "scorers": list(settings.target.scorers),
            "unsealed": self._book.is_unsealed(),
            "rows": row_file.SCHEMA.names,  # other versions have other columns
            "version": self._store.prompt_book.version(),
        }
        return self.begin(upload, request, self._write_existing, prompt_reading.work, prompt_reading.__name__, again)

    def begin(
        self,
        upload: str,
        request: Mapping[str, Any],
        write: Callable[[Path], None],
        work: Callable[[Path], None],
        module: str,
        again: bool,
    ) -> str:
        """Start the placing that `request` asks for, in a folder into which `write` puts what it needs from the project: by
        `work` in this process if the file is small, else by `module` in a process of its own. Returns its name, which is the
        same for the same request. It is made only once, unless it was cancelled or interrupted and `again` is given. A file
        has one placing at a time: an earlier one is ended and deleted."""
        file = self.file(upload)
        folder = file.parent / blake2b(json.dumps(request, sort_keys=True).encode(), digest_size=8).hexdigest()
        with self._beginning:
            if (folder / "request.json").exists() and not (again and _has_ended_early(folder)):
                return folder.name
            self.forget_placings(upload)
            with writable(file.parent):
                folder.mkdir()
                write(folder)
                write_json(
                    folder / "request.json", {**request, "file": file.name, "memory": reading_process.MEMORY_BYTES}
                )
            small = file.stat().st_size <= SMALL_FILE and file.suffix not in PACKED  # which can grow a million times
            if small and sum(self._store.prompt_counts().values()) <= SMALL_PROJECT:
                work(folder)
            else:
                process.leave(process.start(folder, module, reading_process.LEAN))
        return folder.name

    def start_recognised(
        self, upload: str, held_out_share: float, again: bool = False, named: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """Like `start`, with the columns as they are recognised, except those that are `named` by what they hold. Raises
        PromptFileError if there is no readable row or no such column."""
        file_format = self.format(upload)
        columns = prompt_columns(file_format, named)
        if columns is None:
            raise PromptFileError(f"{self.name(upload)} {file_format.problem}")
        return self.start(upload, columns, held_out_share, again=again)

    def unread(self, upload: str, placing: str) -> list[str]:
        """The columns of an uploaded file that a placing does not read."""
        request = read_json(self._folder / upload / placing / "request.json")
        if request is None:
            return []
        return unread(self.format(upload, Reading(**request["reading"])), Columns(**request["columns"]))

    def state(self, upload: str, placing: str) -> ImportState:
        folder = self._folder / upload / placing
        summary = read_json(folder / "summary.json")
        if summary is not None and "problem" in summary:
            return ImportState(problem=summary["problem"])
        if summary is not None:
            rows = tuple(PromptRow(**row | {"split": Split(row["split"])}) for row in summary.pop("rows"))
            problems = tuple(Problem(**problem) for problem in summary.pop("problems"))
            notes = tuple(summary.pop("notes"))
            return ImportState(preview=Preview(**summary, rows=rows, problems=problems, notes=notes))
        if not process.is_alive(folder):
            if (folder / "summary.json").exists():
                return self.state(upload, placing)  # it has ended just now
            return ImportState(
                problem="reading the file was interrupted: read it again. If it ends again, the file " + TOO_LARGE
            )
        progress = read_json(folder / "progress.json")
        return ImportState(message="starting" if progress is None else str(progress["message"]))

    def problems(self, upload: str, placing: str) -> bytes:
        """Every problem with the rows of a placing that is done, as CSV; empty if there are none."""
        file = self._folder / upload / placing / PROBLEMS
        return file.read_bytes() if file.is_file() else b""

    def cancel(self, upload: str, placing: str) -> None:
        folder = self._folder / upload / placing
        self._kill(folder)
        if read_json(folder / "summary.json") is None:
            write_json(folder / "summary.json", {"problem": CANCELLED})

    def restart(self, upload: str, placing: str) -> None:
        """Forget an interrupted placing, so that it starts again."""
        shutil.rmtree(self._folder / upload / placing, ignore_errors=True)

    def lengths(self, upload: str, placing: str) -> LengthsState:
        """Whether the model takes the rows of a placing that is done, as far as this is known. A process finds it out, which
        this call starts if needed. The rows can be added before it ends, whatever its result."""
        return self._lengths.check(self._folder / upload / placing)

    def cancel_lengths(self, upload: str, placing: str) -> None:
        self._lengths.cancel(self._folder / upload / placing)

    def restart_lengths(self, upload: str, placing: str) -> None:
        """Forget a check that was interrupted or cancelled, so that it starts again."""
        self._lengths.forget(self._folder / upload / placing)

    def add(self, upload: str, placing: str) -> int:
        """Add the rows of a placing that is done to the project, with their lengths if these are known; returns how many.
        Raises PromptError if prompts were added or retired, or the sealed prompts were opened, since it was made."""
        folder = self._folder / upload / placing
        request, name = read_json(folder / "request.json"), self.name(upload)
        with self._store.transaction("adding prompts"):
            if request is None or name is None or tuple(request["version"]) != self._store.prompt_book.version():
                raise PromptError("the project's prompts have changed since the file was compared with them: try again")
            if self._book.is_unsealed() and not request.get("unsealed", False):  # some of these rows may be sealed
                raise PromptError(
                    "the sealed prompts were opened since the file was compared with the others: try again"
                )
            with pq.ParquetFile(folder / "rows.parquet", memory_map=False, pre_buffer=False) as rows:
                added = self._store.prompt_book.add_rows(rows.iter_batches(_ADDED_AT_ONCE), name)
            self._lengths.keep(folder, added)
        self.forget(upload)
        return len(added)

    def forget_placings(self, upload: str) -> None:
        """End and delete the placings of an uploaded file."""
        for other in self._placings(upload):
            self._kill(other)
            shutil.rmtree(other, ignore_errors=True)

    def forget(self, upload: str) -> None:
        """Delete an uploaded file with its placings."""
        self.forget_placings(upload)
        shutil.rmtree(self._folder / upload, ignore_errors=True)

    def file(self, upload: str) -> Path:
        """The path of an uploaded file. Raises PromptFileError if it is not stored (any more)."""
        path = next((self._folder / upload).glob("upload.*"), None) if upload.isalnum() else None
        if path is None:
            raise PromptFileError("the file is no longer stored: choose it again")
        return path

    def _placings(self, upload: str) -> list[Path]:
        """The folders of all placings, also of those that were killed before they had a request."""
        return [path for path in (self._folder / upload).glob("*") if path.is_dir()]

    def _made_newest(self, upload: str) -> None:
        newest = max((self._order(other) for other in self._folder.iterdir()), default=0)
        # Times would do until the clock is set back.
        write_json(self._folder / upload / "order.json", {"order": newest + 1})
        self._forget_old()

    def _forget_old(self) -> None:
        kept = sorted(self._folder.iterdir(), key=self._order, reverse=True)
        for folder in kept[KEPT_UPLOADS:]:
            self.forget(folder.name)

    @staticmethod
    def _order(upload: Path) -> int:
        """A higher number is a later upload; 0 for uploads of an earlier version."""
        order = read_json(upload / "order.json")
        return 0 if order is None else int(order["order"])

    def _write_existing(self, folder: Path) -> None:
        pq.write_table(self._store.prompt_book.entries(), folder / "existing.parquet")

    def _kill(self, folder: Path) -> None:
        self._lengths.cancel(folder)
        process.kill(folder)
        give_up = time.monotonic() + KILL_SECONDS
        while process.is_alive(folder) and time.monotonic() < give_up:
            time.sleep(0.01)


def _has_ended_early(folder: Path) -> bool:
    """Whether the work in a folder was cancelled or interrupted."""
    alive = process.is_alive(folder)  # asked first: it may end in between
    summary = read_json(folder / "summary.json")
    return not alive if summary is None else summary.get("problem") == CANCELLED
