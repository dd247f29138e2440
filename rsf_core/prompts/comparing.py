"""A few prompts compared with all of a project's: which are there already, which resemble one of the other side.

Near-duplicates are looked for among the texts of all, which of 100,000 takes seconds of a processor. Where they are many a
process of its own does it: who has typed the prompt waits for the answer, and nobody else does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core import prompts
from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError
from rsf_core.domain.files import read_json, write_json
from rsf_core.domain.turns import Turns
from rsf_core.prompts import Problem, PromptRow, identity

AT_ONCE = 2_000  # prompts that are compared here, without a process
LIMIT_SECONDS = 300.0
_LEAN = {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of an edited prompt: the other prompt in use that it is the same as, and why it cannot stand on its side."""

    same_as: int | None
    across: str | None


def place(
    known: pa.Table, rows: Sequence[PromptRow], held_out_share: float, seed: int
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """As `prompts.place` does it; `known` are the prompts of the project as Prompts.entries gives them. Raises PromptError."""
    answer = _answered({"share": held_out_share, "seed": seed, "rows": [asdict(row) for row in rows]}, known)
    placed = [(found := _row(row), Split(str(found.split))) for row in answer["placed"]]
    return placed, [Problem(**problem) for problem in answer["problems"]]


def place_here(
    known: pa.Table, rows: Sequence[PromptRow], held_out_share: float, seed: int
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """The same in this process, whatever it takes."""
    in_use, former = ([entry for entry, out in _entries(known) if out is old] for old in (False, True))
    return prompts.place(in_use, rows, held_out_share, seed, former)


def likeness(known: pa.Table, prompt_id: int, edited: PromptRow, same_text: bool) -> Likeness:
    """What prompt `prompt_id` resembles once it is `edited`, whose split is its own. `same_text`: it stands where it stood.
    Raises PromptError."""
    request = {"rows": [asdict(edited)], "prompt_id": prompt_id, "same_text": same_text}
    return Likeness(**_answered(request, known))


def _answered(request: dict[str, Any], known: pa.Table) -> dict[str, Any]:
    if known.num_rows <= AT_ONCE:
        return _answer(request, known)
    with tempfile.TemporaryDirectory(prefix="rsf-comparing-") as scratch:
        folder = Path(scratch)
        pq.write_table(known, folder / "known.parquet")
        write_json(folder / "request.json", request)
        command = [sys.executable, "-m", "rsf_core.prompts.comparing", scratch]
        try:
            ended = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT_SECONDS,
                env={**_LEAN, **os.environ},
            )
        except subprocess.TimeoutExpired as error:
            raise PromptError(f"comparing with all prompts was ended after {LIMIT_SECONDS:g} s: try again") from error
        answer: dict[str, Any] | None = read_json(folder / "answer.json")
    if answer is None:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise PromptError(f"comparing with all prompts was broken off ({last or ended.returncode}): try again")
    return answer


def _answer(request: dict[str, Any], known: pa.Table) -> dict[str, Any]:
    rows = [_row(row) for row in request["rows"]]
    if "prompt_id" in request:
        return asdict(_likeness(known, request["prompt_id"], rows[0], request["same_text"]))
    placed, problems = place_here(known, rows, request["share"], request["seed"])
    return {"placed": [asdict(row) for row, _ in placed], "problems": [asdict(problem) for problem in problems]}


def _entries(known: pa.Table) -> Iterator[tuple[tuple[str, Split, str | None, Turns], bool]]:
    """Text, split, system and earlier turns of every prompt, and whether it is out of use."""
    columns = (known[name].to_pylist() for name in ("text", "split", "system", "earlier", "former"))
    for text, split, system, earlier, former in zip(*columns, strict=True):
        yield (text, Split(split), system, tuple(earlier or ())), former


def _likeness(known: pa.Table, prompt_id: int, edited: PromptRow, same_text: bool) -> Likeness:
    named, numbers, entries = (
        identity(edited.text, edited.system, edited.earlier),
        known["prompt_id"].to_pylist(),
        list(_entries(known)),
    )
    same = [
        number
        for number, ((text, _, system, earlier), former) in zip(numbers, entries, strict=True)
        if not former and identity(text, system, earlier) == named
    ]  # the newest counts, as anywhere
    if same and same[-1] != prompt_id:
        return Likeness(same[-1], None)
    if same_text:
        return Likeness(None, None)
    others = [entry for entry, _ in entries if entry[1] is not edited.split]
    _, problems = prompts.place([], [edited], 0.0, 0, others)
    return Likeness(None, problems[0].message.split(";")[0] if problems else None)


def _row(fields: dict[str, Any]) -> PromptRow:
    return PromptRow(**fields | {"split": None if fields["split"] is None else Split(fields["split"])})


def main() -> None:
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    write_json(folder / "answer.json", _answer(request, pq.read_table(folder / "known.parquet")))


if __name__ == "__main__":
    main()
