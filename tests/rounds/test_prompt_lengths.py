"""Prompts that the model cannot take are named at import, by the job that draws, and in the list."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.domain import Split, results, settings_file
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError
from rsf_core.jobs import length_check, process
from rsf_core.project import Project, imports
from rsf_core.prompts import PromptRow
from rsf_core.prompts.parsing import Columns
from rsf_core.rounds import prompt_lengths
from rsf_core.rounds.prompt_lengths import LengthsState
from rsf_core.store.records import Fit
from tests.support.tiny_models import TEMPLATE

CONTEXT, NEW = 1024, 16
FRAME = len("user\n") + 1 + 1 + len("\n") + 1 + len("assistant\n")  # tokens of the template around a text
SYSTEM = len("system\n") + 1 + 1 + len("\n")  # of the template around a system text


@pytest.fixture
def checked_here(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Checks run at once in this process, which has already loaded torch; the folders that were checked."""
    ran: list[Path] = []

    class Ended:
        def poll(self) -> int:
            return 0

    def start(folder: Path, module: str, environment: Any) -> Any:
        assert module == "rsf_core.jobs.length_check"
        ran.append(folder)
        length_check.work(folder)
        return Ended()

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(process, "leave", lambda child: None)
    return ran


def placed(project: Project, rows: list[dict[str, str]], name: str = "a.jsonl") -> tuple[str, str]:
    upload = project.imports.keep(name, "".join(json.dumps(row) + "\n" for row in rows).encode())
    columns = Columns("text", None, "system" if any("system" in row for row in rows) else None, "split")
    return upload, project.imports.start(upload, columns, 0.0)


def of_length(tokens: int, begin: str, system: str = "") -> dict[str, str]:
    """A row of `tokens` tokens for the tiny causal model."""
    around = FRAME + (SYSTEM + len(system) if system else 0)
    row = {"text": begin + begin[-1] * (tokens - around - len(begin)), "split": "train"}
    return row | ({"system": system} if system else {})


def ended(project: Project, upload: str, placing: str) -> LengthsState:
    give_up = time.monotonic() + 120
    while (lengths := project.imports.lengths(upload, placing)).running:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return lengths


def test_a_prompt_one_token_over_is_named_and_one_that_just_fits_is_not(
    project: Project, checked_here: list[Path]
) -> None:
    project.set("generate.max_new_tokens", str(NEW))
    rows = [of_length(CONTEXT - NEW + over, begin) for over, begin in ((-1, "one z"), (0, "two y"), (1, "six x"))]
    rows += [of_length(CONTEXT - NEW + over, begin, "Be brief.") for over, begin in ((0, "ten w"), (1, "new v"))]
    upload, placing = placed(project, rows)
    lengths = project.imports.lengths(upload, placing)
    assert (lengths.problem, lengths.fits, lengths.too_long, lengths.refused) == (None, 3, 2, 0)
    over = f"has 1009 tokens; with {NEW} new ones it does not fit into the model's context of {CONTEXT}"
    assert lengths.named == (f"line 3 {over}", f"line 5 {over}")
    assert project.imports.add(upload, placing) == 5
    assert project.prompt_lengths.counts() == {Fit.FITS: 3, Fit.TOO_LONG: 2, Fit.NOT_CHECKED: 12}
    page = project.prompt_page(10, fit=Fit.TOO_LONG)
    assert page.total == 2 and [(p.prompt_id, p.tokens, p.fit) for p in page.prompts] == [
        (15, 1009, Fit.TOO_LONG),
        (17, 1009, Fit.TOO_LONG),
    ]
    assert project.prompt_page(1, 1, fit=Fit.TOO_LONG).prompts[0].prompt_id == 17
    assert {p.fit for p in project.prompt_page(99).prompts} == {Fit.FITS, Fit.TOO_LONG, Fit.NOT_CHECKED}


def test_another_max_new_tokens_counts_no_prompt_again(project: Project, checked_here: list[Path]) -> None:
    project.set("generate.max_new_tokens", str(NEW))
    upload, placing = placed(project, [of_length(CONTEXT - NEW + 1, "six x"), of_length(200, "one z")])
    assert project.imports.lengths(upload, placing).too_long == 1
    project.set("generate.max_new_tokens", str(NEW - 1))
    assert project.imports.lengths(upload, placing).too_long == 0
    project.imports.add(upload, placing)
    counts = []
    for new in (NEW - 1, NEW, 1024 - 200, 1024 - 199, 8192):
        project.set("generate.max_new_tokens", str(new))
        counts.append(project.prompt_lengths.counts().get(Fit.TOO_LONG, 0))
    assert counts == [0, 1, 1, 2, 2] and len(checked_here) == 1


