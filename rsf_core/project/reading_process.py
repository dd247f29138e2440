"""Reading a file or a data set in a process with limits on memory and time, because its content is not trusted: a small file
can unpack to huge values. The caller waits for the answer.

    python -m rsf_core.project.reading_process FILE BYTES [SHEET]  prints the format that a file is read as, as JSON
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import PromptFileError, RsfError
from rsf_core.project.import_steps import TOO_LARGE, limit_memory
from rsf_core.prompts import Format, recognise
from rsf_core.prompts.files import AS_RECOGNISED, PACKED, Layout, Reading

MEMORY_BYTES = 4 << 30  # what reading a file may take: 100,000 prompts take a tenth of it
FETCH_BYTES = 8 << 30  # of address space: the process that reads the hub reserves far more than it uses
FORMAT_SECONDS, GATHER_SECONDS = 60.0, 300.0
# One core; and the system's allocator: Arrow's own reserves memory that would count against the limit.
LEAN = {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def read_format(file: Path, reading: Reading = AS_RECOGNISED) -> Format:
    """The format that a file is read as. A process with a memory limit opens Parquet files, spreadsheets and archives, since
    a small one can unpack to huge values. Raises PromptFileError."""
    if file.suffix not in PACKED:
        return recognise(file, reading)
    command = [sys.executable, "-m", "rsf_core.project.reading_process", str(file), str(MEMORY_BYTES)]
    command += [reading.sheet] if reading.sheet is not None else []
    late = f"{file.name} was not read within {FORMAT_SECONDS:g} s: split it"
    answer = _answer_of(command, FORMAT_SECONDS, late, f"{file.name} could not be read: {TOO_LARGE}")["format"]
    layout = Layout(answer.pop("kind"), sheet=answer.pop("sheet"), sheets=tuple(answer.pop("sheets")))
    return Format(layout, **answer | {"columns": tuple(answer["columns"])})


def gather(folder: Path, file: Path) -> None:
    """Write a data set's folder to one Parquet file. Raises PromptFileError."""
    command = [sys.executable, "-m", "rsf_core.prompts.dataset_folder", str(folder), str(file), str(MEMORY_BYTES)]
    late = f"{folder} was not read within {GATHER_SECONDS:g} s: import a part of it"
    _answer_of(command, GATHER_SECONDS, late, f"reading {folder} failed: it is damaged, or {TOO_LARGE}")


def fetch(source: str, config: str, split: str, file: Path) -> None:
    """Write a split of a hub data set to one Parquet file. Raises PromptFileError."""
    command = [sys.executable, "-m", "rsf_core.prompts.hub", source, config, split, str(file), str(FETCH_BYTES)]
    late = f"{source} was not downloaded within {GATHER_SECONDS:g} s: import a smaller split, or a folder of it"
    _answer_of(command, GATHER_SECONDS, late, f"downloading {source} failed: {TOO_LARGE}")


def _answer_of(command: Sequence[str], seconds: float, late: str, broken: str) -> dict[str, Any]:
    """The JSON that a process prints. Raises PromptFileError: with the problem that the process reports, with `late` if it
    takes more than `seconds`, or with `broken` if it ends without an answer."""
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, env={**LEAN, **os.environ}
        )
    except subprocess.TimeoutExpired as error:
        raise PromptFileError(late) from error
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError as error:
        raise PromptFileError(broken) from error
    if "problem" in answer:
        raise PromptFileError(answer["problem"])
    return answer


def _format_in_json(file: Path, sheet: str | None) -> dict[str, Any]:
    try:
        file_format = asdict(recognise(file, Reading(sheet=sheet)))
    except MemoryError:  # pyarrow's too
        return {"problem": f"{file.name} {TOO_LARGE}"}
    except RsfError as error:
        return {"problem": str(error)}
    layout = file_format.pop("layout")
    return {"format": file_format | {name: layout[name] for name in ("kind", "sheet", "sheets")}}


def main() -> None:
    """Arguments: FILE BYTES [SHEET]. Prints the format of a file, read with at most that memory."""
    limit_memory(int(sys.argv[2]))
    print(json.dumps(_format_in_json(Path(sys.argv[1]), next(iter(sys.argv[3:]), None))))


if __name__ == "__main__":
    main()
