"""A curated set as files for other tools: JSONL and Parquet in the messages format that trainers read."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def rows(samples: pa.Table) -> list[dict[str, Any]]:
    """One row a sample: `prompt` and `completion` as chat messages, then weight, provenance and token ids."""
    return [
        {
            "prompt": [
                *([{"role": "system", "content": row["system"]}] if row["system"] else []),
                {"role": "user", "content": row["prompt"]},
            ],
            "completion": [{"role": "assistant", "content": row["completion"]}],
            "weight": row["weight"],
            "candidate_id": row["candidate_id"],
            "decided_by": row["decided_by"],
            "acceptance_prob": row["acceptance_prob"],
            "prompt_token_ids": row["prompt_token_ids"],
            "token_ids": row["token_ids"],
        }
        for row in samples.to_pylist()
    ]


def jsonl(samples: pa.Table) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(samples)).encode()


def parquet(samples: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows(samples)), buffer)
    return buffer.getvalue()