def test_a_prompt_that_the_template_refuses_is_named(
    project: Project, tiny_model: Path, tmp_path: Path, checked_here: list[Path]
) -> None:
    model = tmp_path / "refusing"
    shutil.copytree(tiny_model, model)
    config = model / "tokenizer_config.json"
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn here') }}{% endif %}"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"chat_template": refusing + TEMPLATE}))
    project.set("model", str(model))
    upload, placing = placed(project, [of_length(90, "one z"), of_length(90, "six x", "Be brief.")])
    lengths = project.imports.lengths(upload, placing)
    assert (lengths.fits, lengths.refused, lengths.too_long) == (1, 1, 0)
    assert lengths.named[0].startswith("line 2: the chat template") and "no system turn here" in lengths.named[0]
    project.imports.add(upload, placing)
    assert [p.prompt_id for p in project.prompt_page(9, fit=Fit.REFUSED).prompts] == [14]
    # nothing is known about another model yet
    project.set("model", str(tiny_model))
    assert project.prompt_lengths.counts() == {Fit.NOT_CHECKED: 14}


def test_a_template_that_takes_nothing_leaves_all_unchecked(
    project: Project, tiny_model: Path, tmp_path: Path, checked_here: list[Path]
) -> None:
    model = tmp_path / "never"
    shutil.copytree(tiny_model, model)
    config = model / "tokenizer_config.json"
    before = config.read_text()
    config.write_text(json.dumps(json.loads(before) | {"chat_template": "{{ raise_exception('never') }}"}))
    project.set("model", str(model))
    upload, placing = placed(project, [of_length(90, "one z")])
    lengths = project.imports.lengths(upload, placing)
    assert lengths.again and "never" in str(lengths.problem) and lengths.fits == 0
    config.write_text(before)  # a changed file, so it is checked again
    assert project.imports.lengths(upload, placing).fits == 1
    config.write_text(json.dumps(json.loads(before) | {"chat_template": "{{ raise_exception('never again') }}"}))
    assert "never again" in str(project.imports.lengths(upload, placing).problem)
    assert project.imports.add(upload, placing) == 1
    assert project.prompt_lengths.counts() == {Fit.NOT_CHECKED: 13}


def test_without_the_models_folder_nothing_is_checked_or_fetched(
    project: Project, tmp_path: Path, checked_here: list[Path]
) -> None:
    settings_file.change(project.folder, "model", str(tmp_path / "nowhere"))
    upload, placing = placed(project, [of_length(90, "one z")])
    lengths = project.imports.lengths(upload, placing)
    assert (lengths.problem, lengths.again, checked_here) == (prompt_lengths.NO_FOLDER, False, [])
    assert project.imports.add(upload, placing) == 1
    assert project.prompt_lengths.counts() == {Fit.NOT_CHECKED: 13}


def test_prompt_and_completion_count_apart_in_an_encoder_decoder(
    project: Project, tiny_encoder_decoder: Path, checked_here: list[Path]
) -> None:
    project.set("model", str(tiny_encoder_decoder))
    rows = [
        {"text": begin * 1 + begin[-1] * (CONTEXT - 5 + over), "split": "train"}
        for over, begin in ((0, "one z"), (1, "six x"))
    ]
    upload, placing = placed(project, rows)
    counts = []
    for new in (1, 1024, 1025):
        project.set("generate.max_new_tokens", str(new))
        counts.append(project.imports.lengths(upload, placing).too_long)
    assert counts == [1, 1, 2]


def test_a_sealed_row_is_counted_and_not_named(project: Project, checked_here: list[Path]) -> None:
    upload, placing = placed(project, [of_length(2000, "one z") | {"split": "sealed"}])
    lengths = project.imports.lengths(upload, placing)
    assert (lengths.too_long, lengths.named) == (1, ())
    project.imports.add(upload, placing)
    (page,) = project.prompt_page(9, split=Split.SEALED).prompts
    assert (page.fit, page.tokens) == (Fit.TOO_LONG, None)


def test_thousands_are_checked_by_one_process_and_the_first_few_named(
    project: Project, checked_here: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "SMALL_FILE", 1 << 30)
    project.set("generate.max_new_tokens", "1000")
    rows = [{"text": f"What is {n} times {n * 7 + 1}, as a word?", "split": "train"} for n in range(5_000)]
    upload, placing = placed(project, rows)
    began = time.process_time()
    lengths = ended(project, upload, placing)
    assert time.process_time() - began < 60  # about 2 s of processor time
    assert (
        lengths.problem is None
        and lengths.too_long + lengths.fits > 4_900
        and len(lengths.named) == prompt_lengths.NAMED
    )
    assert len(checked_here) == 1
    count = project.imports.add(upload, placing)
    counts = project.prompt_lengths.counts()
    assert counts[Fit.TOO_LONG] == count and counts[Fit.NOT_CHECKED] == 12


# -- the process -------------------------------------------------------------------------------------------------------


def test_it_is_done_in_a_process_of_its_own_and_rows_can_be_added_before_it_is_done(project: Project) -> None:
    upload, placing = placed(project, [of_length(2000, "one z"), of_length(90, "six x")])
    first = project.imports.lengths(upload, placing)
    assert first.running and first.message
    lengths = ended(project, upload, placing)
    assert (lengths.problem, lengths.fits, lengths.too_long) == (None, 1, 1)
    second, other = placed(project, [of_length(2000, "new v")], "b.jsonl")
    assert project.imports.lengths(second, other).running
    assert project.imports.add(second, other) == 1
    assert project.prompt_lengths.counts() == {Fit.NOT_CHECKED: 13}
    assert project.imports.name(second) is None  # the process ended with the file


