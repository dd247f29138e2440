"""A disk that becomes full in the middle of each stage: a message says so, nothing saved is lost, and once there is space
the stage goes on until every row is there, once. The disk is a small one in memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from rsf_core.cli import main as cli
from rsf_core.domain import Finish, JobState, Prompt, trust
from rsf_core.domain.errors import OutOfSpaceError, RsfError, StoreError
from rsf_core.domain.files import in_words, scratch
from rsf_core.jobs import process, units
from rsf_core.project import Project
from rsf_core.project.owner import socket_path
from rsf_core.prompts import comparing
from rsf_core.scorers import own, registry
from rsf_core.scorers.base import Scored
from rsf_core.scorers.own_calls import Caller, OwnScorer
from tests.support.faults import quick_work, stand_in
from tests.support.waiting import until

SIZE = "64m"
Start = Callable[[Project], str | None]
STAGES: dict[str, Start] = {
    "generate": lambda project: project.generate(then_score=False),
    "score": lambda project: project.score(),
    "finetune": lambda project: project.finetune(project.freeze().curated_id, then_evaluate=False),
    "evaluate": lambda project: project.evaluate(),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def project(disk: Path, tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setattr(process, "sys", SimpleNamespace(executable=str(stand_in.interpreter(tmp_path, quick_work))))
    for name in ("GENERATED", "SCORED", "EVALUATED"):
        monkeypatch.setattr(units, name, 4)
    with Project.create(disk / "project", str(small_task), "quick", seed=7) as made:
        yield made
        for job in made.jobs(active=True):
            process.kill(made.folder / "spool" / job.job_id)


def fill(disk: Path) -> Path:
    """Fill the disk to the last byte; the file that fills it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def resume(project: Project) -> None:
    """Resume failed jobs, as a person does once there is space again."""
    for job in project.jobs():
        if job.state is JobState.FAILED:
            project.resume(job.job_id)


def expect_whole(project: Project) -> None:
    cursor = project.store._db._cursor()
    for table, key, expected in (
        ("candidates", "candidate_id", 32),
        ("scores", "candidate_id, scorer", 32),
        ("evaluation_samples", "model_id, prompt_id, k", 2 * 4 * 2),
        ("models", "model_id", 2),
    ):
        rows = cursor.execute(f"SELECT {key} FROM {table}").fetchall()
        assert len(rows) == len(set(rows)) == expected, table


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_that_fills_up_in_the_middle_of_a_stage_is_reported_and_loses_nothing(
    project: Project, disk: Path, stage: str
) -> None:
    for name, start in STAGES.items():
        start(project)
        if name == stage:
            break
        project.wait()
    until(lambda: project.jobs()[-1].state is JobState.RUNNING)
    ballast = fill(disk)
    messages: list[str] = []

    def is_said() -> bool:
        messages.extend(
            filter(None, [project.supervisor.problem, *(j.message for j in project.jobs() if j.state.ended)])
        )
        return any("disk" in text and "full" in text for text in messages)

    until(is_said)
    ballast.unlink()
    until(lambda: project.supervisor.problem is None)
    for _ in range(5):
        resume(project)
        try:
            project.wait()
        except RsfError:
            continue
        if project.comparison() is not None:
            break
        project.advance()
    expect_whole(project)


def test_a_stage_that_is_asked_for_on_a_full_disk_is_refused_and_changes_nothing(project: Project, disk: Path) -> None:
    ballast = fill(disk)
    with pytest.raises(OutOfSpaceError, match="full"):
        project.generate()
    with pytest.raises(OutOfSpaceError, match="nearly full"):
        project.store.checkpoint()
    assert project.jobs() == []
    ballast.unlink()
    project.run(1)
    expect_whole(project)


@pytest.fixture
def full(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A full disk as the place of temporary files."""
    fill(disk)
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    return disk


def test_comparing_with_many_prompts_says_that_there_is_no_room_for_temporary_files(full: Path) -> None:
    many = [f"Prompt {at} of many" for at in range(comparing.AT_ONCE + 1)]
    columns = {"prompt_id": list(range(len(many))), "text": many, "split": ["held_out"] * len(many)}
    known = pa.table(columns | {name: pa.nulls(len(many)) for name in ("system", "earlier")})
    known = known.append_column("former", pa.repeat(False, len(many)))
    with pytest.raises(OutOfSpaceError, match=f"the disk of {full} is full: free some space"):
        comparing.nearly_the_same(known, [0])


def test_code_is_run_and_tested_though_no_file_fits(full: Path) -> None:
    scored = Scored(Prompt(1, "?", "assert f() == 1"), "def f():\n    return 1", 9, Finish.EOS)
    assert registry.score("unit_tests", [scored]) == [1.0], "its input and output go through pipes"


def test_a_projects_own_scorer_that_finds_no_room_does_not_count_as_one_that_fails(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    folder = tmp_path / "project"
    folder.mkdir()
    trust.trust(folder)
    file = own.save(folder, "one", "def score(completion, prompt, reference):\n    return 1.0\n")
    caller = Caller(folder, folder / "scorers" / "one.py", file, 5.0)
    scorer, batch = OwnScorer(file.ref, file, caller), [Scored(Prompt(1, "?"), "x", 1, Finish.EOS)]

    def none(*_: object) -> str:
        raise OSError(28, "No space left on device")

    try:
        with monkeypatch.context() as at_first:
            at_first.setattr(tempfile, "mkdtemp", none)
            with pytest.raises(OutOfSpaceError, match=f"the disk of {full} is full"):
                scorer.score(batch)
        assert scorer.score(batch) == [1.0], "its folder is empty, and takes no space"
    finally:
        caller.close()


def test_a_machine_without_a_folder_for_temporary_files_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(OutOfSpaceError, match="name another folder by TMPDIR"), scratch("rsf-"):
        pass


def test_the_way_to_an_owner_is_the_same_when_temporary_files_go_elsewhere(tmp_path: Path, full: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    before = socket_path(deep)
    tempfile.tempdir = "/var/tmp"
    assert socket_path(deep) == before and len(str(before)) < 100


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OSError(28, "No space left on device", "/data/x"), OutOfSpaceError, "the disk of /data/x is full: free some"),
        (OSError(122, "Disk quota exceeded"), OutOfSpaceError, "the disk of this machine is full"),
        (PermissionError(13, "Permission denied", "/data/x"), StoreError, "/data/x cannot be read or written"),
        (OSError(30, "Read-only file system", "/data/x"), StoreError, "/data/x cannot be read or written"),
        (ConnectionResetError(104, "reset"), ConnectionResetError, "reset"),
    ],
)
def test_at_the_edge_a_disk_that_takes_nothing_is_reported_in_words(
    error: OSError,
    kind: type[Exception],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(kind, match=words), in_words():
        raise error

    def app(**options: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(os, "umask", lambda mask: mask)
    with pytest.raises(SystemExit if issubclass(kind, RsfError) else kind):
        cli.main()
    assert issubclass(kind, OSError) or words in capsys.readouterr().err.replace("\n", " ")
