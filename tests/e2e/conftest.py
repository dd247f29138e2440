"""A real server (`rsf app`) and a real browser (Debian's Chromium, driven by Playwright)."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.app_server import AppServer

expect.set_options(timeout=40_000)  # milliseconds: a busy machine draws a page slowly
CLOSING_SECONDS = 60.0
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., AppServer]]:
    """Start the app on a new folder: `serve(RSF_MODEL=…)`."""
    servers: list[AppServer] = []

    def start(folder: Path | None = None, **environment: str) -> AppServer:
        server = AppServer(folder or tmp_path / "projects" / "reviews", environment)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is missing: `make test` installs it, or name it with CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        rescue = threading.Timer(CLOSING_SECONDS, _kill_browsers)  # playwright's own closing has no limit
        rescue.start()
        browser.close()
        rescue.cancel()


def _kill_browsers() -> None:
    """Those that this process has started, and no others."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in child.name():
                child.kill()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(40_000)
    yield page
    page.close()
