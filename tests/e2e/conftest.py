"""A real server (`rsf app`) and a real browser (Debian's Chromium, driven by Playwright)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rsf_core.jobs.process import kill as kill_job

expect.set_options(timeout=40_000)  # milliseconds: a busy machine draws a page slowly
RSF = Path(sys.executable).with_name("rsf")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class AppServer:
    """`rsf app` on a folder, in a process that can be killed and started again on the same port."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = os.environ | {"HF_HUB_OFFLINE": "1"} | environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [RSF, "app", self.folder, "--port", str(self.port)], env=self._environment, stdout=log, stderr=log
            )
        give_up = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health")
                return
            except (urllib.error.URLError, ConnectionError):
                log_text = (self.folder.parent / "server.log").read_text()
                assert self.process.poll() is None, log_text
                assert time.monotonic() < give_up, log_text
                time.sleep(0.1)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        for spool in (self.folder / "spool").glob("*"):  # jobs outlive the app, but not the test
            kill_job(spool)

    def rsf(self, *arguments: str) -> Any:
        """A command said from outside while the app is open: it is forwarded to the app."""
        done = subprocess.run(
            [RSF, *arguments, "--json"], env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


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
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(40_000)
    yield page
    page.close()
