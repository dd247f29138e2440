"""Placing the rows of a prompt file on the sides of the held-out split, for an import: read into a file, compared as arrays,
and written with their sides, so that a million rows are never Python objects at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rsf_core.domain import Split
from rsf_core.domain.files import write_whole
from rsf_core.domain.turns import whole
from rsf_core.project.prompt_book import late_for_sealed, wrong_reference
from rsf_core.prompts import Problem, PromptRow, identity, placing, row_file, sides
from rsf_core.prompts.near_duplicates import groups
from rsf_core.prompts.sides import SPLITS, NewRows
from rsf_core.prompts.texts import Texts
from rsf_core.scorers.registry import ReferenceCheck

_LEFT_OUT = -1


@dataclass(frozen=True, slots=True)
class Rules:
    """How rows are placed: the share that is held out, the seed that determines which, the scorers that must be able to read
    each reference, and whether the sealed prompts were opened, so that none is added to them."""

    share: float
    seed: int
    scorers: tuple[str, ...]
    unsealed: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """How many rows go to each side, the first of them that are not sealed, the problems of the other rows, in `left_out` the
    numbers of those, from 0, and how many `references` are not taken because the project has their prompts."""

    counts: Counter[Split]
    shown: list[PromptRow]
    problems: list[Problem]
    left_out: list[int]
    references: int


@dataclass(slots=True)
class _Compared:
    """The texts to compare, those of the project first, with their sides and a digest of each that is a current prompt."""

    texts: list[pa.Array] = field(default_factory=list)
    splits: list[NDArray[np.int8]] = field(default_factory=list)
    lines: list[NDArray[np.int64]] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    count: int = 0

    def take(self, part: pa.Table, named: bool = True) -> None:
        """Add rows, or prompts of the project. Prompts no longer in use are not `named`: they get no digest."""
        texts, earlier = part["text"].to_pylist(), [tuple(turns or ()) for turns in part["earlier"].to_pylist()]
        if named:
            systems = part["system"].to_pylist()
            for text, system, turns in zip(texts, systems, earlier, strict=True):
                self.digests += placing.digest(identity(text, system, turns))
        wholes = [whole(text, turns) for text, turns in zip(texts, earlier, strict=True)]
        self.texts.append(pa.array(wholes, pa.large_string()))
        self.splits.append(sides.codes(part["split"].to_pylist()))
        if "line" in part.column_names:
            self.lines.append(part["line"].to_numpy())
        self.count += len(texts)

    def all_texts(self) -> Texts:
        """The texts of all that was added; this releases them here."""
        texts = pa.concat_arrays(self.texts) if self.texts else pa.array([], pa.large_string())
        self.texts = []
        return Texts(texts)


def place(read: Path, existing: pa.Table, rules: Rules, shown: int, out: Path) -> Placed:
    """Write the rows in the file `read` that can be added, each with its side, to the file `out`. `existing` are the prompts
    of the project, as from Prompts.entries. `shown` is how many rows to return for a preview."""
    usable, problems = _usable(read, rules.scorers)
    compared = _Compared()
    in_use, former = (existing.filter(pc.equal(existing["former"], out_of_use)) for out_of_use in (False, True))
    for prompts, named in ((in_use, True), (former, False)):
        for start in range(0, len(prompts), row_file.PART_ROWS):
            compared.take(prompts.slice(start, row_file.PART_ROWS), named)
    known = compared.count
    for part, kept in beside(usable, read):
        compared.take(part.filter(pa.array(kept)))
    splits, texts = _joined(compared.splits, np.int8), compared.all_texts()
    request = NewRows(
        splits[:known],
        len(in_use),
        splits[known:],
        placing.numbered(compared.digests),
        lambda row: placing.hashed(texts[known + row], rules.seed),
    )
    chosen = sides.choose(request, groups(texts), rules.share)
    lines = _joined(compared.lines, np.int64).tolist()
    numbers = np.flatnonzero(usable)
    out_of_place = np.flatnonzero(chosen.side == _LEFT_OUT)
    keys, doubted = pa.concat_tables([in_use, former])["reference_key"], np.zeros(len(usable), bool)
    doubted[numbers[out_of_place]] = True
    lost = [
        placing.not_taken(chosen, row, keys, reference)
        for row, reference in zip(out_of_place.tolist(), _references(read, doubted), strict=True)
    ]
    problems += [
        placing.problem(chosen, row, known, lines, why) for row, why in zip(out_of_place.tolist(), lost, strict=True)
    ]
    left_out = [*np.flatnonzero(~usable).tolist(), *numbers[out_of_place].tolist()]
    if rules.unsealed:
        late = np.flatnonzero(chosen.side == SPLITS.index(Split.SEALED))
        problems += [late_for_sealed(lines[row]) for row in late.tolist()]
        left_out += numbers[late].tolist()
        chosen.side[late] = _LEFT_OUT
    side = np.full(len(usable), _LEFT_OUT, np.int8)
    side[usable] = chosen.side
    first = _write(read, side, shown, out)
    counts = np.bincount(side[side != _LEFT_OUT], minlength=len(SPLITS)).tolist()
    references = sum(why is not None for why in lost)
    return Placed(Counter(dict(zip(SPLITS, counts, strict=True))), first, problems, left_out, references)


def _references(read: Path, chosen: NDArray[np.bool_]) -> Iterator[str | None]:
    """The references of the rows that are `chosen`."""
    for part, here in beside(chosen, read):
        yield from part["reference"].filter(pa.array(here)).to_pylist()


def _usable(read: Path, scorers: Sequence[str]) -> tuple[NDArray[np.bool_], list[Problem]]:
    """For each row whether every scorer can read its reference, and the problems of the others."""
    check, usable, problems = ReferenceCheck(scorers), [], []
    for part in row_file.parts(read):
        kept = np.ones(len(part), bool)
        references = part["reference"].to_pylist() if check.needed else []
        for at, reference in enumerate(references):
            wrong = check.problem(reference)
            if wrong is not None:
                kept[at] = False
                problems.append(wrong_reference(part["line"][at].as_py(), *wrong))
        usable.append(kept)
    return _joined(usable, np.bool_), problems


def _write(read: Path, side: NDArray[np.int8], shown: int, out: Path) -> list[PromptRow]:
    """Write the rows that have a side, with it; returns the first `shown` of them that are not sealed."""
    first: list[PromptRow] = []
    names = pa.array([str(split) for split in SPLITS], pa.large_string())

    def write(path: Path) -> None:
        with pq.ParquetWriter(path, row_file.SCHEMA) as writer:
            for part, codes in beside(side, read):
                placed = codes != _LEFT_OUT
                kept = part.filter(pa.array(placed))
                column = kept.schema.get_field_index("split")
                kept = kept.set_column(column, row_file.SCHEMA.field(column), names.take(pa.array(codes[placed])))
                writer.write_table(kept)
                if len(first) < shown:
                    seen = kept.filter(pc.not_equal(kept["split"], str(Split.SEALED))).slice(0, shown - len(first))
                    first.extend(row_file.rows_of(seen))

    write_whole(out, write)
    return first


def beside(values: NDArray[Any], read: Path) -> Iterator[tuple[pa.Table, NDArray[Any]]]:
    """The parts of a file of rows, each with the part of `values` for its rows."""
    at = 0
    for part in row_file.parts(read):
        yield part, values[at : at + len(part)]
        at += len(part)


def _joined(arrays: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *arrays])
