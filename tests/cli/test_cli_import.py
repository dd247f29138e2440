"""`rsf import` and `rsf export`: files in and out, by hand and in JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.domain import Split
from rsf_core.domain.errors import ExportError, PromptError, PromptFileError
from rsf_core.project import Project
from rsf_core.project.client import connect
from rsf_core.prompts import PromptRow

RUNNER = CliRunner()


def rsf(*arguments: object) -> Any:
    """The JSON that a command prints."""
    done = RUNNER.invoke(app, [*map(str, arguments), "--json"], env={"RSF_REVIEWER": "ann"}, catch_exceptions=False)
    return json.loads(done.stdout)


@pytest.fixture
def folder(project: Project) -> Path:
    """A closed project."""
    project.close()
    return project.folder


def test_prompts_are_imported_once_and_what_is_wrong_is_a_csv(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "How high is Mont Blanc?"}\n{"question": 4}\n')
    wrong = tmp_path / "wrong.csv"
    added = rsf("import", folder, file, "--problems", wrong)
    assert (added["prompts"], added["left_out"], len(added["problems"])) == (1, 1, 1)
    rows = list(csv.reader(io.StringIO(wrong.read_text("utf-8-sig"))))
    assert rows[0] == ["line", "field", "read", "problem"] and rows[1][:3] == ["2", "question", "no"]
    again = {"prompts": 0, "left_out": 2, "problems": rsf_problems(folder, file), "unread_columns": []}
    assert rsf("import", folder, file) == again | {"references_not_taken": 0, "notes": []}
    with pytest.raises(PromptFileError, match="already exists"):
        rsf("import", folder, file, "--problems", wrong)
    with pytest.raises(PromptFileError, match="there is no folder"):
        rsf("import", folder, file, "--problems", tmp_path / "nowhere" / "wrong.csv")
    with Project.open(folder) as project:
        assert sum(prompt.text == "How high is Mont Blanc?" for prompt in project.prompts()) == 1


def test_references_that_come_later_are_not_taken_and_the_import_reports_it(folder: Path, tmp_path: Path) -> None:
    first, later = tmp_path / "first.csv", tmp_path / "later.csv"
    first.write_text("prompt,answer\nHow high is Mont Blanc?,\nHow high is Rigi?,1798 m\nHow high is Säntis?,2502 m\n")
    assert rsf("import", folder, first, "--held-out", "0")["prompts"] == 3
    later.write_text(
        "prompt,answer\nHow high is Mont Blanc?,4806 m\nHow high is Rigi?,1797 m\nHow high is Säntis?,2502 m\n"
        "How high is Eiger?,3967 m\n"
    )
    added = rsf("import", folder, later, "--held-out", "0")
    assert (added["prompts"], added["left_out"], added["references_not_taken"]) == (1, 3, 2)
    same = "is not taken: the row is the same as a prompt of the project, which has"
    assert added["problems"] == [
        f"line 2, reference: {same} no reference; left out",
        f"line 3, reference: {same} another reference; left out",
        "line 4: is the same as a prompt of the project; left out",
    ]
    (note,) = added["notes"]
    assert note.startswith("2 rows are prompts of the project with a reference that is not the project's")
    output = RUNNER.invoke(app, ["import", str(folder), str(later)], env={"COLUMNS": "400"}).stdout
    assert note in output and "4 rows left out" in output
    with Project.open(folder) as project:
        numbers = {one.text: one.prompt_id for one in project.prompts()}
    rsf(
        "prompts", folder, "retire", numbers["How high is Mont Blanc?"], numbers["How high is Rigi?"]
    )  # as the note says
    added = rsf("import", folder, later, "--held-out", "0")
    assert (added["prompts"], added["references_not_taken"]) == (2, 0)
    with Project.open(folder) as project:
        references = {one.text: one.reference for one in project.prompts() if one.text.startswith("How high")}
    assert sorted(map(str, references.values())) == ["1797 m", "2502 m", "3967 m", "4806 m"]


def test_columns_that_are_not_recognised_are_reported_and_can_be_named(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "dates.csv"
    file.write_text(
        "wie,iso,question,why\nA,1980-06-04,When was 4 June 1980?,a\nB,1963-07-22,When was 22 July 1963?,b\n"
    )
    with connect(folder, "a test") as connection:
        begun = connection.call(
            "import_start",
            {"what": "prompts", "file": str(file), "source": "x", "held_out": 0.0, "config": None, "split": None},
        )
        connection.call("import_cancel", begun)
    for wrong, problem in (
        ("iso", "--column iso names no column"),
        ("ref=iso", "no column holds 'ref' here: name those of prompt, reference, system, split"),
        ("reference=ISO", "there is no column 'ISO'; the columns are question, "),
    ):
        with pytest.raises(PromptFileError, match=re.escape(problem)):
            rsf("import", folder, file, "--column", wrong)
    output = RUNNER.invoke(app, ["import", str(folder), str(file), "--held-out", "0"], catch_exceptions=False).stdout
    assert "Not read: wie, iso, why." in output and "--column reference=NAME" in output
    with Project.open(folder) as project:
        assert {one.reference for one in project.prompts() if one.text.startswith("When was")} == {None}

    file.write_text(file.read_text().replace("When was", "Which day was"))
    added = rsf("import", folder, file, "--column", "reference=iso", "--column", "system=wie", "--held-out", "0")
    assert (added["prompts"], added["unread_columns"]) == (2, ["why"])
    with Project.open(folder) as project:
        prompts = [one for one in project.prompts() if one.text.startswith("Which day")]
        assert [(one.reference, one.system) for one in prompts] == [("1980-06-04", "A"), ("1963-07-22", "B")]


def test_a_column_of_completions_can_be_named(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "made.csv"
    file.write_text("question,by_hand\nHow high is Mont Blanc?,4806 m\n")
    with pytest.raises(PromptFileError, match="no column of completions"):
        rsf("import", folder, file, "--what", "candidates")
    added = rsf("import", folder, file, "--what", "candidates", "--column", "completion=by_hand")
    assert added["candidates"] == 1


def rsf_problems(folder: Path, file: Path) -> list[str]:
    problems: list[str] = rsf("import", folder, file)["problems"]
    return problems


def test_candidates_made_elsewhere_are_imported_under_their_source(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a teacher.csv"
    file.write_text("prompt,completion,log_q\nHow high is Mont Blanc?,4806 m,-3.5\n")
    added = rsf("import", folder, file, "--what", "candidates")
    assert (added["candidates"], added["new_prompts"], added["there"], added["left_out"]) == (1, 1, 0, 0)
    again = RUNNER.invoke(app, ["import", str(folder), str(file), "--what", "candidates"], env={"RSF_REVIEWER": "ann"})
    assert "0 candidates added, 1 were there already" in again.stdout and again.exit_code == 0
    with Project.open(folder) as project:
        (one,) = project.candidates_elsewhere()
        assert (one.source, one.completion, one.stated_log_q, one.author) == ("a teacher", "4806 m", -3.5, "ann")


def test_a_file_that_is_not_there_and_a_data_set_offline_say_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match="cannot be read"):
        rsf("import", folder, tmp_path / "nowhere.csv")
    with pytest.raises(PromptFileError, match="HF_HUB_OFFLINE is set"):
        rsf("import", folder, "hub:org/name")
    with pytest.raises(PromptFileError, match="not an id of a data set"):
        rsf("import", folder, "hub:../etc")
    with pytest.raises(PromptFileError, match="of a data set of the hub"):
        rsf("import", folder, tmp_path / "nowhere.csv", "--split", "train")


def test_text_of_a_file_does_not_control_the_terminal(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "hostile.jsonl"
    file.write_text(json.dumps({"prompt": "clear \x1b[2J \x9b2J \x07 [b]é[/b]"}) + "\n")
    assert rsf("import", folder, file, "--held-out", "0")["prompts"] == 1
    environment = {"RSF_REVIEWER": "ann", "COLUMNS": "200"}
    shown = RUNNER.invoke(app, ["prompts", str(folder), "--search", "clear"], env=environment).stdout
    assert "clear ␛[2J �2J ␇ [b]é[/b]" in shown  # short enough for any width
    assert not set("\x1b\x9b\x07") & set(shown)


def test_the_turns_of_a_conversation_are_edited(folder: Path, tmp_path: Path) -> None:
    with Project.open(folder) as project:
        project.import_prompts(
            [PromptRow("Who am I?", None, "Be brief.", Split.TRAIN, None, ("I am Ann.", "Hello."))], "test"
        )
        number = project.prompts()[-1].prompt_id
    turns = [
        {"role": "user", "content": "I am Bob."},
        {"role": "assistant", "content": "Hi Bob."},
        {"role": "user", "content": "Who is it?"},
    ]
    (tmp_path / "turns.json").write_text(json.dumps(turns))
    made = rsf("prompts", folder, "edit", number, "--messages", f"@{tmp_path / 'turns.json'}")
    with Project.open(folder) as project:
        new = project.prompt_book.prompt(made["prompt_id"])
        assert (new.text, new.system, new.earlier) == ("Who is it?", "Be brief.", ("I am Bob.", "Hi Bob."))
    for given, message in (
        ("{", "cannot be read"),
        ("{}", "are not a list"),
        ("[]", "is empty"),
        (json.dumps(turns[:2]), "last message is the user's"),
        (json.dumps(turns[1:]), "does not begin with a question"),
        (f"@{tmp_path / 'nowhere.json'}", "cannot be read"),
    ):
        with pytest.raises(PromptError, match=message):
            rsf("prompts", folder, "edit", made["prompt_id"], "--messages", given)
    with pytest.raises(PromptError, match="the text or the messages"):
        rsf("prompts", folder, "edit", made["prompt_id"], "--messages", json.dumps(turns), "--text", "Who?")


def test_an_export_is_written_where_it_is_asked_for(complete: Project, tmp_path: Path) -> None:
    complete.close()
    made = rsf("export", complete.folder, "--what", "labels", "--format", "csv", "--out", tmp_path / "out")
    assert Path(made["folder"]) == tmp_path / "out" and made["rows"] > 0
    with (tmp_path / "out" / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == made["rows"]
    done = RUNNER.invoke(app, ["export", str(complete.folder), "--what", "all", "--round", "1"])
    assert done.exit_code == 0 and "with a card" in done.stdout
    with pytest.raises(ExportError, match="no round 9"):
        rsf("export", complete.folder, "--what", "all", "--round", 9)


def test_an_export_is_waited_for_and_an_interrupted_one_leaves_nothing_behind(
    complete: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete.close()

    asked: list[str] = []

    class Slow:
        """Answers as the owner does; asking for the export's state is interrupted by Ctrl-C."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def call(self, name: str, arguments: dict[str, Any]) -> Any:
            asked.append(name)
            if name == "export_state":
                raise KeyboardInterrupt
            return self._connection.call(name, arguments)

    class Connecting:
        def __init__(self, *arguments: Any) -> None:
            self._context = connect(*arguments)

        def __enter__(self) -> Slow:
            return Slow(self._context.__enter__())

        def __exit__(self, *error: Any) -> Any:
            return self._context.__exit__(*error)

    monkeypatch.setattr("rsf_core.cli.exporting.connect", Connecting)
    done = RUNNER.invoke(app, ["export", str(complete.folder), "--what", "all", "--out", str(tmp_path / "out")])
    assert done.exit_code != 0 and asked == ["export_start", "export_state", "export_cancel"]


@pytest.mark.parametrize(
    ("action", "command"), [("import", "rsf import DIR FILE"), ("export", "rsf task export DIR FOLDER")]
)
def test_prompts_say_which_command_brings_them_in_and_out(
    action: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PromptError, match=command):
        RUNNER.invoke(app, ["prompts", action], catch_exceptions=False)
