"""Reading a completion in a real browser: no part of a hostile text runs, makes a request or freezes the tab, and each mode
is without fault by a screen reader's rules."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.review_card import EACH, PROMPTS, open_card

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
FOREIGN = "http://203.0.113.9"
TEXTS = (
    "## Roots\n\n**Both** are real where $b^2 \\ge 4ac$:\n\n|a|b|\n|-|-:|\n|1|2|\n\n```python\ndef f(x):\n    return 1\n```",
    "<think>\nTwo and **two**.\n</think>\n\nThe answer is **4**.",
    f"**a** <img src={FOREIGN}/x.png onerror=\"document.title='owned'\"> ![b]({FOREIGN}/y) [c]({FOREIGN}) [d](javascript:x)",
    f"$\\href{{javascript:alert(1)}}{{x}}$ $\\text{{<img src={FOREIGN}>}}$ **b** <script>document.title='owned'</script>",
    ">" * 100_000,
    "**x** pass\u200bword \u202etxt.exe",
    "$a " * 1_300,
)


def without_fault(page: Page) -> None:
    assert violations(page) == []


def test_each_way_to_read_shows_the_text_and_lets_nothing_out(page: Page, serve, review):
    server = serve(review(TEXTS), RSF_REVIEWER="ann")
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(server.url) else None)
    open_card(page, server, "?order=prompt&view=all")
    shown, number = page.locator(".focus .completion"), page.locator(".number")

    # as Markdown, or as it was drawn
    expect(shown.locator("table td").last).to_have_text("2")
    expect(shown.locator("math msup")).to_have_count(1)
    expect(shown.locator("pre .code-keyword").first).to_have_text("def")
    without_fault(page)
    page.keyboard.press("m")
    expect(shown).to_have_text(TEXTS[0], use_inner_text=True)
    page.keyboard.press("m")

    # hostile texts
    for i, text in enumerate(TEXTS[1:], 2):
        page.keyboard.press("ArrowRight")
        expect(number).to_have_text(f"{i} of {EACH}")
        if i == 5:
            page.get_by_role("button", name="more characters").click()
            expect(shown).to_contain_text("longer than 40,000 characters")
        if text.startswith(("**", "$\\")):
            expect(shown.locator(".markdown")).to_have_count(1)
        assert shown.evaluate("(e) => e.querySelectorAll('img, script, style, iframe, [style], [onerror]').length") == 0
    page.keyboard.press("6")
    expect(shown).to_have_text("x pass⟨ZWSP⟩word ⟨RLO⟩txt.exe")
    page.keyboard.press("3")
    expect(shown.locator("a")).to_have_count(1)
    assert shown.locator("a").evaluate("(a) => [a.rel, a.tabIndex, a.getAttribute('href')]") == [
        "noreferrer noopener nofollow",
        -1,
        FOREIGN,
    ]

    # a thought, differences, all side by side, the card alone, search: each by its key
    page.keyboard.press("2")
    fold = shown.get_by_role("button", name="Thought, 3 words")
    expect(fold).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("o")
    expect(shown.locator(".thought strong")).to_have_text("two")
    page.keyboard.press("8")
    page.keyboard.press("v")
    expect(page.locator(".comparing")).to_have_text(
        "Against candidate 9: 1 word only there, struck through; 1 word only here, underlined."
    )
    expect(shown.locator("del")).to_have_text("8")
    expect(shown.locator("ins")).to_have_text("7")
    page.keyboard.press("Shift+V")
    expect(shown.locator("del")).to_have_text("9")
    without_fault(page)
    page.keyboard.press("v")
    page.keyboard.press("s")
    expect(page.locator(".tile")).to_have_count(EACH)
    page.keyboard.press("2")
    expect(page.locator(".tile.current .tile-text .thought")).to_be_visible()
    without_fault(page)
    page.keyboard.press("l")
    stage = page.get_by_role("dialog", name="The review card alone")
    expect(stage.locator(".tile.current")).to_be_visible()
    without_fault(page)
    page.keyboard.press("s")
    page.keyboard.press("/")
    page.keyboard.type("TWO")
    expect(page.locator(".search-found")).to_have_text("1 of 2")
    page.keyboard.press("Enter")
    expect(page.locator(".search-found")).to_have_text("2 of 2")
    without_fault(page)
    box = shown.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 800  # above the fold
    accept = stage.get_by_role("button", name="Accept", exact=False).first
    assert accept.bounding_box()["y"] < 800  # type: ignore[index]
    for key in ("Escape", "Escape", "Escape"):  # leaves the field, the search and the card alone
        page.keyboard.press(key)
    expect(page.locator(".stage")).to_be_hidden()
    page.keyboard.press("a")
    expect(page.locator(".where")).to_contain_text("1 decided since")
    assert page.title() != "owned"
    assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []


SHOWN = """() => {
  // what each key shows in the very next frame
  const root = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).find((r) => r?.querySelector('.card'));
  window.shown = [];
  window.pressed = 0;
  addEventListener('keydown', () => ++pressed && requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => {
      const seen = [...root.querySelectorAll('.leaves > .text')].filter(
        (e) => e.checkVisibility({visibilityProperty: true}) && getComputedStyle(e).contentVisibility !== 'hidden');
      shown.push({ pressed, texts: seen.map((e) => e.innerText) });
    };
    after.port2.postMessage(null);
  }), {capture: true});
}"""


def test_each_key_shows_its_candidate_at_once_and_no_other_whether_it_was_drawn_ahead_or_not(page: Page, serve, review):
    texts = [f"this is text number {i}, once" for i in range(EACH * PROMPTS)]
    server = serve(review(texts), RSF_REVIEWER="ann")
    open_card(page, server, "?order=boundary&view=all")
    page.evaluate(SHOWN)
    for rested, keys in ((True, "axaxa"), (False, "axxaa"), (True, "uu"), (False, "axaxax"), (True, "x")):
        page.wait_for_function("() => shown.length === pressed")
        for key in keys:
            page.keyboard.press(key)
            if rested:  # its frame has been observed, and there was time to draw the next candidate ahead
                page.wait_for_function("() => shown.length === pressed")
                page.wait_for_timeout(150)
                listed = page.locator(".other[aria-current=true] .line1")  # the list follows one frame later
                expect(listed).to_have_text(page.evaluate("() => shown.at(-1).texts"))
    page.wait_for_function("() => shown.length === 19")
    texts_shown = page.evaluate("() => shown")
    assert all(len(each["texts"]) == 1 for each in texts_shown), texts_shown
    # Keyed by the number of keys pressed: if two keys come within one frame, only the second shows its candidate.
    names = {each["pressed"] - 1: each["texts"][0] for each in texts_shown}
    onward = [names[i] for i in range(10) if i in names]
    assert len(set(onward)) == len(onward) >= 2, "a key goes on to the next"
    for back, at in ((10, 8), (11, 7), (12, 8), (13, 9)):  # undone twice, then decided again
        assert names.get(back) is None or names.get(at) in (None, names[back]), names
    after = [names[i] for i in range(12, 19) if i in names]
    assert len(set(after)) == len(after) >= 2, "and goes on after an undo"
