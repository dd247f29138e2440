"""Sealed prompts are never drawn from, compared on or shown; held-out prompts can be sealed until candidates were drawn for
them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.domain import Prompt, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import PromptError
from rsf_core.project import Project
from rsf_core.prompts import PromptRow, parse
from rsf_core.rounds.curation import near_held_out
from rsf_core.store import database
from rsf_core.store.sql import migrations
from rsf_core.store.store import Store

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


def ids(project: Project, split: Split) -> list[int]:
    return [prompt.prompt_id for prompt in project.prompts(split)]


def test_nothing_is_drawn_for_a_sealed_prompt_in_a_whole_round(project: Project) -> None:
    sealed = project.seal_prompts([11, 12], person("ann"))
    assert project.store.prompt_counts() == {Split.TRAIN: 8, Split.HELD_OUT: 2, Split.SEALED: 2}
    project.run(1)
    project.train_control(person("ann"))
    project.wait()
    assert set(project.ratios(1)["prompt_id"].to_pylist()) == set(ids(project, Split.TRAIN))
    assert project.store.sealed.compared_on([*sealed, 11, 12]) == []
    assert project.store.sealed.compared_on([9, 10, 11, 12]) == [9, 10]
    texts = {p.text for p in project.prompts(Split.SEALED)}
    for file in (project.folder / "spool").rglob("*.parquet"):
        content = file.read_bytes()
        assert not any(text.encode() in content for text in texts), file  # no job gets a sealed prompt
    with pytest.raises(PromptError, match="compared on prompts 9, 10 already"):
        project.seal_prompts([9, 10])


def test_what_cannot_be_sealed_is_reported_and_nothing_changes(project: Project) -> None:
    (again,) = project.import_prompts([PromptRow("Review a bakery!", split=Split.SEALED)], "x")
    assert "the same as a prompt of the project" in again.message
    project.add_prompts([PromptRow("a bakery review", split=Split.HELD_OUT)], "unplaced")
    before = project.prompts(retired=True)
    for numbers, message in (
        ([1], "prompt 1 is not held out"),
        ([99], "there is no prompt 99"),
        ([9], "prompt 9 is nearly the same as prompt 13"),
    ):
        with pytest.raises(PromptError, match=message):
            project.seal_prompts([*numbers, 10])
    assert project.prompts(retired=True) == before
    assert len(project.seal_prompts([9, 13])) == 2
    text = project.prompt_book.prompt(10).text
    edited = project.edit_prompt(10, PromptRow(text + "!"))
    with pytest.raises(PromptError, match=f"prompt {edited} is nearly the same as prompt 10, which was in use before"):
        project.seal_prompts([edited])


def test_a_sealed_prompt_is_not_shown_found_by_its_text_or_edited(project: Project) -> None:
    (number,) = project.seal_prompts([9])
    text = next(p.text for p in project.prompts(Split.SEALED))
    page = project.prompt_page(50, split=Split.SEALED)
    assert [(p.prompt_id, p.text, p.reference, p.system) for p in page.prompts] == [(number, "(sealed)", None, None)]
    assert all(p.prompt_id != number for p in project.prompt_page(50, text=text).prompts)
    with pytest.raises(PromptError, match="is sealed: nobody sees it"):
        project.prompt_book.prompt(number)
    with pytest.raises(PromptError, match="stays as it was sealed"):
        project.edit_prompt(number, PromptRow("Another"))
    project.retire_prompts([number])
    with pytest.raises(PromptError, match=f"prompt 9 was sealed and is prompt {number} now"):
        project.restore_prompts([9])
    project.restore_prompts([number])
    assert ids(project, Split.SEALED) == [number]


def test_a_file_says_by_its_split_what_is_sealed_and_its_likes_stay_there(tmp_path: Path, project: Project) -> None:
    file = tmp_path / "more.csv"
    file.write_text("text,split\nReview a lighthouse.,sealed\nReview a canal boat.,held_out\n")
    parsed = parse(file, "text", None, None, "split")
    assert project.import_prompts(parsed.rows, "more.csv") == []
    assert project.store.prompt_counts()[Split.SEALED] == 1
    problems = project.import_prompts([PromptRow("review a Lighthouse!!", split=Split.TRAIN)], "x")
    assert "same as" in problems[0].message
    problems = project.import_prompts([PromptRow("Review a lighthouse, a lighthouse.", split=Split.TRAIN)], "x")
    assert not problems or "which is sealed" in problems[0].message


def test_a_train_prompt_like_a_sealed_one_is_not_trained_on(project: Project) -> None:
    project.add_prompts([PromptRow("opera review", split=Split.SEALED)], "unplaced")
    opera = next(p.prompt_id for p in project.prompts(Split.TRAIN) if p.text == "Review opera.")
    assert near_held_out(project.store) == {opera}


def test_they_are_sealed_on_the_command_line(project: Project) -> None:
    project.close()
    result = CliRunner().invoke(app, ["prompts", str(project.folder), "seal", "11", "12", "--json"])
    assert json.loads(result.output) == {"prompt_ids": [11, 12]}
    shown = json.loads(CliRunner().invoke(app, ["prompts", str(project.folder), "--split", "sealed", "--json"]).output)
    assert [prompt["text"] for prompt in shown["prompts"]] == ["(sealed)", "(sealed)"]


def test_a_project_of_the_version_before_keeps_its_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = migrations()
    monkeypatch.setattr(database, "migrations", lambda: tuple(m for m in everything if m[0] < 11))
    store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
    prompts = [
        Prompt(i, f"text {i}", str(i), Split.HELD_OUT if i % 3 else Split.TRAIN, "be brief") for i in range(1, 30)
    ]
    columns = ("prompt_id", "text", "reference", "split", "system")  # those of that version
    with store._db.transaction("saving prompts"):
        rows = [{name: getattr(prompt, name) for name in columns} for prompt in prompts]
        store._db.insert("prompts", [row | {"source": "before", "created_at": database.utc_now()} for row in rows])
    store.prompt_book.say([3], "retire", "ann")
    store.close()
    monkeypatch.undo()
    store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
    assert (store.prompts(retired=True), store.prompts()) == (prompts, [p for p in prompts if p.prompt_id != 3])
    assert store.prompt_counts() == {Split.TRAIN: 8, Split.HELD_OUT: 20}
    assert store.prompt_book.add([("new", None, None, Split.SEALED)], "after") == [30]
    assert store.prompt_book.page(50).prompts[0].source == "before"
    store.close()
