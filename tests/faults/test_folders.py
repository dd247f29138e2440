"""A project with a read-only folder or without its models: a message says so, nothing changes, and it goes on later."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from rsf_core.domain import JobState
from rsf_core.domain.access import Actor, Role
from rsf_core.domain.errors import JobError, RsfError, StoreError
from rsf_core.domain.files import read_json, write_json
from rsf_core.jobs import process, supervisor, units
from rsf_core.jobs.executors import LocalExecutor
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.project.guarded import guarded
from rsf_core.store.records import ModelRecord
from tests.support.faults import quick_work, stand_in
from tests.support.faults.clock import Clock
from tests.support.waiting import until


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make the folder read-only: by permissions or, for root, by a mount; skips if neither is possible."""
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


# -- while the project is open ------------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose jobs are processes that draw nothing."""
    # an earlier test of this file may have put jobs into threads
    monkeypatch.setattr(supervisor, "LocalExecutor", LocalExecutor)
    monkeypatch.setattr(process, "sys", SimpleNamespace(executable=str(stand_in.interpreter(tmp_path, quick_work))))
    for name in ("GENERATED", "SCORED", "EVALUATED"):
        monkeypatch.setattr(units, name, 4)
    with Project.create(tmp_path / "project", str(small_task), "quick", seed=7) as made:
        # after opening, the first look at the jobs tidies the database, which must not happen while the folder is read-only
        until(lambda: not (made.folder / "rsf.duckdb.wal").exists())
        yield made
        for job in made.jobs(active=True):
            process.kill(made.folder / "spool" / job.job_id)


ASKED: dict[str, Callable[[Project], object]] = {
    "set": lambda project: project.set("generate.candidates", "3"),
    "the command set": lambda project: execute(project, "set_value", {"key": "seed", "value": "3"}),
    "generate": lambda project: project.generate(),
    "an upload": lambda project: project.imports.keep("a.csv", b"text\na\n"),
    "set on a page": lambda project: guarded(project, lambda: Actor("ann", Role.OWNER)).set("seed", "4"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_actions_on_a_folder_that_has_become_read_only_are_refused_with_an_explanation(
    running: Project, asked: str
) -> None:
    before = running.settings
    with read_only(running.folder):
        with pytest.raises(RsfError, match=rf"{running.folder}.* cannot be written.*: mount it writable"):
            ASKED[asked](running)
        assert running.settings == before and running.jobs() == []
    ASKED[asked](running)


def test_a_stage_in_the_middle_of_which_the_folder_becomes_read_only_says_so_and_goes_on_from_there(
    running: Project,
) -> None:
    job_id = running.generate(then_score=False)
    folder = running.folder / "spool" / job_id
    until(lambda: read_json(folder / "process.json") is not None)
    pid = read_json(folder / "process.json")["pid"]
    os.kill(pid, signal.SIGSTOP)  # so that it does not finish before the folder is read-only
    messages: list[str] = []

    def is_said() -> bool:
        messages.extend(filter(None, [running.supervisor.problem, running.store.job(job_id).message]))
        return any("cannot be written" in text or "Read-only file system" in text for text in messages)

    with read_only(running.folder):
        os.kill(pid, signal.SIGCONT)
        until(is_said)
        kept = running.store.committed_units(job_id)
    until(lambda: running.supervisor.problem is None)
    for _ in range(5):
        if running.store.job(job_id).state is JobState.FAILED:
            running.resume(job_id)
        try:
            running.wait()
        except JobError:
            continue
        if running.store.job(job_id).state is JobState.DONE:
            break
    assert running.counts().candidates == 32 and kept <= running.store.committed_units(job_id)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_file_that_cannot_be_put_in_place_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write_json(tmp_path / "x.json", 1)

    def refuses(*paths: Path) -> None:
        raise OSError(number, os.strerror(number), str(paths[0]))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuses)
        with pytest.raises(StoreError, match=rf"{tmp_path} cannot be written \({os.strerror(number)}\)"):
            write_json(tmp_path / "x.json", 2)
    assert read_json(tmp_path / "x.json") == 1 and [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_database_that_cannot_be_written_says_so(project: Project, number: int) -> None:
    with pytest.raises(StoreError, match=rf"{project.folder} cannot be written while saving it: mount it writable"):
        with project.store.transaction("saving it"):
            raise duckdb.IOException(f'IO Error: Cannot open file "x.wal": {os.strerror(number)}')
