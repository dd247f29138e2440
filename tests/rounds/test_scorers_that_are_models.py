"""Scorers that are models, in a project: pinned to the content of their folder, scored once, and again if it changes."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import JobState
from rsf_core.domain.settings import Target
from rsf_core.project import Project
from rsf_core.scorers import registry
from tests.support import reward_models


def use(project: Project, **rewards: float) -> list[str]:
    """Make these the rewards and score by them; the names of the pinned scorers."""
    draft = project.target_book.draft()
    target = Target.model_validate(draft.target.model_dump() | {"rewards": rewards})
    project.target_book.use(Draft(target, draft.accept), "models", draft, decide=True)
    project.wait()
    assert project.jobs()[-1].state is JobState.DONE, project.jobs()[-1].outcome
    return list(project.settings.target.rewards)


def test_a_round_is_scored_by_models_and_again_where_a_folder_was_changed(
    complete: Project, tiny_model: Path, tmp_path: Path
) -> None:
    folder = reward_models.llama_without_padding(tmp_path / "judge")
    judge, teacher = f'reward_model(model="{folder}")', f'teacher_loglik(model="{tiny_model}")'
    names = use(complete, **{judge: 1.0, teacher: 0.5, "novelty": 1.0})
    assert [name.partition("(")[0] for name in names] == ["reward_model", "teacher_loglik", "novelty"]
    assert "weights=" in names[0] and "weights=" not in (complete.folder / "project.toml").read_text()
    columns = {name: complete.store.score_column(1, name, everywhere=True) for name in names}
    assert all(len(column) and not any(map(math.isnan, column)) for column in columns.values())
    assert complete.counts(1).undecided == 0 and complete.score() is None, "every score is there"

    compared = complete.evaluate()
    complete.wait()
    assert compared is not None and complete.jobs()[-1].state is JobState.DONE, complete.jobs()[-1].outcome

    tensors = load_file(folder / "model.safetensors")
    tensors["score.weight"] = tensors["score.weight"] * torch.tensor(2.0)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (changed, *others) = complete.settings.target.rewards
    assert changed != names[0] and others == names[1:]
    complete.score()
    complete.wait()
    rescored = complete.store.score_column(1, changed, everywhere=True)
    assert rescored.tolist() == pytest.approx([2 * value for value in columns[names[0]].tolist()], abs=1e-4)
    shutil.rmtree(folder)
    assert complete.settings.target.rewards, "settings can be read without the folder"
    assert registry.card("reward_model").opinion and registry.card("teacher_loglik").opinion
