"""From the list of projects to accepted candidates for a person's own CSV file, by clicks and typing, with a tiny model."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
JOB = 180_000  # milliseconds
THINGS = ("a kettle", "two records", "a night train", "my dentist", "garden hoses", "sushi", "the opera", "a bakery")


def test_an_own_csv_becomes_accepted_candidates_step_by_step(
    serve: Callable[..., AppServer], page: Page, tiny_model: Path, tmp_path: Path
) -> None:
    rows = "".join(f"Write a sentence about {thing}.;{thing}\n" for thing in THINGS)
    (tmp_path / "mine.csv").write_text(f"question;answer\n{rows}", encoding="utf-8")
    server = serve(tmp_path / "workspace", lists=True, RSF_MODEL=str(tiny_model))
    page.goto(server.url)
    page.get_by_role("button", name="New project").first.click()
    page.get_by_role("button", name="Begin").click()

    expect(page.get_by_text("There is no prompt yet")).to_be_visible()
    page.get_by_text("From a file", exact=True).click()
    page.locator("input[type=file]").set_input_files(str(tmp_path / "mine.csv"))
    page.get_by_role("button", name=f"Add {len(THINGS)} prompts").click()
    expect(page.get_by_text("There is no prompt yet")).to_have_count(0)

    page.get_by_role("button", name="Next: Model").click()
    page.get_by_role("button", name="Load it once").click()
    expect(page.get_by_text("The model loads")).to_be_visible(timeout=JOB)

    page.get_by_role("button", name="Next: What is good").click()
    page.get_by_text("The best of each prompt").click()
    page.get_by_label("Rewards: the more, the better").click()
    page.keyboard.type("words")
    page.get_by_role("option", name="words", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Weight of words")).to_be_visible()
    page.reload()  # nothing is lost
    expect(page.get_by_text("Weight of words")).to_be_visible()

    page.get_by_role("button", name="Next: Trial").click()
    expect(page.get_by_role("button", name="Draw a trial")).to_be_visible()
    page.get_by_role("button", name="Next: Create").click()
    name = page.get_by_label("Name of the project")
    name.fill("My things")
    name.press("Tab")
    page.get_by_role("button", name="Create the project").click()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()

    page.get_by_role("button", name="Generate candidates").click()
    expect(page.get_by_role("button", name=re.compile(r"Fine-tune on [1-9]\d* accepted"))).to_be_visible(timeout=JOB)
    assert server.rsf("status", str(tmp_path / "workspace" / "My things"))["counts"]["accepted"] > 0
    assert not list((tmp_path / "workspace" / ".drafts").iterdir())
