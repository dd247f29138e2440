"""The target's form keeps typed values while they do not form a valid target, and pages are found by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from rsf_core.project import Project
from rsf_core.web import session
from tests.support.pages import SHELL
from tests.support.seeding import candidates, decided_project


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    rows = candidates(4, 6)
    with decided_project(tmp_path / "p", small_task, rows) as made:
        monkeypatch.setattr(session, "_project", made)
        monkeypatch.setenv("RSF_REVIEWER", "ann")
        yield made


def by_label(elements: Any, label: str) -> Any:
    return next(one for one in elements if one.label.replace("\\", "").replace("\u2060", "").startswith(label))


def test_what_is_typed_while_the_form_says_no_target_stays(project: Project) -> None:
    app = AppTest.from_file(str(SHELL), default_timeout=60).switch_page("../../pages/target.py").run()
    assert not app.exception
    by_label(app.multiselect, "Constraints").set_value(["length"]).run()
    by_label(app.number_input, "length at least").set_value(None).run()
    assert any("has no limit: give at least or at most" in one.value for one in app.warning)
    by_label(app.number_input, "β").set_value(0.7).run()
    by_label(app.number_input, "Share accepted").set_value(33.0).run()
    by_label(app.number_input, "length at least").set_value(1.0).run()
    assert not app.exception and not any("neither" in one.value for one in app.warning)
    assert by_label(app.number_input, "β").value == 0.7
    assert by_label(app.number_input, "Share accepted").value == 33.0


def test_the_first_page_is_found_by_its_name_too(project: Project) -> None:
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    first = [one.value for one in app.title]
    app._page_hash = calc_hash("overview")  # as the address /overview requests it
    app.run()
    assert not app.exception and [one.value for one in app.title] == first == ["Round 1"]
