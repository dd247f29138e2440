"""The recipes of CONTRIBUTING, followed word for word."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Finish, Prompt
from rsf_core.project import Project
from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored
from rsf_core.web import session
from tests.support import documents


def block(language: str, holds: str) -> str:
    (code,) = (
        one.code for one in documents.blocks(language) if one.document == "CONTRIBUTING.md" and holds in one.code
    )
    return code


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scorer's package as pip installs it: its module and its entry points."""
    code, project = block("python", "class Politeness"), block("toml", "rsf-politeness")
    (tmp_path / "politeness.py").write_text(code, encoding="utf-8")
    registered = project.partition('[project.entry-points."rsf_studio.scorers"]\n')[2].replace('"', "")
    metadata = tmp_path / "rsf_politeness-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: rsf-politeness\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(f"[rsf_studio.scorers]\n{registered}")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


def test_a_scorer_made_by_the_recipe_scores_and_takes_options(installed: None) -> None:
    polite = Scored(Prompt(1, "Order."), "A coffee, please. Thank you!", 8, Finish.EOS)
    rude = Scored(Prompt(1, "Order."), "Coffee.", 3, Finish.EOS)
    assert registry.score("politeness", [polite, rude]) == [1.0, 0.0]
    assert registry.score('politeness(words="please sorry")', [polite, rude]) == [0.5, 0.0]
    assert 'words="please thank"' in registry.available()["politeness"]


def test_a_page_made_by_the_recipe_is_drawn(complete: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sets.py"
    path.write_text(block("python", "curated_sets()"), encoding="utf-8")
    monkeypatch.setattr(session, "_project", complete)
    app = AppTest.from_file(str(path), default_timeout=60).run()
    assert not app.exception and app.title[0].value == "Sets"
    assert list(app.dataframe[0].value["set"]) == [one.curated_id for one in complete.curated_sets()]
