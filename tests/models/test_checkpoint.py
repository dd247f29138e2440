"""What a model folder holds is read from its small files and headers; whatever they contain, an error is a readable
sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain.errors import ModelError
from rsf_core.models import checkpoint


def folder(at: Path, header: bytes = b"{}", index: Any = None) -> Path:
    """A folder whose weights file has this header and nothing after it, or with this index of shards."""
    (at / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    if index is None:
        (at / checkpoint.WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header)
    else:
        (at / checkpoint.INDEX).write_text(json.dumps(index), encoding="utf-8")
    return at


def entry(shape: str, offsets: str = "[0, 0]", dtype: str = "F32") -> bytes:
    return f'{{"a.weight": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}}}'.encode()


@pytest.mark.parametrize(
    "header",
    [
        entry("[Infinity]"), entry("[1e999]"), entry("[NaN]"), entry("5"), entry('["x"]'), entry("[" + "9" * 5_000 + "]"),
        entry("[1]", "[0, Infinity]"), entry("[1]", "[0]"), entry("[1]", "5"), entry("[1]", "[0, 4]"), entry("[1]", "[0, -4]"),
        b"[]", b"5", b"null", b'"x"', b'{"a": 5}', b"[" * 50_000, b"\xff", b"",
    ],
)  # fmt: skip
def test_an_invalid_header_is_refused(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(ModelError, match="is not a whole safetensors file"):
        checkpoint.read(folder(tmp_path, header))


@pytest.mark.parametrize("dtype", ["I64", "U8", "BOOL", "F8_E4M3", "I8", "C64"])
def test_weights_of_other_numbers_are_refused_by_name(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(ModelError, match=f"a.weight is {dtype}"):
        checkpoint.read(folder(tmp_path, entry("[1]", dtype=dtype)))


@pytest.mark.parametrize(
    ("shard", "problem"),
    [
        *(
            (shard, "as a file of weights")
            for shard in ("../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "x.bin", 5)
        ),
        *(
            (f"{name}.safetensors", "lacks the weights")
            for name in ("x" * 300, "x\0", "", "\ud800", "model-00001-of-00002")
        ),
    ],
)
def test_a_shard_that_is_elsewhere_or_nowhere_is_named(tmp_path: Path, shard: Any, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        checkpoint.read(folder(tmp_path, index={"weight_map": {"a": shard}}))


@pytest.mark.parametrize("index", [{}, {"weight_map": []}, {"weight_map": {}}, [], 5])
def test_an_index_without_shards_is_refused(tmp_path: Path, index: Any) -> None:
    with pytest.raises(ModelError, match=r"weight_map|no JSON object"):
        checkpoint.read(folder(tmp_path, index=index))
