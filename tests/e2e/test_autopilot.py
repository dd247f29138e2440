"""A person starts two rounds, reviews when asked, and finds the models, all by clicks, with a tiny model."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.review_card import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
JOB = 180_000


def test_two_rounds_by_themselves_with_a_pause_for_review(page: Page, serve, tiny_model):
    server = serve(RSF_MODEL=str(tiny_model), RSF_REVIEWER="ann")
    folder = str(server.folder)
    for key, value in (
        ("generate.prompts", "8"),
        ("generate.max_new_tokens", "12"),
        ("train.epochs", "1"),
        ("evaluate.prompts", "6"),
        ("evaluate.candidates", "2"),
        ("autopilot.min_gain", "-100"),
        ("autopilot.max_kl", "1000"),
        ("autopilot.max_length_ratio", "1000"),
        ("autopilot.min_diversity", "0"),
        ("autopilot.min_acceptance", "0"),
        ("target.constraints", "[]"),
    ):
        server.rsf("set", folder, key, value)
    page.goto(server.url)
    page.get_by_text("Run rounds by themselves").click()
    page.get_by_label("Rounds", exact=True).fill("2")
    page.get_by_text("Wait for my review before each fine-tuning").click()
    page.get_by_role("button", name="Start", exact=True).click()

    for number in (1, 2):
        expect(page.get_by_text(re.compile(rf"candidates of round {number} are accepted: review them"))).to_be_visible(
            timeout=JOB
        )
        page.get_by_role("button", name="Review", exact=True).click()
        expect(page.locator(".focus .completion")).not_to_be_empty()
        page.keyboard.press("a")
        settled(page)
        page.get_by_role("link", name="Overview").click()
        page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Start round 3")).to_be_visible(timeout=2 * JOB)
    status = server.rsf("status", folder)
    assert status["round"] == 2 and status["autopilot"]["state"] == "finished" and status["counts"]["overridden"] == 1

    page.get_by_role("link", name="Models").click()
    expect(page.get_by_text("The next round draws from m2-1")).to_be_visible()
    expect(page.locator(".stGraphVizChart svg")).to_contain_text("m1-1")
    for name, shown in (
        ("Compare", "differences are paired"),
        ("Blind vote", "Which is better?"),
        ("Rounds", "samples that c1-1 has not"),
    ):
        page.get_by_role("radio", name=name).click()
        expect(page.get_by_text(shown)).to_be_visible()
    page.get_by_role("radio", name="Blind vote").click()
    page.get_by_role("button", name="Left").click()
    expect(page.get_by_text("1 voted")).to_be_visible()

    page.get_by_role("radio", name="Compare").click()
    page.get_by_role("radio", name="Your own prompt").click()
    page.get_by_label("Your prompt").fill("Review a teapot.")
    page.get_by_role("button", name="Complete with both").click()
    expect(page.get_by_text("Asked before")).to_be_visible(timeout=JOB)
    expect(page.locator(".rsf-text, .rsf-empty")).to_have_count(1 + 2 * 2)  # the prompt, and two completions of each
    expect(page.get_by_test_id("stException")).to_have_count(0)
