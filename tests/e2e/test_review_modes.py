"""The card in each of its modes, in a real browser: without fault by a screen reader's rules, and with nothing beyond its
edge, light and dark, on a desktop and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from rsf_core.domain import Act, ActKind
from rsf_core.domain.access import person
from rsf_core.project import Project
from tests.support.axe import violations
from tests.support.review_card import SCHEMES, open_card, to_scheme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
TEXTS = (
    "<think>\nTwo and **two**.\n</think>\n\n## Sum\n\nThe answer is **4**, for $2 + 2 = 4$:\n\n```python\nx = 4  # four\n```",
    "The answer is 5.",
    "Twenty " * 60,
)
GUIDE = (
    "# How we decide\n\nAccept what is **right**: `4`, or $2^2$.\n\n| what | decision |\n|---|---|\n| wrong | reject |"
)
# For each mode: its name, the keys that lead to it, an element that is then visible, and the keys that lead back.
MODES: tuple[tuple[str, tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("as it was drawn", ("m",), ".mode[aria-pressed=false] >> text=Markdown", ("m",)),
    ("a thought", ("o",), ".completion .thought", ("o",)),
    ("differences", ("2", "v"), ".comparing", ("v", "1")),
    ("side by side", ("s",), ".tile.current", ("s",)),
    ("found words", ("/", "f", "o", "u"), ".search-found >> text=1 of", ("Escape",)),
    ("the guide", ("g",), ".guide table", ("g",)),
    ("keys", ("h",), ".help >> text=Accept the whole prompt", ("h",)),
    ("the editor", ("e",), ".editor", ("Escape",)),
    ("a note", ("n",), ".line-input", ("Escape",)),
    ("a gold item", ("w",), ".gold >> text=Gold item, which is right to accept", ("w",)),
    ("edited and flagged", ("3",), ".said >> text=Edited", ("1",)),
)
# The elements that stick out of the card and are not inside anything that scrolls.
BEYOND = """() => {
  const root = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).find((r) => r?.querySelector('.card'));
  const card = root.querySelector('.card');
  const { left, right } = card.getBoundingClientRect();
  const scrolls = (e) => e !== card && e && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...card.querySelectorAll('button, input, textarea, .text, .badge, .where')].filter((e) => e.checkVisibility()
    && !scrolls(e.parentElement)).map((e) => [e, e.getBoundingClientRect()]).filter(([, box]) => box.width
    && (box.left < left - 1 || box.right > right + 1)).map(([e, box]) => `${e.className}: ${box.left} to ${box.right}`);
}"""


@pytest.mark.parametrize("width", [400, 1280])
def test_each_mode_is_without_fault_and_within_its_edge(page: Page, serve, review, width):
    """On the page and alone, light and dark, in one visit: to open a page costs more than to look at all its modes."""
    folder = review(TEXTS)
    with Project.open(folder) as project:
        project.guide_book.save(GUIDE)
        acts = [
            Act("edit", ActKind.EDIT, ("1.1.2",), value="Twenty."),
            Act("flag", ActKind.FLAG, ("1.1.2",), value="1"),
            Act("tags", ActKind.TAGS, ("1.1.2",), value="long, odd"),
        ]
        assert all(answer.refused is None for answer in project.review.say(1, person("ann"), acts))
    server = serve(folder, RSF_REVIEWER="ann")
    page.set_viewport_size({"width": width, "height": 850})
    open_card(page, server, "?order=prompt&view=all")
    expect(page.locator(".completion math")).to_have_count(1)
    wrong: dict[tuple[str, str, str], list[str]] = {}
    for place in ("on the page", "alone"):
        if place == "alone":
            page.keyboard.press("l")
            expect(page.get_by_role("dialog", name="The review card alone")).to_be_visible()
        for scheme in SCHEMES:
            to_scheme(page, scheme)
            for name, there, seen, back in MODES:
                for key in there:
                    page.keyboard.press(key)
                expect(page.locator(seen).first).to_be_visible()
                wrong[place, scheme, name] = [*violations(page), *page.evaluate(BEYOND)]
                for key in back:
                    page.keyboard.press(key)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width
            if place == "alone":  # the deciding buttons are in sight without scrolling, with the guide open or not
                for _ in range(2):
                    for name in ("Accept", "Reject"):
                        expect(page.locator(".actions").get_by_role("button", name=name).first).to_be_in_viewport(
                            ratio=1
                        )
                    page.keyboard.press("g")
    assert {where: what for where, what in wrong.items() if what} == {}
    assert len(wrong) == 2 * 2 * len(MODES)


def test_escape_closes_what_is_open_and_the_card_stays_alone(page: Page, serve, review):
    """The browser closes a dialog at an Escape that nothing has taken, and lets a page prevent that only soon after a key."""
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server)
    page.evaluate("""() => addEventListener("keydown", (event) => {
      if (event.key === "Escape") setTimeout(() => { window.taken = event.defaultPrevented; });
    }, true)""")
    page.keyboard.press("l")
    alone = page.get_by_role("dialog", name="The review card alone")
    expect(alone).to_be_visible()
    for key, field in (("e", ".editor"), ("n", ".line-input"), ("h", ".help"), ("/", ".search-field")):
        page.evaluate("() => { window.taken = null; }")
        page.keyboard.press(key)
        expect(page.locator(field)).to_be_visible()
        page.keyboard.press("Escape")
        page.wait_for_function("() => window.taken !== null")
        assert page.evaluate("() => window.taken"), f"the Escape that closes {field}"
        if key != "/":  # the search stays open when its field is left
            expect(page.locator(field)).to_be_hidden()
    expect(alone).to_be_visible()
