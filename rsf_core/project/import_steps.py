"""What processes that read a file have in common: limited memory, reports of progress, and an outcome for a person."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import write_json

TOO_LARGE = "needs more memory than an import may use: split it, or leave out its largest values"
SHOWN_ROWS, SHOWN_PROBLEMS = 5, 20
_EVERY = 0.5  # seconds between two reports of progress


def outcome(file: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of `work` on a file stored under the name `file`, or a `problem` if it raised an error meant for a person."""
    try:
        return work()
    except MemoryError:  # pyarrow's too
        return {"problem": f"the file {TOO_LARGE}"}
    except RsfError as error:
        return {"problem": str(error).replace(file, "the file")}


def report_progress(folder: Path, message: str) -> None:
    """Write down how far the work in a folder is."""
    write_json(folder / "progress.json", {"message": message})


def row_counter(folder: Path, words: str) -> Callable[[int], None]:
    """A function that reports the count it is given, in `words`, at most every `_EVERY` seconds."""
    written_at = time.monotonic()

    def on_row(count: int) -> None:
        nonlocal written_at
        if time.monotonic() > written_at + _EVERY:
            written_at = time.monotonic()
            report_progress(folder, words.format(count))

    return on_row


def limit_memory(size: int) -> None:
    """Limit the data of this process to `size` bytes: whatever a file holds, the machine stays usable."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def main(work: Callable[[Path], None]) -> None:
    """Arguments: FOLDER, of a reading or a placing, in which `work` does what its request.json asks for, with at most the
    `memory` (bytes) stated there."""
    folder = Path(sys.argv[1])
    limit_memory(int(json.loads((folder / "request.json").read_text(encoding="utf-8"))["memory"]))
    work(folder)
