"""Cuts the work of a job into units, and converts prompts to Arrow tables and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pyarrow as pa

from rsf_core.domain import Prompt
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import GenerateSpec

T = TypeVar("T")
MOST = 1000  # units of a job: each has a file, and a kill loses the unfinished one
GENERATED, EVALUATED, SCORED = 32, 64, 256  # candidates a unit, at least


def fitting_size(items: int, least: int) -> int:
    """How many of `items` make a unit: `least`, or more if that would give more than MOST units. The size is written into the
    job's spec as `unit_size`, because finished units stay valid only while units are cut in the same way."""
    return max(1, least, -(-items // MOST))


def first_k(spec: GenerateSpec, prompts: pa.Table) -> dict[int, int]:
    """The first k of the new candidates of each prompt: a column of the prompts, or in the spec of earlier versions. Raises
    JobError if neither has it."""
    if "first_k" in prompts.column_names:
        return dict(zip(prompts["prompt_id"].to_pylist(), prompts["first_k"].to_pylist(), strict=True))
    if spec.first_k is None:
        raise JobError("neither its prompts nor its spec say from where new candidates are counted (first_k)")
    return dict(zip(spec.first_k.prompt_id, spec.first_k.k, strict=True))


def part_name(unit: int) -> str:
    """The input of a unit, in a job that has one for each."""
    return f"part-{unit:04d}"


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """`items` in runs of `size`; the number of a run is the number of its unit."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def prompts_table(prompts: Sequence[Prompt], first_k: Sequence[int] | None = None) -> pa.Table:
    """The prompts as rows; `first_k` is the first k of the new candidates of each."""
    counted = {} if first_k is None else {"first_k": pa.array(first_k, pa.int32())}
    return pa.table(
        {
            "prompt_id": pa.array([p.prompt_id for p in prompts], pa.int32()),
            "text": pa.array([p.text for p in prompts], pa.string()),
            "reference": pa.array([p.reference for p in prompts], pa.string()),
            "split": pa.array([str(p.split) for p in prompts], pa.string()),
            "system": pa.array([p.system for p in prompts], pa.string()),
            "earlier": pa.array([p.earlier for p in prompts], pa.list_(pa.string())),
        }
        | counted
    )


def read_prompts(table: pa.Table) -> list[Prompt]:
    return [Prompt.from_row(row) for row in table.to_pylist()]
