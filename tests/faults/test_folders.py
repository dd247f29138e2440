"""A project whose folder cannot be written, or whose models are gone: said in words, nothing is changed, and it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rsf_core.errors import JobError, RsfError
from rsf_core.project import Project
from rsf_core.store.records import ModelRecord
from tests.faults.conftest import Clock


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """For root, whom permissions do not bind, by a mount; skips where neither is possible."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    for options in (["--bind", str(folder), str(folder)], ["-o", "remount,bind,ro", str(folder)]):
        if subprocess.run(["mount", *options], capture_output=True).returncode != 0:
            subprocess.run(["umount", str(folder)], capture_output=True)
            pytest.skip("a folder cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_that_cannot_be_written_is_refused_by_name_and_opens_once_it_can(project: Project) -> None:
    project.close()
    before = sorted(path.name for path in project.folder.iterdir())
    with read_only(project.folder):
        with pytest.raises(RsfError, match=rf"{project.folder}.* cannot be written"):
            Project.open(project.folder)
    assert sorted(path.name for path in project.folder.iterdir()) == before
    with Project.open(project.folder) as again:
        assert len(again.rounds()) == 1


def test_a_project_cannot_be_made_where_nothing_can_be_written(tmp_path: Path, small_task: Path) -> None:
    (tmp_path / "place").mkdir()
    with read_only(tmp_path / "place"):
        with pytest.raises(RsfError, match="cannot be written"):
            Project.create(tmp_path / "place" / "project", str(small_task))
    assert list((tmp_path / "place").iterdir()) == []


def test_a_model_whose_files_are_gone_fails_its_job_by_name_and_the_project_goes_on(
    jobs_in_threads: None, project: Project, tiny_model: Path
) -> None:
    shutil.copytree(tiny_model, project.folder / "models" / "m1-1")
    made = ("task round 1", "models/m1-1", "", "base", 1, "c1-1", Clock()())
    project.store.add_model(ModelRecord("m1-1", *made))
    shutil.rmtree(project.folder / "models")
    project.set_proposal("m1-1")
    project.draw_next_round()
    with pytest.raises(JobError, match="the folder of model m1-1 is gone"):
        project.wait()
    project.close()
    with Project.open(project.folder) as again:
        assert [view.model.model_id for view in again.lineage.models()] == ["m1-1"]
        assert again.counts().candidates == 0
        shutil.copytree(tiny_model, project.folder / "models" / "m1-1")  # put back
        again.advance()
        again.wait()
        assert again.counts().candidates == 32
