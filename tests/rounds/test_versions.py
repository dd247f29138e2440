"""A model folder in the target stands for the model that is in it now: another model is another scorer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.settings import Target
from rsf_core.rounds import versions
from rsf_core.scorers import reading, registry


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


class Rising:
    """A scorer of a package that declares its version."""

    name, description, bounds, version = "rising", "Of the tests", (0.0, 1.0), "1"

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def score(self, batch: object) -> list[float]:
        return []


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Install a version of the scorer `rising`."""
    points = registry._entry_points() | {"rising": [EntryPoint("rising", f"{__name__}:Rising", registry.GROUP)]}
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
    read, kind = reading.card_of, registry._kind
    monkeypatch.setattr(reading, "card_of", lambda name, *at: None if name == "rising" else read(name, *at))
    monkeypatch.setattr(registry, "_kind", lambda point: Rising if point.name == "rising" else kind(point))

    def of_version(version: str) -> None:
        monkeypatch.setattr(Rising, "version", version)
        versions._installed_version.cache_clear()
        registry._card.cache_clear()

    yield of_version
    versions._installed_version.cache_clear()
    registry._card.cache_clear()


def test_another_version_of_an_installed_scorer_is_another_scorer(
    install: Callable[[str], None], tmp_path: Path
) -> None:
    written = target("rising", "rising(factor=2.0)", "words")
    install("1")
    assert versions.pinned(tmp_path, written) is written  # as in earlier projects, which keep their scores
    versions.ready(tmp_path, written.scorers)
    install("2")
    pinned = versions.pinned(tmp_path, written)
    assert list(pinned.rewards) == ["rising@v2", "rising@v2(factor=2.0)", "words"]
    assert versions.pinned(tmp_path, pinned) == pinned and versions.plain(tmp_path, pinned) == written
    versions.ready(tmp_path, pinned.scorers)
    assert registry.bounds("rising@v2") == (0.0, 1.0) and registry.get("rising@v2(factor=2.0)").factor == 2.0  # type: ignore[attr-defined]


def test_what_another_version_has_scored_is_not_gone_on_with(install: Callable[[str], None], tmp_path: Path) -> None:
    install("3")
    for meant, scorer in (("1", "rising"), ("2", "rising@v2(factor=2.0)")):
        with pytest.raises(ScorerError, match=f"means version {meant}, and version 3 is installed"):
            versions.ready(tmp_path, [scorer])
        assert versions.plain(tmp_path, target(scorer)) == target(scorer)  # it means the one of before


def test_a_scorer_that_is_not_installed_is_left_for_the_job_to_name(tmp_path: Path) -> None:
    written = target("nowhere", "nowhere@v2")
    assert versions.pinned(tmp_path, written) is written
    versions.ready(tmp_path, written.scorers)
