"""A workspace: a folder of projects, which are listed from their files alone, and made, copied, renamed, archived and deleted
completely or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import BackupError, ProjectLockedError, RsfError, WorkspaceError
from rsf_core.jobs import process
from rsf_core.jobs.spool import Spool, Status
from rsf_core.project import Project
from rsf_core.project import summary as summaries
from rsf_core.project import workspace as workspaces
from rsf_core.project.commands import execute
from rsf_core.project.owner import OwnerLock, holder
from tests.support.seeding import add_candidates, candidates

GAIN = {"metric": "reward", "round": 1, "value": float("nan"), "low": 0.0, "high": 1.0}
NOT_A_NUMBER = json.dumps({"round": 1, "next": "", "fresh": True, "prompts": 1, "gain": GAIN})


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Path:
    """A closed project with candidates. Copy it; never open it."""
    folder = tmp_path_factory.mktemp("workspace") / "made_once"
    with Project.create(folder, str(small_task), seed=1) as project:
        add_candidates(project.store, candidates(2, 3))
    return folder


@pytest.fixture
def workspace(tmp_path: Path, made_once: Path) -> Path:
    """A folder with one project, `reviews`."""
    shutil.copytree(made_once, tmp_path / "projects" / "reviews")
    return tmp_path / "projects"


def add(workspace: Path, name: str) -> Path:
    return Path(shutil.copytree(workspace / "reviews", workspace / name))


def everything(folder: Path) -> list[str]:
    """All paths below a folder: they must be the same after a refused operation."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# -- the list ----------------------------------------------------------------------------------------------------------


def test_a_workspace_that_is_not_there_has_no_projects(tmp_path: Path) -> None:
    assert workspaces.entries(tmp_path / "nowhere") == [] and workspaces.archived(tmp_path / "nowhere") == []


def test_a_workspace_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="file cannot be read"):
        workspaces.entries(tmp_path / "file")


def test_projects_alone_are_listed_the_one_that_changed_last_first(workspace: Path) -> None:
    other = add(workspace, "another")
    add(workspace, ".hidden")
    (workspace / "notes").mkdir()
    (workspace / "thesis.tex").write_text("")
    for folder, when in ((workspace / "reviews", 2_000_000_000), (other, 1_900_000_000)):
        for name in ("project.toml", "rsf.duckdb"):
            os.utime(folder / name, (when, when))
    assert [entry.name for entry in workspaces.entries(workspace)] == ["reviews", "another"]
    os.utime(other / "project.toml", (2_100_000_000, 2_100_000_000))
    first = workspaces.entries(workspace)[0]
    assert (first.name, first.changed_at.year, first.seconds_ago) == ("another", 2036, 0.0)


def test_a_list_says_what_the_owner_wrote_down_and_opens_no_database(workspace: Path) -> None:
    database = workspace / "reviews" / "rsf.duckdb"
    database.write_bytes(b"no database")
    (entry,) = workspaces.entries(workspace)
    assert (entry.task, entry.problem, entry.running, entry.held_by) == ("small_reviews", "", None, None)
    assert entry.summary is not None and (entry.summary.round, entry.summary.next) == (1, "Score candidates")
    assert entry.summary.prompts == 12 and not entry.summary.fresh and entry.summary.gain is None
    sizes = sum(path.stat().st_size for path in (workspace / "reviews").rglob("*") if path.is_file())
    assert entry.bytes == sizes


def test_a_project_of_an_earlier_version_says_what_its_settings_say(workspace: Path) -> None:
    (workspace / "reviews" / summaries.NAME).unlink()
    (entry,) = workspaces.entries(workspace)
    assert entry.task == "small_reviews" and entry.model and entry.summary is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 100_000,
        '{"round": 1}',
        '{"round": "1", "next": "x", "fresh": true, "prompts": 1, "gain": null}',
        '{"round": -1, "next": "x", "fresh": true, "prompts": 1, "gain": null}',
        '{"round": 1, "next": 7, "fresh": true, "prompts": 1, "gain": null}',
        '{"round": 1, "next": "x", "fresh": true, "prompts": 1, "gain": {"metric": "reward"}}',
        NOT_A_NUMBER,
    ],
)
def test_a_summary_that_cannot_be_read_counts_as_missing(workspace: Path, text: str) -> None:
    (workspace / "reviews" / summaries.NAME).write_text(text)
    (entry,) = workspaces.entries(workspace)
    assert entry.summary is None and entry.task == "small_reviews"