def test_a_cancelled_or_killed_check_is_reported_changes_nothing_and_can_be_repeated(project: Project) -> None:
    upload, placing = placed(project, [of_length(2000, "one z")])
    assert project.imports.lengths(upload, placing).running
    project.imports.cancel_lengths(upload, placing)
    lengths = project.imports.lengths(upload, placing)
    assert (lengths.problem, lengths.again) == ("checking their lengths was cancelled", True)
    assert project.imports.state(upload, placing).preview is not None
    project.imports.restart_lengths(upload, placing)
    assert project.imports.lengths(upload, placing).running
    (folder,) = (project.folder / "imports" / upload / placing).glob("lengths-*")
    process.kill(folder)
    assert ended(project, upload, placing).problem == "checking their lengths was interrupted"
    project.imports.cancel(upload, placing)
    project.imports.restart_lengths(upload, placing)
    assert project.prompt_lengths.counts() == {Fit.NOT_CHECKED: 12}


def test_a_check_ends_at_its_limit(project: Project, checked_here: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(length_check, "LIMIT_SECONDS", 0.0)
    upload, placing = placed(project, [of_length(90, "one z"), of_length(90, "six x")])
    assert "ended after 0 s, with 1 of 2 done" in str(project.imports.lengths(upload, placing).problem)


# -- jobs, edits, the command --------------------------------------------------------------------------------------------


def test_what_a_job_leaves_out_is_in_the_list(jobs_in_threads: None, project: Project) -> None:
    project.import_prompts([PromptRow("the meeting was long. " * 200)], "long", 0.0)
    project.import_prompts([PromptRow("Name a colour. " * 300, split=Split.HELD_OUT)], "long", 0.0)
    assert project.prompt_lengths.counts() == {Fit.NOT_CHECKED: 14}
    project.generate()
    project.wait()
    assert [p.prompt_id for p in project.prompt_page(9, fit=Fit.TOO_LONG).prompts] == [13, 14]
    project.set("generate.max_new_tokens", "8")
    assert project.prompt_lengths.counts() == {Fit.TOO_LONG: 2, Fit.NOT_CHECKED: 12}
    project.retire_prompts([13], person("ann"))
    assert project.prompt_lengths.counts() == {Fit.TOO_LONG: 1, Fit.NOT_CHECKED: 12}
    assert project.prompt_page(9, fit=Fit.TOO_LONG, retired=True).total == 1


@pytest.mark.parametrize(
    "lengths",
    [
        3,
        {},
        {"most": 1, "prefix": None},
        {"most": "x", "prefix": None, "prompts": []},
        *(
            {"most": 1, "prefix": None, "prompts": [row]}
            for row in ([], [1], [1, None, None], [1, 2, "no"], [1, -2, None], ["x", 1, None], [2**40, 1, None], 7)
        ),
    ],
)
def test_a_damaged_result_is_that_jobs_failure(complete: Project, lengths: Any) -> None:
    def keep() -> None:
        result = results.parse({"lengths": lengths}, "result.json")
        assert result.lengths is not None
        complete.prompt_lengths.keep_of_job(result.lengths)

    with pytest.raises(JobError, match=r"result.json is damaged: lengths"):
        keep()


def test_another_reference_keeps_the_length_and_another_text_does_not(
    project: Project, checked_here: list[Path]
) -> None:
    upload, placing = placed(project, [of_length(2000, "one z")])
    project.imports.lengths(upload, placing)
    project.imports.add(upload, placing)
    old = project.prompt_book.prompt(13)
    edited = project.edit_prompt(13, PromptRow(old.text, "a reference", old.system), person("ann"))
    assert [p.prompt_id for p in project.prompt_page(9, fit=Fit.TOO_LONG, retired=False).prompts] == [edited]
    again = project.edit_prompt(edited, PromptRow("Short and new.", "a reference"), person("ann"))
    assert project.prompt_page(9, text=str(again)).prompts[0].fit == Fit.NOT_CHECKED


def test_the_command_lists_them(project: Project, checked_here: list[Path]) -> None:
    upload, placing = placed(project, [of_length(2000, "one z"), of_length(90, "six x")])
    project.imports.lengths(upload, placing)
    project.imports.add(upload, placing)
    project.close()
    command = ["prompts", str(project.folder), "list", "--fit", "too_long"]
    process = CliRunner().invoke(app, [*command, "--json"])
    answer = json.loads(process.stdout)
    assert (answer["total"], answer["prompts"][0]["tokens"], answer["fits"]) == (
        1,
        2000,
        {"too_long": 1, "fits": 1, "not_checked": 12},
    )
    table = CliRunner().invoke(app, command, env={"COLUMNS": "160"}).stdout
    assert "2,000" in table and "too long" in table
