"""What lies below a card stays where it is: as the first candidates come, from one to the next, and with a message."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.review_card import EACH, open_card
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WORDS = "The old bridge is open again. "
LENGTHS = {"one line": [1] * EACH, "many lines": [700] * EACH, "all lengths": [1, 40, 700, 6] * (EACH // 4)}
CARDS = {
    "review": ("?order=prompt", "queue", ".focus .completion", "x"),
    "compare": ("?show=Compare", "pairs", ".left-text", "ArrowLeft"),
    "rank": ("?show=Compare&compare=rank", "sets", ".ranks .text", " "),
}
SKELETONS = "[data-testid=stSkeleton], [data-testid=stAppSkeleton]"


def places(page: Page) -> tuple[float, float]:
    """Where the card ends, and where what lies below begins, from the top of the page."""
    scrolled = page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
    card = page.locator("section.card").bounding_box()
    below = page.get_by_text("Your session and your goal").bounding_box()
    assert card is not None and below is not None
    return card["y"] + card["height"] + scrolled, below["y"] + scrolled


def resting_places(page: Page) -> tuple[float, float]:
    """`places`, once Streamlit has drawn everything above the card."""
    expect(page.locator(SKELETONS)).to_have_count(0)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    last: list[tuple[float, float]] = [(0.0, 0.0)]

    def same() -> bool:
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        last.append(places(page))
        return last[-1] == last[-2]

    until(same)
    return last[-1]


@pytest.mark.parametrize(
    ("card", "lengths"),
    [*(("review", lengths) for lengths in LENGTHS), ("compare", "all lengths"), ("rank", "all lengths")],
)
def test_what_lies_below_a_card_does_not_move_as_its_candidates_come(
    page: Page, serve, review, card: str, lengths: str
):
    query, route, text, key = CARDS[card]
    texts = tuple(
        f"{number}: {WORDS * length}"
        for prompt in range(8)
        for number, length in enumerate(LENGTHS[lengths], EACH * prompt)
    )
    server = serve(review(texts), RSF_REVIEWER="ann")
    held: list[Route] | None = []
    page.route(f"**/api/review/{route}", lambda asked: asked.continue_() if held is None else held.append(asked))
    with page.expect_request(f"**/api/review/{route}"):
        page.goto(f"{server.url}/review{query}")
    expect(page.locator(".empty")).to_contain_text("Loading")
    before = resting_places(page)
    waiting, held = held, None
    for request in waiting or ():
        request.continue_()
    expect(page.locator(text).first).not_to_be_empty()
    if card == "review":
        expect(page.locator(".other")).to_have_count(EACH)
    assert resting_places(page) == pytest.approx(before, abs=1)
    for _ in range(3):
        shown = page.locator(text).first.inner_text()
        page.keyboard.press(key)
        expect(page.locator(text).first).not_to_have_text(shown)
        assert resting_places(page) == pytest.approx(before, abs=1)


def test_a_message_does_not_move_what_is_about_to_be_clicked(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server)
    accept = page.locator(".actions button").first
    before = resting_places(page), accept.bounding_box()
    page.keyboard.press("u")
    expect(page.locator(".trouble")).to_contain_text("nothing to undo")
    assert (resting_places(page), accept.bounding_box()) == before
