"""The app ends with a real tab open, and the tab reports it."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import PATIENCE_SECONDS, AppServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_ctrl_c_ends_the_app_though_a_tab_is_open_and_the_tab_reports_it(
    serve: Callable[..., AppServer], page: Page
) -> None:
    server = serve()
    page.goto(server.url)
    expect(page.locator(".stApp")).to_have_attribute("data-test-connection-state", "CONNECTED")
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()
    assert server.process is not None
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE_SECONDS) == 0
    expect(page.locator(".stApp")).not_to_have_attribute("data-test-connection-state", "CONNECTED")
