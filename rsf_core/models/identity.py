"""The identity of the model in a folder: a hash of its weights, cached as long as the files do not change."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ModelError, OutOfSpaceError, StoreError
from rsf_core.domain.files import read_json, write_json
from rsf_core.models.library import cache_folder

_TOKENIZER_FILES = ("*token*.json", "*.jinja", "*.model", "*.spm", "*.tiktoken", "vocab*", "merges*")


def identity(folder: Path) -> str:
    """The first 16 hex digits of SHA-256 over the weights and config: the same for the same model in any folder. Raises
    ModelError if they cannot be read."""
    return _identity(folder, ["*.safetensors"], _memory(folder))


def identity_with_tokenizer(folder: Path) -> str:
    """As `identity`, over the tokenizer and the chat template too: the same for the same model that reads texts the same
    way."""
    return _identity(folder, ["*.safetensors", *_TOKENIZER_FILES], _memory(folder, "with its tokenizer"))


def _identity(folder: Path, patterns: Sequence[str], remembered: Path) -> str:
    try:
        files = [folder / "config.json", *(file for pattern in patterns for file in sorted(folder.glob(pattern)))]
        state = [_state(file) for file in files]
        known = _remembered(remembered)
        if known is not None and known.get("files") == state:
            return str(known["identity"])
        digest = hashlib.sha256()
        for file in files:
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    except OSError as error:
        raise ModelError(f"the model in {folder} cannot be read: {error}") from error
    name = digest.hexdigest()[:16]
    # only a cache: if it cannot be written, the next start hashes again
    with contextlib.suppress(OSError, OutOfSpaceError, StoreError):
        remembered.parent.mkdir(parents=True, exist_ok=True)
        write_json(remembered, {"files": state, "identity": name})
    return name


def _state(file: Path) -> list[Any]:
    """Name, size, mtime and ctime (ns) of a file, which change when the file does: a rename over it, or a copy that keeps the
    mtime, changes the ctime. They are only compared for equality, so that a wrong clock does no harm."""
    about = file.stat()
    return [file.name, about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def _memory(folder: Path, of_what: str = "") -> Path:
    """The file that caches the identity of a folder."""
    name = hashlib.sha256(f"{folder.absolute()}{of_what}".encode()).hexdigest()[:24]
    return cache_folder() / "identities" / f"{name}.json"


def _remembered(path: Path) -> dict[str, Any] | None:
    try:
        known = read_json(path)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return known if isinstance(known, dict) and isinstance(known.get("identity"), str) else None
