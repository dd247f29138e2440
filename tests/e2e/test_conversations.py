"""Conversations in a browser: a file of `messages` is imported, and the card shows each turn with its role."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from rsf_core.domain import Split
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from tests.support.app_server import AppServer
from tests.support.review_card import open_card
from tests.support.seeding import add_candidates, add_scores, candidates, decide

SETTINGS = {"task": "talk", "seed": 1, "target": {"rewards": {"sentiment": 1.0}}}
TURNS = ("I am <b>Ann</b>.", "Hello Ann.")


def test_a_file_of_messages_is_imported_and_the_card_shows_every_turn(
    serve: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "projects" / "talk"
    asked = PromptRow("Who am I?", "Ann", "Be brief.", Split.TRAIN, earlier=TURNS)
    with Project.make(folder, SETTINGS, [asked], "test", "a test") as project:
        rows = candidates(1, 4)
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": np.linspace(-1, 1, 4)})
        decide(project.store, rows, np.zeros(4), 0.5)
    server = serve(folder)

    open_card(page, server)
    expect(page.locator(".turns .role")).to_have_text(["system", "user", "assistant", "user"])
    expect(page.locator(".turns .text")).to_have_text(["Be brief.", *TURNS, "Who am I?"])

    turns_shown = [*TURNS, "What is my name?", "Your name is Ann."]
    messages = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(turns_shown)]
    (tmp_path / "talk.jsonl").write_text(json.dumps({"messages": messages}))
    page.goto(f"{server.url}/prompts")
    page.get_by_role("tab", name="Import a file").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "talk.jsonl")
    expect(page.get_by_text("the last question is the prompt, with the turns before it")).to_be_visible()
    for text in turns_shown:
        expect(page.locator(".rsf-text", has_text=text).first).to_be_visible()
    page.get_by_role("button", name="Add 1 prompt").click()
    expect(page.get_by_text("1 prompt added.")).to_be_visible()
    server.stop()
    with Project.open(folder) as project:
        added = project.prompts()[-1]
        assert (added.text, added.earlier, added.reference) == ("What is my name?", TURNS, "Your name is Ann.")
