"""A server that is asked to end does so in time, whatever its application is doing."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from rsf_core.domain.errors import RsfError
from rsf_core.web import session
from rsf_core.web.ending import within
from tests.support.ports import free_port

PATIENCE_SECONDS = 60.0
APP = """
import asyncio, re, sys, threading, time
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from rsf_core.web.ending import run_to_end

hangs, port = sys.argv[1], int(sys.argv[2])

@asynccontextmanager
async def lifespan(app):
    print("open", flush=True)
    yield
    if hangs == "closing":
        time.sleep(1000)
    if hangs == "closing politely":
        await asyncio.sleep(1000)
    if hangs == "interpreter":
        re.match("(a+)+$", "a" * 60 + "b")
    print("closed", flush=True)

def request(request):  # in a thread
    if hangs == "request":
        print("asked", flush=True)
        time.sleep(1000)
    return PlainTextResponse("done")

if hangs == "thread":
    threading.Thread(target=time.sleep, args=(1000,)).start()
run_to_end(Starlette(routes=[Route("/", request)], lifespan=lifespan), "127.0.0.1", port)
"""


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """A server that hangs in the way of the parameter, and a connection with a request to it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", APP, request.param, str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < give_up
            time.sleep(0.02)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    if request.param == "request":
        assert process.stdout.readline() == "asked\n"  # it hangs now
    else:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    yield process, connection
    connection.close()
    process.kill()
    process.wait(PATIENCE_SECONDS)
    process.stdout.close()


@pytest.mark.parametrize(
    ("served", "sent"),
    [
        ("", signal.SIGINT),
        ("request", signal.SIGTERM),
        ("closing", signal.SIGINT),
        ("closing politely", signal.SIGTERM),
        ("thread", signal.SIGTERM),
    ],
    indirect=["served"],
)
def test_ending_on_request_is_success(
    served: tuple[subprocess.Popen[str], socket.socket], sent: signal.Signals
) -> None:
    process, _ = served
    process.send_signal(sent)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "RSF Studio has stopped" in output and "jobs continue" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("served", ["closing"], indirect=True)
def test_asked_twice_it_ends_at_once_and_says_so(served: tuple[subprocess.Popen[str], socket.socket]) -> None:
    process, _ = served
    give_up = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None:  # the system merges two signals if the first is still pending
        assert time.monotonic() < give_up
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + signal.SIGINT
    assert "stopped at once" in output


@pytest.mark.parametrize("served", ["interpreter"], indirect=True)
def test_what_never_gives_up_the_interpreter_is_ended_too_and_named(
    served: tuple[subprocess.Popen[str], socket.socket],
) -> None:
    """A regular expression that takes very long to match blocks every other thread, including the one with the time limit."""
    process, _ = served
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "Timeout" in output and "in lifespan" in output


def test_what_takes_longer_than_it_may_is_left_alone() -> None:
    stuck = threading.Event()
    assert within(5.0, lambda: None, "quick")
    assert not within(0.05, lambda: stuck.wait(PATIENCE_SECONDS), "stuck")
    stuck.set()


def test_a_page_that_still_runs_at_the_end_does_not_open_the_project_again(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    class Open:
        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(session, "_project", Open())
    monkeypatch.setattr(session, "_ending", False)
    session.end()
    assert closed == [True]
    with pytest.raises(RsfError, match="the app is stopping"):
        session.project()
    session.begin()
    assert not session._ending
