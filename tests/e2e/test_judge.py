"""From the list of projects to candidates that a judge scores, by clicks; a real llama.cpp server with the embedded model
answers. The judgements of a 135M model are not tested."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rsf_core.models import library
from rsf_core.project import Project
from tests.support import llama_server
from tests.support.app_server import AppServer
from tests.support.seeding import add_candidates, candidates

pytestmark = [pytest.mark.browser, pytest.mark.real_model, pytest.mark.timeout(600)]
ANSWERS = 240_000  # milliseconds for a few answers on a busy machine
TEXTS = ("Thank you, gladly.", "No.", "Of course, my friend.", "Go away.")


@pytest.fixture
def workspace(tmp_path: Path, small_task: Path) -> Path:
    folder = tmp_path / "projects"
    with Project.create(folder / "kind answers", str(small_task), seed=1) as project:
        rows = candidates(4, 1, completions=TEXTS)
        add_candidates(project.store, rows)
        project.set("target", '{ reference = "proposal", rewards = {} }')
    return folder


def test_a_judge_is_set_up_tried_saved_and_decides(
    page: Page, serve: Callable[..., AppServer], workspace: Path, tmp_path: Path
) -> None:
    server = serve(workspace, lists=True, RSF_REVIEWER="ann", RSF_CONFIG=str(tmp_path / "config"))
    with llama_server.serving(library._gguf()) as address:
        page.goto(server.url)
        page.get_by_role("link", name="kind answers").click()
        expect(page.get_by_role("heading", name="Round 1")).to_be_visible()
        page.get_by_test_id("stSidebarNav").get_by_text("Scorers", exact=True).click()
        page.get_by_text("Judges", exact=True).click()
        for label, text in (("Name", "kind"), ("Endpoint", f"{address}/v1"), ("Model", "smollm2")):
            field = page.get_by_role("textbox", name=label, exact=True)
            field.fill(text)
            field.press("Tab")
        rubric = page.get_by_role("textbox", name="Rubric")
        rubric.fill("Is it kind?\n\n5: very\n1: not at all")
        rubric.press("Control+Enter")
        page.get_by_role("button", name="Try on 8 candidates").click()
        expect(page.get_by_text(re.compile(r"[1-4] candidates? scored"))).to_be_visible(timeout=ANSWERS)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("It is not a reward yet")).to_be_visible()
        page.get_by_role("button", name="Use as a reward").click()
        expect(page.get_by_text(re.compile("A reward now: kind@"))).to_be_visible()
        page.get_by_role("button", name="Score without deciding").click()
        expect(page.get_by_text(re.compile("It has scored [1-4] of 4 candidates"))).to_be_visible(timeout=ANSWERS)
        server.rsf("score", str(workspace / "kind answers"))
    assert 'rubric = """\nIs it kind?' in (workspace / "kind answers" / "scorers" / "kind.toml").read_text()
    assert server.rsf("status", str(workspace / "kind answers"))["counts"]["decided"] > 0
