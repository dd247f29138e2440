"""Every page works on its own: on an empty project, as a deep link, and with broken input."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support import warm
from tests.support.warm import RSF

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PAGES = {
    "": "Round 1",
    "prompts": "Prompts",
    "scorers": "Scorers",
    "generate": "Generate",
    "acceptance": "Acceptance",
    "review": "Review",
    "train": "Train",
}


@pytest.fixture
def empty_project(tmp_path: Path, tiny_model: Path) -> Path:
    """A project of a task without prompts."""
    task = tmp_path / "empty"
    task.mkdir()
    (task / "task.toml").write_text('title = "Empty"\n[settings.target]\nrewards = { sentiment = 1 }\n')
    (task / "prompts.jsonl").write_text("")
    folder = tmp_path / "projects" / "empty"
    warm.run([RSF, "init", folder, "--task", task, "--model", tiny_model], timeout=120).check_returncode()
    return folder


def test_every_page_of_an_empty_project_says_what_to_do_next(page: Page, serve, empty_project):
    """Each page is opened by its address, which begins a new session."""
    server = serve(empty_project)
    for path, heading in PAGES.items():
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_role("button", name=re.compile("Add prompt|Generate candidates"))).to_have_count(1)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_prompts_are_added_by_hand_and_from_a_file_whose_broken_line_is_named(
    page: Page, serve, empty_project, tmp_path
):
    server = serve(empty_project)
    page.goto(f"{server.url}/prompts")
    page.get_by_role("tab", name="Add by hand").click()
    page.get_by_label("Prompt", exact=True).fill("Name a green vegetable.")
    page.get_by_role("button", name="Add prompt").click()
    expect(page.get_by_test_id("stMain")).to_contain_text(re.compile("Train1|Held out1"))

    broken = tmp_path / "questions.jsonl"
    broken.write_text(
        '{"question": "How high is Mont Blanc?", "answer": 4806}\n{"question": \n{"question": "Name a green vegetable."}\n'
    )
    page.get_by_role("tab", name="Import a file").click()
    page.locator('input[type="file"]').set_input_files(broken)
    expect(page.get_by_text("line 2: is not JSON")).to_be_visible()
    expect(page.get_by_text("line 3: is the same as a prompt of the project")).to_be_visible()
    page.get_by_role("button", name="Add 1 prompt").click()
    expect(page.get_by_role("button", name="Add 1 prompt")).to_have_count(0)
    page.get_by_role("tab", name="All prompts").click()
    page.reload()
    expect(page.get_by_test_id("stMetric").nth(2)).to_contain_text("1")


def test_an_unknown_model_is_named_on_the_page_and_the_stage_goes_on_once_it_is_corrected(
    page: Page, serve, tiny_model
):
    server = serve(RSF_MODEL="nobody/such-model")
    page.goto(server.url)
    page.get_by_role("button", name="Generate candidates").click()
    expect(page.get_by_text("r1-generate-1 failed: there is no model 'nobody/such-model'")).to_be_visible(
        timeout=60_000
    )
    server.rsf("set", str(server.folder), "model", str(tiny_model))
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name=re.compile(r"Fine-tune on \d+ accepted"))).to_be_visible(timeout=90_000)
