"""Candidates made elsewhere: read from a file, matched to their prompts, added once, not decided by the rule."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import ELSEWHERE_K, Action, JobState, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import PromptError, PromptFileError
from rsf_core.project import Project, candidate_imports
from rsf_core.project.candidate_imports import AddedCandidates
from rsf_core.project.exporting.request import Request, What
from rsf_core.prompts import PromptRow, row_file
from rsf_core.prompts.completions import CompletionColumns
from tests.support.waiting import until


def written(tmp_path: Path, rows: Sequence[Mapping[str, object]], name: str = "made.jsonl") -> Path:
    file = tmp_path / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def train(project: Project) -> list[str]:
    return [prompt.text for prompt in project.prompts(Split.TRAIN)]


def test_completions_of_known_and_new_prompts_are_added_with_what_their_file_says(
    project: Project, tmp_path: Path
) -> None:
    known = train(project)[0]
    rows: list[Mapping[str, object]] = [
        {"prompt": known, "completion": "A fine one.", "log_q": -4.5, "token_count": 5},
        {"prompt": "How high is Mont Blanc?", "completion": "4806 m", "source": "a person", "reference": "4806"},
        {"prompt": "How high is Mont Blanc?", "completion": "High."},
    ]
    added = project.import_candidates(written(tmp_path, rows), "a teacher", author=person("ann"))
    assert (added.candidates, added.new_prompts, added.left_out, added.there) == (3, 1, 0, 0)
    records = project.candidates_elsewhere()
    assert [(c.completion, c.source, c.token_count, c.stated_log_q, c.author) for c in records] == [
        ("A fine one.", "a teacher", 5, -4.5, "ann"),
        ("4806 m", "a person", None, None, "ann"),
        ("High.", "a teacher", None, None, "ann"),
    ]
    new = project.prompts()[-1]
    assert (new.text, new.reference, new.split) == ("How high is Mont Blanc?", "4806", Split.TRAIN)
    assert records[1].prompt_id == records[2].prompt_id == new.prompt_id


def test_the_same_file_adds_nothing_again(project: Project, tmp_path: Path) -> None:
    rows = [{"prompt": train(project)[0], "completion": f"Answer {n}."} for n in range(3)]
    rows.append({"prompt": "How high is Mont Blanc?", "completion": "4806 m"})
    file = written(tmp_path, rows)
    project.import_candidates(file, "a teacher")
    before = project.candidates_elsewhere(), project.prompts()
    again = project.import_candidates(file, "a teacher")
    assert again == AddedCandidates(0, 0, 4, 0)
    assert (project.candidates_elsewhere(), project.prompts()) == before
    more = written(tmp_path, [*rows, {"prompt": rows[0]["prompt"], "completion": "One more."}], "more.jsonl")
    added = project.import_candidates(more, "another name")
    assert (added.candidates, added.there) == (1, 4)
    names = [c.candidate_id for c in project.candidates_elsewhere()]
    assert len(set(names)) == 5


def test_what_cannot_be_trained_on_is_left_out_by_line(project: Project, tmp_path: Path) -> None:
    held_out = project.prompts(Split.HELD_OUT)[0].text
    retired = project.prompts(Split.TRAIN)[1]
    project.retire_prompts([retired.prompt_id], person("ann"))
    rows: list[Mapping[str, object]] = [
        {"prompt": held_out, "completion": "Seen."},
        {"prompt": retired.text, "completion": "Out."},
        {"prompt": train(project)[0], "completion": ""},
        {"prompt": "", "completion": "Of nothing."},
        {"prompt": train(project)[0], "completion": "Twice."},
        {"prompt": train(project)[0], "completion": "Twice."},
        {"prompt": train(project)[0], "completion": "Of a density.", "log_q": 1.5},
        {"prompt": train(project)[0], "completion": "Counted by halves.", "token_count": 1.5},
        {"prompt": held_out + " ", "completion": "Seen as well."},
    ]
    added = project.import_candidates(written(tmp_path, rows), "a teacher")
    assert (added.candidates, added.left_out) == (1, 8)
    problems = {problem.line: str(problem) for problem in added.problems}
    assert "held out" in problems[1] and "retired" in problems[2] and "completion: is missing" in problems[3]
    assert "prompt: is missing" in problems[4] and "line 5" in problems[6] and "at most 0" in problems[7]
    assert "whole number" in problems[8] and "held out" in problems[9]


def test_nothing_is_added_where_prompts_changed_meanwhile(project: Project, tmp_path: Path) -> None:
    file = written(tmp_path, [{"prompt": "How high is Mont Blanc?", "completion": "4806 m"}])
    upload = project.imports.keep(file.name, file.read_bytes())
    columns = project.candidate_imports.columns(upload)
    assert columns == CompletionColumns("prompt", "completion")
    reading = project.candidate_imports.start(upload, columns, "a teacher")
    preview = project.candidate_imports.state(upload, reading).preview
    assert preview is not None and (preview.candidates, preview.new_prompts) == (1, 1)
    project.import_prompts([PromptRow("How high is Mont Blanc?")], "by hand")
    with pytest.raises(PromptError, match="have changed since"):
        project.candidate_imports.add(upload, reading, person("ann"))
    assert project.candidates_elsewhere() == [] and project.imports.name(upload) is not None


def test_a_file_without_completions_and_a_source_without_a_name_are_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match="no column of completions"):
        project.import_candidates(written(tmp_path, [{"prompt": "a", "score": 1}]), "a teacher")
    file = written(tmp_path, [{"prompt": "a?", "completion": "b"}])
    for name in ("", "  ", "x" * 201, "a\x07b"):
        with pytest.raises(PromptFileError, match="the source"):
            project.import_candidates(file, name)
    with pytest.raises(PromptFileError, match="cannot be read"):
        project.import_candidates(tmp_path / "nowhere.jsonl", "a teacher")
    assert project.candidates_elsewhere() == []


def test_parquet_is_read_in_a_process_of_its_own(project: Project, tmp_path: Path) -> None:
    table = pa.table({"prompt": [train(project)[0]], "completions": [["One.", "Two."]], "log_q": [[-1.0, -2.0]]})
    pq.write_table(table, tmp_path / "made.parquet")
    added = project.import_candidates(tmp_path / "made.parquet", "a teacher")
    assert added.candidates == 2
    assert [c.stated_log_q for c in project.candidates_elsewhere()] == [-1.0, -2.0]


def test_parts_of_any_size_add_the_same(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_out, known = project.prompts(Split.HELD_OUT)[0].text, train(project)
    rows: list[Mapping[str, object]] = [
        {"prompt": known[n % 3], "completion": f"Answer {n % 5}.", "log_q": -float(n), "token_count": n}
        for n in range(11)
    ]
    rows += [{"prompt": "How high is it?", "completion": f"{n} m"} for n in (1, 2, 1)]
    rows += [{"prompt": held_out, "completion": "Seen."}, {"prompt": held_out + ", please.", "completion": "Seen."}]
    rows += [{"prompt": "How deep is it?", "completion": "Deep.", "source": "a person"}]
    project.import_candidates(written(tmp_path, rows[4:6]), "a teacher")
    before = len(project.prompts())
    for name, size in ((row_file, "PART_ROWS"), (candidate_imports, "_ADDED_AT_ONCE")):
        monkeypatch.setattr(name, size, 2)
    added = project.import_candidates(written(tmp_path, rows), "a teacher")
    assert (added.candidates, added.new_prompts, added.there, added.left_out) == (12, 2, 2, 3)
    assert [problem.line for problem in added.problems] == [14, 15, 16]
    assert [p.text for p in project.prompts()[before:]] == ["How high is it?", "How deep is it?"]
    ids = {p.text: p.prompt_id for p in project.prompts()}
    by_text = {(c.prompt_id, c.completion): c for c in project.candidates_elsewhere()}
    assert len(by_text) == 14 and len({c.candidate_id for c in by_text.values()}) == 14
    assert all(c.candidate_id == f"1.{c.prompt_id}.{c.k}" for c in by_text.values())
    for n, row in enumerate(rows[:11]):
        kept = by_text[ids[known[n % 3]], f"Answer {n % 5}."]
        assert (kept.stated_log_q, kept.token_count) == (row["log_q"], row["token_count"])
    (person_s,) = [c for c in by_text.values() if c.source == "a person"]
    assert person_s.prompt_id == ids["How deep is it?"]
    for prompt_id in {c.prompt_id for c in by_text.values()}:
        ks = sorted(c.k for c in by_text.values() if c.prompt_id == prompt_id)
        assert ks == list(range(ELSEWHERE_K, ELSEWHERE_K + len(ks)))


def test_a_file_that_two_add_at_once_is_added_by_one_alone(tmp_path: Path, small_task: Path) -> None:
    with Project.create(tmp_path / "project", str(small_task), seed=1) as project:
        file = written(tmp_path, [{"prompt": train(project)[0], "completion": f"Answer {n}."} for n in range(3)])
        upload = project.imports.keep_file(file)
        reading = project.candidate_imports.start_recognised(upload, "a teacher")
        outcomes: list[object] = []

        def add() -> None:
            try:
                outcomes.append(project.candidate_imports.add(upload, reading).candidates)
            except Exception as error:
                outcomes.append((type(error), str(error)))

        threads = [threading.Thread(target=add) for _ in range(2)]
        with project.store.transaction("keeping both waiting"):
            for thread in threads:
                thread.start()
            until(lambda: len(project.store._db._write_lock._waiting) == 2)
        for thread in threads:
            thread.join(60)
        assert outcomes.pop(outcomes.index(3)) == 3
        # the other reports that the file is gone or, if it came before that, that no row is new
        assert outcomes in ([(PromptError, candidate_imports._NOT_KEPT)], [0])
        assert len(project.candidates_elsewhere()) == 3


def test_a_prompt_takes_no_more_than_its_names_and_nothing_is_added(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate_imports, "K_BITS", 2)
    monkeypatch.setattr(candidate_imports, "ELSEWHERE_K", 1)
    rows = [{"prompt": train(project)[0], "completion": f"Answer {n}."} for n in range(4)]
    with pytest.raises(PromptError, match="has 3 candidates made elsewhere, the most for one prompt"):
        project.import_candidates(written(tmp_path, [*rows, {"prompt": "New?", "completion": "b"}]), "a teacher")
    assert project.candidates_elsewhere() == [] and "New?" not in train(project)
    assert project.import_candidates(written(tmp_path, rows[:3], "fewer.jsonl"), "a teacher").candidates == 3


def test_they_are_scored_decided_by_people_exported_and_trained_on(complete: Project, tmp_path: Path) -> None:
    prompt = complete.prompts(Split.TRAIN)[0]
    before = complete.counts(), complete.bands(), _log_m(complete)
    file = written(tmp_path, [{"prompt": prompt.text, "completion": "A good and great one."}])
    assert complete.import_candidates(file, "a teacher", author=person("ann")).candidates == 1
    (one,) = complete.candidates_elsewhere()
    assert complete.score() is not None
    complete.wait()
    (shown,) = complete.review.candidates(1, [one.candidate_id])
    assert [list(c.scores) for c in shown.candidates if c.source] == [["sentiment"]]
    assert complete.score() is None
    assert (complete.counts(), complete.bands(), _log_m(complete)) == before
    complete.override(one.candidate_id, Action.ACCEPT, person("ann"))
    assert complete.counts().accepted_elsewhere == 1 and complete.bands() == before[1]
    assert complete.freeze(person("ann")).summary["made_elsewhere"] == 1
    tuning = complete.finetune(then_evaluate=False)
    complete.wait()
    assert complete.store.job(tuning).state is JobState.DONE
    made = complete.exports.write(Request(What.ALL), tmp_path / "out")
    rows = [json.loads(line) for line in (made.folder / "train.jsonl").read_text().splitlines()]
    (mine,) = [row for row in rows if row["source"] is not None]
    assert (mine["candidate_id"], mine["log_q"], mine["decision"], mine["accepted"], mine["decided_by"]) == (
        one.candidate_id, None, None, True, "ann",
    )  # fmt: skip
    assert [score["scorer"] for score in mine["scores"]] == ["sentiment"]
    again = complete.import_candidates(made.folder / "train.jsonl", "an export")
    assert (again.candidates, again.there + again.left_out) == (0, len(rows)), (
        "our own export reads back and adds nothing"
    )


def _log_m(project: Project) -> float:
    threshold = project.threshold()
    assert threshold is not None
    return threshold.log_m
