"""A person writes a scorer in a real browser, tries it on stored candidates, saves it and makes it a reward of the target."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from rsf_core.project import Project
from tests.support.seeding import add_candidates, add_scores, candidates, decide

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def scored(tmp_path: Path, small_task: Path) -> Path:
    folder = tmp_path / "projects" / "scored"
    with Project.create(folder, str(small_task), seed=1) as project:
        rows = candidates(8, 4)
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": np.linspace(-1, 1, 32)})
        decide(project.store, rows, np.linspace(-1, 1, 32), 0.5)
    return folder


def test_a_scorer_is_written_tried_saved_and_put_into_the_target(
    page: Page, serve, scored: Path, tmp_path: Path
) -> None:
    server = serve(scored, RSF_REVIEWER="ann", RSF_CONFIG=str(tmp_path / "config"))
    page.goto(f"{server.url}/scorers?show=Your+own")
    code = page.get_by_role("textbox", name="Code")
    expect(code).to_have_value(re.compile("def short"))
    expect(page.get_by_role("button", name="Try on 20 candidates")).to_be_disabled()
    page.get_by_role("button", name="Allow this project's code to run here").click()
    expect(page.get_by_role("button", name="Try on 20 candidates")).to_be_enabled()

    code.fill("def score(completion):\n    return len(completion) / 0")
    code.press("Control+Enter")
    page.get_by_role("button", name="Try on 20 candidates").click()
    expect(page.get_by_text("No score for 20 of 20 candidates: ZeroDivisionError")).to_be_visible()
    code.fill("def score(completion):\n    return len(completion)")
    code.press("Control+Enter")
    page.get_by_role("button", name="Try on 20 candidates").click()
    expect(page.get_by_text("20 candidates scored")).to_be_visible()

    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("letters")
    name.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It is not a reward yet")).to_be_visible()
    assert (scored / "scorers" / "letters.py").read_text() == "def score(completion):\n    return len(completion)"
    page.get_by_role("button", name="Use as a reward").click()
    expect(page.get_by_text(re.compile(r"A reward now: letters@\W?[0-9a-f]{8} × 1"))).to_be_visible()
    assert "letters = 1.0" in (scored / "project.toml").read_text()
