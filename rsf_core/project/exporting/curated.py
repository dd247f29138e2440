"""A curated set as rows.

`weight` is max(1, P/(M·q)) if the set is weighted, else 1. Times M, which is the same for the whole set (`log_m`), these are
the weights max(w, M) of w = P/q relative to the scale. If nothing was overridden or left out as a duplicate, their sums
estimate the totals over all candidates, without bias if M is by priority sampling (`accept.choose`) or chosen beforehand.
"""

from __future__ import annotations

import io
import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.project.exporting.files import json_line
from rsf_core.project.exporting.messages import texts
from rsf_core.project.exporting.request import Shape, What
from rsf_core.project.exporting.schemas import schema

SCHEMA = schema(What.SFT, Shape.CHAT)
"""The same for every set: a column that is empty in one (the token ids of edited completions) still has its type."""


def rows(samples: pa.Table, shape: Shape = Shape.CHAT) -> list[dict[str, Any]]:
    """One row for each sample: its texts, then weight, provenance and token ids."""
    return [
        {
            **texts(shape, _prompt(row), {"completion": row["completion"]}),
            "weight": _finite(row["weight"]),
            "candidate_id": row["candidate_id"],
            "decided_by": row["decided_by"],
            "acceptance_prob": _finite(row["acceptance_prob"]),
            "prompt_token_ids": row["prompt_token_ids"],
            "token_ids": row["token_ids"],
        }
        for row in samples.to_pylist()
    ]


def _prompt(row: dict[str, Any]) -> dict[str, Any]:
    return {"text": row["prompt"], "system": row["system"], "earlier": row.get("earlier")}


def jsonl(samples: pa.Table) -> bytes:
    """One JSON object on each line, in UTF-8."""
    return b"".join(json_line(row) for row in rows(samples))


def parquet(samples: pa.Table) -> bytes:
    """The rows as a Parquet file with the columns of `SCHEMA`, whatever the set holds."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows(samples), schema=SCHEMA), buffer)
    return buffer.getvalue()


def _finite(value: float | None) -> float | None:
    """`value`, or None for NaN and infinity, which JSON does not have."""
    return value if value is not None and math.isfinite(value) else None