@pytest.mark.parametrize("text", ["task = ", "\x00", 'task = "x"\nseed = "no number"'])
def test_settings_that_cannot_be_read_are_reported_in_the_list(workspace: Path, text: str) -> None:
    (workspace / "reviews" / "project.toml").write_text(text)
    (entry,) = workspaces.entries(workspace)
    assert "project.toml" in entry.problem


def test_the_list_shows_who_has_a_project_open(workspace: Path) -> None:
    with Project.open(workspace / "reviews", what="a test"):
        (entry,) = workspaces.entries(workspace)
        assert entry.held_by is not None and entry.held_by["what"] == "a test"


def test_a_running_job_is_recognised_by_its_files(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("r1-generate-1", "r1-score-1"):
        (workspace / "reviews" / "spool" / name).mkdir()
        Spool(workspace / "reviews" / "spool" / name).write_status(
            Status(JobState.RUNNING, "drawing", 3, 12, "candidates", started=1.0, heartbeat=4.0)
        )
    assert workspaces.running(workspace / "reviews") is None
    monkeypatch.setattr(process, "is_alive", lambda folder: folder.name == "r1-generate-1")
    running_now = workspaces.running(workspace / "reviews")
    assert running_now is not None and (running_now.job_id, running_now.fraction) == ("r1-generate-1", 0.25)
    assert running_now.line == "r1-generate-1: 3 of 12 candidates · about 9 s left"
    with pytest.raises(WorkspaceError, match="r1-generate-1 of reviews runs: wait for it or cancel it"):
        workspaces.rename(workspace, "reviews", "other")


def test_who_only_asks_for_the_holder_keeps_nobody_from_opening(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list asks each project every few seconds."""
    with (workspace / "reviews" / "owner.lock").open("r") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        monkeypatch.setattr("rsf_core.project.owner.time.sleep", lambda seconds: fcntl.flock(asking, fcntl.LOCK_UN))
        OwnerLock(workspace / "reviews", "a test").release()


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["reviews", "My reviews 2", "été", "评论", "a.b-c_d", "7", "x" * 60, "Console", "com10"]
)
def test_a_name_of_a_folder_is_one_of_a_project(name: str) -> None:
    assert workspaces.checked_name(f"  {name} ") == name


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("", "needs a letter or a digit"),
        (" . ", "needs a letter or a digit"),
        ("..", "needs a letter or a digit"),
        ("../x", "cannot have '/'"),
        ("a/b", "cannot have '/'"),
        ("a\\b", "cannot have"),
        ("a:b", "cannot have ':'"),
        (".hidden", "neither begins with"),
        ("-rf", "neither begins with"),
        ("ends.", "nor ends with"),
        ("a\x00b", "U\\+0000"),
        ("a\u202eb", "U\\+202E"),
        ("\ud800a", "U\\+D800"),
        ("NUL", "a device on Windows"),
        ("com1.old", "a device on Windows"),
        ("x" * 61, "at most 60"),
        ("x" * 10_000, "at most 60"),
        ("é" * 1_000, "at most 60"),
    ],
)
def test_an_invalid_name_is_refused_with_what_is_wrong(workspace: Path, name: str, wrong: str) -> None:
    before = everything(workspace)
    for refused in (
        lambda: workspaces.new_folder(workspace, name),
        lambda: workspaces.rename(workspace, "reviews", name),
        lambda: workspaces.copy(workspace, "reviews", name),
    ):
        with pytest.raises(WorkspaceError, match=wrong):
            refused()
    assert everything(workspace) == before


@pytest.mark.parametrize("name", ["..", "../projects", "/etc", "", ".", ".archive", "nothing", "reviews/spool", "\x00"])
def test_nothing_but_a_project_of_the_workspace_can_be_named(workspace: Path, name: str) -> None:
    for asked in (
        lambda: workspaces.folder_of(workspace, name),
        lambda: workspaces.delete(workspace, name, name),
        lambda: workspaces.archive(workspace, name),
        lambda: workspaces.put_back(workspace, name),
    ):
        with pytest.raises(WorkspaceError, match="there is no project"):
            asked()


def test_a_name_that_differs_in_case_alone_is_taken(workspace: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"'Reviews' in .* already"):
        workspaces.new_folder(workspace, "Reviews")
    assert workspaces.free_name(workspace, "Reviews") == "Reviews 2"
    assert workspaces.free_name(workspace, "x" * 60) == "x" * 60
    (workspace / ("x" * 60)).mkdir()
    assert len(workspaces.free_name(workspace, "x" * 60)) <= 60


# -- copying -----------------------------------------------------------------------------------------------------------


def test_a_copy_has_the_same_rows_models_and_scorers_and_goes_its_own_way(workspace: Path) -> None:
    source = workspace / "reviews"
    (source / "models" / "m1-1").mkdir()
    (source / "models" / "m1-1" / "model.safetensors").write_bytes(b"weights")
    (source / "scorers").mkdir()
    (source / "scorers" / "short.py").write_text("def score(completion): return 1.0\n")
    (source / "spool" / "r1-generate-1").mkdir()
    made = workspaces.copy(workspace, "reviews", " a  copy ")
    assert made == workspace / "a copy" and holder(source) is None
    assert (made / "models" / "m1-1" / "model.safetensors").read_bytes() == b"weights"
    assert (made / "scorers" / "short.py").read_text().startswith("def score")
    assert list((made / "spool").iterdir()) == []
    assert {entry.name: entry.summary for entry in workspaces.entries(workspace)}["a copy"] == summaries.read(source)
    with Project.open(made) as copy, Project.open(source) as original:
        assert copy.counts() == original.counts() and copy.counts().candidates == 6
        copy.set("seed", "99")
        assert original.settings.seed == 1
    assert sorted(path.name for path in workspace.iterdir()) == ["a copy", "reviews"]


def test_a_project_is_copied_while_it_is_open(workspace: Path) -> None:
    with Project.open(workspace / "reviews") as project:
        project.serve(lambda name, arguments: execute(project, name, arguments))
        workspaces.copy(workspace, "reviews", "other")
        assert project.counts().candidates == 6
    with Project.open(workspace / "other") as copy:
        assert copy.counts().candidates == 6


def test_a_copy_that_breaks_off_leaves_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(file: Path, folder: Path) -> None:
        (folder).mkdir()
        raise BackupError("the backup is damaged")

    monkeypatch.setattr(workspaces, "restore", fails)
    with pytest.raises(BackupError):
        workspaces.copy(workspace, "reviews", "other")
    assert [path.name for path in workspace.iterdir()] == ["reviews"]


def test_what_a_killed_process_left_aside_is_not_listed_and_swept_away_a_day_later(workspace: Path) -> None:
    left, fresh = add(workspace, ".aside-0123"), add(workspace, ".aside-4567")
    os.utime(left, (1_000_000_000, 1_000_000_000))
    assert workspaces.names(workspace) == ["reviews"]
    workspaces.sweep(workspace)
    assert not left.exists() and fresh.exists()


# -- renaming, archiving, deleting -------------------------------------------------------------------------------------


def test_a_renamed_project_is_the_same_under_its_new_name(workspace: Path) -> None:
    assert workspaces.rename(workspace, "reviews", "My reviews") == workspace / "My reviews"
    assert workspaces.names(workspace) == ["My reviews"] and holder(workspace / "My reviews") is None
    assert workspaces.rename(workspace, "My reviews", "my Reviews") == workspace / "my Reviews"
    assert workspaces.rename(workspace, "my Reviews", "my Reviews") == workspace / "my Reviews"
    with Project.open(workspace / "my Reviews") as project:
        assert project.counts().candidates == 6


@pytest.mark.parametrize(
    "change",
    [
        lambda workspace: workspaces.rename(workspace, "reviews", "other"),
        lambda workspace: workspaces.archive(workspace, "reviews"),
        lambda workspace: workspaces.delete(workspace, "reviews", "reviews"),
    ],
)
def test_a_project_that_is_open_stays_as_it_is(workspace: Path, change: Callable[[Path], object]) -> None:
    with Project.open(workspace / "reviews", what="a test"):
        with pytest.raises(ProjectLockedError, match=r"reviews is open in a test \(pid .*close it there before it is"):
            change(workspace)
    assert workspaces.names(workspace) == ["reviews"] and workspaces.archived(workspace) == []


def test_a_name_that_is_taken_is_refused_and_both_stay(workspace: Path) -> None:
    add(workspace, "other")
    with pytest.raises(WorkspaceError, match="choose another name"):
        workspaces.rename(workspace, "reviews", "other")
    assert workspaces.names(workspace) == ["other", "reviews"]


def test_what_is_archived_comes_back_whole_also_where_its_name_was_taken(workspace: Path) -> None:
    other = add(workspace, "other")
    before = everything(workspace / "reviews")
    workspaces.archive(workspace, "reviews")
    assert workspaces.names(workspace) == ["other"] and workspaces.archived(workspace) == ["reviews"]
    other.rename(workspace / "reviews")
    workspaces.archive(workspace, "reviews")
    assert workspaces.archived(workspace) == ["reviews", "reviews 2"]
    assert workspaces.put_back(workspace, "reviews") == workspace / "reviews"
    shutil.copytree(workspace / "reviews", workspace / ".archive" / "reviews")
    assert workspaces.put_back(workspace, "reviews") == workspace / "reviews 2"
    assert everything(workspace / "reviews 2") == before


@pytest.mark.parametrize("typed", ["", "Reviews", "reviews ", "review", "*"])
def test_nothing_is_deleted_before_its_name_is_typed(workspace: Path, typed: str) -> None:
    before = everything(workspace)
    with pytest.raises(WorkspaceError, match="type its exact name"):
        workspaces.delete(workspace, "reviews", typed)
    assert everything(workspace) == before


def test_a_deleted_project_is_gone_and_the_others_stay(workspace: Path) -> None:
    add(workspace, "other")
    workspaces.archive(workspace, "other")
    workspaces.delete(workspace, "reviews", "reviews")
    assert workspaces.names(workspace) == [] and workspaces.archived(workspace) == ["other"]
    workspaces.delete(workspace / workspaces.ARCHIVE, "other", "other")
    assert workspaces.archived(workspace) == [] and everything(workspace) == [".archive"]


def test_a_link_to_a_project_elsewhere_is_listed_and_not_deleted(workspace: Path, tmp_path: Path) -> None:
    (workspace / "reviews").rename(tmp_path / "elsewhere")
    (workspace / "linked").symlink_to(tmp_path / "elsewhere")
    assert [entry.task for entry in workspaces.entries(workspace)] == ["small_reviews"]
    with pytest.raises(WorkspaceError, match="is a link"):
        workspaces.delete(workspace, "linked", "linked")
    assert (tmp_path / "elsewhere" / "project.toml").is_file()


def test_a_project_whose_files_cannot_be_read_hides_no_other(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(workspace, "other")

    def refuses(folder: Path) -> None:
        if folder.name == "reviews":
            raise PermissionError(13, "Permission denied", str(folder / "owner.lock"))

    monkeypatch.setattr(workspaces, "holder", refuses)
    problems_by_name = {entry.name: entry.problem for entry in workspaces.entries(workspace)}
    assert problems_by_name == {
        "other": "",
        "reviews": f"{workspace / 'reviews' / 'owner.lock'} cannot be read (Permission denied)",
    }


def test_a_project_that_is_removed_while_it_is_listed_is_left_out(workspace: Path) -> None:
    shutil.rmtree(workspace / "reviews")
    assert workspaces.describe(workspace / "reviews") is None


def test_a_folder_that_cannot_be_written_is_reported(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*paths: Path) -> None:
        raise PermissionError(13, "Permission denied", str(paths[0]))

    monkeypatch.setattr(os, "rename", refuses)
    with pytest.raises(RsfError, match="cannot be written"):
        workspaces.rename(workspace, "reviews", "other")
    assert json.loads((workspace / "reviews" / summaries.NAME).read_text())["round"] == 1
