"""Access by a link in a real browser: reviews carry the link's name, owners' controls are greyed out, and the
content-security policy refuses nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rsf_core.domain.access import person
from rsf_core.project import Project
from tests.support.app_server import AppServer
from tests.support.review_card import open_card, settled, stored_overrides

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def shared(review: Callable[..., Path]) -> Callable[[], AppServer]:
    """The app open by links, with one for the reviewer ben and one for the owner, the boss."""

    def start() -> AppServer:
        folder = review()
        with Project.open(folder) as project:
            links = {
                n: project.invites.invite(n, person("ann"), owner=n == "The boss").path for n in ("ben", "The boss")
            }
        server = AppServer(folder, {"RSF_REVIEWER": "ann"}, "--access", "links")
        server.start()
        server.paths = links  # type: ignore[attr-defined]
        return server

    return start


@pytest.fixture
def open_by_links(shared: Callable[[], AppServer]):
    server = shared()
    yield server
    server.stop()


def violations(page: Page) -> list[str]:
    """Collect the browser's messages about the content-security policy from now on."""
    messages: list[str] = []
    page.on(
        "console", lambda message: messages.append(message.text) if "Content Security Policy" in message.text else None
    )
    return messages


def test_a_reviewer_comes_in_by_a_link_reviews_under_its_name_and_changes_nothing_else(page: Page, open_by_links):
    server, refused = open_by_links, violations(page)
    page.goto(server.url)
    expect(page.get_by_role("heading")).to_have_text("This project is open by a link")
    expect(page.locator("body")).not_to_contain_text("small_reviews")

    page.goto(server.url + server.paths["ben"])
    expect(page.get_by_test_id("stSidebar")).to_contain_text("ben (reviewer, by a link)")
    assert "key=" not in page.url
    open_card(page, server, "?order=prompt&reviewer=The+boss")
    expect(page.get_by_label("Reviewer", exact=True)).to_have_count(0)
    page.keyboard.press("a")
    settled(page)
    expect(page.locator(".where")).to_contain_text("1 decided since")

    page.goto(f"{server.url}/train")
    expect(page.get_by_text("Greyed-out controls are for the owner")).to_be_visible()
    expect(page.get_by_role("button", name="Freeze and fine-tune")).to_be_disabled()
    page.get_by_text("Recipe", exact=True).click()
    expect(page.get_by_role("button", name="Save recipe")).to_be_disabled()
    expect(page.get_by_role("button", name="Invite a reviewer")).to_have_count(0)
    assert refused == []
    assert stored_overrides(server) == [("1.1.0", "accept", "ben")]


def test_the_owner_makes_a_link_and_ends_it_and_its_tab_is_out(page: Page, visit, open_by_links):
    server = open_by_links
    page.goto(server.url + server.paths["The boss"])
    page.get_by_role("button", name="Invite a reviewer").click()
    page.get_by_label("Name", exact=True).fill("rule")
    page.get_by_role("button", name="Create a link").click()
    expect(page.get_by_role("dialog")).to_contain_text("reserved for the system")
    page.get_by_label("Name", exact=True).fill("cleo")
    page.get_by_role("button", name="Create a link").click()
    made = page.get_by_role("dialog").locator("code")
    expect(made).to_contain_text(f"{server.url}/enter?key=")

    theirs = visit()
    theirs.goto(made.inner_text().strip())
    expect(theirs.get_by_test_id("stSidebar")).to_contain_text("cleo (reviewer, by a link)")
    row = page.get_by_test_id("stHorizontalBlock").filter(has_text="cleo · reviewer")
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("cleo · reviewer")).to_have_count(0)
    theirs.reload()
    expect(theirs.locator("body")).to_contain_text("was revoked by the owner")
    theirs.context.close()
