"""The `rsf` command as a person types it: real processes, exit codes, JSON, and forwarding to the owner of the project."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
import typer

from rsf_core.cli.main import app
from rsf_core.domain import bundled
from rsf_core.models import load
from rsf_core.project import Project
from rsf_core.project.owner import socket_path
from tests.support import warm
from tests.support.seeding import add_candidates, candidates
from tests.support.warm import RSF

OWNER = """
import sys, time
from rsf_core.project.commands import execute
from rsf_core.project import Project
with Project.open(sys.argv[1], what="a patient owner") as project:
    project.serve(lambda name, arguments: execute(project, name, arguments))
    time.sleep(600)
"""
MORE = pc.field("k") >= 2
MUTE = """
import sys, time
from pathlib import Path
from rsf_core.project.owner import OwnerLock
lock = OwnerLock(Path(sys.argv[1]), "a mute owner")
time.sleep(600)
"""


def rsf(*arguments: object, expect: int = 0) -> str:
    """Standard output of `rsf ARGUMENTS`, or standard error if it is expected to fail."""
    environment = os.environ | {"RSF_REVIEWER": "ann", "COLUMNS": "200", "NO_COLOR": "1"}
    done = warm.run([RSF, *map(str, arguments)], timeout=600, env=environment)
    assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr if expect and "--json" not in arguments else done.stdout


def rsf_json(*arguments: object, expect: int = 0) -> Any:
    return json.loads(rsf(*arguments, "--json", expect=expect))


@pytest.fixture
def folder(project: Project) -> Path:
    """A closed project with sixteen scored candidates."""
    add_candidates(project.store, candidates(prompts=8, per_prompt=2))
    project.score()
    project.wait()
    project.close()
    return project.folder


@contextlib.contextmanager
def started(code: str, folder: Path) -> Iterator[int]:
    process = warm.start([sys.executable, "-c", code, folder])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def wait_for(path: Path) -> None:
    give_up = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < give_up, f"{path} did not appear"
        time.sleep(0.05)


# -- a project from beginning to end -----------------------------------------------------------------------------------


def test_a_project_is_made_run_and_looked_at(tmp_path: Path, small_task: Path, tiny_model: Path) -> None:
    folder = tmp_path / "reviews"
    with warm.cold():  # the command and its jobs start as a user's do
        made = rsf_json("init", folder, "--task", small_task, "--model", tiny_model, "--seed", 7)
        (comparison,) = rsf_json("run", folder)["comparisons"]
    assert made == {"folder": str(folder), "task": "small_reviews", "prompts": {"train": 8, "held_out": 4}}
    assert (comparison["round"], comparison["before_id"], comparison["after_id"], comparison["prompts"]) == (
        1,
        "base",
        "m1-1",
        4,
    )
    assert {"value", "low", "high", "groups"} <= set(comparison["gain"]["reward"])
    status = rsf_json("status", folder)
    assert {stage["progress"] for stage in status["stages"]} == {"done"}
    assert status["counts"]["decided"] == 32 and status["active"] is None and status["threshold"]["author"] == "rule"
    table = rsf("evaluate", folder)  # the comparison exists, so the command only shows it
    assert "reward" in table and "over the base" in table


def test_an_encoder_decoder_goes_through_a_round_of_translation(tmp_path: Path, tiny_encoder_decoder: Path) -> None:
    folder = tmp_path / "p"
    rsf("init", folder, "--task", "translation_en_fr", "--model", tiny_encoder_decoder, "--seed", "3")
    for key, value in (
        ("generate.candidates", 4),
        ("generate.prompts", 24),
        ("evaluate.prompts", 6),
        ("train.rank", 2),
    ):
        rsf("set", folder, key, value)
    (comparison,) = rsf_json("run", folder)["comparisons"]
    assert 0 < comparison["after"]["score: chrf@v2"]["value"] < 1
    assert comparison["after"]["KL to base"]["value"] != 0
    assert load(folder / "models" / comparison["after_id"])[0].config.is_encoder_decoder


def test_stages_can_be_run_one_by_one(folder: Path) -> None:
    assert rsf_json("score", folder)["job_id"] is None  # nothing is left to score
    frozen = rsf_json("freeze", folder)
    assert (frozen["curated_id"], frozen["author"]) == ("c1-1", "ann")
    assert rsf_json("freeze", folder)["curated_id"] == "c1-1"
    assert "c1-1" in rsf("freeze", folder)


def test_scoring_that_opening_the_project_has_begun_is_waited_for(folder: Path) -> None:
    with Project.open(folder) as project:
        add_candidates(project.store, candidates(prompts=8, per_prompt=4).filter(MORE), job_id="r1-generate-2")
    scored = rsf_json("score", folder)
    assert scored["job_id"] == "r1-score-2"
    assert scored["counts"]["decided"] == scored["counts"]["candidates"]


def test_rounds_run_by_themselves_wait_for_a_review_and_are_stopped(folder: Path) -> None:
    assert "waiting: " in rsf("autopilot", folder, "--rounds", 2, "--pause", "--control")
    assert "rounds are already running by themselves" in rsf("autopilot", folder, expect=1)
    stopped = rsf_json("autopilot", folder, "--stop")
    assert (stopped["state"], stopped["reason"], stopped["last_round"]) == ("stopped", "by hand", 2)
    with Project.open(folder) as project:
        assert project.settings.autopilot.control
    assert "nothing is waiting for a review" in rsf("autopilot", folder, "--go-on", expect=1)


# -- small commands and refused input ------------------------------------------------------------------------------------


def test_a_setting_is_changed_or_refused_by_name(folder: Path) -> None:
    assert rsf_json("set", folder, "generate.candidates", 16)["generate"]["candidates"] == 16
    text = (folder / "project.toml").read_text()
    assert "generate.candidates: " in rsf("set", folder, "generate.candidates", "many", expect=1)
    refused = rsf_json("set", folder, "generate.candidate", "8", expect=1)
    assert refused["kind"] == "SettingsError" and "generate.candidate" in refused["error"]
    assert (folder / "project.toml").read_text() == text


def test_a_candidate_is_overridden_by_name_or_refused(folder: Path) -> None:
    assert "1.3.1: reject by ann" in rsf("override", folder, "1.3.1", "reject")
    error = rsf("override", folder, "1.3.9", "accept", expect=1)
    assert "there is no candidate '1.3.9'" in error and "1.17.3" in error
    assert "'maybe'" in rsf("override", folder, "1.3.1", "maybe", expect=2)
    with Project.open(folder) as project:
        record = project.candidates(3)[1]
        assert (record.override, record.reviewer, record.accepted) == ("reject", "ann", False)


def test_brackets_in_what_a_person_types_are_shown_as_they_are(folder: Path) -> None:
    assert "'[/red]'" in rsf("override", folder, "[/red]", "accept", expect=1)
    assert "There are: " in rsf("set", folder, "target.rewards", "{ nope = 1 }", expect=1)
    never = '[{ scorer = "words", at_least = 3, at_most = 2 }]'
    assert "target.constraints.0: no score of words" in rsf("set", folder, "target.constraints", never, expect=1)
    assert "'[/x][bold]' names no model" in rsf("set", folder, "target.reference", "[/x][bold]", expect=1)
    assert "task = [/x][bold]" in rsf("set", folder, "task", "[/x][bold]")
    assert "[/x][bold] · round 1" in rsf("status", folder)
    rsf("set", folder, "task", "small_reviews")
    assert "[/x]" in rsf("status", folder / "[/x]", expect=1)


def test_a_folder_that_is_no_project_is_refused_everywhere(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert rsf_json("status", tmp_path, expect=1)["kind"] == "NotAProjectError"
    error = rsf("run", tmp_path / "gone", expect=1)
    assert error.startswith("error: ") and "rsf init" in error
    assert "is not empty" in rsf("init", tmp_path, "--task", "arithmetic", expect=1)
    unknown = rsf("init", tmp_path / "new", "--task", "poems", expect=1)
    assert "choose one of arithmetic" in unknown and "blank for prompts of your own" in unknown
    assert "there is no folder" in rsf("init", tmp_path / "new", "--task", "blank", "--model", "/no/such", expect=1)
    assert "not a model folder" in rsf("init", tmp_path / "new", "--task", "blank", "--model", tmp_path, expect=1)
    assert not (tmp_path / "new").exists()
    made = rsf("init", tmp_path / "new", "--task", "blank")
    assert "no prompts yet. Next: rsf import" in made


def test_doctor_tells_what_is_there(folder: Path) -> None:
    environment = [check["name"] for check in rsf_json("doctor", folder)]
    assert {"RSF Studio", "torch", "duckdb", "cache", "scorers", "project", "lock"} <= set(environment)
    text = rsf("doctor", folder)
    assert "task small_reviews" in text and "nobody has it open" in text


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(b""), "is not a DuckDB database"),
        (lambda path: path.write_bytes(b"\0" * 8 + b"DUKC" + path.read_bytes()[12:]), "is not a DuckDB database"),
        (lambda path: path.unlink() or path.mkdir(), "cannot be read (Is a directory)"),
    ],
)
def test_a_project_whose_database_is_lost_is_not_started_over(
    folder: Path, spoil: Callable[[Path], object], problem: str
) -> None:
    database = folder / "rsf.duckdb"
    spoil(database)
    before = sorted(folder.iterdir())
    error = rsf("status", folder, expect=1)
    assert f"{database} {problem}" in error and "rsf restore FILE DIR" in error
    assert sorted(folder.iterdir()) == before
    (check,) = (check for check in rsf_json("doctor", folder, expect=1) if check["name"] == "database")
    assert not check["ok"] and problem in check["detail"]


def test_the_bundled_tasks_are_listed() -> None:
    assert {task["name"] for task in rsf_json("tasks")} >= {"arithmetic", "positive_reviews"}


# -- while another process owns it ----------------------------------------------------------------------------------------


def test_commands_are_forwarded_to_the_owner(folder: Path) -> None:
    with started(OWNER, folder) as pid:
        wait_for(socket_path(folder))
        assert os.stat(socket_path(folder)).st_mode & 0o777 == 0o600
        assert rsf_json("status", folder)["counts"]["decided"] == 16
        assert rsf_json("set", folder, "generate.candidates", 3)["generate"]["candidates"] == 3
        rsf("override", folder, "1.1.0", "accept")
        assert rsf_json("override", folder, "1.9.9", "accept", expect=1)["kind"] == "StoreError"
        assert rsf_json("freeze", folder)["curated_id"] == "c1-1"
        assert f"open in a patient owner (pid {pid} on" in rsf("doctor", folder)
    with Project.open(folder) as project:  # the owner did it all; the lock is free after its death
        assert project.settings.generate.candidates == 3 and project.candidates(1)[0].override == "accept"
        assert [curated.curated_id for curated in project.curated_sets()] == ["c1-1"]


def test_an_owner_that_does_not_answer_is_named(folder: Path) -> None:
    with started(MUTE, folder) as pid:
        give_up = time.monotonic() + 60
        while f'"pid": {pid}' not in (folder / "owner.lock").read_text():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        refused = rsf_json("status", folder, expect=1)
        assert refused["kind"] == "ProjectLockedError"
        assert f"a mute owner (pid {pid} on" in refused["error"] and "close it there" in refused["error"]


# -- documentation -------------------------------------------------------------------------------------------------------

COMMANDS = typer.main.get_group(app).commands


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_explained_and_is_in_the_readme(name: str) -> None:
    command = COMMANDS[name]
    assert command.help and len(command.help) > 10
    for parameter in command.params:
        assert getattr(parameter, "help", None) or parameter.name in ("help", "key", "value", "port"), parameter.name
    readme = bundled.path("README.md").read_text(encoding="utf-8")
    assert re.search(rf"`rsf {name}[ `]", readme), f"README.md: write a row for `rsf {name}` in the table of commands"
