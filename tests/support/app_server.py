"""`rsf app` in a separate process, for tests that talk to it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rsf_core.jobs.process import kill as kill_job
from tests.support import warm
from tests.support.ports import free_port
from tests.support.warm import RSF

PATIENCE_SECONDS = 60.0  # how long a test waits for anything on a busy machine before it fails


class AppServer:
    """`rsf app` on a folder, in a process that can be killed and started again on the same port. The folder is a project, or a
    workspace if `lists`."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str, lists: bool = False) -> None:
        self.folder = folder
        self._lists = lists
        self._arguments = arguments
        self._environment = os.environ | {"HF_HUB_OFFLINE": "1"} | environment
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: warm.Process | None = None

    def start(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        what = ["--workspace", self.folder] if self._lists else [self.folder]
        with (self.folder.parent / "server.log").open("ab") as log:
            self.process = warm.start(
                [RSF, "app", *what, "--port", str(self.port), *self._arguments],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=PATIENCE_SECONDS).close()
                return
            except urllib.error.HTTPError:  # it answers: an error, because this process has no link
                return
            except OSError:  # URLError and refused connections
                log_text = (self.folder.parent / "server.log").read_text()
                assert self.process.poll() is None, log_text
                assert time.monotonic() < give_up, log_text
                time.sleep(0.1)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End the app as a person would, and kill it if that fails: no test may hang in its teardown."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        for spool in self.folder.glob(
            "*/spool/*" if self._lists else "spool/*"
        ):  # jobs outlive the app, but not the test
            kill_job(spool)

    def rsf(self, *arguments: str) -> Any:
        """Run a command from outside while the app is open: it is forwarded to the app."""
        done = warm.run([RSF, *arguments, "--json"], env=self._environment, timeout=PATIENCE_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
