"""A project whose creation is interrupted, at whatever point, can be made again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rsf_core.domain import settings_file
from rsf_core.domain.errors import NotAProjectError, OutOfSpaceError
from rsf_core.project import Project
from rsf_core.project.owner import OwnerLock
from rsf_core.rounds.start import Stages
from rsf_core.store.store import Store
from tests.support import warm

STEPS = {
    "the lock": (settings_file, "begin"),
    "the database": (Store, "__init__"),
    "the prompts": (Store, "add_prompts"),
    "the settings": (settings_file, "create"),
    "the round": (Stages, "open_round"),
    "the start": (Project, "_start"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OutOfSpaceError("the disk is full"), RuntimeError("a fault")])
def test_interrupted_at_any_step_a_project_is_made_again_or_opened(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise error

    folder = tmp_path / "project"
    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], fail)
        with pytest.raises(type(error)):
            Project.create(folder, str(small_task), seed=1)
    assert settings_file.is_new(folder) == (step not in ("the round", "the start"))
    make = Project.create(folder, str(small_task), seed=1) if settings_file.is_new(folder) else Project.open(folder)
    with make as project:
        assert len(project.prompts()) == 12 and project.current_round == 1
    assert not (folder / settings_file.MAKING).exists()


def test_a_project_killed_while_being_made_is_made_again(tmp_path: Path, small_task: Path) -> None:
    code = (
        "import os, sys; from rsf_core.domain import settings_file; from rsf_core.project.project import Project\n"
        "settings_file.create = lambda *arguments: os.kill(os.getpid(), 9)\n"
        "Project.create(sys.argv[1], sys.argv[2], seed=1)"
    )
    folder = tmp_path / "project"
    done = warm.run([sys.executable, "-c", code, folder, small_task], timeout=120)
    assert done.returncode == -9 and (folder / "rsf.duckdb").exists()
    with Project.create(folder, str(small_task), seed=1) as project:
        assert len(project.prompts()) == 12


def test_what_is_not_of_an_unfinished_project_is_never_removed(tmp_path: Path, small_task: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / settings_file.MAKING).touch()
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(NotAProjectError, match="is not empty"):
        Project.create(folder, str(small_task))
    (folder / "thesis.tex").rename(tmp_path / "thesis.tex")
    (folder / settings_file.MAKING).unlink()
    (folder / "models").mkdir()  # without the mark the folder may be somebody else's
    with pytest.raises(NotAProjectError, match="is not empty"):
        Project.create(folder, str(small_task))
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_the_lock_is_free_after_a_failure(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(settings_file, "create", fail)
        with pytest.raises(RuntimeError):
            Project.create(tmp_path / "project", str(small_task))
    OwnerLock(tmp_path / "project", "the test").release()
