"""Checks the lengths of prompts during their import as the generate job would: counted with the model's tokenizer and
template, in a process of its own, without weights.

    imports/<upload>/<placing>/lengths-<model>/  request.json; shown.json, progress.json, then lengths.parquet and summary.json

`python -m rsf_core.jobs.length_check FOLDER` does what request.json asks for.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core import models
from rsf_core.domain import Prompt, Split
from rsf_core.domain.errors import ModelError, RsfError
from rsf_core.domain.files import read_json, writable, write_json, write_whole
from rsf_core.jobs import process
from rsf_core.models.context_window import ContextWindow
from rsf_core.models.lengths import Length, Lengths
from rsf_core.store.records import Window

SHOWN = 5  # rows, as the model gets them
LONGEST_SHOWN = 4_000  # characters of one row
LIMIT_SECONDS = 600.0
CPU_SECONDS = 900  # for code that does not return to check the clock; loading included
_EVERY = 0.5  # seconds between two reports of progress
_SCHEMA = pa.schema([("tokens", pa.int32()), ("refused", pa.large_string())])
_LEAN = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
_FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken", "*.spm", "*.safetensors")


def folder_for(placing: Path, model: Path) -> Path:
    """The folder of the check of a placing's rows against the model in a folder; it differs if the model's files do."""
    files = sorted(path for pattern in _FILES for path in model.glob(pattern))
    state = [(path.name, about.st_size, about.st_mtime_ns) for path in files if (about := path.stat())]
    digest = blake2b(json.dumps([str(model), state]).encode(), digest_size=8)
    return placing / f"lengths-{digest.hexdigest()}"


def start(folder: Path, rows: Path, model: Path, name: str) -> None:
    """Begin the check of `rows` (Parquet: text, system, earlier) in a process, once. `name` is what the settings call the
    model."""
    if (folder / "request.json").exists():
        return
    with writable(folder.parent):
        folder.mkdir(exist_ok=True)
    write_json(folder / "request.json", {"model": str(model), "name": name, "rows": str(rows), "limit": LIMIT_SECONDS})
    process.leave(process.start(folder, "rsf_core.jobs.length_check", _LEAN))


def progress(folder: Path) -> str:
    """How far the check is, in words. Raises ModelError if it has ended without an outcome."""
    if not process.is_alive(folder) and not (folder / "summary.json").exists():
        raise ModelError("checking their lengths was interrupted")
    saved = read_json(folder / "progress.json")
    return "loading the tokenizer" if saved is None else str(saved["message"])


def outcome(folder: Path) -> Window | None:
    """The model's room once the check is done and lengths.parquet is written; None before. Raises ModelError with the reason
    if it failed."""
    summary = read_json(folder / "summary.json")
    if summary is None:
        return None
    if "problem" in summary:
        raise ModelError(str(summary["problem"]))
    return Window(**summary)


def first_rows(folder: Path) -> tuple[str, ...]:
    """The first rows that are not sealed, as the model gets them; empty until they are known."""
    return tuple(read_json(folder / "shown.json") or ())


def cancel(folder: Path) -> None:
    process.kill(folder)
    if (folder / "request.json").exists() and not (folder / "summary.json").exists():
        write_json(folder / "summary.json", {"problem": "checking their lengths was cancelled"})


def work(folder: Path) -> None:
    """Do what request.json asks for. An RsfError is saved as the outcome."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        summary = asdict(_checked(folder, request))
    except RsfError as error:
        summary = {"problem": str(error)}
    except MemoryError:
        summary = {"problem": "this machine has not enough memory to check them"}
    write_json(folder / "summary.json", summary)


def _checked(folder: Path, request: dict[str, Any]) -> Window:
    began = written_at = time.monotonic()
    model = Path(request["model"])
    lengths = of_model(model)
    identity = models.identity(model)
    rows = pq.read_table(request["rows"], columns=["text", "system", "earlier", "split"])
    open_rows = (row for row in _prompts(rows) if row.split is not Split.SEALED)
    seen = [lengths.text(prompt)[:LONGEST_SHOWN] for prompt in itertools.islice(open_rows, SHOWN)]
    write_json(folder / "shown.json", seen)
    measured: list[Length] = []
    for number, prompt in enumerate(_prompts(rows)):
        measured.append(lengths.of(prompt))
        now = time.monotonic()
        if now > written_at + _EVERY:
            written_at = now
            write_json(folder / "progress.json", {"message": f"{number + 1:,} of {rows.num_rows:,} prompts"})
        if now > began + request["limit"]:
            raise ModelError(
                f"checking their lengths was ended after {request['limit']:g} s, with {number + 1:,} of {rows.num_rows:,} "
                "done; the job that draws says which do not fit"
            )
    table = pa.Table.from_pylist([asdict(length) for length in measured], schema=_SCHEMA)
    write_whole(folder / "lengths.parquet", lambda path: pq.write_table(table, path))
    return Window(identity, str(request["name"]), lengths.window.limit, lengths.window.prefix)


def _prompts(rows: pa.Table) -> Iterator[Prompt]:
    for batch in rows.to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            earlier = tuple(row["earlier"] or ())
            yield Prompt(0, row["text"], split=Split(row["split"]), system=row["system"], earlier=earlier)


def of_model(folder: Path) -> Lengths:
    """Counts prompts for the model in `folder`, without its weights. Raises ModelError."""
    return Lengths(*models.outline(folder), pad=0)  # pad, the token for an empty prompt, does not matter here


def room(window: Window) -> ContextWindow:
    return ContextWindow(window.most, window.prefix)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    work(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
