"""Reading completions made elsewhere from a file, in a process of its own, and assigning them to prompts: part by part, so
that a million rows are never Python objects at the same time.

In the folder of a reading:  completions.parquet and asked.parquet, the completions and their distinct prompts as they are
read, and new.parquet, the prompts that the project lacks; then rows.parquet and prompts.parquet, what can be added of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import md5
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rsf_core.domain import Split
from rsf_core.domain.arrays import Bools, Ints
from rsf_core.domain.files import write_json, write_whole
from rsf_core.project import import_steps
from rsf_core.project.problem_list import NAME as PROBLEMS
from rsf_core.project.problem_list import write_problems
from rsf_core.project.prompt_placing import Rules, beside, place
from rsf_core.prompts import Problem, PromptRow, completions, identity, placing, row_file
from rsf_core.prompts.completions import CompletionColumns, CompletionRow
from rsf_core.prompts.files import Reading
from rsf_core.prompts.row_file import RowFile

ROWS, NEW = "rows.parquet", "prompts.parquet"
EXISTING, KNOWN = "existing.parquet", "known.parquet"
_READ, _ASKED, _UNPLACED = "completions.parquet", "asked.parquet", "new.parquet"
_SHOWN = 2_000  # characters of a text in the preview
_CONTENT = [
    ("completion", pa.large_string()),
    ("source", pa.string()),
    ("token_count", pa.int32()),
    ("stated_log_q", pa.float64()),
]
_COMPLETIONS = pa.schema([("number", pa.int64()), ("line", pa.int64()), *_CONTENT])
SCHEMA = pa.schema([("prompt", pa.int64()), ("upper", pa.uint64()), ("lower", pa.uint64()), *_CONTENT])
"""The columns of rows.parquet: `prompt` is the number of a prompt of the project, or −1 − i for row i of prompts.parquet;
`upper` and `lower` are the halves of the completion's MD5, as in MadeElsewhere.known."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Completions without their texts: the numbers of their prompts, (completions,), and the MD5 of the texts,
    (completions, 2), the upper half first."""

    prompts: Ints
    digests: NDArray[np.uint64]

    @classmethod
    def of(cls, rows: pa.Table, prompt: str) -> Self:
        """From a table with prompt numbers in the column `prompt`, and the two halves."""
        halves = np.column_stack([rows[name].to_numpy() for name in ("upper", "lower")])
        return cls(rows[prompt].to_numpy().astype(np.int64), halves)


def first_of(texts: Texts, known: Texts) -> tuple[Ints, Bools]:
    """For each completion, the index in `texts` of the first equal one of its prompt, and whether it is among `known`."""
    count, before = len(texts.prompts), len(known.prompts)
    prompts = np.concatenate([known.prompts, texts.prompts])
    digests = np.concatenate([known.digests, texts.digests])
    order = np.lexsort((digests[:, 1], digests[:, 0], prompts))
    same = (prompts[order[1:]] == prompts[order[:-1]]) & (digests[order[1:]] == digests[order[:-1]]).all(axis=1)
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(np.concatenate([np.zeros(min(1, len(order)), np.int64), ~same]))
    there = np.zeros(len(order) + 1, bool)
    there[group[:before]] = True
    first = np.full(len(order) + 1, count)
    np.minimum.at(first, group[before:], np.arange(count))
    return first[group[before:]], there[group[before:]]


def work(folder: Path) -> None:
    """Do what request.json in the folder of a reading asks for. An error that is meant for a person becomes its outcome."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        summary = import_steps.outcome(request["file"], lambda: _read(folder, request))
    finally:
        for name in (_READ, _ASKED, _UNPLACED):
            (folder / name).unlink(missing_ok=True)
    write_json(folder / "summary.json", summary)


