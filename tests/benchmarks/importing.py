"""The cost of reading a file of many prompts, placing them and adding them to a project: seconds of processor time, and the
peak memory of the process that reads it and of the owner. Beside it, in the same run, the cost of Python's own reader and a
list of the rows for the same file: any reader that keeps the rows in memory needs at least that.

Prints a JSON line a format. From the repository root, one thread:
OMP_NUM_THREADS=1 PYTHONPATH=. python tests/benchmarks/importing.py [--rows N] [csv jsonl json parquet xlsx candidates]

`candidates` are N completions made elsewhere, 16 of each prompt, in a JSONL file with their stated log q and token counts.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import random
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from rsf_core.domain.access import person
from rsf_core.project import Project, imports
from rsf_core.project.candidate_imports import CandidateImports, CandidatePreview
from tests.support import small_task

ROWS, LIMIT_MB, SEED = 1_000_000, 1_500, 0
WAIT_SECONDS = 7_200
FORMATS = ["csv", "jsonl", "json", "parquet", "xlsx", "candidates"]
PER_PROMPT = 16
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_PARTS = {  # of a spreadsheet with one sheet and inline texts
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
    'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
    'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.'
    'openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="prompts" sheetId="1" r:id="r1"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}
SUBJECTS = (
    *("kettle", "train", "garden", "lamp", "harbour", "bread", "violin", "ladder"),
    *("window", "market", "river", "engine", "letter", "pillow", "bridge"),
)
VERBS = ["Describe", "Review", "Explain", "Praise", "Compare", "Summarise", "Question", "Recommend"]
TONES = ["kindly", "briefly", "plainly", "slowly", "warmly", "sharply", "drily", "gladly"]


def rows(count: int) -> list[tuple[str, str]]:
    """Prompts of about 75 characters that differ in their words and a number, each with a reference."""
    rng = random.Random(SEED)

    def text(i: int) -> str:
        first, second, third = (rng.choice(SUBJECTS) for _ in range(3))
        return f"{rng.choice(VERBS)} {rng.choice(TONES)} the {first} beside the {second} and the {third}, case {i}."

    return [(text(i), str(i % 1_000)) for i in range(count)]


def write(file: Path, count: int, what: str) -> None:
    made = rows(count)
    named = ({"prompt": text, "answer": answer} for text, answer in made)
    if what == "csv":
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["prompt", "answer"])
            writer.writerows(made)
    elif what == "jsonl":
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in named)
    elif what == "candidates":
        with file.open("w", encoding="utf-8") as out:
            for at, (text, answer) in enumerate(made):
                row = {"prompt": made[at // PER_PROMPT][0], "completion": text, "log_q": -20.5, "token_count": 20}
                out.write(json.dumps(row | {"source": "a teacher", "reference": answer}) + "\n")
    elif what == "json":
        with file.open("w", encoding="utf-8") as out:
            out.write("[")
            out.writelines((", " if at else "") + json.dumps(row) for at, row in enumerate(named))
            out.write("]")
    elif what == "xlsx":
        _write_sheet(file, [("prompt", "answer"), *made])
    else:
        columns = {name: [row[place] for row in made] for place, name in enumerate(("prompt", "answer"))}
        pq.write_table(pa.table(columns), file)


def _write_sheet(file: Path, cells: Sequence[tuple[str, str]]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, text in _PARTS.items():
            packed.writestr(name, text)
        with packed.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_SHEET.encode())
            for at, row in enumerate(cells, start=1):
                inside = (
                    f'<c r="{c}{at}" t="inlineStr"><is><t>{text}</t></is></c>'
                    for c, text in zip("AB", row, strict=True)
                )
                sheet.write(f'<row r="{at}">{"".join(inside)}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")


def plainly(file: Path) -> None:
    """Read the file with the usual library for its format, every row in a list."""
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8") as read:
            held: list[Any] = list(csv.DictReader(read))
    elif file.suffix == ".jsonl":
        with file.open(encoding="utf-8") as read:
            held = [json.loads(line) for line in read]
    elif file.suffix == ".json":
        held = json.loads(file.read_text(encoding="utf-8"))
    elif file.suffix == ".xlsx":
        held = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    else:
        held = pq.read_table(file).to_pylist()
    assert held


def measured(do: Callable[..., None], *arguments: object) -> dict[str, float]:
    """Processor time in s and peak memory in MB of `do` in a separate process, and of the processes that it measured
    itself."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_in_process, args=(there, do, arguments))
    process.start()
    there.close()  # so that the end of the process is noticed here
    if not here.poll(WAIT_SECONDS):
        process.kill()
        raise TimeoutError(f"{do.__name__} took more than {WAIT_SECONDS} s")
    used: dict[str, float] = here.recv()
    process.join(WAIT_SECONDS)
    return used


