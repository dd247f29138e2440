"""Which model a folder holds: hashed once, and again when a file changes."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsf_core import models
from rsf_core.domain.errors import ModelError
from rsf_core.models.identity import _memory


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSF_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(tiny_model, tmp_path / "model")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many files have been hashed so far."""
    done: list[object] = []
    digest = hashlib.file_digest

    def counted(file: Any, name: str) -> object:
        done.append(file)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    return lambda: len(done)


def test_files_that_have_not_changed_are_not_hashed_again(folder: Path, hashed: Callable[[], int]) -> None:
    first = models.identity(folder)
    assert hashed() == 2
    assert models.identity(folder) == first and hashed() == 2


@pytest.mark.parametrize("keep_time", [False, True])
def test_a_file_of_the_same_size_that_takes_another_s_place_is_hashed(folder: Path, keep_time: bool) -> None:
    first = models.identity(folder)
    weights = folder / "model.safetensors"
    about, content = weights.stat(), bytearray(weights.read_bytes())
    content[-1] ^= 1
    (folder / "new").write_bytes(content)
    if keep_time:
        os.utime(folder / "new", ns=(about.st_atime_ns, about.st_mtime_ns))
    os.replace(folder / "new", weights)
    assert models.identity(folder) != first


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b'{"files": 1}'])
def test_a_damaged_cache_counts_as_empty(folder: Path, content: bytes) -> None:
    first = models.identity(folder)
    _memory(folder).write_bytes(content)
    assert models.identity(folder) == first


def test_a_cache_that_cannot_be_written_costs_only_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashed: Callable[[], int]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RSF_CACHE", str(tmp_path / "file"))
    assert models.identity(folder) == models.identity(folder)
    assert hashed() == 4


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gone"):
        models.identity(tmp_path / "gone")
