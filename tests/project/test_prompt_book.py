"""Prompts are edited, retired and put back; candidates, decisions and comparisons stay as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rsf_core.cli.main import app
from rsf_core.domain import JobKind, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError, PromptError, StageError
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.rounds.stages import Progress, Stage
from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored
from rsf_core.scorers.card import ScorerCard


def ids(project: Project, split: Split | None = None) -> list[int]:
    return [prompt.prompt_id for prompt in project.prompts(split)]


def test_a_retired_prompt_is_listed_apart_and_can_be_put_back(project: Project) -> None:
    before = ids(project)
    project.retire_prompts([2, 9], person("ann"))
    assert ids(project) == [n for n in before if n not in (2, 9)]
    assert project.store.prompt_counts() == {Split.TRAIN: 7, Split.HELD_OUT: 3}
    assert [p.prompt_id for p in project.prompt_page(10, retired=True).prompts] == [2, 9]
    assert [p.prompt_id for p in project.prompts(retired=True)] == before
    project.restore_prompts([2, 9], person("ann"))
    assert ids(project) == before and project.prompt_page(10, retired=True).total == 0


def test_an_edited_prompt_is_another_one_on_the_same_side(project: Project) -> None:
    number = project.edit_prompt(9, PromptRow("Review a butcher. ", " 42 ", "Be brief."), person("ann"))
    (new,) = [p for p in project.prompts() if p.prompt_id == number]
    assert (new.text, new.reference, new.system, new.split) == ("Review a butcher.", "42", "Be brief.", Split.HELD_OUT)
    assert 9 not in ids(project)
    (old,) = project.store.prompt_book.by_id([9])
    assert (old.retired, old.replaced_by, old.text) == ("replace", number, "Review a bakery.")


def test_an_edit_that_cannot_be_is_refused_with_the_reason_and_changes_nothing(project: Project) -> None:
    before, version = project.prompts(), project.store.prompt_book.version()
    project_text = before[1].text
    for row, message in (
        (PromptRow("  "), "is empty"),
        (PromptRow(before[0].text), "is unchanged"),
        (PromptRow(f" {project_text} "), "the same as prompt 2"),
        (PromptRow("a bakery review"), "prompt 1 is train, and this is nearly the same as a prompt"),
    ):
        with pytest.raises(PromptError, match=message):
            project.edit_prompt(1, row, person("ann"))
    with pytest.raises(PromptError, match="there is no prompt 99"):
        project.edit_prompt(99, PromptRow("x"), person("ann"))
    with pytest.raises(PromptError, match="there is no prompt 99"):
        project.retire_prompts([1, 99], person("ann"))
    assert project.prompts() == before and project.store.prompt_book.version() == version


def test_what_is_retired_twice_or_put_back_beside_its_like_is_refused(project: Project) -> None:
    project.retire_prompts([1], person("ann"))
    with pytest.raises(PromptError, match="prompt 1 is retired already"):
        project.retire_prompts([1], person("ann"))
    with pytest.raises(PromptError, match="restore it before"):
        project.edit_prompt(1, PromptRow("x"), person("ann"))
    assert project.import_prompts([PromptRow("Review  a kettle.")], "again") == []
    with pytest.raises(PromptError, match="prompt 1 is the same as prompt 13"):
        project.restore_prompts([1], person("ann"))
    number = project.edit_prompt(2, PromptRow("Review three blues records."), person("ann"))
    with pytest.raises(PromptError, match=f"prompt 2 was edited and is prompt {number} now"):
        project.restore_prompts([2], person("ann"))
    project.retire_prompts([number], person("ann"))
    project.restore_prompts([2], person("ann"))
    with pytest.raises(PromptError, match="prompt 2 is in use already"):
        project.restore_prompts([2], person("ann"))


def test_what_resembles_a_retired_prompt_goes_to_its_side(project: Project) -> None:
    """The retired prompt may have been trained or compared on."""
    project.retire_prompts([9], person("ann"))
    for share in (0.0, 1.0):
        placed, _ = project.prompt_book.check([PromptRow("Review: a Bakery!")], share)
        assert [split for _, split in placed] == [Split.HELD_OUT]


def test_a_row_whose_reference_the_target_cannot_read_is_named_at_import_with_what_to_do(project: Project) -> None:
    project.set("target.constraints", '[{ scorer = "numeric_match", at_least = 1 }]')
    rows = [
        PromptRow("How many?", "12", line=2),
        PromptRow("How few?", "many", line=3),
        PromptRow("Which?", None, line=4),
    ]
    problems = project.import_prompts(rows, "file", 0.0)
    assert [(p.line, p.field) for p in problems] == [(3, "reference"), (4, "reference")]
    assert all("'numeric_match'" in str(p) and "or change the target" in str(p) for p in problems)
    assert [p.text for p in project.prompts()[-1:]] == ["How many?"]
    with pytest.raises(PromptError, match="numeric_match"):
        project.edit_prompt(13, PromptRow("How many?", "a lot"), person("ann"))


def test_prompts_in_use_that_cannot_be_scored_are_shown(project: Project) -> None:
    project.retire_prompts(ids(project), person("ann"))
    store = project.store
    first = store.prompt_book.add(
        [("How many?", None, reference, split) for split in Split for reference in ("7", "many", None)], "the test"
    )[0]
    assert project.prompt_book.unusable() == []  # the target reads no reference
    project.set("target.constraints", '[{ scorer = "numeric_match", at_least = 1 }]')
    wrong = [
        first + place
        for place, split in enumerate(s for s in Split for _ in range(3))
        if place % 3 and split != "sealed"
    ]
    assert [problem.prompt_id for problem in project.prompt_book.unusable()] == wrong
    project.retire_prompts(wrong[:1], person("ann"))
    assert [problem.prompt_id for problem in project.prompt_book.unusable()] == wrong[1:]


def test_a_placing_is_made_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [PromptRow(f"Say {n}.") for n in ("one", "two")]
    first = project.prompt_book.placed(rows, 0.25)
    monkeypatch.setattr("rsf_core.prompts.comparing.place", lambda *_: pytest.fail("placed again"))
    assert project.prompt_book.placed([PromptRow(row.text) for row in rows], 0.25) is first
    project.import_prompts(rows, "file", 0.25)
    monkeypatch.undo()
    assert project.prompt_book.placed(rows, 0.25).rows == ()  # they have been added meanwhile


# -- prompts with candidates -------------------------------------------------------------------------------------------------


class _NoKettles:
    name, description, bounds = "broken_for_kettles", "returns nothing where it meets one prompt", (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [] if any("kettle" in scored.prompt.text for scored in batch) else [1.0] * len(batch)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, jobs_in_threads: None, project: Project) -> Project:
    """The project with candidates that have no scores yet, beside a scorer that fails on its first prompt."""
    usual, usual_card = registry.get, registry.card
    known = ScorerCard(_NoKettles.name, _NoKettles.description, _NoKettles.bounds)
    monkeypatch.setattr(registry, "get", lambda name: _NoKettles() if name == _NoKettles.name else usual(name))
    monkeypatch.setattr(registry, "card", lambda name: known if name == _NoKettles.name else usual_card(name))
    project.generate(then_score=False)
    project.wait()
    return project


def test_candidates_of_a_retired_prompt_are_not_waited_for(drawn: Project) -> None:
    drawn.retire_prompts([3], person("ann"))
    drawn.score()
    drawn.wait()
    counts = drawn.counts()
    assert (counts.candidates, counts.decided, counts.retired, counts.undecided) == (32, 28, 4, 0)
    states = {state.stage: state.progress for state in drawn.stages()}
    assert states[Stage.SCORE] is Progress.DONE
    drawn.restore_prompts([3], person("ann"))
    assert drawn.counts().undecided == 4
    drawn.score()
    drawn.wait()
    assert drawn.counts().decided == 32


def test_scoring_that_failed_on_a_prompt_goes_on_without_it(drawn: Project) -> None:
    drawn.set("target.constraints", '[{ scorer = "broken_for_kettles", at_least = 0 }]')
    assert drawn.score() is not None
    with pytest.raises(JobError, match="broken_for_kettles"):
        drawn.wait()
    (failed,) = [job for job in drawn.jobs() if job.kind is JobKind.SCORE]
    drawn.retire_prompts([1], person("ann"))
    with pytest.raises(StageError, match="prompts were retired or edited since r1-score-1 began"):
        drawn.resume(failed.job_id)
    assert drawn.advance() == "r1-score-2"
    drawn.wait()
    assert (drawn.counts().decided, drawn.counts().undecided) == (28, 0)


def test_a_comparison_stays_current_where_prompts_were_retired_since_and_says_how_many(complete: Project) -> None:
    before = complete.comparison(1)
    assert before is not None and before.current and before.retired == 0
    for retired in ([9], [9, 11]):
        complete.retire_prompts(retired[-1:], person("ann"))
        assert complete.comparison(1) == replace(before, retired=len(retired))
    complete.restore_prompts([9], person("ann"))
    assert complete.comparison(1) == replace(before, retired=1)
    complete.set("evaluate.candidates", "3")
    assert complete.comparison(1) == replace(before, current=False)
    complete.set("evaluate.candidates", "2")
    complete.restore_prompts([11], person("ann"))
    assert complete.comparison(1) == before
    complete.import_prompts([PromptRow("Review five unicycles.", split=Split.HELD_OUT)], "by hand")
    complete.retire_prompts([9], person("ann"))
    assert complete.comparison(1) == replace(before, current=False)  # it lacks the prompt that was added


def test_retiring_a_held_out_prompt_keeps_the_comparison_and_asks_for_no_other(complete: Project) -> None:
    before = complete.comparison(1)
    decided = [
        (c.candidate_id, c.decision) for p in complete.prompts(Split.TRAIN) for c in complete.candidates(p.prompt_id)
    ]
    curated = complete.curated_samples("c1-1").to_pylist()
    complete.retire_prompts([1, 9], person("ann"))
    complete.edit_prompt(10, PromptRow("Review four unicycles."), person("ann"))
    after = complete.comparison(1)
    assert before is not None and after is not None and not after.current
    assert after.gain == before.gain and len(complete.held_out_examples(after)) == len(
        complete.held_out_examples(before)
    )
    now = [(c.candidate_id, c.decision) for p in (1, *ids(complete, Split.TRAIN)) for c in complete.candidates(p)]
    assert now == decided and complete.curated_samples("c1-1").to_pylist() == curated
    assert all(state.progress is Progress.DONE for state in complete.stages())
    complete.draw_next_round()
    complete.wait()
    assert {row.prompt_id for row in complete.prompts_in_round(2)} == set(ids(complete, Split.TRAIN))


def test_retired_prompts_are_still_retired_when_the_project_is_opened_again(project: Project, tmp_path: Path) -> None:
    project.retire_prompts([4], person("ann"))
    project.close()
    with Project.open(project.folder) as again:
        assert 4 not in ids(again)


def test_the_list_is_paged_and_searched_in_the_database(project: Project) -> None:
    project.import_prompts(
        [PromptRow(f"Which is bigger, {n} or {n * n}?", f"r{n}") for n in range(3, 103)], "many", 0.0
    )
    page = project.prompt_page(20, 40)
    assert page.total == 112 and [p.prompt_id for p in page.prompts] == list(range(41, 61))
    assert [p.text for p in project.prompt_page(5, text="BAKERY").prompts] == ["Review a bakery."]
    assert [p.prompt_id for p in project.prompt_page(5, text="17").prompts][:1] == [17]
    assert [p.reference for p in project.prompt_page(5, text="r33").prompts] == ["r33"]
    assert project.prompt_page(5, split=Split.HELD_OUT).total == 4
    long = project.import_prompts([PromptRow("x" * 50_000 + " end")], "long", 0.0)
    assert long == [] and len(project.prompt_page(1, 112).prompts[0].text) == 300


def test_rsf_prompts_lists_edits_retires_and_puts_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(project.folder)
    project.close()
    monkeypatch.setenv("RSF_REVIEWER", "ann")

    def rsf(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ["prompts", folder, *arguments, "--json"])
        if done.exception is not None:
            raise done.exception
        return json.loads(done.stdout)

    assert rsf()["total"] == 12
    assert rsf("retire", "2", "3") == {"prompt_ids": [2, 3]}
    assert [p["prompt_id"] for p in rsf("list", "--retired")["prompts"]] == [2, 3]
    assert rsf("restore", "3") == {"prompt_ids": [3]}
    assert rsf("edit", "4", "--text", "Review your vet.", "--reference", "7") == {"prompt_id": 13, "replaces": 4}
    assert [(p["text"], p["reference"]) for p in rsf("list", "--search", "VET")["prompts"]] == [
        ("Review your vet.", "7")
    ]
    assert rsf("list", "4")["prompts"][0]["replaced_by"] == 13
    with pytest.raises(PromptError, match="name the numbers of prompts"):
        rsf("retire")
    shown = CliRunner().invoke(app, ["prompts", folder, "list", "--retired"]).stdout
    assert "now 13" in shown and "retired" in shown


# -- conversations -------------------------------------------------------------------------------------------------------

TURNS = ("My cat is called Minka.", "A fine name.")


def test_a_conversation_is_kept_found_by_its_turns_edited_and_put_back(project: Project) -> None:
    assert project.import_prompts([PromptRow("What is my cat called?", "Minka", earlier=TURNS)], "test", 0.0) == []
    (made,) = project.prompts()[-1:]
    assert made.earlier == TURNS and project.prompt_book.prompt(made.prompt_id).earlier == TURNS
    assert [p.prompt_id for p in project.prompt_page(5, text="fine NAME").prompts] == [made.prompt_id]
    assert project.prompt_page(5, text="no such turn").total == 0
    again = project.import_prompts([PromptRow("What is my cat called?", earlier=TURNS)], "test", 0.0)
    assert "is the same as" in again[0].message

    other = ("My cat is called Tom.", "A fine name.")
    number = project.edit_prompt(made.prompt_id, PromptRow(made.text, made.reference, earlier=other), person("ann"))
    assert project.prompt_book.prompt(number).earlier == other
    with pytest.raises(PromptError, match="is unchanged"):
        project.edit_prompt(number, PromptRow(made.text, made.reference, earlier=list(other)), person("ann"))  # type: ignore[arg-type]
    with pytest.raises(PromptError, match="earlier turns"):
        PromptRow("What is my cat called?", earlier=other[:1])
    plain = project.edit_prompt(number, PromptRow("What is my cat called?", "Tom"), person("ann"))
    assert project.prompt_book.prompt(plain).earlier == ()


def test_the_turns_of_a_sealed_prompt_are_seen_by_nobody(project: Project) -> None:
    project.add_prompts([PromptRow("What is my cat called?", "Minka", None, Split.SEALED, earlier=TURNS)], "test")
    (shown,) = project.prompt_page(5, split=Split.SEALED).prompts
    assert (shown.text, shown.earlier, shown.reference) == ("(sealed)", (), None)
    assert project.prompt_page(5, text="fine name").total == 0
    assert project.prompts(Split.SEALED)[0].earlier == TURNS  # drawing for it, once it is opened, uses these turns


def test_a_page_past_the_end_is_empty_and_knows_how_many_there_are(project: Project) -> None:
    total = project.prompt_page(1).total
    past = project.prompt_page(5, total + 5)
    assert (past.total, past.prompts) == (total, ()) and total > 0
    none = project.prompt_page(5, text="no such prompt")
    assert (none.total, none.prompts) == (0, ())
