"""A task folder is begun, checked as a whole, and made from a project; a project made from that folder is the same."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.domain import Split, bundled
from rsf_core.domain.access import person
from rsf_core.domain.errors import SettingsError
from rsf_core.project import Project, task_folders
from rsf_core.prompts import tasks

GOOD = [
    {"text": "What is the capital of Peru?", "reference": "Lima", "split": "train"},
    {"text": "How many legs does a spider have?", "reference": "eight", "split": "held_out"},
]
TOML = 'title = "T"\ndescription = "D"\n[settings.target]\nconstraints = [{ scorer = "exact_match", at_least = 1 }]\n'


def make(folder: Path, toml: str = TOML, rows: list[dict[str, str]] | str = GOOD) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "task.toml").write_text(toml)
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "prompts.jsonl").write_text(text)
    return folder


def problems_of(folder: Path) -> list[str]:
    return [f"{'error' if one.error else 'note'}: {one.message}" for one in task_folders.check(folder)]


def test_a_new_folder_is_a_task_without_fault_and_nothing_is_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "capitals"
    task_folders.new(folder)
    assert problems_of(folder) == []
    loaded = tasks.load(str(folder))
    assert (loaded.name, loaded.title, len(loaded.prompts)) == ("capitals", "capitals", 3)
    before = (folder / "task.toml").read_bytes()
    with pytest.raises(SettingsError, match="capitals is not empty"):
        task_folders.new(folder)
    assert (folder / "task.toml").read_bytes() == before


def test_nothing_is_wrong_with_a_good_one(tmp_path: Path) -> None:
    assert problems_of(make(tmp_path / "t")) == []


@pytest.mark.parametrize("name", tasks.names())
def test_nothing_is_wrong_with_a_bundled_one(name: str) -> None:
    assert problems_of(bundled.path("data", "tasks", name)) == []


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("title = ", ["error: task.toml is not valid TOML: "]),
        ("title = 3\ndescription = 'D'\n", ["error: task.toml: title must be a text"]),
        (TOML + "[autopilot]\nmin_diversity = 0\n", ["note: task.toml: autopilot says nothing here; is [settings.autopilot]"]),
        (TOML + "[other]\n", ["note: task.toml: other says nothing here; is one of title"]),
        (
            "title='T'\ndescription='D'\n[settings.generate]\ncandidates = -1\nwidth = 3\n[settings.train]\nepochs = 'x'\n",
            ["error: task.toml: settings.generate.candidates", "error: task.toml: settings.generate.width",
             "error: task.toml: settings.train.epochs"],
        ),
        ("settings = 3\ntitle='T'\ndescription='D'\n", ["error: task.toml: settings must be a table"]),
        (TOML.replace("exact_match", "exakt_match"), ["note: task.toml: there is no scorer 'exakt_match'; did you mean"]),
        (TOML.replace("exact_match", "numeric_match"), ["note: prompts.jsonl, line 1: 'numeric_match' needs a number",
                                                       "note: prompts.jsonl, line 2: 'numeric_match' needs a number"]),
    ],
)  # fmt: skip
def test_everything_wrong_with_the_settings_is_reported(tmp_path: Path, toml: str, expected: list[str]) -> None:
    problems = problems_of(make(tmp_path / "t", toml))
    assert all(any(one.startswith(start) for one in problems) for start in expected), problems


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", ["error: prompts.jsonl"]),
        ("{\n", ["error: prompts.jsonl"]),
        ([*GOOD, {"text": "", "split": "train"}, {"text": "x", "split": "half"}], ["error: prompts.jsonl, line 3",
                                                                                 "error: prompts.jsonl, line 4"]),
        ([{"text": "x"}, *GOOD], ["error: prompts.jsonl, line 1: split must be train, held_out or sealed"]),
        (GOOD[:1], ["note: prompts.jsonl has no held-out prompt"]),
        (GOOD[1:], ["note: prompts.jsonl has no train prompt"]),
        ([*GOOD, GOOD[0] | {"split": "sealed"}], ["note: prompts.jsonl, lines 1 (train) and 3 (sealed), nearly the same"]),
    ],
)  # fmt: skip
def test_everything_wrong_with_the_prompts_is_reported(
    tmp_path: Path, rows: list[dict[str, str]] | str, expected: list[str]
) -> None:
    problems = problems_of(make(tmp_path / "t", rows=rows))
    assert all(any(one.startswith(start) for one in problems) for start in expected), problems


def test_a_folder_that_is_not_a_task_says_what_it_lacks(tmp_path: Path) -> None:
    assert [one.split(": ")[1].split(" has ")[1] for one in problems_of(tmp_path)] == [
        "no task.toml",
        "no prompts.jsonl",
    ]


@pytest.mark.parametrize("name", ["dialogue", "json_extraction"])
def test_a_project_exported_and_made_again_has_the_same_prompts_and_settings(name: str, tmp_path: Path) -> None:
    with Project.create(tmp_path / "first", name, "nobody/such-model", seed=5) as first:
        first.set("generate.temperature", "0.9")
        first.set("target.tempered", "false")
        first.set("generate.model_masks", "true")
        task = task_folders.export(first, tmp_path / "own_task", sealed=True)
        settings, rows = first.settings, prompts(first)
    assert task == []
    with Project.create(tmp_path / "second", str(tmp_path / "own_task"), "nobody/such-model", seed=5) as second:
        assert prompts(second) == rows
        assert second.settings == settings.model_copy(update={"task": "own_task"})


def prompts(project: Project) -> list[tuple[object, ...]]:
    every_prompt = [prompt for split in Split for prompt in project.store.prompts(split)]
    return sorted((str(p.split), p.text, p.reference or "", p.system or "", p.earlier) for p in every_prompt)


def test_sealed_and_retired_prompts_stay_behind_and_the_sealed_ones_are_reported(tmp_path: Path) -> None:
    with Project.create(tmp_path / "first", "arithmetic", "nobody/such-model", seed=5) as project:
        gone = project.store.prompts(Split.TRAIN)[0]
        project.prompt_book.retire([gone.prompt_id], person("ann"))
        (note,) = task_folders.export(project, tmp_path / "own_task")
        assert note.message.startswith("48 sealed prompts left out") and not note.error
    loaded = tasks.load(str(tmp_path / "own_task"))
    assert len(loaded.prompts) == 192 + 96 - 1 and gone.text not in {row.text for row in loaded.prompts}
    said_of = tomllib.loads((tmp_path / "own_task" / "task.toml").read_text())["settings"]
    assert "seed" not in said_of.get("generate", {}) and "model" not in said_of


def test_the_command_begins_checks_and_exports(tmp_path: Path) -> None:
    folder = str(tmp_path / "t")
    begun = CliRunner().invoke(app, ["task", "new", folder])
    assert begun.exit_code == 0 and "nothing is wrong" in " ".join(begun.output.split()), begun.output
    (tmp_path / "t" / "task.toml").write_text("title = ")
    checked = CliRunner().invoke(app, ["task", "check", folder, "--json"])
    assert checked.exit_code == 1 and json.loads(checked.stdout)["findings"][0]["error"] is True
    with Project.create(tmp_path / "p", "arithmetic", "nobody/such-model", seed=5):
        pass
    exported = CliRunner().invoke(app, ["task", "export", str(tmp_path / "p"), str(tmp_path / "made"), "--json"])
    assert exported.exit_code == 0, exported.output
    assert len(tasks.load(str(tmp_path / "made")).prompts) == 192 + 96
    for wrong in (["task", "export", folder], ["task", "check", folder, folder]):
        assert isinstance(CliRunner().invoke(app, wrong).exception, SettingsError)
