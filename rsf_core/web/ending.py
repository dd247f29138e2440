"""How the app ends: within three seconds of Ctrl-C or SIGTERM, whatever is open, and at once on a second signal.

Nothing that was acknowledged can be lost: a commit is on the disk before its response is sent, the lock of the project ends
with the process, and jobs are processes of their own.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import streamlit.runtime
import uvicorn
from starlette.types import ASGIApp

# Seconds from the first signal. A busy machine uses up part of each.
GRACE_SECONDS = 0.4  # for requests to be answered
TEARDOWN_SECONDS = 0.8  # for the project to be closed
LIMIT_SECONDS = 1.5  # for everything; then the process ends, whatever still runs
LAST_SECONDS = 2.2  # for the case that something never gives up the interpreter, which even that end needs


class Server(uvicorn.Server):
    """Uvicorn's own server waits for open connections, and then for every thread, without a limit."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Unlike uvicorn's, it does not raise the signal again at the end: ending when asked is success."""
        if self.should_exit:
            _end(128 + sig, "RSF Studio was stopped at once; saved work is kept, and jobs continue")
        self.should_exit = True
        left_over = "RSF Studio has stopped in the middle of something; saved work is kept, and jobs continue"
        watch = threading.Timer(LIMIT_SECONDS, _end, (0, left_over))
        watch.daemon = True
        watch.start()
        faulthandler.dump_traceback_later(LAST_SECONDS, exit=True)  # a thread in C, which prints where the process hung

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # whatever is broken off from here on is broken off on purpose, so no traceback is logged
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        if streamlit.runtime.exists():
            streamlit.runtime.get_instance().stop()  # pages that run stop at their next element
        await super().shutdown(sockets)


def run_to_end(app: ASGIApp, host: str, port: int) -> NoReturn:
    """Serve `app` until interrupted, and end the process. Raises SystemExit if the server cannot start."""
    config = uvicorn.Config(app, host, port, log_level="warning")
    config.timeout_graceful_shutdown = GRACE_SECONDS  # type: ignore[assignment]  # asyncio accepts a fraction of a second
    Server(config).run()
    # Do not return: pages run in threads that may be inside the database, and the interpreter would shut down under them.
    _end(0, "RSF Studio has stopped; jobs continue")


def within(seconds: float, action: Callable[[], object], name: str) -> bool:
    """Run `action` in a thread that does not delay the exit. Returns whether it ended in time."""
    thread = threading.Thread(target=action, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def _end(code: int, message: str) -> NoReturn:
    """End the process now. Signal handlers call it too, so it writes nothing buffered."""
    try:
        os.write(2, f"{message}\n".encode())
    finally:  # nobody may be reading any more
        os._exit(code)
