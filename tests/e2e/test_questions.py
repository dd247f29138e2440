"""Questions below a completion, in a real browser: answered by keys, parts marked by the keyboard alone, without fault by a
screen reader's rules, and kept although the server is killed in between."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from rsf_core.project import Project
from tests.support.axe import violations
from tests.support.review_card import open_card, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
QUESTIONS = """[
  {name = "clear", kind = "rating", text = "How clear is it?", required = true},
  {name = "tone", kind = "choice", text = "Which tone?", options = ["kind", "rude"]},
  {name = "why", kind = "text", text = "Why?"},
  {name = "parts", kind = "spans", text = "Mark what is wrong", options = ["false", "vague"]},
]"""
TEXT = "A \u200b🎉 **first** claim, and another."


def test_questions_are_answered_by_keys_and_outlive_a_killed_server(page: Page, serve, review):
    folder = review((TEXT,))
    with Project.open(folder) as project:
        project.set("review.questions", " ".join(QUESTIONS.split("\n")).replace(", ]", "]"))
    server = serve(folder, RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt&view=all")
    at_hand, shown = page.locator(".question.at-hand .asked"), page.locator(".focus .completion")
    expect(at_hand).to_have_text("How clear is it?")
    page.keyboard.press("a")
    expect(page.get_by_role("alert")).to_contain_text("“How clear is it?” is to be answered first (keys 1 to 5).")
    page.keyboard.press("4")
    expect(at_hand).to_have_text("Which tone?")
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="rude")).to_have_attribute("aria-pressed", "true")
    assert violations(page) == []

    server.kill()
    page.keyboard.press("q")
    page.keyboard.type("It says so: 4 and x")
    page.keyboard.press("Enter")
    page.keyboard.press("q")
    expect(at_hand).to_have_text("Mark what is wrong")
    expect(shown).to_have_text("A ⟨ZWSP⟩🎉 **first** claim, and another.")
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("Select a part of the text first")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("2")
    expect(shown.locator("mark")).to_have_text("first** claim")
    assert violations(page) == []
    server.start()
    settled(page)
    page.reload()
    expect(page.get_by_role("textbox", name="Why?")).to_have_value("It says so: 4 and x")
    expect(page.locator(".marked li")).to_contain_text("first** claim")
    page.keyboard.press("u")  # undoes the mark
    expect(page.locator(".marked li")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator(".number")).to_contain_text("2 of")
    expect(page.get_by_role("button", name="rude")).to_have_attribute("aria-pressed", "false")
    settled(page)
    server.stop()
    with Project.open(folder) as project:
        answers = {one.question: one.value for one in project.store.questions.answers(1)}
        assert answers == {"clear": "4", "tone": '"rude"', "why": '"It says so: 4 and x"'}
        assert project.counts(1).overridden == 1
