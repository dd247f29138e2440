"""Compare in a real browser: pairs and rankings by keys alone, by mouse, by a screen reader's rules and on a phone; a reload
and a killed server lose no choice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from rsf_core.project import Project
from tests.support.app_server import AppServer
from tests.support.axe import violations
from tests.support.browser import drop, intercept
from tests.support.review_card import PROMPTS, SCHEMES, settled, to_scheme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def open_way(page: Page, server: AppServer, way: str) -> None:
    page.goto(f"{server.url}/review?show=Compare&compare={way}")
    expect(page.locator(".one .text").first).not_to_be_empty()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_pairs_are_compared_by_keys_and_outlive_a_killed_server_and_a_reload(page: Page, serve, review):
    folder = review()
    server = serve(folder, RSF_REVIEWER="ann")
    open_way(page, server, "pairs")
    where, left = page.locator(".where"), page.locator(".left-text")
    first = left.inner_text()
    press(page, "ArrowLeft", "ArrowDown", "ArrowRight")
    expect(where).to_have_text("3 pairs compared in this round")
    press(page, "u", "u", "u")
    expect(left).to_have_text(first)
    expect(where).to_have_text("0 pairs compared in this round")
    press(page, "Shift+U", "Shift+U", "Shift+U")
    expect(where).to_have_text("3 pairs compared in this round")
    settled(page)
    assert violations(page) == []

    server.kill()
    press(page, "ArrowRight")
    expect(page.locator(".unsent")).to_contain_text("1 unsent (the server does not answer; kept here)")
    server.start()
    settled(page)
    intercept(page, "**/api/review/compare", drop)
    press(page, "ArrowDown", "ArrowDown")
    expect(page.locator(".unsent")).to_contain_text("2 unsent")
    page.unroute("**/api/review/compare")
    page.reload()
    expect(where).to_have_text("6 pairs compared in this round")
    settled(page)
    page.get_by_role("button", name="Left is better").click()
    expect(where).to_have_text("7 pairs compared in this round")
    settled(page)
    server.stop()
    with Project.open(folder) as project:
        comparisons = sorted(project.store.comparisons.standing(1), key=lambda one: one.seq)
        assert [str(one.verdict) for one in comparisons] == ["left", "tie", "right", "right", "tie", "tie", "left"]
        assert {one.reviewer for one in comparisons} == {"ann"}


def test_arrow_keys_are_the_cards_once_the_mode_was_chosen_by_mouse_or_key(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    page.goto(f"{server.url}/review")
    settled(page)
    where, mode = page.locator(".where"), page.get_by_role("radio", name="Compare")
    mode.click()
    expect(where).to_have_text("0 pairs compared in this round")
    expect(page.locator(".one .text").first).not_to_be_empty()
    press(page, "ArrowLeft")
    expect(where).to_have_text("1 pair compared in this round")
    page.get_by_role("radio", name="Rank").click()
    expect(where).to_have_text("0 prompts ranked in this round")
    page.get_by_role("radio", name="Rank").focus()
    press(page, "ArrowLeft", "Space")  # a focused control keeps the arrow keys
    expect(where).to_have_text("1 pair compared in this round")
    expect(page.locator(".one .text").first).not_to_be_empty()
    press(page, "ArrowRight")
    expect(where).to_have_text("2 pairs compared in this round")


def test_candidates_are_ranked_by_digits_and_outlive_a_killed_server_and_a_reload(page: Page, serve, review):
    folder = review()
    server = serve(folder, RSF_REVIEWER="ann")
    open_way(page, server, "rank")
    where, order, prompt = page.locator(".where"), page.locator(".order"), page.locator(".prompt-id")
    at_hand, pressed = page.locator(".one.at-hand .letter"), page.locator(".place[aria-pressed=true]")
    expect(page.locator(".one")).to_have_count(8)
    first = prompt.inner_text()
    press(page, "1", "2", "2", "9")
    expect(page.get_by_role("alert")).to_contain_text("There are 8 candidates: the last place is 8.")
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("D, E, F, G, H have no place yet.")
    expect(order).to_have_text("A, then B = C")
    assert violations(page) == []
    press(page, "Backspace", "Backspace")
    expect(at_hand).to_have_text("B")
    press(page, "3", "3", "4", "5", "6", "7", "7")
    expect(order).to_have_text("A, then B = C, then D, then E, then F, then G = H")
    press(page, "ArrowLeft", "8")  # G alone, after H
    expect(order).to_have_text("A, then B = C, then D, then E, then F, then H, then G")
    press(page, "Enter")
    expect(where).to_have_text("1 prompt ranked in this round")
    expect(prompt).not_to_have_text(first)
    expect(pressed).to_have_count(0)
    settled(page)
    press(page, "u")
    expect(prompt).to_have_text(first)
    expect(pressed).to_have_count(8)
    settled(page)
    page.reload()
    expect(prompt).to_have_text(first)
    expect(order).to_have_text("A, then B = C, then D, then E, then F, then H, then G")
    press(page, "Backspace", "6", "Enter")
    expect(prompt).not_to_have_text(first)

    server.kill()
    press(page, *"11111111", "Enter")  # all tied
    expect(page.locator(".unsent")).to_contain_text("unsent (the server does not answer; kept here)")
    expect(where).to_have_text("2 prompts ranked in this round")
    server.start()
    settled(page)
    intercept(page, "**/api/review/rank", drop)
    press(page, *"87654321", "Enter")
    expect(page.locator(".unsent")).to_contain_text("1 unsent")
    page.unroute("**/api/review/rank")
    page.reload()
    expect(where).to_have_text("3 prompts ranked in this round")
    settled(page)

    for at, letter in enumerate("ABCDEFGH"):  # by mouse, the last first; Enter sends, as the focus did not move
        page.get_by_role("button", name=f"{letter}: place {8 - at}").click()
    expect(order).to_have_text("H, then G, then F, then E, then D, then C, then B, then A")
    press(page, "Enter")
    expect(where).to_have_text("4 prompts ranked in this round")
    settled(page)
    server.stop()
    with Project.open(folder) as project:
        rankings = sorted(project.store.rankings.standing(1), key=lambda one: one.seq)
        assert [one.places for one in rankings] == [
            (1, 2, 2, 3, 4, 5, 7, 6),
            (1,) * 8,
            (8, 7, 6, 5, 4, 3, 2, 1),
            (8, 7, 6, 5, 4, 3, 2, 1),
        ]
        assert {one.reviewer for one in rankings} == {"ann"} and len({one.prompt_id for one in rankings}) == 4


@pytest.mark.parametrize("width", [400, 1280])
def test_the_card_fits_a_phone_and_is_without_fault_light_and_dark(page: Page, serve, review, width):
    server = serve(review(("a **bold** claim " * 40, "`code` " * 80, "x" * 900)), RSF_REVIEWER="ann")
    page.set_viewport_size({"width": width, "height": 800})
    for way in ("pairs", "rank"):
        open_way(page, server, way)
        press(page, "1", "1")
        for scheme in SCHEMES:
            to_scheme(page, scheme)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width
            card, beyond = page.locator("section.card").bounding_box(), []
            assert card is not None
            for one in page.locator("section.card :is(.one, button, .order)").all():
                box = one.bounding_box()
                if box is not None and (box["x"] < 0 or box["x"] + box["width"] > card["x"] + card["width"] + 1):
                    beyond.append((one.inner_text(), box))
            assert beyond == []
            assert violations(page) == []


def test_what_is_read_aloud_says_the_candidate_at_hand_and_what_stands(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_way(page, server, "rank")
    spoken = page.locator(".spoken")
    expect(spoken).to_have_text(re.compile(r"^Prompt \d+, 8 candidates\. Place of A: completion number \d+$"))
    press(page, "2", "1")
    expect(spoken).to_have_text(re.compile(r"^B, then A\. Place of C: completion number \d+$"))
    page.locator(".one .text").nth(6).focus()
    expect(page.locator(".one.at-hand .letter")).to_have_text("G")
    press(page, "1")
    expect(page.locator(".order")).to_have_text("B = G, then A")
    expect(page.get_by_role("group", name="Place of G").get_by_role("button", name="G: place 1")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_enter_sends_though_a_control_of_the_page_was_clicked_before(page: Page, serve, review):
    server = serve(review(("red fox", "blue whale")), RSF_REVIEWER="ann")
    open_way(page, server, "pairs")
    page.get_by_text("Rank", exact=True).click()
    expect(page.get_by_text("0 prompts ranked in this round")).to_be_visible()
    expect(page.locator(".where")).to_have_count(1)  # the earlier card is gone
    expect(page.locator(".one.at-hand .letter")).to_have_text("A")
    press(page, *"12345678", "Enter")
    expect(page.locator(".where")).to_have_text("1 prompt ranked in this round")
    settled(page)


def test_enter_sends_though_a_button_of_the_card_was_clicked_before(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_way(page, server, "rank")
    where, prompt = page.locator(".where"), page.locator(".prompt-id")
    first = prompt.inner_text()
    page.get_by_role("button", name="Skip").click()
    expect(prompt).not_to_have_text(first)
    second = prompt.inner_text()
    press(page, *"12345678", "Enter")
    expect(where).to_have_text("1 prompt ranked in this round")
    page.get_by_role("button", name="Undo").click()
    expect(prompt).to_have_text(second)
    press(page, "Enter")  # unchanged
    expect(where).to_have_text("1 prompt ranked in this round")
    press(page, "1", "2", "u")
    expect(prompt).to_have_text(second)
    press(page, "Enter")
    expect(page.locator(".order")).to_have_text("A, then B")  # the places given before the undo
    page.get_by_role("button", name="Skip").focus()  # like a person who uses Tab
    press(page, *"87654321", "Enter")
    expect(where).to_have_text("2 prompts ranked in this round")
    settled(page)


def test_behind_the_last_prompt_the_card_says_so_and_undo_comes_back(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_way(page, server, "rank")
    where, empty = page.locator(".where"), page.locator(".empty")
    page.get_by_text("Prompts that I have ranked before, again").click()
    expect(empty).to_have_text("You have not ranked a prompt of this round yet.")
    page.get_by_text("Prompts that I have ranked before, again").click()
    for done in range(1, PROMPTS + 1):
        expect(page.locator(".one").first).to_be_visible()
        press(page, *"12345678", "Enter")
        expect(where).to_have_text(f"{done} prompt{'s' if done > 1 else ''} ranked in this round")
    expect(empty).to_have_text("That was the last prompt for now. Undo takes you back.")
    expect(page.locator(".spoken")).to_have_text("That was the last prompt for now. Undo takes you back.")
    settled(page)
    page.reload()
    expect(empty).to_have_text(
        "There are no prompts left for you: the others were ranked, or have no two different completions."
    )
    press(page, "u")
    expect(page.locator(".one")).to_have_count(8)
    expect(where).to_have_text(f"{PROMPTS - 1} prompts ranked in this round")
    settled(page)
    assert errors == []


def test_beside_the_guide_completions_are_wide_enough_to_read(page: Page, serve, review):
    folder = review(("a claim that is long " * 40,))
    with Project.open(folder) as project:
        project.guide_book.save("Decide well. " * 200)
    server = serve(folder, RSF_REVIEWER="ann")
    open_way(page, server, "rank")
    widths = "all => all.map(one => one.getBoundingClientRect()).map(({ top, width }) => [Math.round(top), width])"
    cards = page.locator(".one")
    assert len({top for top, _ in cards.evaluate_all(widths)}) == 2  # two rows of four
    press(page, "g")
    expect(page.locator(".guide")).to_be_visible()
    assert min(width for _, width in cards.evaluate_all(widths)) >= 170
    for letter in "BCDEFGH":  # the candidate that the next digit places is in sight
        press(page, "1")
        expect(page.locator(".one.at-hand .letter")).to_have_text(letter)
        expect(page.locator(".one.at-hand .letter")).to_be_in_viewport()
