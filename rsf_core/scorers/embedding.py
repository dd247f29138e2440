"""A text as a unit vector: the mean of its tokens' static embeddings, from the files in the wheel of WordLlama
(github.com/dleemiller/WordLlama, MIT: 32,000 tokens of 256 numbers, trained from those of large models). Its code is not run,
because only a lookup and a mean are needed. Each vector depends on its text alone."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.errors import ScorerError

PACKAGE = "wordllama"
_WEIGHTS, _TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
KEPT = 4096  # vectors, 1 KB each


@cache
def _model() -> tuple[Any, NDArray[np.float32]]:
    """The tokenizer, and the embedding table (tokens, 256). Raises ScorerError if the package is not installed."""
    from safetensors.numpy import load_file  # loaded when needed
    from tokenizers import Tokenizer

    spec = find_spec(PACKAGE)
    folder = Path((spec.submodule_search_locations or [""])[0]) if spec else Path()
    if not all((folder / name).is_file() for name in (_WEIGHTS, _TOKENIZER)):
        raise ScorerError(
            f"the package {PACKAGE} is not installed with its model ({_WEIGHTS}): pip install 'rsf-studio[text]' again"
        )
    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer, load_file(folder / _WEIGHTS)["embedding.weight"].astype(np.float32)


@lru_cache(maxsize=KEPT)
def vector(text: str) -> NDArray[np.float64]:
    """The vector of a text, (256,), of length 1; all zeros for a text without tokens."""
    tokenizer, table = _model()
    readable = text.encode("utf-8", "replace").decode().strip()
    ids = tokenizer.encode(readable, add_special_tokens=False).ids if readable else []
    if not ids:
        return np.zeros(table.shape[1])
    tokens, counts = np.unique(np.minimum(ids, len(table) - 1), return_counts=True)
    total = counts.astype(np.float64) @ table[tokens].astype(np.float64)
    length = float(np.linalg.norm(total))
    return np.asarray(total / length if length > 0 else total, dtype=np.float64)


def cosine(one: str, other: str) -> float:
    """The cosine similarity of two texts, from −1 to 1; 1 for equal texts, 0 if only one of them is empty."""
    if one.strip() == other.strip():
        return 1.0
    return float(np.clip(vector(one) @ vector(other), -1.0, 1.0))


def largest_cosine(text: str, others: tuple[str, ...]) -> float:
    """The largest cosine similarity of `text` with any of `others`, which must not be empty."""
    if text.strip() in {other.strip() for other in others}:
        return 1.0
    return float(np.clip(np.max(np.stack([vector(other) for other in others]) @ vector(text)), -1.0, 1.0))
