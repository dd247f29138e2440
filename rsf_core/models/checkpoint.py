"""The contents of a model folder, checked before anything is loaded: without torch, and without allocating or changing
anything.

A damaged or hostile folder costs no more than reading its small files and the headers of its weights.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ModelError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
OTHER_WEIGHTS = (".bin", ".pt", ".pth", ".ckpt", ".gguf", ".h5", ".msgpack", ".onnx")
_SMALL_FILES = ("generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_MOST_JSON = 64 * 2**20  # bytes; the index of the largest models has about 10 MB
_MOST_HEADER = 100 * 2**20  # bytes; the limit of safetensors itself
_LARGEST = 2**40  # above any setting of a model
_LONGEST_TABLE = 2**17  # positions of an encoder-decoder: some models fill a table of them in a Python loop
_COUNTS_MODULES = re.compile(r"(^|_)(layers?|blocks?|experts)$")  # num_hidden_layers, n_layer, num_local_experts
_FLOATS = ("F64", "F32", "F16", "BF16")
_LFS = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a model folder declares: the parsed config.json, and `(dtype, shape)` of each stored tensor by name."""

    config: dict[str, Any]
    tensors: dict[str, tuple[str, tuple[int, ...]]]

    @property
    def numbers(self) -> int:
        """The total number of elements of all tensors."""
        return sum(prod(shape) for _, shape in self.tensors.values())


def read(folder: Path) -> Checkpoint:
    """Check `folder` and return what it declares. Raises ModelError that names the file, what is wrong with it and what to
    do."""
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            f"{folder} holds a LoRA adapter (adapter_config.json): merge it into its model, save the merged model as "
            "safetensors and name that folder"
        )
    config = read_object(folder / "config.json")
    if not isinstance(config.get("model_type"), str) or not config["model_type"]:
        raise ModelError(f"{folder / 'config.json'} names no model_type: copy the config.json of the model again")
    for name in _SMALL_FILES:
        if (folder / name).exists():
            read_object(folder / name)
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for path, expected in _weight_files(folder):
        header = _header(path)
        absent = sorted(expected - header.keys())
        if absent:
            raise ModelError(f"{path} lacks {first_names(absent)}, which {INDEX} says it holds: {_COPY_AGAIN}")
        tensors |= header
    checkpoint = Checkpoint(config, tensors)
    _check_numbers(folder, checkpoint)
    _check_sizes(folder / "config.json", checkpoint)
    return checkpoint


def first_names(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


_COPY_AGAIN = "copy or download the model again"


def read_object(path: Path) -> dict[str, Any]:
    """The parsed JSON object of a small file. Raises ModelError if the file cannot be read or holds no object."""
    try:
        size = path.stat().st_size
        if size > _MOST_JSON:
            raise ModelError(f"{path} has {size:,} bytes, too many for such a file: {_COPY_AGAIN}")
        content = path.read_bytes()
        if content.startswith(_LFS):
            raise ModelError(f"{path} {_IS_POINTER}")
        value = json.loads(content)
    except FileNotFoundError as error:
        raise ModelError(f"{path.parent} has no {path.name}: {_COPY_AGAIN}") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON ({str(error)[:120] or 'nested too deeply'}): {_COPY_AGAIN}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} holds no JSON object but a {type(value).__name__}: {_COPY_AGAIN}")
    return value


_IS_POINTER = "is a pointer of Git LFS, not the file itself: run `git lfs pull` in its folder"


