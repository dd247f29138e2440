"""A folder of a model in the target means the model that is there now: another is another scorer."""

from __future__ import annotations

import shutil
from pathlib import Path

from rsf_core import models
from rsf_core.domain.settings import Target
from rsf_core.rounds import versions


def target(*scorers: str) -> Target:
    return Target(rewards=dict.fromkeys(scorers, 1.0))


def test_a_folder_is_pinned_to_what_it_holds_and_settings_say_it_without(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "judge")
    written = target(f'reward_model(model="{folder}")', "words")
    pinned = versions.pinned(tmp_path, written)
    weights = models.identity_with_tokenizer(folder)
    assert list(pinned.rewards) == [f'reward_model(model="{folder}", weights="{weights}")', "words"]
    assert versions.pinned(tmp_path, pinned) == pinned
    assert versions.plain(tmp_path, pinned) == written
    (folder / "tokenizer_config.json").write_text((folder / "tokenizer_config.json").read_text() + " ")
    assert versions.pinned(tmp_path, written) != pinned
    assert versions.plain(tmp_path, pinned) == pinned  # it means the one of before


def test_what_is_no_folder_of_a_model_is_left_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    named = ("acme/judge", "smollm2-135m-instruct", str(tmp_path / "gone"), str(tmp_path / "empty"))
    written = target(*(f'reward_model(model="{name}")' for name in named), 'contains(text="model=")')
    assert versions.pinned(tmp_path, written) == written == versions.plain(tmp_path, written)
