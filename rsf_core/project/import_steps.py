"""What a process that reads a file does in its folder: report progress, read the rows, and place them."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rsf_core.domain import Split
from rsf_core.domain.errors import RsfError
from rsf_core.domain.files import write_json
from rsf_core.project.problem_list import NAME as PROBLEMS
from rsf_core.project.problem_list import write_problems
from rsf_core.project.prompt_placing import Rules, place
from rsf_core.prompts import PromptRow, parse, row_file
from rsf_core.prompts.files import Reading
from rsf_core.prompts.parsing import Columns

TOO_LARGE = "needs more memory than an import may use: split it, or leave out its largest values"
SHOWN_ROWS, SHOWN_PROBLEMS = 5, 20
_SHOWN = 2_000  # characters of a text in the preview
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


def place_rows(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Read and place the rows as the request in the folder of a placing asks; returns the summary."""
    columns, read = Columns(**request["columns"]), folder / "read.parquet"
    try:
        with row_file.RowFile(read) as kept:
            parsed = parse(
                folder.parent / request["file"],
                columns.text,
                columns.reference,
                columns.system,
                columns.split,
                reading=Reading(**request["reading"]),
                on_row=row_counter(folder, "{:,} rows read"),
                keep=kept.extend,
            )
        existing = pq.read_table(folder / "existing.parquet")
        report_progress(folder, f"comparing {kept.count + existing.num_rows:,} prompts")
        rules = Rules(request["share"], request["seed"], tuple(request["scorers"]), request.get("unsealed", False))
        placed = place(read, existing, rules, SHOWN_ROWS, folder / "rows.parquet")
    finally:
        read.unlink(missing_ok=True)
    problems = sorted((*parsed.problems, *placed.problems), key=lambda problem: (problem.kept, problem.line or 0))
    in_part = sum(problem.kept for problem in problems)
    if problems:
        write_problems(folder / PROBLEMS, problems)
    return {
        "train": placed.counts[Split.TRAIN],
        "held_out": placed.counts[Split.HELD_OUT],
        "sealed": placed.counts[Split.SEALED],
        "left_out": len(problems) - in_part,
        "in_part": in_part,
        "rows": [_short(row) for row in placed.shown],
        "problems": [asdict(problem) for problem in problems[:SHOWN_PROBLEMS]],
        "notes": list(parsed.notes),
    }


def _short(row: PromptRow) -> dict[str, Any]:
    fields = asdict(row)
    fields["earlier"] = [turn[:_SHOWN] for turn in row.earlier]
    return {name: value[:_SHOWN] if isinstance(value, str) else value for name, value in fields.items()}


def limit_memory(size: int) -> None:
    """Limit the data of this process to `size` bytes: whatever a file holds, the machine stays usable."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