def _in_process(pipe: Any, do: Callable[..., None], arguments: tuple[object, ...]) -> None:
    start = time.perf_counter()
    do(*arguments)
    # of this program alone: rusage includes the program that started it
    cpu, peak = _used(psutil.Process())
    pipe.send({"cpu_s": round(cpu, 1), "peak_mb": round(peak), "seconds": round(time.perf_counter() - start, 1)})


def place(folder: Path, file: Path, what: str) -> None:
    """Store the file and place its rows, as the Prompts page does; the process that reads it is a child of this one."""
    with Project.open(folder) as project:
        kept = project.imports.keep_file(file)
        of: imports.Imports | CandidateImports = project.imports
        if what == "candidates":
            of, placing = project.candidate_imports, project.candidate_imports.start_recognised(kept, "a file")
        else:
            placing = project.imports.start_recognised(kept, 0.02)
        messages, reader, cpu, peak = set(), _reader(project.imports, kept, placing), 0.0, 0.0
        while (state := of.state(kept, placing)).running:
            messages.add(state.message)
            cpu, peak = max((cpu, peak), _used(reader))
            time.sleep(0.1)
        assert state.preview is not None, state.problem
        assert len(messages) > 1, "no progress was reported"
        count = state.preview.candidates if isinstance(state.preview, CandidatePreview) else state.preview.count
        (folder.parent / "placed.json").write_text(json.dumps([kept, placing, count, cpu, peak]))


def _reader(kept: imports.Imports, upload: str, placing: str) -> psutil.Process:
    """The process that reads the file. It may outlive its starter, so its resource usage is polled."""
    return psutil.Process(json.loads((kept.file(upload).parent / placing / "process.json").read_text())["pid"])


def _used(process: psutil.Process) -> tuple[float, float]:
    """Processor time in s and peak memory in MB so far; 0 once it has ended."""
    try:
        used, status = process.cpu_times(), Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except (psutil.Error, OSError):
        return 0.0, 0.0
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    return float(used.user + used.system), float(peak[1]) / 1e3 if peak else 0.0


def add(folder: Path, what: str) -> None:
    kept, placing, count, *_ = json.loads((folder.parent / "placed.json").read_text())
    with Project.open(folder) as project:
        if what == "candidates":
            added = project.candidate_imports.add(kept, placing, person("ann")).candidates
        else:
            added = project.imports.add(kept, placing)
        assert added == count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("formats", nargs="*", default=FORMATS)
    parser.add_argument("--rows", type=int, default=ROWS)
    arguments = parser.parse_args()
    imports.KEPT_UPLOADS = 1
    for what in arguments.formats:
        with tempfile.TemporaryDirectory() as scratch:
            suffix = "jsonl" if what == "candidates" else what
            file, folder = Path(scratch) / f"prompts.{suffix}", Path(scratch) / "project"
            write(file, arguments.rows, what)
            Project.create(folder, str(small_task.write(Path(scratch) / "small_reviews")), seed=1).close()
            plain = measured(plainly, file)
            placed = measured(place, folder, file, what)
            reading = json.loads((Path(scratch) / "placed.json").read_text())[-2:]
            placed |= {"reader_cpu_s": round(reading[0], 1), "reader_peak_mb": round(reading[1])}
            added = measured(add, folder, what)
            peak = max(placed["peak_mb"] + placed["reader_peak_mb"], added["peak_mb"])
            shown = {
                "benchmark": "importing",
                "format": what,
                "rows": arguments.rows,
                "file_mb": file.stat().st_size // 10**6,
            }
            shown |= {f"placing_{name}": value for name, value in placed.items()}
            shown |= {f"adding_{name}": value for name, value in added.items()}
            shown |= {"plain_cpu_s": plain["cpu_s"], "plain_peak_mb": plain["peak_mb"]}
            shown |= {"peak_mb_to_plain": round(peak / plain["peak_mb"], 2), "peak_mb": peak}
            print(json.dumps(shown | {f"within_{LIMIT_MB}_mb": peak <= LIMIT_MB}), flush=True)


if __name__ == "__main__":
    main()
