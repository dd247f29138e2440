"""The review card in a real browser: no act is lost, doubled or reordered, and text stays text."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import drop, intercept
from tests.support.review_card import EACH, PRESS, open_card, settled, stored_overrides

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HOSTILE = (
    "<script>document.title = 'owned'</script><img src=http://203.0.113.9/x.png onerror=\"document.title='owned'\">",
    "![](http://203.0.113.9/a.png) [click](http://203.0.113.9) **bold** $x^2$",
    "\x1b[31mred\x1b[0m",
    "مرحبا بالعالم — שלום",
    "東京は今日も雨です。👩‍👩‍👧‍👦",
    "def f(x):\n\treturn x\n",
    "",
    "long " * 20_000,
)


def test_sixty_keys_in_a_second_are_sixty_decisions_in_order(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    keys = ["a" if i % 3 else "x" for i in range(60)]
    page.evaluate(PRESS, keys)
    settled(page)
    expect(page.locator(".where")).to_contain_text("60 decided since")
    stored = stored_overrides(server)
    expected = [
        (f"1.{1 + i // EACH}.{i % EACH}", "accept" if k == "a" else "reject", "ann") for i, k in enumerate(keys)
    ]
    assert stored == expected


def test_a_server_killed_in_the_middle_of_a_burst_gets_every_decision_once(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.evaluate(PRESS, ["a"] * 10)
    server.kill()
    page.evaluate(PRESS, ["x"] * 10)
    expect(page.locator(".unsent")).to_contain_text("unsent")
    server.start()
    settled(page)
    stored = stored_overrides(server)
    assert [action for _, action, _ in stored] == ["accept"] * 10 + ["reject"] * 10
    assert len({name for name, _, _ in stored}) == 20


def test_what_was_not_sent_when_the_page_was_left_is_sent_once_when_it_is_opened_again(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.evaluate(PRESS, ["a"] * 5)
    settled(page)
    intercept(page, "**/api/review/say", drop)
    page.evaluate(PRESS, ["x"] * 7)
    expect(page.locator(".unsent")).to_contain_text("7 unsent")
    page.unroute("**/api/review/say")
    page.goto("about:blank")
    open_card(page, server, "?order=prompt")
    settled(page)
    expect(page.locator(".prompt-id")).to_have_text("1")
    expect(page.locator(".number")).to_have_text(f"13 of {EACH}")  # it continues where it stopped
    stored = stored_overrides(server)
    assert [action for _, action, _ in stored] == ["accept"] * 5 + ["reject"] * 7


def test_undo_and_redo_survive_a_reload(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.keyboard.press("a")
    page.keyboard.press("x")
    page.keyboard.press("u")
    expect(page.locator(".number")).to_have_text(f"2 of {EACH}")
    settled(page)
    page.reload()
    expect(page.locator(".focus .completion")).not_to_be_empty()
    page.keyboard.press("u")
    expect(page.locator(".number")).to_have_text(f"1 of {EACH}")
    settled(page)
    page.keyboard.press("Shift+U")
    expect(page.locator(".badges")).to_contain_text("ann: accept")
    settled(page)
    with_words = [(name, action) for name, action, _ in stored_overrides(server)]
    assert with_words == [
        ("1.1.0", "accept"),
        ("1.1.1", "reject"),
        ("1.1.1", "auto"),
        ("1.1.0", "auto"),
        ("1.1.0", "accept"),
    ]


def test_two_reviewers_at_once_both_count_and_a_disagreement_is_settled(visit, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    first, second = visit(), visit()
    server.rsf("set", str(server.folder), "review.overlap", "2")
    open_card(first, server, "?order=prompt")
    open_card(second, server, "?order=prompt", who="ben")
    first.keyboard.press("a")
    second.keyboard.press("x")
    settled(first)
    settled(second)
    third = visit()
    open_card(third, server, "?view=disagreement", who="cleo")
    expect(third.locator(".badges")).to_contain_text("ann: accept")
    expect(third.locator(".badges")).to_contain_text("ben: reject")
    third.keyboard.press("y")
    settled(third)
    expect(third.locator(".empty")).to_be_visible()
    for page in (first, second, third):
        page.context.close()
    *opinions, settling = stored_overrides(server)
    assert sorted(opinions) == [("1.1.0", "accept", "ann"), ("1.1.0", "reject", "ben")]
    assert settling == ("1.1.0", "accept", "cleo")


def test_text_of_a_candidate_is_shown_literally_and_no_request_leaves_the_page(page: Page, serve, review):
    server = serve(review(HOSTILE), RSF_REVIEWER="ann")
    foreign = []
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(server.url) else None)
    open_card(page, server, "?order=prompt&view=all")
    page.keyboard.press("m")  # texts as they were drawn
    shown = page.locator(".focus .completion")
    for i, text in enumerate(HOSTILE):
        expect(page.locator(".number")).to_have_text(f"{i + 1} of {EACH}")
        if len(text) > 5000:
            page.get_by_role("button", name="more characters").click()
            expect(page.locator(".more")).to_be_hidden()
        assert shown.evaluate("(e) => e.textContent") == (text.replace("\x1b", "␛") or "(empty)")
        assert shown.evaluate("(e) => e.children.length") == 0
        page.keyboard.press("ArrowRight")
    page.get_by_text("Table", exact=True).click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert page.title() != "owned"
    assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []


def test_an_edited_completion_a_note_and_a_flag_are_kept(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt&view=all")
    page.keyboard.press("e")
    expect(page.locator(".keeping")).to_have_text(
        "Ctrl+Enter, or a click elsewhere, keeps what is typed; Escape does not."
    )
    page.get_by_label("The completion as it is to be trained on").fill("completion letter 0")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".completion ins")).to_have_text("letter")
    expect(page.locator(".completion del")).to_have_text("number")
    expect(page.locator(".keeping")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator(".keeping")).to_have_text("Enter, or a click elsewhere, keeps what is typed; Escape does not.")
    page.get_by_label("Note").fill("a better word")
    page.keyboard.press("Enter")
    page.keyboard.press("f")
    expect(page.locator(".badges")).to_contain_text("flagged")
    settled(page)
    page.goto(f"{server.url}/review?flagged=yes&view=all")
    expect(page.locator(".said")).to_contain_text("Note: a better word")
    expect(page.locator(".where")).to_contain_text("1 in the view")
    page.keyboard.press("a")
    settled(page)
    frozen = server.rsf("freeze", str(server.folder))
    assert frozen["summary"]["edited"] == 1


def test_a_view_is_decided_in_bulk_and_undone_as_one_step(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    folder = str(server.folder)
    before = server.rsf("status", folder)["counts"]
    # What is clicked lies below the card, and moves as the card comes.
    open_card(page, server, "?view=rejected&text=number+1")
    page.get_by_text("Decide everything in this view at once").click()
    expect(page.get_by_text("Yes, all")).to_be_visible()
    accept = page.get_by_role("radio", name="Accept", exact=True)
    accept.click()
    expect(accept).to_be_checked()
    page.get_by_text("Yes, all").click()
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_text("Rejected 0")).to_be_visible()
    after = server.rsf("status", folder)["counts"]
    assert after["accepted"] > before["accepted"] and after["overridden"] > 1
    open_card(page, server)
    page.get_by_text("Decide everything in this view at once").click()
    page.get_by_role("button", name="Undo my last step").click()
    expect(page.get_by_text("Overridden 0")).to_be_visible()
    assert server.rsf("status", folder)["counts"]["accepted"] == before["accepted"]
