"""The app ends within three seconds of a request to end, whatever is open, and loses no act that it has acknowledged."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from rsf_core.domain.errors import RsfError
from rsf_core.project import Project
from rsf_core.project.client import connect
from rsf_core.project.owner import holder
from tests.support.app_server import PATIENCE_SECONDS, AppServer
from tests.support.seeding import add_candidates, add_scores, candidates, decide
from tests.support.tabs import Tab, deaf, half_a_request, half_open, left_open
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(3600)
PAGES = ("", "prompts", "generate", "acceptance", "review", "train", "models")
MOST_SECONDS = 3.0
PROMPTS, EACH = 4, 5


@pytest.fixture
def server(tmp_path: Path, small_task: Path) -> Iterator[AppServer]:
    folder = tmp_path / "projects" / "reviewed"
    with Project.create(folder, str(small_task), seed=1) as project:
        rows = candidates(PROMPTS, EACH)
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": np.linspace(-1, 1, PROMPTS * EACH)})
        decide(project.store, rows, 0.0, 0.5)
    server = AppServer(folder, {})
    yield server
    server.stop()


def say_on(server: AppServer, acknowledged: list[tuple[str, str]]) -> threading.Thread:
    """Send one override after the other until the app has ended; `acknowledged` collects those that were answered."""

    def speak() -> None:
        with connect(server.folder, "the test") as owner:
            for turn in range(1_000_000):
                name = f"1.{1 + turn % PROMPTS}.{turn % EACH}"
                try:
                    owner.call("override", {"candidate_id": name, "action": "accept", "reviewer": f"r{turn}"})
                except RsfError:
                    return
                acknowledged.append((name, f"r{turn}"))

    thread = threading.Thread(target=speak)
    thread.start()
    return thread


def test_stops_in_a_row_with_tabs_in_every_phase_end_in_time_and_lose_nothing(server: AppServer, whole: bool) -> None:
    acknowledged: list[tuple[str, str]] = []
    took = []
    for turn in range(30 if whole else 3):
        server.start()
        assert server.process is not None
        idle = [Tab(server.port, page) for page in PAGES]
        for tab in idle:
            tab.load()
        for tab in idle:
            tab.read()
        busy, loading = Tab(server.port, PAGES[-1]), Tab(server.port, PAGES[turn % len(PAGES)])
        busy.load()
        fragment = busy.read()
        assert fragment, "the page has a fragment that runs every second"
        quiet = [half_open(server.port), half_open(server.port, "GET / HT"), half_a_request(server.port)]
        started = len(acknowledged)
        with left_open(*idle, busy, loading, deaf(server.port), *quiet):
            busy.go_on(fragment)
            speaker = say_on(server, acknowledged)
            until(lambda: len(acknowledged) > started)  # noqa: B023  (called at once)
            loading.load()
            time.sleep(0.01 * (turn % 10))  # a different moment of the traffic each time
            asked = time.monotonic()
            server.process.send_signal(signal.SIGTERM if turn % 2 else signal.SIGINT)
            assert server.process.wait(PATIENCE_SECONDS) == 0
            took.append(time.monotonic() - asked)
            speaker.join(PATIENCE_SECONDS)
            assert not speaker.is_alive()
        assert holder(server.folder) is None
    print(f"{len(took)} stops in {max(took):.2f} s at most; {len(acknowledged)} acts; load {os.getloadavg()}")
    if whole:  # a machine that does other things as well is as slow as they make it
        assert max(took) <= MOST_SECONDS, took
    with duckdb.connect(str(server.folder / "rsf.duckdb"), read_only=True) as database:
        stored = database.execute("SELECT candidate_id, reviewer FROM overrides").fetchall()
    assert set(acknowledged) <= set(stored)
    log = (server.folder.parent / "server.log").read_text()
    assert "jobs continue" in log and "Traceback" not in log


def test_a_second_ctrl_c_ends_it_at_once(server: AppServer) -> None:
    server.start()
    assert server.process is not None
    with left_open(deaf(server.port)):
        asked = time.monotonic()
        while server.process.poll() is None:  # the system merges two signals if the first is still pending
            assert time.monotonic() - asked < PATIENCE_SECONDS
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        assert server.process.returncode == 128 + signal.SIGINT
    assert holder(server.folder) is None
    assert "stopped at once" in (server.folder.parent / "server.log").read_text()
