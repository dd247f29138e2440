"""Placing a file's rows as arrays, part by part, gives the same result as placing them as objects, whatever the part size."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from rsf_core.domain import Split
from rsf_core.project.prompt_book import place_usable
from rsf_core.project.prompt_placing import Rules, place
from rsf_core.prompts import Problem, PromptRow, comparing, placing, row_file

WORDS = [
    *("kettle", "train", "garden", "lamp", "harbour", "bread", "violin"),
    *("describe", "review", "praise", "17", "25", "not"),
]
TEXT = pa.string()
FIELDS = {
    "prompt_id": pa.int32(),
    "text": TEXT,
    "split": TEXT,
    "system": TEXT,
    "earlier": pa.list_(TEXT),
    "former": pa.bool_(),
    "reference_key": pa.uint64(),
}
ENTRIES = pa.schema(FIELDS)
LOST = ("has no reference", "has another reference")
SYSTEMS, TURNS = (None, None, "Be kind."), ((), (), ("Hello.", "Hello!"))


def make_rows(seed: int) -> tuple[list[PromptRow], pa.Table]:
    """Rows that are equal, nearly equal or different, with chosen splits, conversations and references that cannot be read,
    and prompts of a project, some of them retired."""
    rng = random.Random(seed)
    pool = [" ".join(rng.choices(WORDS, k=rng.randint(1, 12))) for _ in range(12)]

    def text() -> str:
        words = rng.choice(pool)
        return (
            words if rng.random() < 0.6 else words + rng.choice(["!", " Thank you very much.", " 3", " lamp", "\n é"])
        )

    splits = (None, None, None, *Split)
    rows = [
        PromptRow(
            text(), rng.choice(["4", "none", None]), rng.choice(SYSTEMS), rng.choice(splits), line, rng.choice(TURNS)
        )
        for line in range(2, 2 + rng.randint(0, 60))
    ]
    known = [
        {
            "prompt_id": number,
            "text": text(),
            "split": str(rng.choice(list(Split))),
            "system": rng.choice(SYSTEMS),
            "earlier": rng.choice(TURNS),
            "former": rng.random() < 0.3,
            "reference_key": (placing.reference_key("5"), None)[number % 2],
        }
        for number in range(1, 1 + rng.randint(0, 12))
    ]
    return rows, pa.Table.from_pylist(known, schema=ENTRIES)


def as_objects(rows: Sequence[PromptRow], known: pa.Table, rules: Rules) -> tuple[list[PromptRow], list[Problem]]:
    placement = place_usable(
        rows,
        lambda usable: comparing.place_here(known, usable, rules.share, rules.seed),
        rules.scorers,
        rules.unsealed,
    )
    return [row for row, _ in placement.rows], list(placement.problems)


@pytest.mark.parametrize("part_rows", [1, 7, 10_000])
@pytest.mark.parametrize("seed", range(6))
def test_parts_of_any_size_give_the_same_rows_and_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, part_rows: int
) -> None:
    rows, known = make_rows(seed)
    monkeypatch.setattr(row_file, "PART_ROWS", part_rows)
    rules = Rules(0.3, seed, ("numeric_match",) if seed % 2 else (), seed % 3 == 0)
    with row_file.RowFile(tmp_path / "read.parquet", part_rows) as file:
        for row in rows:
            file.extend([row])
    placement = place(tmp_path / "read.parquet", known, rules, 5, tmp_path / "rows.parquet")
    placed, problems = as_objects(rows, known, rules)
    written = [row for part in row_file.parts(tmp_path / "rows.parquet") for row in row_file.rows_of(part)]
    assert written == placed and placement.problems == problems
    assert placement.counts == Counter({split: sum(row.split is split for row in placed) for split in Split})
    assert placement.references == sum(any(words in problem.message for words in LOST) for problem in problems)
    assert placement.shown == [row for row in placed if row.split is not Split.SEALED][:5]


def test_the_made_rows_reach_every_outcome() -> None:
    counts: Counter[str] = Counter()
    for seed in range(6):
        rows, known = make_rows(seed)
        placed, problems = as_objects(rows, known, Rules(0.3, seed, ("numeric_match",), True))
        problems += as_objects(rows, known, Rules(0.3, seed, (), False))[1]
        counts.update(str(row.split) for row in placed)
        for problem in problems:
            words = ("the same as line", "same as a prompt", "nearly the same", "of the target", "were opened", *LOST)
            counts.update(word for word in words if word in problem.message)
    assert min(counts[word] for word in ("train", "held_out", "the same as line", "same as a prompt")) > 2
    assert min(counts[word] for word in ("nearly the same", "of the target", "were opened")) > 2
    assert sum(counts[word] for word in LOST) > 0
