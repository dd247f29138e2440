"""A curated set as files for other tools: JSONL and Parquet in the messages format that trainers read.

`weight` is max(1, P/(M·q)) where the set is weighted, else 1. Times M, which is the same for the whole set (`log_m`), these
are the weights max(w, M) of w = P/q relative to the scale: where nothing was overridden or left out as a duplicate they add up
to the totals over all candidates, without bias with M by priority sampling (`accept.choose`), or chosen beforehand.
"""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain.turns import messages

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SCHEMA = pa.schema(
    [
        ("prompt", _MESSAGES),
        ("completion", _MESSAGES),
        ("weight", pa.float64()),
        ("candidate_id", pa.string()),
        ("decided_by", pa.string()),
        ("acceptance_prob", pa.float64()),
        ("prompt_token_ids", pa.list_(pa.int64())),
        ("token_ids", pa.list_(pa.int64())),
    ]
)
"""The same for every set: what is empty in one (the token ids of edited completions) has its type all the same."""
_LINE_ENDS = {
    "\x85": "\\u0085",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}  # of some readers of lines, though not of JSON


def rows(samples: pa.Table) -> list[dict[str, Any]]:
    """One row a sample: `prompt` and `completion` as chat messages, then weight, provenance and token ids."""
    return [
        {
            "prompt": messages(row["prompt"], row["system"], row.get("earlier") or ()),
            "completion": [{"role": "assistant", "content": row["completion"]}],
            "weight": _finite(row["weight"]),
            "candidate_id": row["candidate_id"],
            "decided_by": row["decided_by"],
            "acceptance_prob": _finite(row["acceptance_prob"]),
            "prompt_token_ids": row["prompt_token_ids"],
            "token_ids": row["token_ids"],
        }
        for row in samples.to_pylist()
    ]


def jsonl(samples: pa.Table) -> bytes:
    """One JSON object a line, in UTF-8."""
    return b"".join(_line(row) for row in rows(samples))


def parquet(samples: pa.Table) -> bytes:
    """The rows in the columns of `SCHEMA`, whatever the set holds."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows(samples), schema=SCHEMA), buffer)
    return buffer.getvalue()


def _line(row: dict[str, Any]) -> bytes:
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    for character, escaped in _LINE_ENDS.items():
        text = text.replace(character, escaped)
    return (
        text.encode("utf-8", "backslashreplace") + b"\n"
    )  # half a surrogate pair has no UTF-8, but JSON has its escape


def _finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None
