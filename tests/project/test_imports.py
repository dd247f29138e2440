"""An uploaded prompt file: kept, placed once, in its own process if it is large, cancelled, added or forgotten."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import PromptError, PromptFileError
from rsf_core.project import Project, imports, prompt_reading, reading_process
from rsf_core.project.commands import execute
from rsf_core.project.imports import ImportState
from rsf_core.project.problem_list import write_problems
from rsf_core.prompts import Problem, PromptRow, Reading, recognise
from rsf_core.prompts.parsing import Columns
from tests.support import warm
from tests.support.spreadsheets import write
from tests.support.waiting import until

FILE = b'{"question": "How high is Mont Blanc?", "answer": 4806}\n{"question": \n{"question": "Review a kettle."}\n'
COLUMNS = Columns("question", "answer")


def finished(project: Project, upload: str, placing: str) -> ImportState:
    give_up = time.monotonic() + 120
    while (state := project.imports.state(upload, placing)).running:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return state


def test_a_file_is_recognised_placed_looked_at_and_added(project: Project) -> None:
    upload = project.imports.keep("my questions.jsonl", FILE)
    file_format = project.imports.format(upload)
    assert (file_format.text, file_format.reference, project.imports.name(upload)) == (
        "question",
        "answer",
        "my questions.jsonl",
    )
    placing = project.imports.start(upload, COLUMNS, 1.0)
    preview = finished(project, upload, placing).preview
    assert preview is not None and (preview.train, preview.held_out, preview.left_out) == (0, 1, 2)
    assert preview.rows == (PromptRow("How high is Mont Blanc?", "4806", None, Split.HELD_OUT, 1),)
    assert [str(problem)[:20] for problem in preview.problems] == ["line 2: is not JSON:", "line 3: is the same "]
    assert project.imports.add(upload, placing) == 1
    assert [(p.text, p.reference, p.split) for p in project.prompts()[-1:]] == [
        ("How high is Mont Blanc?", "4806", Split.HELD_OUT)
    ]
    assert project.imports.name(upload) is None  # the file is not kept after its prompts are added


def test_nothing_is_added_to_the_sealed_prompts_once_they_were_opened(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.create(tmp_path / "project", str(small_task), seed=1) as project:
        file = b"".join(b'{"question": "How high is %s?", "split": "sealed"}\n' % hill for hill in (b"Ararat", b"Etna"))
        upload, columns = project.imports.keep("secret.jsonl", file), Columns("question", None, None, "split")
        placing = project.imports.start(upload, columns, 0.0)
        monkeypatch.setattr(project.prompt_book, "is_unsealed", lambda: True)
        with pytest.raises(PromptError, match="the sealed prompts were opened since"):
            project.imports.add(upload, placing)
        assert project.prompt_counts().get(Split.SEALED, 0) == 0
        preview = finished(project, upload, project.imports.start(upload, columns, 0.0)).preview
        assert preview is not None and (preview.sealed, preview.left_out) == (0, 2)


def test_the_same_request_is_placed_once_and_again_when_columns_share_or_prompts_change(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    usual = prompt_reading.work

    def work(folder: Path) -> None:
        done.append(folder.name)
        usual(folder)

    monkeypatch.setattr(prompt_reading, "work", work)
    upload = project.imports.keep("a.jsonl", FILE)
    assert project.imports.keep("a.jsonl", FILE) == upload
    names = [project.imports.start(upload, COLUMNS, share) for share in (0.5, 0.5, 0.25)]
    names.append(project.imports.start(upload, Columns("question"), 0.25))
    project.retire_prompts([1], person("ann"))
    names.append(project.imports.start(upload, Columns("question"), 0.25))
    assert len(done) == 4 and len(set(names)) == 4 and names[0] == names[1]


@pytest.mark.parametrize("what", ["prompts", "candidates"])
@pytest.mark.parametrize("ended", ["cancelled", "killed", "killed before its request"])
def test_what_was_cancelled_or_killed_is_read_when_it_is_imported_again(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch, what: str, ended: str
) -> None:
    monkeypatch.setattr(imports, "SMALL_FILE", 0)
    file = tmp_path / "made.jsonl"
    file.write_text('{"prompt": "How high is Ararat?", "completion": "High."}\n')
    asked = {"what": what, "file": str(file), "source": "a", "held_out": 0.0, "config": None, "split": None}
    with Project.create(tmp_path / "project", str(small_task), seed=1) as project:
        begun = execute(project, "import_start", asked)
        folder = project.imports.file(begun["upload"]).parent / begun["placing"]
        if ended == "cancelled":
            execute(project, "import_cancel", begun)
        else:
            project.imports._kill(folder)
            for left in list(folder.iterdir()):
                if ended == "killed before its request" or left.name == "summary.json":
                    left.unlink()
        assert execute(project, "import_start", asked) == begun
        until(lambda: execute(project, "import_state", begun)["preview"] is not None)
        before = (folder / "summary.json").stat().st_mtime_ns
        assert execute(project, "import_start", asked) == begun
        assert (folder / "summary.json").stat().st_mtime_ns == before, "what was read is not read again"
        assert execute(project, "import_add", begun | {"author": "ann"})[what] == 1


def test_a_placing_from_before_other_prompts_came_is_not_added(project: Project) -> None:
    upload = project.imports.keep("a.jsonl", FILE)
    placing = project.imports.start(upload, COLUMNS, 0.5)
    project.import_prompts([PromptRow("How high is Mont Blanc?")], "by hand")
    with pytest.raises(PromptError, match="have changed since"):
        project.imports.add(upload, placing)
    assert len(project.prompts()) == 13


def test_a_large_file_is_read_by_a_process_and_can_be_cancelled(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "SMALL_FILE", 0)
    rows = "".join(json.dumps({"text": f"What is {n} times {n + 1}?"}) + "\n" for n in range(300))
    upload = project.imports.keep("sums.jsonl", rows.encode())
    placing = project.imports.start(upload, Columns("text"), 0.0)
    assert project.imports.state(upload, placing).preview is None  # the process is still starting
    preview = finished(project, upload, placing).preview
    assert preview is not None and preview.count == 300
    other = project.imports.start(upload, Columns("text"), 0.5)
    project.imports.cancel(upload, other)
    state = project.imports.state(upload, other)
    assert not state.running and state.problem == "reading the file was cancelled"
    project.imports.restart(upload, other)
    assert project.imports.start(upload, Columns("text"), 0.5) == other
    assert finished(project, upload, other).preview is not None


def test_a_killed_process_is_reported_and_nothing_is_added(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "SMALL_FILE", 0)
    upload = project.imports.keep("a.jsonl", FILE)
    placing = project.imports.start(upload, COLUMNS, 0.5)
    project.imports._kill(project.folder / "imports" / upload / placing)
    assert "interrupted" in str(project.imports.state(upload, placing).problem)
    assert len(project.prompts()) == 12


@pytest.mark.parametrize("upload", ["", "../..", "nothing", "a/b"])
def test_a_name_from_the_url_reaches_no_other_folder(project: Project, upload: str) -> None:
    assert project.imports.name(upload) is None
    with pytest.raises(PromptFileError, match="no longer stored"):
        project.imports.format(upload)


def test_only_the_newest_files_are_kept(project: Project) -> None:
    uploads = [project.imports.keep(f"{n}.csv", b"text\na\n") for n in range(imports.KEPT_UPLOADS + 2)]
    kept = [project.imports.name(upload) for upload in uploads]
    assert sum(name is not None for name in kept) == imports.KEPT_UPLOADS and kept[-1] is not None


def test_a_file_that_cannot_be_read_is_the_outcome_of_its_placing(project: Project) -> None:
    upload = project.imports.keep("a.csv", b"text,text\na,b\n")
    placing = project.imports.start(upload, Columns("text"), 0.5)
    assert "names the column 'text' 2 times" in str(project.imports.state(upload, placing).problem)


def test_the_newest_uploads_are_kept_whatever_the_clock_says(project: Project) -> None:
    kept = []
    for turn in range(imports.KEPT_UPLOADS + 1):
        kept.append(project.imports.keep(f"{turn}.csv", b"text\na\n"))
        moved = 1_000_000_000 - 3600 * turn  # each an hour earlier than the previous upload
        os.utime(project.folder / "imports" / kept[-1], (moved, moved))
    assert [project.imports.name(upload) is not None for upload in kept] == [False] + [True] * imports.KEPT_UPLOADS
    project.imports.keep("1.csv", b"text\na\n")  # the oldest, uploaded again
    project.imports.keep("new.csv", b"text\na\n")
    assert [project.imports.name(upload) is not None for upload in kept[1:3]] == [True, False]


def test_uploads_of_an_earlier_version_make_place_first(project: Project) -> None:
    old = [project.imports.keep(f"old {turn}.csv", b"text\na\n") for turn in range(imports.KEPT_UPLOADS)]
    for upload in old:
        (project.folder / "imports" / upload / "order.json").unlink()
    new = project.imports.keep("new.csv", b"text\na\n")
    assert project.imports.name(new) == "new.csv"
    assert sum(project.imports.name(upload) is not None for upload in old) == imports.KEPT_UPLOADS - 1


def bomb(folder: Path, megabytes: int) -> bytes:
    """A Parquet file of a few kilobytes that holds one value of `megabytes` MiB."""
    table = pa.table({"text": pa.array(["x" * (megabytes << 20)], pa.large_string())})
    pq.write_table(table, folder / "b.parquet", compression="zstd", use_dictionary=False, write_statistics=False)
    return (folder / "b.parquet").read_bytes()


def long_lines() -> bytes:
    """JSON lines that take many times their length in memory."""
    return b"".join(b'{"text": "row %d", "more": [%s{}]}\n' % (i, b"{}," * 300_000) for i in range(3))


@warm.cold()  # its memory is measured, so it is not forked from a template
def test_a_file_that_grows_beyond_all_memory_is_refused_with_words_and_the_app_goes_on(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bomb(tmp_path, 300)
    assert len(content) < 64 << 10 < imports.SMALL_FILE  # a small file, but still not read by the owner
    monkeypatch.setattr(reading_process, "recognise", lambda *_: pytest.fail("the owner reads it itself"))
    monkeypatch.setattr(reading_process, "MEMORY_BYTES", 500 << 20)
    upload = project.imports.keep("b.parquet", content)
    with pytest.raises(PromptFileError, match="needs more memory than an import may use: split it"):
        project.imports.format(upload)
    state = finished(project, upload, project.imports.start(upload, Columns("text"), 0.5))
    assert "needs more memory than an import may use: split it" in str(state.problem)
    assert len(project.prompts()) == 12


@warm.cold()  # its memory is measured, so it is not forked from a template
def test_lines_that_take_too_much_end_the_reading_and_not_the_machine(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_process, "MEMORY_BYTES", 130 << 20)
    upload = project.imports.keep("many.jsonl", long_lines())
    state = finished(project, upload, project.imports.start(upload, Columns("text"), 0.5))
    assert "more memory than an import may use" in str(state.problem)


def test_parquet_of_a_usual_size_is_recognised_and_placed_by_a_process(project: Project, tmp_path: Path) -> None:
    pq.write_table(pa.table({"question": ["How high?", "How deep?"], "answer": [1, 2]}), tmp_path / "a.parquet")
    upload = project.imports.keep("a.parquet", (tmp_path / "a.parquet").read_bytes())
    file_format = project.imports.format(upload)
    assert (file_format.text, file_format.reference, file_format.describe()[:7]) == ("question", "answer", "Parquet")
    assert file_format == recognise(tmp_path / "a.parquet")
    state = finished(project, upload, project.imports.start(upload, COLUMNS, 0.0))
    assert state.preview is not None and state.preview.train == 2


def test_invalid_parquet_is_reported(project: Project) -> None:
    upload = project.imports.keep("a.parquet", b"PAR1 and no more")
    with pytest.raises(PromptFileError, match="cannot be read as Parquet"):
        project.imports.format(upload)


def test_the_limit_stated_leaves_room_for_what_projects_have() -> None:
    assert reading_process.MEMORY_BYTES == 4 << 30


def test_a_file_of_conversations_is_previewed_and_added_with_its_turns(project: Project) -> None:
    turns = ("My cat is called Minka.", "A fine name.")
    turns_written = [
        {"role": role, "content": text}
        for role, text in zip(("user", "assistant") * 2, (*turns, "Its name?", "Minka"), strict=True)
    ]
    upload = project.imports.keep("talk.jsonl", json.dumps({"messages": turns_written}).encode())
    file_format = project.imports.format(upload)
    placing = project.imports.start(upload, Columns(file_format.text or "", file_format.reference), 0.0)
    preview = finished(project, upload, placing).preview
    assert preview is not None and preview.rows == (PromptRow("Its name?", "Minka", None, Split.TRAIN, 1, turns),)
    assert project.imports.add(upload, placing) == 1
    assert project.prompts()[-1].earlier == turns


def test_a_file_is_read_and_placed_as_a_person_wants_it_read(project: Project) -> None:
    upload = project.imports.keep("p.csv", "text;reference\nSay grün, now.;grün\n".encode("cp1252"))
    for reading, text in (
        (Reading("Windows-1250 (Central Europe)"), "Say grün, now."),
        (Reading("KOI8-R"), "Say grЭn, now."),
    ):
        assert project.imports.format(upload, reading).text == "text"
        placing = project.imports.start(upload, Columns("text"), 0.0, reading)
        preview = finished(project, upload, placing).preview
        assert preview is not None and [row.text for row in preview.rows] == [text]


def test_all_problems_of_a_file_are_a_download_that_no_spreadsheet_takes_for_a_formula(project: Project) -> None:
    rows = "".join(f'{{"question": {number if number % 2 else chr(34) * 2}}}\n' for number in range(60))
    upload = project.imports.keep("many.jsonl", rows.encode())
    placing = project.imports.start(upload, Columns("question"), 0.0)
    preview = finished(project, upload, placing).preview
    assert preview is not None and preview.left_out == 60 and len(preview.problems) == 20
    problem_rows = list(csv.DictReader(io.StringIO(project.imports.problems(upload, placing).decode("utf-8-sig"))))
    assert [int(row["line"]) for row in problem_rows] == list(range(1, 61)) and {
        row["read"] for row in problem_rows
    } == {"no"}
    assert problem_rows[0]["problem"] == "is missing or empty" and "must be text" in problem_rows[1]["problem"]
    write_problems(project.folder / "problems.csv", [Problem(1, "=x", "is wrong")])
    assert b"'=x" in (project.folder / "problems.csv").read_bytes()
    clean = project.imports.start(project.imports.keep("a.jsonl", b'{"text": "Hi there."}'), Columns("text"), 0.0)
    assert project.imports.problems(upload, clean) == b""


def test_the_first_rows_are_shown_as_the_model_gets_them(project: Project) -> None:
    turns = [
        {"role": r, "content": c}
        for r, c in zip(("user", "assistant", "user"), ("I am Ann.", "Hello.", "Who?"), strict=True)
    ]
    rows = [{"messages": turns, "split": split} for split in ("sealed", "train")]
    rows[1] = {"messages": [*turns[:2], {"role": "user", "content": "Who am I?"}], "split": "train"}
    upload = project.imports.keep("t.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    placing = project.imports.start(upload, Columns("messages", None, None, "split"), 0.0)
    assert finished(project, upload, placing).preview is not None
    give_up = time.monotonic() + 120
    while (lengths := project.imports.lengths(upload, placing)).running:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    asked = [*turns[:2], {"role": "user", "content": "Who am I?"}]
    rendered = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in asked)
    assert lengths.shown == (rendered + "<|im_start|>assistant\n",)


def test_a_spreadsheet_is_read_by_a_process_a_sheet_at_a_time(project: Project, tmp_path: Path) -> None:
    sheets = {
        "One": [["text"], ["How high is Mont Blanc?"]],
        "Two": [["prompt", "answer"], ["Who wrote Faust?", "Goethe"]],
    }
    upload = project.imports.keep("p.xlsx", write(tmp_path / "p.xlsx", sheets).read_bytes())
    first, second = project.imports.format(upload), project.imports.format(upload, Reading(sheet="Two"))
    assert (first.layout.sheets, first.text, second.text) == (("One", "Two"), "text", "prompt")
    placing = project.imports.start(upload, Columns("prompt", "answer"), 0.0, Reading(sheet="Two"))
    preview = finished(project, upload, placing).preview
    assert preview is not None and [(row.text, row.reference) for row in preview.rows] == [
        ("Who wrote Faust?", "Goethe")
    ]
    with pytest.raises(PromptFileError, match="cannot be read as a spreadsheet"):
        project.imports.format(project.imports.keep("broken.xlsx", b"PK"))


def test_a_data_sets_folder_is_kept_as_a_file_and_any_other_folder_leaves_nothing(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    pq.write_table(
        pa.table({"question": ["Who wrote Faust?"], "answer": ["Goethe"]}), tmp_path / "set" / "train.parquet"
    )
    upload = project.imports.keep_folder(f" {tmp_path / 'set'} ")
    file_format = project.imports.format(upload)
    assert (file_format.text, file_format.reference, project.imports.name(upload)) == (
        "question",
        "answer",
        "set (folder)",
    )
    placing = project.imports.start(upload, Columns("question", "answer"), 0.0)
    preview = finished(project, upload, placing).preview
    assert preview is not None and [(row.text, row.reference) for row in preview.rows] == [
        ("Who wrote Faust?", "Goethe")
    ]
    kept = sorted((project.folder / "imports").iterdir())
    with pytest.raises(PromptFileError, match="is not a data set"):
        project.imports.keep_folder(str(tmp_path))
    assert sorted((project.folder / "imports").iterdir()) == kept


def test_the_rows_of_a_file_are_added_part_by_part_as_they_are_in_one(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_ADDED_AT_ONCE", 2)
    before = project.prompts()
    turns = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Yes?"}]
    rows: list[dict[str, object]] = [
        {"prompt": f"{7919 * i} apples?", "answer": str(i), "system": "Be brief."} for i in range(4)
    ]
    rows.append({"prompt": [*turns, {"role": "user", "content": "How many pears?"}], "answer": "é", "system": None})
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    upload = project.imports.keep_file(file)
    placing = project.imports.start(upload, Columns("prompt", "answer", "system"), 0.5)
    assert project.imports.add(upload, placing) == 5
    added = project.prompts()[len(before) :]
    assert [prompt.prompt_id for prompt in added] == list(range(before[-1].prompt_id + 1, before[-1].prompt_id + 6))
    assert [(p.text, p.reference, p.system, p.earlier) for p in added] == [
        *((f"{7919 * i} apples?", str(i), "Be brief.", ()) for i in range(4)),
        ("How many pears?", "é", None, ("Hi.", "Yes?")),
    ]
    listed = project.prompt_page(10, offset=len(before)).prompts
    assert {prompt.source for prompt in listed} == {"rows.jsonl"}
    assert len({prompt.created_at for prompt in listed}) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("holiday.csv", b"\x89PNG\r\n\x1a\n", "holiday.csv is an image"),
        ("twice.csv", b"prompt,prompt\na,b\n", "twice.csv, line 1: the header names the column"),
        ("mine.xlsx", b"PK\x03\x04broken", "mine.xlsx cannot be read as a spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_read_is_called_as_it_was_when_it_came(
    project: Project, name: str, content: bytes, message: str
) -> None:
    upload = project.imports.keep(name, content)
    with pytest.raises(PromptFileError, match=f"^{message}"):
        project.imports.start_recognised(upload, 0.25)
    with pytest.raises(PromptFileError, match=f"^{message}"):
        project.candidate_imports.start_recognised(upload, "a model")
