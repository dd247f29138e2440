"""A prompt too long for the model stops nothing: it is named and the others are drawn; held-out ones are named early."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import RsfError
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.proposals import making
from rsf_core.proposals.local import LocalProposal
from tests.support.tiny_models import TEMPLATE

LONG = "the meeting was long. " * 200

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


@pytest.fixture
def added(project: Project) -> Project:
    """A train and a held-out prompt too long for the tiny model's context of 1,024 tokens, beside good ones."""
    project.import_prompts([PromptRow(LONG)], "long", 0.0)
    project.import_prompts([PromptRow("Name a colour. " * 300, split=Split.HELD_OUT)], "long", 0.0)
    return project


def test_the_others_are_drawn_and_the_rest_is_named_before_training(added: Project) -> None:
    added.generate()
    added.wait()
    counts = added.counts()
    assert counts.candidates == 8 * 4 and counts.decided == counts.candidates
    note = added.stages()[0].note
    assert "1 prompt is not drawn from: prompt 13 has 4" in note
    assert "1 prompt is not compared on after training: prompt 14 has 4" in note
    added.generate()  # again, for the prompts that fit
    added.wait()
    assert added.counts().candidates == 2 * 8 * 4


def test_models_are_compared_on_the_others(added: Project) -> None:
    added.run(1)
    assert {stage.progress for stage in added.stages()} == {"done"}
    assert "1 prompt is not compared on: prompt 14 has 4" in added.stages()[-1].note
    assert added.evaluate() is None  # nothing is missing, so nothing is drawn again
    compared = added.comparison(1)
    assert compared is not None and compared.after


def test_a_round_without_a_usable_prompt_is_reported(project: Project) -> None:
    project.set("generate.max_new_tokens", "1024")
    project.generate()
    with pytest.raises(RsfError, match=r"no prompt can be drawn from: prompt 1 has .* and 3 more\. Shorten it"):
        project.wait()


def test_one_model_is_held_at_a_time_beside_those_that_judge(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[weakref.ref[Any]] = []
    most: list[int] = []

    class Counted(LocalProposal):
        def __init__(self, *placed: Any) -> None:
            super().__init__(*placed)
            alive.append(weakref.ref(self))
            gc.collect()
            most.append(sum(ref() is not None for ref in alive))

    monkeypatch.setattr(making, "LocalProposal", Counted)
    # another count of candidates is another comparison: base and tuned model are drawn from again, and the base scores
    complete.set("evaluate.candidates", "3")
    complete.evaluate()
    complete.wait()
    assert len(alive) == 2 and max(most) <= 2
    complete.train_control(person("ann"))  # a third model: the second is not kept in memory
    complete.wait()
    assert complete.stages()[-1].progress == "done" and max(most) <= 2


def test_a_prompt_that_the_template_refuses_stops_nobody(project: Project, tiny_model: Path) -> None:
    config = tiny_model / "tokenizer_config.json"
    before = config.read_text()
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn here') }}{% endif %}"
    config.write_text(json.dumps(json.loads(before) | {"chat_template": refusing + TEMPLATE}))
    try:
        project.import_prompts([PromptRow("Name a colour.", system="Be brief.")], "with a system text", 0.0)
        project.generate()
        project.wait()
    finally:
        config.write_text(before)
    assert project.counts().candidates == 8 * 4
    assert "1 prompt is not drawn from: prompt 13: the chat template" in project.stages()[0].note
    assert "no system turn here" in project.stages()[0].note
