"""A few prompts compared with all prompts of a project: which exist already, which resemble one on the other side of the
split.

The search for near-duplicates goes over all texts, which takes seconds of processor time for 100,000 of them. With many
prompts it runs in a process of its own, so that only the person who typed the prompt waits for the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError
from rsf_core.domain.files import read_json, scratch, write_json
from rsf_core.domain.turns import Turns, whole
from rsf_core.prompts import Problem, PromptRow, identity, placing, sides
from rsf_core.prompts.near_duplicates import groups
from rsf_core.prompts.row_file import PART_ROWS
from rsf_core.prompts.sides import NewRows
from rsf_core.prompts.texts import Texts

AT_ONCE = 2_000  # prompts, up to which the comparison runs in this process
LIMIT_SECONDS = 300.0
_LEAN = {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


@dataclass(frozen=True, slots=True)
class Likeness:
    """What an edited prompt resembles: `same_as` is another prompt in use that is the same; `across` is why the edited prompt
    cannot stay on its side of the split."""

    same_as: int | None
    across: str | None


def place(
    known: pa.Table, rows: Sequence[PromptRow], held_out_share: float, seed: int
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """As `prompts.place`; `known` are the project's prompts as Prompts.entries returns them. Raises PromptError if the process
    that compares them fails or takes more than LIMIT_SECONDS."""
    answer = _answered({"share": held_out_share, "seed": seed, "rows": [asdict(row) for row in rows]}, known)
    placed = [(row := _row(fields), Split(str(row.split))) for fields in answer["placed"]]
    return placed, [Problem(**problem) for problem in answer["problems"]]


def place_here(
    known: pa.Table, rows: Sequence[PromptRow], held_out_share: float, seed: int
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """The same in this process, without a time limit."""
    in_use, former = (known.filter(pc.equal(known["former"], out_of_use)) for out_of_use in (False, True))
    digests = bytearray()
    for _, text, system, earlier in _parts(in_use):
        digests += placing.digest(identity(text, system, earlier))
    for row in rows:
        digests += placing.digest(identity(row.text, row.system, row.earlier))
    request = NewRows(
        np.concatenate([_sides(in_use), _sides(former)]),
        len(in_use),
        sides.codes([row.split for row in rows]),
        placing.numbered(digests),
        lambda row: placing.hashed(rows[row].whole, seed),
    )
    texts = _texts(in_use, former, [row.whole for row in rows])
    keys = pa.concat_tables([in_use, former])["reference_key"]
    return placing.settled(request, groups(texts), rows, held_out_share, keys)


def in_use(known: pa.Table, names: Collection[str]) -> dict[str, int]:
    """The numbers of the prompts in use with these identities, the newest of each; `known` as in `place`."""
    numbers = {}
    for number, text, system, earlier in _parts(known.filter(pc.invert(known["former"]))):
        name = identity(text, system, earlier)
        if name in names:
            numbers[name] = number
    return numbers


def nearly_the_same(known: pa.Table, prompt_ids: Sequence[int]) -> tuple[int, int] | None:
    """The first of these prompts that is the same or nearly the same as another prompt, which is neither sealed nor among
    them, and that other prompt; `known` as in `place`. Raises PromptError."""
    pair = _answered({"prompt_ids": list(prompt_ids)}, known)["pair"]
    return None if pair is None else (pair[0], pair[1])


def likeness(known: pa.Table, prompt_id: int, edited: PromptRow, same_text: bool) -> Likeness:
    """What prompt `prompt_id` resembles once it reads as `edited`, which has the prompt's own split. `same_text`: the edit
    leaves its text as it is, so that it stays on its side. Raises PromptError."""
    request = {"rows": [asdict(edited)], "prompt_id": prompt_id, "same_text": same_text}
    return Likeness(**_answered(request, known))


def _answered(request: dict[str, Any], known: pa.Table) -> dict[str, Any]:
    if known.num_rows <= AT_ONCE:
        return _answer(request, known)
    with scratch("rsf-comparing-") as folder:
        pq.write_table(known, folder / "known.parquet")
        write_json(folder / "request.json", request)
        command = [sys.executable, "-m", "rsf_core.prompts.comparing", str(folder)]
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
        raise PromptError(f"comparing with all prompts was interrupted ({last or ended.returncode}): try again")
    return answer


def _answer(request: dict[str, Any], known: pa.Table) -> dict[str, Any]:
    if "prompt_ids" in request:
        return {"pair": _pair(known, request["prompt_ids"])}
    rows = [_row(row) for row in request["rows"]]
    if "prompt_id" in request:
        return asdict(_likeness(known, request["prompt_id"], rows[0], request["same_text"]))
    placed, problems = place_here(known, rows, request["share"], request["seed"])
    return {"placed": [asdict(row) for row, _ in placed], "problems": [asdict(problem) for problem in problems]}


def _parts(known: pa.Table) -> Iterator[tuple[int, str, str | None, Turns]]:
    """Number, text, system prompt and earlier turns of every prompt; few prompts at a time are Python objects."""
    for start in range(0, len(known), PART_ROWS):
        part = known.slice(start, PART_ROWS)
        columns = (part[name].to_pylist() for name in ("prompt_id", "text", "system", "earlier"))
        for number, text, system, earlier in zip(*columns, strict=True):
            yield number, text, system, tuple(earlier or ())


def _sides(known: pa.Table) -> NDArray[np.int8]:
    return sides.codes(known["split"].to_pylist())


def _texts(*of: pa.Table | Sequence[str]) -> Texts:
    """The texts of prompts with their earlier turns, and other texts, one after the other."""
    arrays = [pa.array([], pa.large_string())]
    for some in of:
        if isinstance(some, pa.Table):
            for start in range(0, len(some), PART_ROWS):
                whole_texts = [whole(text, turns) for _, text, _, turns in _parts(some.slice(start, PART_ROWS))]
                arrays.append(pa.array(whole_texts, pa.large_string()))
        else:
            arrays.append(pa.array(some, pa.large_string()))
    return Texts(pa.concat_arrays(arrays))


def _likeness(known: pa.Table, prompt_id: int, edited: PromptRow, same_text: bool) -> Likeness:
    name = identity(edited.text, edited.system, edited.earlier)
    same = in_use(known, {name}).get(name, prompt_id)  # the newest counts, as everywhere
    if same != prompt_id:
        return Likeness(same, None)
    if same_text:
        return Likeness(None, None)
    others = known.filter(pc.not_equal(known["split"], str(edited.split)))
    others = others.set_column(others.schema.get_field_index("former"), "former", pa.repeat(True, len(others)))
    _, problems = place_here(others, [edited], 0.0, 0)
    return Likeness(None, problems[0].message.split(";")[0] if problems else None)


def _pair(known: pa.Table, prompt_ids: Sequence[int]) -> tuple[int, int] | None:
    chosen = pc.is_in(known["prompt_id"], pa.array(prompt_ids, known["prompt_id"].type))
    open_to_all = pc.and_(pc.invert(chosen), pc.not_equal(known["split"], str(Split.SEALED)))
    moved, others = known.filter(chosen), known.filter(open_to_all)
    moved = moved.take(pc.index_in(pa.array(prompt_ids, moved["prompt_id"].type), moved["prompt_id"].combine_chunks()))
    text_groups = groups(_texts(moved, others))
    first = np.full(text_groups.count, -1)
    first[text_groups.of[len(moved) :][::-1]] = np.arange(len(others))[::-1]  # the last one written stays
    for at, group in enumerate(text_groups.of[: len(moved)].tolist()):
        alike = first[[group, *text_groups.near(group)]]
        if (alike >= 0).any():
            return moved["prompt_id"][at].as_py(), others["prompt_id"][int(alike[alike >= 0].min())].as_py()
    return None


def _row(fields: dict[str, Any]) -> PromptRow:
    return PromptRow(**fields | {"split": None if fields["split"] is None else Split(fields["split"])})


def main() -> None:
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    write_json(folder / "answer.json", _answer(request, pq.read_table(folder / "known.parquet")))


if __name__ == "__main__":
    main()
