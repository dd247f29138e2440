"""A task folder or archive from a user: taken whole, or refused with nothing left behind, whatever it holds."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rsf_core.domain.errors import SettingsError
from rsf_core.project import task_files
from rsf_core.project.task_files import take
from rsf_core.prompts import tasks

TOML = b'title = "Kettles"\n[settings.generate]\ncandidates = 3\n'
PROMPTS = b'{"text": "Review a kettle.", "split": "train"}\n'
FILES = {"task.toml": TOML, "prompts.jsonl": PROMPTS}


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return path


PACKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {"a.zip": zipped, "a.tar.gz": tarred, "a.tgz": tarred}


def refused(source: Path, into: Path, words: str, called: str | None = None) -> None:
    with pytest.raises(SettingsError, match=words):
        take(source, into, called)
    assert not into.exists() or not list(into.iterdir())


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("folder", ["", "./", "kettles/", "deep/er/kettles/"])
def test_an_archive_is_accepted_whichever_folder_holds_the_task(tmp_path: Path, name: str, folder: str) -> None:
    files = {f"{folder}{file}": content for file, content in FILES.items()} | {f"{folder}README.md": b"#"}
    task = take(PACKERS[name](tmp_path / name, files), tmp_path / "into", f"my task{name[1:]}")
    assert task.name == ("kettles" if "kettles" in folder else "my_task")
    assert sorted(path.name for path in task.iterdir()) == ["prompts.jsonl", "task.toml"]
    assert tasks.load(str(task)).defaults == {"generate": {"candidates": 3}}


def test_a_folder_is_taken_and_stays_as_it_was(tmp_path: Path, small_task: Path) -> None:
    task = take(small_task, tmp_path / "into")
    assert task.name == "small_reviews" and tasks.load(str(task)).prompts == tasks.load(str(small_task)).prompts
    assert take(small_task, tmp_path / "into") == task, "again is not a fault"


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize(
    "folder", ["../", "/etc/", "a/../../", "..\\", "C:\\x\\"], ids=["up", "absolute", "up inside", "backslash", "drive"]
)
def test_a_name_that_leads_out_is_no_task_and_writes_nowhere(tmp_path: Path, name: str, folder: str) -> None:
    files = {f"{folder}{file}": content for file, content in FILES.items()}
    archive = PACKERS[name](tmp_path / name, files)
    before = sorted(tmp_path.rglob("*"))
    refused(archive, tmp_path / "into", "holds no task")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_what_is_no_plain_file_in_a_tar_is_never_read(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as packed:
        entry = tarfile.TarInfo("task.toml")
        entry.size = len(TOML)
        packed.addfile(entry, io.BytesIO(TOML))
        odd = tarfile.TarInfo("prompts.jsonl")
        odd.type, odd.linkname = kind, "/etc/passwd"
        packed.addfile(odd)
    refused(tmp_path / "a.tar", tmp_path / "into", "holds no task")


def test_a_link_in_a_zip_is_never_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("task.toml", TOML)
        link = zipfile.ZipInfo("prompts.jsonl")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    refused(tmp_path / "a.zip", tmp_path / "into", "holds no task")


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("file", tasks.FILES)
def test_what_unpacks_to_more_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    monkeypatch.setitem(task_files.MOST_BYTES, file, 1000)
    files = FILES | {file: FILES[file] + b" " * (1000 - len(FILES[file]))}
    take(PACKERS[name](tmp_path / name, files), tmp_path / "fits")
    refused(PACKERS[name](tmp_path / name, FILES | {file: b" " * 1001}), tmp_path / "into", f"{file} .* is larger than")


@pytest.mark.parametrize("name", PACKERS)
def test_too_many_files_or_too_large_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    archive = PACKERS[name](tmp_path / name, {f"{i}.txt": b"" for i in range(9)} | FILES)
    monkeypatch.setattr(task_files, "MOST_ENTRIES", 10)
    refused(archive, tmp_path / "into", "more than 10 files")
    monkeypatch.setattr(task_files, "MOST_ENTRIES", 11)
    take(archive, tmp_path / "fits")
    monkeypatch.setattr(task_files, "LARGEST_ARCHIVE", archive.stat().st_size - 1)
    refused(archive, tmp_path / "into", "is larger than")


def test_a_tar_is_not_unpacked_beyond_a_limit_to_find_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_files, "_MOST_UNPACKED", 1 << 20)
    archive = tarred(tmp_path / "a.tar.gz", {"big.bin": bytes(2 << 20)} | FILES)
    refused(archive, tmp_path / "into", "unpacks to more than 1 MiB")


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "another format"])
def test_a_damaged_archive_is_named(tmp_path: Path, name: str, damage: str) -> None:
    whole = PACKERS[name](tmp_path / name, FILES | {"prompts.jsonl": PROMPTS + os.urandom(5000)}).read_bytes()
    middle = len(whole) // 2
    content = {
        "cut": whole[:middle],
        "flipped": whole[:middle] + bytes(b ^ 0xFF for b in whole[middle : middle + 40]) + whole[middle + 40 :],
        "empty": b"",
        "another format": b"Rar!\x1a\x07\x00" + whole[7:],
    }[damage]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot be unpacked|holds no task"):
        take(tmp_path / name, tmp_path / "into")
    assert not (tmp_path / "into").exists() or not list((tmp_path / "into").iterdir())


@pytest.mark.parametrize("name", PACKERS)
def test_two_tasks_side_by_side_are_not_guessed_between(tmp_path: Path, name: str) -> None:
    files = {f"{folder}/{file}": content for folder in ("a", "b") for file, content in FILES.items()}
    refused(PACKERS[name](tmp_path / name, files), tmp_path / "into", "holds 2 tasks")


def test_what_is_no_task_says_what_it_needs(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", tmp_path / "into", "no folder or archive")
    refused(Path("x" * 5000), tmp_path / "into", "cannot be opened|no folder or archive")
    (tmp_path / "a.csv").write_bytes(b"a,b")
    refused(tmp_path / "a.csv", tmp_path / "into", "is neither a folder nor an archive")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", tmp_path / "into", "holds no task")
    os.mkfifo(tmp_path / "empty" / "task.toml")
    refused(tmp_path / "empty", tmp_path / "into", "holds no task")
