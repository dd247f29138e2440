"""Which model a folder holds: a hash of its weights, computed once for files that have not changed since."""

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
    """The first 16 hex digits of SHA-256 over the weights and config: the same model, whatever its folder. Raises ModelError
    when they cannot be read."""
    return _identity(folder, ["*.safetensors"], _memory(folder))


def identity_with_tokenizer(folder: Path) -> str:
    """As `identity`, over the tokenizer and the chat template as well: the same model, reading texts in the same way."""
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
    # it is only a memory: where it cannot be kept, the next start hashes again
    with contextlib.suppress(OSError, OutOfSpaceError, StoreError):
        remembered.parent.mkdir(parents=True, exist_ok=True)
        write_json(remembered, {"files": state, "identity": name})
    return name


def _state(file: Path) -> list[Any]:
    """What changes when a file does: a rename over it and a copy that keeps the time change the ctime. Compared for equality
    alone, so that it does not matter where the clock stood."""
    about = file.stat()
    return [file.name, about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def _memory(folder: Path, of_what: str = "") -> Path:
    """Where the identity of a folder is remembered: one file each."""
    name = hashlib.sha256(f"{folder.absolute()}{of_what}".encode()).hexdigest()[:24]
    return cache_folder() / "identities" / f"{name}.json"


def _remembered(path: Path) -> dict[str, Any] | None:
    try:
        known = read_json(path)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return known if isinstance(known, dict) and isinstance(known.get("identity"), str) else None
