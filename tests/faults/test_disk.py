"""A disk that gets full in the middle of each stage: it is said in words, nothing saved is lost, and once there is space
the stage goes on to all of it, once. The disk is a small one in memory."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import OutOfSpaceError, RsfError
from rsf_core.jobs import process, units
from rsf_core.project import Project
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
    """Leave no byte on it."""
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
    """As a person does once there is space again."""
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
def test_a_disk_that_is_full_in_the_middle_of_a_stage_is_said_and_loses_nothing(
    project: Project, disk: Path, stage: str
) -> None:
    for name, start in STAGES.items():
        start(project)
        if name == stage:
            break
        project.wait()
    until(lambda: project.jobs()[-1].state is JobState.RUNNING)
    ballast = fill(disk)
    said: list[str] = []

    def is_said() -> bool:
        said.extend(filter(None, [project.supervisor.problem, *(j.message for j in project.jobs() if j.state.ended)]))
        return any("disk" in text and "full" in text for text in said)

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
