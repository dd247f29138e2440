"""The end of a queue in a real browser: correct counts of the work, and the most useful next steps, each one click away."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from rsf_core.domain import Action
from rsf_core.domain.access import person
from rsf_core.project import Project
from tests.support.axe import violations
from tests.support.review_card import EACH, PROMPTS, open_card, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def rows(page: Page) -> dict[str, tuple[str, str]]:
    """The rows of the summary: (figure, meaning) by label."""
    facts: list[tuple[str, str, str]] = page.locator(".ending dl").evaluate(
        """(dl) => [...dl.querySelectorAll('dt')].map((dt) => [dt, dt.nextElementSibling]).map(
          ([dt, dd]) => [dt.textContent, dd.querySelector('strong').textContent, dd.querySelector('span').textContent])"""
    )
    return {what: (count, meaning) for what, count, meaning in facts}


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_the_end_of_a_queue_says_what_was_done_and_leads_on(page: Page, serve, review):
    folder = review()
    with Project.open(folder) as project:
        ruled = [one.accepted for one in project.candidates(1, 1)]
    server = serve(folder, RSF_REVIEWER="ann")
    open_card(page, server, "?view=pending&order=prompt&prompt=1")
    number, ending = page.locator(".number"), page.locator(".ending")
    expect(number).to_have_text(f"1 of {EACH}")
    keys = [("a", "x", "x")[i % 3] for i in range(EACH)]
    for i, key in enumerate(keys):
        page.keyboard.press("Space" if i == 4 else key)
    expect(ending).to_be_visible()
    settled(page)
    done = rows(page)
    decided = [i for i in range(EACH) if i != 4]
    accepted = sum(keys[i] == "a" for i in decided)
    alike = sum((keys[i] == "a") == ruled[i] for i in decided)
    turned = sum(keys[i] == "x" and ruled[i] for i in decided)
    brought = sum(keys[i] == "a" and not ruled[i] for i in decided)
    assert done["Decided in this session"] == ("19", f"{accepted} accepted, {19 - accepted} rejected")
    assert done["In the whole round"][0] == "19" and "Taken back" not in done
    assert done["Like the rule"] == (
        f"{alike / 19:.0%} of 19",
        f"you rejected {turned} that it accepts, and accepted {brought} that it rejects",
    )
    assert violations(page) == []

    # back into the queue by a key, and to its end again: the summary is counted again
    page.keyboard.press("u")
    expect(ending).to_be_hidden()
    expect(number).to_have_text(f"{EACH} of {EACH}")
    page.keyboard.press(keys[-1])
    expect(ending).to_be_visible()
    expect(ending.get_by_text("with Undo")).to_be_visible()
    assert rows(page)["Taken back"][0] == "1" and rows(page)["Decided in this session"][0] == "19"

    # the skipped candidate, with the same filter
    ending.get_by_role("button", name="Read the 1 open candidate again").click()
    expect(number).to_have_text(f"5 of {EACH}")
    assert (query(page)["prompt"], query(page)["view"], query(page)["order"]) == (["1"], ["pending"], ["prompt"])
    page.keyboard.press("a")
    expect(ending).to_be_visible()
    expect(ending.get_by_role("button", name=re.compile("^Read the"))).to_have_count(0)
    expect(ending.get_by_role("button", name="Decide some at random")).to_be_visible()

    # the pending candidates elsewhere, without the filter
    left = (PROMPTS - 1) * EACH
    ending.get_by_role("button", name=f"Go on with {left} other candidates").click()
    page.wait_for_url(lambda url: "prompt=" not in url)
    expect(number).to_have_text(re.compile(f"of {EACH}$"))
    assert query(page).get("view", ["pending"]) == ["pending"]  # default values leave the address
    settled(page)
    server.stop()
    with Project.open(folder) as project:
        assert project.counts(1).overridden == EACH


def test_where_reviewers_disagree_it_says_how_much_and_leads_to_what_is_to_be_settled(page: Page, serve, review):
    folder = review()
    with Project.open(folder) as project:
        for k in range(6):
            project.override(f"1.1.{k}", Action.ACCEPT, person("ann"))
    server = serve(folder, RSF_REVIEWER="ben")
    open_card(page, server, "?view=all&order=prompt&prompt=1")
    number, ending = page.locator(".number"), page.locator(".ending")
    expect(number).to_have_text(f"1 of {EACH}")
    for key in "aaaa" + "x" * (EACH - 4):
        page.keyboard.press(key)
    expect(ending).to_be_visible()
    assert rows(page)["Like other reviewers"] == (
        "67% of 6",
        "6 opinions of 1 other reviewer on candidates that you decided too",
    )
    ending.get_by_role("button", name="Settle 2 candidates").click()
    page.wait_for_url(lambda url: "view=disagreement" in url)
    expect(number).to_have_text(re.compile(f"^[56] of {EACH}$"))
    first = number.inner_text()
    page.keyboard.press("y")
    expect(number).not_to_have_text(first)
    page.keyboard.press("y")
    expect(ending).to_be_visible()
    expect(ending.get_by_role("button", name=re.compile("^Settle"))).to_have_count(0)
    settled(page)
    server.stop()
    with Project.open(folder) as project:
        effective = {one.candidate_id: one.accepted for one in project.candidates(1, 1)}
        assert (effective["1.1.4"], effective["1.1.5"]) == (True, True)
