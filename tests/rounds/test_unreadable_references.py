"""A reference that the target cannot read is named before anything is drawn; the other prompts are still drawn."""

from __future__ import annotations

from typing import Any

import pytest

from rsf_core.domain import Prompt, Scope, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import ScorerError, StageError
from rsf_core.domain.specs import GenerateSpec, JobSpec
from rsf_core.jobs.work.score import refuse_unreadable
from rsf_core.project import Project
from rsf_core.rounds.state import ProjectState
from rsf_core.store.database import utc_now
from rsf_core.store.records import CuratedRecord

Asked = list[tuple[JobSpec, list[int]]]


@pytest.fixture
def asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The jobs that are submitted, as spec and prompts; none starts. The target needs numeric references."""
    jobs: Asked = []

    def submit(spec: JobSpec, inputs: dict[str, Any], follow: Any = ()) -> str:
        jobs.append((spec, inputs["prompts"]["prompt_id"].to_pylist()))
        return "job"

    monkeypatch.setattr(project.supervisor, "submit", submit)
    project.set("target.constraints", '[{ scorer = "numeric_match", at_least = 1 }]')
    project.set("target.rewards", "{}")
    project.set("generate.prompts", "0")
    return jobs


def add(project: Project, *references: str | None) -> list[int]:
    """Train prompts with these references; their ids."""
    before = {prompt.prompt_id for prompt in project.prompts(Split.TRAIN)}
    rows = [(f"{7919 * i} apples?", None, reference, Split.TRAIN) for i, reference in enumerate(references)]
    project.store.add_prompts(rows, "the test")
    return [prompt.prompt_id for prompt in project.prompts(Split.TRAIN) if prompt.prompt_id not in before]


def test_what_can_be_scored_is_drawn_and_the_rest_is_named(project: Project, asked: Asked) -> None:
    project.retire_prompts([prompt.prompt_id for prompt in project.prompts(Split.HELD_OUT)], person("ann"))
    number, solution, words, none = add(project, "18", "9 + 9 = 18\n#### 18", "many", None)
    project.generate()
    ((spec, drawn),) = asked
    assert isinstance(spec, GenerateSpec)
    assert {number, solution} <= set(drawn) and not {words, none} & set(drawn)
    assert spec.note.startswith("Not drawn from: prompt ") and "Edit the reference of each" in spec.note


def test_where_nothing_could_be_scored_nothing_is_drawn(project: Project, asked: Asked) -> None:
    project.set("target.constraints", '[{ scorer = "label_match", at_least = 1 }]')
    with pytest.raises(
        StageError, match=r"no prompt can be drawn from: prompt 1: 'label_match' needs positive,.* retire it"
    ):
        project.generate()
    assert asked == []


def test_where_every_reference_can_be_read_there_is_no_message(project: Project, asked: Asked) -> None:
    project.set("target.constraints", '[{ scorer = "ended", at_least = 1 }]')
    add(project, "18", None)
    project.generate()
    ((spec, drawn),) = asked
    assert isinstance(spec, GenerateSpec) and spec.note == "" and len(drawn) == len(project.prompts(Split.TRAIN))


def test_held_out_prompts_that_cannot_be_compared_on_are_named_before_drawing_and_before_training(
    project: Project, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    (held_out, *_) = [prompt.prompt_id for prompt in project.prompts(Split.HELD_OUT)]
    add(project, "18")
    project.generate()
    ((spec, _),) = asked
    assert isinstance(spec, GenerateSpec)
    assert f"Held out and not to be compared on: prompt {held_out}: 'numeric_match'" in spec.note
    matched = CuratedRecord("c1-1", 1, 1, 0.0, Scope.GLOBAL, "", {}, "ann", utc_now())
    monkeypatch.setattr(ProjectState, "curated_set", lambda self, number: matched)
    with pytest.raises(
        StageError, match=rf"could not be compared on prompt {held_out}: 'numeric_match' needs .* retire it"
    ):
        project.finetune()
    assert len(asked) == 1


def test_held_out_prompts_are_named_before_models_are_compared_on_them() -> None:
    with pytest.raises(ScorerError, match=r"2 of 3 prompts have .*prompt 2: 'numeric_match' .*; prompt 3: .* retire"):
        refuse_unreadable(
            ["ended", "numeric_match"], [Prompt(1, "a", "7"), Prompt(2, "b", "many"), Prompt(3, "c", None)]
        )
    refuse_unreadable(["ended"], [Prompt(2, "b", "many")])
