"""A real server (`rsf app`) and a real browser (Debian's Chromium, driven by Playwright)."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rsf_core.project import Project
from tests.support.app_server import AppServer
from tests.support.browser import ARGUMENTS, SHORT_ANIMATIONS, patient
from tests.support.review_card import EACH, PROMPTS
from tests.support.seeding import add_candidates, add_scores, candidates, decide

expect.set_options(timeout=40_000)  # milliseconds: a busy machine draws a page slowly
patient()
CLOSING_SECONDS = 60.0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., AppServer]]:
    """Start the app on a new folder: `serve(RSF_MODEL=…)`; with `lists`, on the list of projects in a folder."""
    with contextlib.ExitStack() as stack:  # stops every server, even if stopping one fails

        def start(folder: Path | None = None, lists: bool = False, **environment: str) -> AppServer:
            server = AppServer(folder or tmp_path / "projects" / "reviews", environment, lists=lists)
            stack.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "Chromium is missing: `make test` installs it, or name it with CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        rescue = threading.Timer(CLOSING_SECONDS, _kill_browsers)  # Playwright's own closing has no time limit
        rescue.daemon = True
        rescue.start()
        try:
            browser.close()
        finally:
            rescue.cancel()


def _kill_browsers() -> None:
    """Kill the browsers that this process has started, and no others."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in child.name():
                child.kill()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[], Page]]:
    """A page of a new visitor at each call, with storage and cookies of its own; `page.context.new_page()` is another tab of
    the same visitor. Nothing is animated: without a graphics card, animation costs more than the rest of a page, and what
    moves slips away under a click. Pages end with the test: a page left open would ask its server every second for as long as
    the browser runs."""
    with contextlib.ExitStack() as stack:

        def arrive() -> Page:
            context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            stack.callback(context.close)
            context.add_init_script(SHORT_ANIMATIONS)
            context.set_default_timeout(40_000)
            return context.new_page()

        yield arrive


@pytest.fixture
def page(visit: Callable[[], Page]) -> Page:
    return visit()


@pytest.fixture
def review(tmp_path: Path, small_task: Path) -> Callable[..., Path]:
    """A project folder with scored candidates; `completions` are the texts of the first ones."""

    def make(completions: tuple[str, ...] = (), name: str = "reviewed") -> Path:
        folder = tmp_path / "projects" / name
        n = PROMPTS * EACH
        texts = [*completions, *(f"completion number {i}" for i in range(len(completions), n))]
        with Project.create(folder, str(small_task), seed=1) as project:
            project.set("review.audit_share", "0")  # so that the order is fixed
            rows = candidates(PROMPTS, EACH, completions=texts)
            add_candidates(project.store, rows)
            add_scores(project.store, rows, {"sentiment": np.linspace(-1, 1, n)})
            decide(project.store, rows, np.random.default_rng(2).normal(0, 2, n), 0.5)
        return folder

    return make
