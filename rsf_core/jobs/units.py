"""Cutting the work of a job into units, and rows of Arrow into the domain's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pyarrow as pa

from rsf_core.domain import Prompt, Split

T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """`items` in runs of `size`; the number of a run is the number of its unit."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def prompts_table(prompts: Sequence[Prompt]) -> pa.Table:
    return pa.table(
        {
            "prompt_id": pa.array([p.prompt_id for p in prompts], pa.int32()),
            "text": pa.array([p.text for p in prompts], pa.string()),
            "reference": pa.array([p.reference for p in prompts], pa.string()),
            "split": pa.array([str(p.split) for p in prompts], pa.string()),
            "system": pa.array([p.system for p in prompts], pa.string()),
        }
    )


def read_prompts(table: pa.Table) -> list[Prompt]:
    return [
        Prompt(row["prompt_id"], row["text"], row["reference"], Split(row["split"]), row["system"])
        for row in table.to_pylist()
    ]