def _weight_files(folder: Path) -> Iterator[tuple[Path, set[str]]]:
    """The files that transformers loads, each with the tensors that the index assigns to it."""
    if (folder / WEIGHTS).exists():
        yield folder / WEIGHTS, set()
        return
    if not (folder / INDEX).exists():
        others = sorted(path.name for path in folder.iterdir() if path.suffix in OTHER_WEIGHTS)
        raise ModelError(
            f"{folder} has neither {WEIGHTS} nor {INDEX}"
            + (f"; {first_names(others)} cannot be read: pickles and other formats are never opened" if others else "")
            + ". Save the model as safetensors (save_pretrained does)"
        )
    weight_map = read_object(folder / INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ModelError(f"{folder / INDEX} has no weight_map: {_COPY_AGAIN}")
    by_shard: dict[str, set[str]] = {}
    for tensor, shard in weight_map.items():
        if not isinstance(shard, str) or Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise ModelError(f"{folder / INDEX} names {str(shard)[:80]!r} as a file of weights: {_COPY_AGAIN}")
        by_shard.setdefault(shard, set()).add(tensor)
    absent = sorted(shard for shard in by_shard if not os.path.exists(folder / shard))
    if absent:
        raise ModelError(f"{folder} lacks the weights {first_names(absent)}, which {INDEX} names: {_COPY_AGAIN}")
    for shard, tensors in sorted(by_shard.items()):
        yield folder / shard, tensors


def _header(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """`(dtype, shape)` of each tensor of a safetensors file, which is made of eight bytes with the length of a JSON header,
    the header, and the numbers (github.com/huggingface/safetensors)."""
    broken = f"{path} is not a whole safetensors file"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if (start + file.read(64)).startswith(_LFS):
                raise ModelError(f"{path} {_IS_POINTER}")
            if len(start) < 8 or length > min(size - 8, _MOST_HEADER):
                raise ModelError(f"{broken}: it has {size:,} bytes, fewer than its header names: {_COPY_AGAIN}")
            file.seek(8)
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        entries = {
            name: (str(entry["dtype"]), tuple(int(n) for n in entry["shape"]), int(entry["data_offsets"][1]))
            for name, entry in header.items()
        }
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ModelError(f"{broken}: its header cannot be read: {_COPY_AGAIN}") from error
    end = max((last for _, _, last in entries.values()), default=0)
    if 8 + length + end != size:
        raise ModelError(f"{broken}: it has {size:,} bytes and its header names {8 + length + end:,}: {_COPY_AGAIN}")
    return {name: (dtype, shape) for name, (dtype, shape, _) in entries.items()}


def _check_numbers(folder: Path, checkpoint: Checkpoint) -> None:
    """Refuse weights that are not floats: integers taken for weights would give a meaningless model."""
    odd = {
        name: dtype
        for name, (dtype, _) in checkpoint.tensors.items()
        if name.endswith(".weight") and dtype not in _FLOATS
    }
    if odd:
        raise ModelError(
            f"the weights in {folder} hold other numbers than F32, F16 or BF16: "
            f"{first_names([f'{name} is {dtype}' for name, dtype in sorted(odd.items())])}. Take the model as it was before "
            "it was quantised"
        )


def _check_sizes(path: Path, checkpoint: Checkpoint) -> None:
    """Refuse settings with which building the model would never end, whatever its weights."""
    largest_side = max((max(shape, default=0) for _, shape in checkpoint.tensors.values()), default=0)
    most_modules = max(len(checkpoint.tensors), largest_side)
    for name, value in _integers(checkpoint.config):
        key = name.rsplit(".", 1)[-1]
        if abs(value) > _LARGEST:
            raise ModelError(f"{path}: {name} is {str(value)[:30]}, which no model has: {_COPY_AGAIN}")
        if _COUNTS_MODULES.search(key) and not 0 <= value <= most_modules:
            raise ModelError(
                f"{path}: {name} is {value:,}, and the weights hold {len(checkpoint.tensors):,} tensors: they are not of "
                f"this config.json: {_COPY_AGAIN}"
            )
        if checkpoint.config.get("is_encoder_decoder") and key == "max_position_embeddings" and value > _LONGEST_TABLE:
            raise ModelError(f"{path}: {name} is {value:,}, which no encoder-decoder has: {_COPY_AGAIN}")


def _integers(value: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """Every integer in a parsed JSON value, with its dotted name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _integers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _integers(inner, name)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield name, value
