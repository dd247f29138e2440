"""Only its user has access to a project: the folder is 0700, its files 0600, whatever the umask is."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsf_core.domain.files import keep_private
from rsf_core.project import Project


def modes(folder: Path) -> dict[str, int]:
    """The mode of everything in a folder, and of the folder itself (".")."""
    paths = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in paths if not path.is_symlink()
    }


def open_to_others(folder: Path) -> list[str]:
    return [name for name, mode in modes(folder).items() if mode & 0o077]


@pytest.fixture
def lax() -> Iterator[None]:
    before = os.umask(0o000)
    yield
    os.umask(before)


def test_a_new_project_is_closed_to_others_whatever_the_umask(tmp_path: Path, small_task: Path, lax: None) -> None:
    with Project.create(tmp_path / "p", str(small_task), seed=1) as project:
        project.serve(lambda name, arguments: None)
        assert modes(project.folder)["."] == 0o700 and modes(project.folder)["owner.sock"] == 0o600
    file_modes = modes(tmp_path / "p")
    assert (
        file_modes["."] == file_modes["spool"] == 0o700
        and file_modes["rsf.duckdb"] == file_modes["project.toml"] == 0o600
    )
    assert open_to_others(tmp_path / "p") == []


def test_a_project_that_others_could_read_is_closed_when_it_is_opened_and_says_so(
    tmp_path: Path, small_task: Path, lax: None, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "p"
    Project.create(folder, str(small_task), seed=1).close()
    deep = folder / "models" / "m1-1" / "adapter"
    deep.mkdir(parents=True)
    (deep / "weights.safetensors").touch()
    (deep / "run.sh").touch(0o755)
    for path in (folder, *folder.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o055)
    with caplog.at_level(logging.WARNING):
        with Project.open(folder):
            assert open_to_others(folder) == []
    assert "could be read by others (0755)" in caplog.text and str(folder) in caplog.text
    assert modes(folder)["models/m1-1/adapter/run.sh"] == 0o700
    caplog.clear()
    Project.open(folder).close()
    assert "read by others" not in caplog.text


def test_what_a_link_leads_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "model").touch()
    (tmp_path / "elsewhere").chmod(0o755)  # whatever the umask of this process is
    (tmp_path / "elsewhere" / "model").chmod(0o644)
    (tmp_path / "p").mkdir(0o755)
    (tmp_path / "p" / "models").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "p" / "gone").symlink_to(tmp_path / "nowhere")
    keep_private(tmp_path / "p")
    assert modes(tmp_path / "elsewhere") == {".": 0o755, "model": 0o644} and modes(tmp_path / "p")["."] == 0o700


def test_a_folder_that_cannot_be_closed_to_others_is_reported_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: object, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "p").mkdir()
    (tmp_path / "p").chmod(0o755)
    monkeypatch.setattr(os, "chmod", refuse)
    keep_private(tmp_path / "p")
    assert "its modes cannot be changed" in caplog.text


def test_what_a_job_writes_is_closed_too(project: Project, lax: None) -> None:
    project.generate(then_score=False)
    project.wait()
    written = modes(project.folder / "spool" / "r1-generate-1")
    assert written["0000.parquet"] == written["status.json"] == 0o600
