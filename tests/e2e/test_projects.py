"""From the list of projects into one and back, by clicks and typing alone."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rsf_core.project import Project
from tests.support.app_server import PATIENCE_SECONDS, AppServer
from tests.support.review_card import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_project_is_opened_reviewed_copied_and_its_copy_deleted_from_the_list(
    serve: Callable[..., AppServer], page: Page, review: Callable[..., Path]
) -> None:
    folder = review(name="reviewed")
    server = serve(folder.parent, lists=True)
    page.goto(server.url)
    page.get_by_role("link", name="reviewed").click()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/overview?project=reviewed")

    page.get_by_test_id("stSidebarNav").get_by_text("Review", exact=True).click()
    expect(page.locator(".focus .completion")).not_to_be_empty()
    page.keyboard.press("x")
    settled(page)
    page.reload()  # the URL still names the project
    expect(page.locator(".focus .completion")).not_to_be_empty()
    assert server.rsf("status", str(folder))["counts"]["overridden"] == 1

    page.get_by_test_id("stSidebarNav").get_by_text("All projects", exact=True).click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Copy").click()
    name = page.get_by_label("Name of the copy")
    name.fill("another")
    name.press("Tab")
    page.get_by_role("button", name="Copy it").click()
    expect(page.get_by_role("link", name="another")).to_be_visible()

    copied = page.locator(".st-key-project-another")
    copied.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/overview?project=another")
    assert server.rsf("status", str(folder.parent / "another"))["counts"]["overridden"] == 1
    page.get_by_test_id("stSidebarNav").get_by_text("All projects", exact=True).click()
    copied.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    name = page.get_by_label("To delete it, type its name: another")
    name.fill("another")
    name.press("Tab")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("link", name="another")).to_have_count(0)
    assert not (folder.parent / "another").exists() and (folder / "project.toml").is_file()

    page.goto(f"{server.url}/overview?project=another")
    expect(page.get_by_text("There is no project another")).to_be_visible()

    assert server.process is not None
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE_SECONDS) == 0
    with Project.open(folder) as project:
        assert project.counts().overridden == 1
