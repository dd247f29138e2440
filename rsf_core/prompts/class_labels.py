"""Labels that `datasets` stores as numbers, with their names in the metadata of the Arrow schema, which its Parquet files have
too."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

Labels = dict[str, list[str]]


def labels_of(schema: pa.Schema) -> Labels:
    """The label names of each integer column that has labels, in the order of their numbers, from 0."""
    try:
        about: Any = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = about.get("info", {}).get("features", {})
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
            if (at := schema.get_field_index(column)) >= 0 and pa.types.is_integer(schema.types[at])
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}


def with_names(column: pa.Array | pa.ChunkedArray, labels: list[str]) -> pa.Array:
    """A column with the names of labels in place of their numbers; −1 stands for no label."""
    texts = [labels[n] if n is not None and 0 <= n < len(labels) else None for n in column.to_pylist()]
    return pa.array(texts, pa.string())
