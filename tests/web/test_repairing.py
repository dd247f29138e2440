"""A project with invalid settings opens, reports what is wrong, starts nothing, and can be repaired."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain.errors import SettingsError
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.web import session
from tests.support.pages import SHELL


@pytest.fixture
def broken(tmp_path: Path, small_task: Path) -> Path:
    folder = tmp_path / "project"
    Project.create(folder, str(small_task), seed=1).close()
    file = folder / "project.toml"
    text = file.read_text().replace("sentiment = 1.0", 'sentiment = 1e308\n"my.odd scorer" = nan')
    file.write_text(text + "\n[nonsense]\nx = 1\n")
    return folder


def test_it_opens_and_starts_nothing_until_every_value_is_mended(broken: Path) -> None:
    with Project.open(broken) as project:
        assert project.stages() and project.settings.target.rewards == {}
        status = execute(project, "status", {})
        assert len(status["settings_problems"]) == 3
        with pytest.raises(SettingsError, match=r"target\.rewards\.sentiment: .*1,000,000"):
            project.generate()
        assert project.jobs() == []
        execute(project, "set_value", {"key": "target.rewards.sentiment", "value": "2"})
        for problem in project.settings_problems():
            execute(project, "unset_value", {"key": problem.setting})
        assert project.settings_problems() == []
        assert project.settings.target.rewards == {"sentiment": 2.0}


def test_every_page_says_it_and_its_buttons_mend_it(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Project.open(broken) as project:
        monkeypatch.setattr(session, "_project", project)
        app = AppTest.from_file(str(SHELL), default_timeout=60).run()
        assert sum("The default applies" in error.value for error in app.error) == 3
        for left in (2, 1, 0):
            next(button for button in app.button if button.label == "Use the default").click()
            app.run()
            assert not app.exception
            assert len(project.settings_problems()) == left