def _read(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    with _Kept(folder) as kept:
        wrong, notes = completions.parse(
            folder.parent / request["file"],
            CompletionColumns(**request["columns"]),
            kept.extend,
            reading=Reading(**request["reading"]),
            on_row=import_steps.row_counter(folder, "{:,} rows read"),
        )
    import_steps.report_progress(folder, f"comparing the prompts of {kept.count:,} completions")
    prompts, numbers, lines = _Prompts(folder, request), kept.numbers, kept.lines
    places, refused = prompts.places[numbers], prompts.refused[numbers]
    known = Texts.of(pq.read_table(folder / KNOWN), "prompt_id")
    first, there = first_of(Texts(places, kept.digests), known)
    again = first != np.arange(kept.count)
    added = ~(refused | again | there)
    for row in np.flatnonzero(refused | again).tolist():
        same = f"is the same completion of its prompt as one of line {lines[first[row]]}; left out"
        wrong.append(Problem(int(lines[row]), None, prompts.why(int(numbers[row])) if refused[row] else same))
    shown, with_log_q, with_tokens = _write(folder, kept, places, added, request["source"])
    problems = sorted(wrong, key=lambda problem: (problem.kept, problem.line or 0))
    in_part = sum(problem.kept for problem in problems)
    if problems:
        write_problems(folder / PROBLEMS, problems)
    of_added = places[added]
    return {
        "candidates": int(added.sum()),
        "known_prompts": len(np.unique(of_added[of_added >= 0])),
        "new_prompts": prompts.new,
        "there": int((there & ~again & ~refused).sum()),
        "with_log_q": with_log_q,
        "with_tokens": with_tokens,
        "left_out": len(problems) - in_part,
        "in_part": in_part,
        "rows": shown,
        "problems": [asdict(problem) for problem in problems[: import_steps.SHOWN_PROBLEMS]],
        "notes": list(notes),
    }


def _write(folder: Path, kept: _Kept, places: Ints, added: Bools, source: str) -> tuple[list[dict[str, Any]], int, int]:
    """Write the completions that can be added; returns the first of them as a preview shows them, and how many state their
    log-probability and how many their number of tokens."""
    shown: list[dict[str, Any]] = []
    stated = {"stated_log_q": 0, "token_count": 0}
    at = 0

    def write(path: Path) -> None:
        nonlocal at
        with pq.ParquetWriter(path, SCHEMA) as writer:
            for part in row_file.parts(folder / _READ):
                rows = at + np.flatnonzero(added[at : at + len(part)])
                chosen = part.take(pa.array(rows - at))
                at += len(part)
                columns = {name: chosen[name] for name, _ in _CONTENT}
                columns["source"] = pc.fill_null(chosen["source"], source)
                halves = {name: kept.digests[rows, half] for half, name in enumerate(("upper", "lower"))}
                writer.write_table(pa.table({"prompt": places[rows], **halves, **columns}, schema=SCHEMA))
                for name in stated:
                    stated[name] += len(chosen) - chosen[name].null_count
                shown.extend(chosen.slice(0, import_steps.SHOWN_ROWS - len(shown)).to_pylist())

    write_whole(folder / ROWS, write)
    texts = _texts(folder / _ASKED, {row["number"] for row in shown})
    return (
        [
            {
                "prompt": texts[row["number"]][:_SHOWN],
                "completion": row["completion"][:_SHOWN],
                "source": row["source"] or source,
                "token_count": row["token_count"],
                "log_q": row["stated_log_q"],
            }
            for row in shown
        ],
        stated["stated_log_q"],
        stated["token_count"],
    )


def _texts(path: Path, numbers: set[int]) -> dict[int, str]:
    """The prompts of these numbers with their earlier turns."""
    texts: dict[int, str] = {}
    at = 0
    for part in row_file.parts(path):
        here = sorted(number - at for number in numbers if at <= number < at + len(part))
        rows = row_file.rows_of(part.take(pa.array(here, pa.int64())))
        texts |= {at + row: prompt.whole for row, prompt in zip(here, rows, strict=True)}
        at += len(part)
    return texts


class _Kept:
    """Writes completions as they are read; leaving the context closes it. Only the `numbers` of their prompts, their `lines`
    and their `digests` stay in memory, a few tens of bytes for each."""

    def __init__(self, folder: Path) -> None:
        self._writer = pq.ParquetWriter(folder / _READ, _COMPLETIONS, compression="lz4")
        self._prompts = RowFile(folder / _ASKED)
        self._waiting: list[CompletionRow] = []
        self._numbers: list[Ints] = [np.empty(0, np.int64)]
        self._lines: list[Ints] = [np.empty(0, np.int64)]
        self._digests = bytearray()
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._writer, self._prompts:
            if kind is None:
                self._write()

    def extend(self, rows: Sequence[CompletionRow]) -> None:
        for row in rows:
            if row.number == self._prompts.count:
                p = row.prompt
                self._prompts.extend([PromptRow(p.text, p.reference, p.system, Split.TRAIN, p.line, p.earlier)])
            self._digests += md5(row.completion.encode(), usedforsecurity=False).digest()  # it only identifies a text
        self.count += len(rows)
        self._waiting += rows
        if len(self._waiting) >= row_file.PART_ROWS:
            self._write()

    @property
    def numbers(self) -> Ints:
        return np.concatenate(self._numbers)

    @property
    def lines(self) -> Ints:
        return np.concatenate(self._lines)

    @property
    def digests(self) -> NDArray[np.uint64]:
        return np.frombuffer(self._digests, "<u8").reshape(-1, 2)

    def _write(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        numbers, lines = ([getattr(row, name) for row in rows] for name in ("number", "line"))
        self._numbers.append(np.array(numbers, np.int64))
        self._lines.append(np.array(lines, np.int64))
        columns = {
            "number": numbers,
            "line": lines,
            "completion": [row.completion for row in rows],
            "source": [row.source for row in rows],
            "token_count": [row.token_count for row in rows],
            "stated_log_q": [row.log_q for row in rows],
        }
        self._writer.write_table(pa.table(columns, schema=_COMPLETIONS))


class _Prompts:
    """The distinct prompts of a file, by their numbers in it. `places` has the number of each in the project, or −1 − i for a
    new one in row i of prompts.parquet. No completion of a `refused` prompt is added. `new` counts the new ones."""

    def __init__(self, folder: Path, request: dict[str, Any]) -> None:
        existing = pq.read_table(folder / EXISTING)
        at = _among(existing, folder / _ASKED)
        self._number = existing["prompt_id"].to_numpy()
        self._split, self._former = existing["split"], existing["former"]
        self._at = at
        unknown = at < 0
        self._unfit = {} if not unknown.any() else _place(folder, existing, unknown, request)
        self.places = np.where(unknown, 0, self._number[at] if len(self._number) else 0).astype(np.int64)
        placed = unknown.copy()
        placed[list(self._unfit)] = False
        self.new = int(placed.sum())
        self.places[placed] = -1 - np.arange(self.new)
        out = existing["former"].to_numpy() | ~pc.equal(existing["split"], str(Split.TRAIN)).to_numpy()
        self.refused = np.where(unknown, ~placed, out[at] if len(out) else True)

    def why(self, number: int) -> str:
        """Why the completions of a refused prompt are left out."""
        if number in self._unfit:
            return f"its prompt {self._unfit[number]}"
        at = int(self._at[number])
        name = int(self._number[at])
        if self._former[at].as_py():
            return f"its prompt {name} is retired: put it back on the Prompts page first; left out"
        held = "sealed" if self._split[at].as_py() == Split.SEALED else f"prompt {name}, which is held out"
        return f"its prompt is {held}: what models are compared on is not trained on; left out"


def _among(existing: pa.Table, names: Path) -> Ints:
    """The row in `existing` of each prompt of a file, −1 if it is not there: of equal ones the newest in use, else the first
    of the former ones."""
    digests = bytearray()
    known = (existing.slice(start, row_file.PART_ROWS) for start in range(0, len(existing), row_file.PART_ROWS))
    for part in (*known, *row_file.parts(names)):
        columns = (part[name].to_pylist() for name in ("text", "system", "earlier"))
        for text, system, earlier in zip(*columns, strict=True):
            digests += placing.digest(identity(text, system, tuple(earlier or ())))
    same = placing.numbered(digests)
    former = existing["former"].to_numpy()
    holder = np.full(len(same) + 1, -1)
    for rows in (np.flatnonzero(former)[::-1], np.flatnonzero(~former)):  # of equal prompts, the last assignment counts
        holder[same[rows]] = rows
    return holder[same[len(existing) :]]


def _place(folder: Path, existing: pa.Table, unknown: Bools, request: dict[str, Any]) -> dict[int, str]:
    """Write those of the `unknown` prompts that can be added; returns why the others cannot, by number."""
    with pq.ParquetWriter(folder / _UNPLACED, row_file.SCHEMA, compression="lz4") as writer:
        for part, new in beside(unknown, folder / _ASKED):
            writer.write_table(part.filter(pa.array(new)))
    rules = Rules(0.0, request["seed"], tuple(request["scorers"]), request["unsealed"])
    placed = place(folder / _UNPLACED, existing, rules, 0, folder / NEW)
    numbers = np.flatnonzero(unknown)
    return {int(numbers[row]): problem.message for row, problem in zip(placed.left_out, placed.problems, strict=True)}


if __name__ == "__main__":
    import_steps.main(work)
