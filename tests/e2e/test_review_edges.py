"""The review card in unusual conditions: refused, slow, offline, two tabs, plain HTTP, blind."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from rsf_core.domain.access import person
from rsf_core.project import Project
from tests.support.browser import drop, intercept
from tests.support.review_card import EACH, PRESS, PROMPTS, open_card, settled, stored_overrides
from tests.support.seeding import add_candidates, candidates, decide

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAY, QUEUE = "**/api/review/say", "**/api/review/queue"


def test_undo_after_a_redo_takes_back_what_was_redone(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    for key in ("a", "x", "u", "Shift+U", "u"):
        page.keyboard.press(key)
        settled(page)
    expect(page.locator(".number")).to_have_text(f"2 of {EACH}")
    expect(page.locator(".badges")).not_to_contain_text("ann")
    page.keyboard.press("1")
    expect(page.locator(".badges")).to_contain_text("ann: accept")
    page.keyboard.press("Shift+U")
    settled(page)
    expect(page.locator(".number")).to_have_text(f"2 of {EACH}")
    expect(page.locator(".badges")).to_contain_text("ann: reject")


def test_after_the_round_is_switched_the_card_reads_and_decides_the_other_round(page: Page, serve, review):
    folder = review()
    with Project.open(folder) as project:
        store = project.store
        store.add_round(2, store.rounds()[-1].model_id, store.rounds()[-1].settings)
        texts = [f"second {i}" for i in range(PROMPTS * EACH)]
        rows = candidates(PROMPTS, EACH, round_number=2, completions=texts)
        add_candidates(store, rows, job_id="r2-generate-1")
        decide(store, rows, np.linspace(-2, 2, PROMPTS * EACH), 0.5, round_number=2)
    server = serve(folder, RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt&round=1&view=all")
    expect(page.locator(".focus .completion")).to_have_text("completion number 0")
    page.keyboard.press("ArrowRight")
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Round").click()
    page.get_by_role("option", name="2", exact=True).click()
    expect(page.locator(".focus .completion")).to_have_text("second 0")
    page.evaluate(PRESS, ["a"] * 70)  # more candidates than the first answer holds
    expect(page.locator(".focus .completion")).to_have_text("second 70")
    settled(page)
    assert [name for name, _, _ in stored_overrides(server)] == [f"2.{1 + i // EACH}.{i % EACH}" for i in range(70)]


def test_with_caps_lock_on_a_is_one_candidate_and_with_shift_the_whole_prompt(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.evaluate(PRESS, ["A", "X"])  # as the browser reports Caps Lock, without Shift
    expect(page.locator(".number")).to_have_text(f"3 of {EACH}")
    page.keyboard.press("Shift+A")
    expect(page.locator(".prompt-id")).to_have_text("2")
    settled(page)
    assert [action for _, action, _ in stored_overrides(server)] == ["accept", "reject"] + ["accept"] * EACH


@pytest.mark.parametrize("away", [True, False])
def test_once_m_has_changed_the_card_begins_with_what_is_nearest_now(page: Page, serve, review, away: bool):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server)
    for _ in range(3):
        page.keyboard.press("Space")
    page.wait_for_url("**at=1.*")
    link = page.url
    if away:
        page.goto("about:blank")
    server.stop()
    with Project.open(server.folder) as project:
        before = project.review.queue(1, person("ann")).candidate_ids[0]
        in_force = project.store.thresholds(1)[0]
        project.store.add_threshold(1, in_force.target_id, 2.5, in_force.scope, "ben", "stricter")
        nearest = project.review.queue(1, person("ann")).candidate_ids[0]
    assert nearest != before
    server.start()
    if away:
        page.goto(link)
    _, prompt, k = nearest.split(".")
    expect(page.locator(".prompt-id")).to_have_text(prompt)
    expect(page.locator(".number")).to_have_text(f"{int(k) + 1} of {EACH}")


def test_a_view_of_what_i_decided_is_walked_one_by_one(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.evaluate(PRESS, ["a"] * 4)
    settled(page)
    open_card(page, server, "?order=prompt&view=overridden")
    for seen in range(1, 5):
        expect(page.locator(".number")).to_have_text(f"{seen} of {EACH}")
        page.keyboard.press("Space")
    expect(page.locator(".empty")).to_contain_text("last one")


def test_a_second_of_keys_is_preloaded_and_the_end_of_it_waits_instead_of_ending(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.wait_for_load_state("networkidle")
    intercept(page, QUEUE, drop)
    page.evaluate(PRESS, ["a"] * 110)
    expect(page.locator(".where")).to_contain_text("100 decided since")  # later keys had nothing to decide
    expect(page.locator(".empty")).to_contain_text("does not answer")
    page.unroute(QUEUE)
    expect(page.locator(".number")).to_have_text(f"1 of {EACH}")
    expect(page.locator(".prompt-id")).to_have_text("6")
    settled(page)
    assert len(stored_overrides(server)) == 100


def test_a_queue_that_cannot_be_read_is_not_called_empty_and_is_asked_for_again(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    page.route(QUEUE, drop)
    page.goto(f"{server.url}/review?order=prompt")
    expect(page.locator(".empty")).to_contain_text("does not answer")
    page.unroute(QUEUE)
    expect(page.locator(".number")).to_have_text(f"1 of {EACH}")


def test_one_act_that_is_refused_does_not_hold_up_the_others(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.evaluate("() => document.querySelector('section.main, body').focus()")
    intercept(page, SAY, drop)
    page.keyboard.press("a")
    page.evaluate(NOTE, "x" * 500_000)
    page.keyboard.press("x")
    page.unroute(SAY)
    settled(page)
    expect(page.locator(".trouble")).to_contain_text("value")
    assert [action for _, action, _ in stored_overrides(server)] == ["accept", "reject"]


NOTE = """(text) => {
  // what a hand cannot type: a note beyond what the field and the server allow
  const root = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).find((r) => r?.querySelector('.card'));
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'n', bubbles: true, composed: true}));
  const field = root.querySelector('.line-input');
  field.value = text;
  field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, composed: true}));
}"""


def test_a_long_note_in_any_script_is_sent(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.evaluate(NOTE, "東" * 40_000)  # 40,000 characters, 120,000 bytes: more than `keepalive` carries
    settled(page)
    page.reload()
    expect(page.locator(".said")).to_contain_text("東東東")


def test_the_card_works_over_plain_http_where_the_browser_has_no_random_uuid(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    page.add_init_script("delete Crypto.prototype.randomUUID")
    open_card(page, server, "?order=prompt")
    page.keyboard.press("a")
    expect(page.locator(".number")).to_have_text(f"2 of {EACH}")
    settled(page)
    assert stored_overrides(server) == [("1.1.0", "accept", "ann")]


def test_two_tabs_of_one_reviewer_both_keep_what_they_could_not_send(visit, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    first = visit()
    second = first.context.new_page()
    for tab, query in ((first, "?order=prompt"), (second, "?order=prompt&prompt=2")):
        open_card(tab, server, query)
    for tab in (first, second):
        intercept(tab, SAY, drop)
        tab.evaluate(PRESS, ["a"] * 3)
        expect(tab.locator(".unsent")).to_contain_text("unsent")
    first.close()
    second.close()
    third = first.context.new_page()
    open_card(third, server, "?order=prompt")
    settled(third)
    third.context.close()
    stored = stored_overrides(server)
    assert sorted(name for name, _, _ in stored) == ["1.1.0", "1.1.1", "1.1.2", "1.2.0", "1.2.1", "1.2.2"]


def test_going_to_another_page_in_the_middle_of_a_burst_still_sends_it(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")

    held: list[Route] = []
    hold = True

    def handle(route: Route) -> None:
        if hold:
            held.append(route)
        else:
            route.continue_()

    intercept(page, SAY, handle)
    page.evaluate(PRESS, ["a"] * 30)
    page.get_by_role("link", name="Prompts").click()
    expect(page.get_by_role("heading", name="Prompts")).to_be_visible()
    hold = False
    for route in held:
        route.continue_()
    page.wait_for_function("() => Object.keys(localStorage).every((key) => !key.startsWith('rsf-act'))")
    page.wait_for_timeout(1_000)
    assert [name for name, _, _ in stored_overrides(server)] == [f"1.{1 + i // EACH}.{i % EACH}" for i in range(30)]


def test_what_waits_to_be_sent_and_why_moves_nothing(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    before = page.locator(".prompt").bounding_box()
    intercept(page, SAY, drop)
    page.keyboard.press("a")
    expect(page.locator(".unsent")).to_have_text("1 unsent (the server does not answer; kept here)")
    assert before is not None and page.locator(".prompt").bounding_box() == before


def test_editing_a_long_text_while_the_server_is_gone_asks_once(page: Page, serve, review):
    server = serve(review(("long " * 20_000,)), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    intercept(page, "**/api/review/text", refuse)
    page.keyboard.press("e")
    expect(page.locator(".trouble")).to_contain_text("does not answer")
    page.wait_for_timeout(300)
    assert len(asked) == 1
    expect(page.locator(".editor")).to_be_hidden()


def test_blind_review_hides_the_rule_everywhere_but_shows_both_opinions_to_who_settles(visit, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    for name, value in (("overlap", "2"), ("blind", "true")):
        server.rsf("set", str(server.folder), f"review.{name}", value)
    pages = [visit() for _ in range(3)]
    for page, key, who in zip(pages, "ax", ("ann", "ben"), strict=False):
        open_card(page, server, "?order=prompt", who=None if who == "ann" else who)
        expect(page.locator(".badges")).to_have_text("")
        assert "p_accept" not in page.locator(".read").inner_text()
        page.keyboard.press(key)
        settled(page)
    cleo = pages[-1]
    open_card(cleo, server, "?view=disagreement", who="cleo")
    expect(cleo.locator(".badges")).to_contain_text("ann: accept")
    expect(cleo.locator(".badges")).to_contain_text("ben: reject")
    cleo.goto(
        cleo.url.replace("view=disagreement", "show=Table&view=all&order=prompt")
    )  # the reviewer stays in the URL
    expect(cleo.get_by_test_id("stDataFrame")).to_be_visible()
    grid = cleo.get_by_test_id("data-grid-canvas")
    expect(grid).to_contain_text("completion number 0")
    expect(grid.get_by_role("columnheader", include_hidden=True)).to_have_text(["candidate", "completion", "tokens"])
    for page in pages:
        page.context.close()


def test_the_list_says_of_every_candidate_what_decides_it_and_who_did(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt&view=all")
    page.keyboard.press("a")
    row = page.locator(".other").first
    for words in ("accepted", "ann", "p_accept", "ℓ", "tokens", "sentiment"):
        expect(row).to_contain_text(words)


def test_the_link_to_a_candidate_shows_it(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    for _ in range(3):
        page.keyboard.press("Space")
    page.wait_for_url("**at=1.1.3*")
    link = page.url
    page.evaluate("() => localStorage.clear()")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".number")).to_have_text(f"4 of {EACH}")


def test_a_key_is_changed_kept_and_put_back_and_escape_changes_none(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    change = page.get_by_role("button", name="Change the key of “Accept”")
    page.keyboard.press("h")
    change.click()
    expect(change).to_have_text("Press a key, or Esc")
    page.keyboard.press("Escape")
    expect(change).to_have_text("Change")
    page.keyboard.press("a")  # still the key of Accept, and not taken as a new choice
    expect(page.locator(".number")).to_have_text(f"2 of {EACH}")
    change.click()
    page.keyboard.press("x")
    expect(page.locator(".trouble")).to_contain_text("X is “Reject” already.")
    change.click()
    page.keyboard.press("j")
    accept = page.locator(".actions button").first
    expect(accept).to_have_text("AcceptJ")
    page.reload()
    expect(page.locator(".focus .completion")).not_to_be_empty()
    page.keyboard.press("a")
    page.keyboard.press("j")
    expect(page.locator(".number")).to_have_text(f"3 of {EACH}")
    page.keyboard.press("h")
    page.get_by_role("button", name="Reset to the default keys").click()
    expect(accept).to_have_text("AcceptA")
    page.keyboard.press("Escape")
    expect(change).to_have_count(0)  # the list of keys is closed
    settled(page)
    assert [action for _, action, _ in stored_overrides(server)] == ["accept", "accept"]


def test_a_click_leaves_the_keys_to_the_card_and_a_field_what_was_typed(page: Page, serve, review):
    server = serve(review(), RSF_REVIEWER="ann")
    open_card(page, server, "?order=prompt")
    page.locator(".actions .yes").click()
    expect(page.locator(".number")).to_have_text(f"2 of {EACH}")
    page.keyboard.press("Space")  # skips, and does not press the button again
    expect(page.locator(".number")).to_have_text(f"3 of {EACH}")
    page.keyboard.press("n")
    page.keyboard.type("why")
    page.locator(".actions .yes").click()
    expect(page.locator(".number")).to_have_text(f"4 of {EACH}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".said")).to_have_text("Note: why")
    page.locator(".others .other").nth(6).click()
    page.keyboard.press("Space")
    expect(page.locator(".number")).to_have_text(f"8 of {EACH}")
    settled(page)
    assert stored_overrides(server) == [("1.1.0", "accept", "ann"), ("1.1.2", "accept", "ann")]
