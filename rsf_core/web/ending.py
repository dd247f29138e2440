"""How the app ends: whatever is open, within three seconds of Ctrl-C or SIGTERM, and at once when asked a second time.

Nothing that was acknowledged can be lost by it: a commit is on the disk before its answer goes out, the lock of the project
goes with the process, and jobs are processes of their own.
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

# Seconds from the first signal on. A busy machine takes its share of each.
GRACE_SECONDS = 0.4  # for requests to be answered, after that
TEARDOWN_SECONDS = 0.8  # for the project to be closed
LIMIT_SECONDS = 1.5  # for all of it; then the process ends with whatever still runs
LAST_SECONDS = 2.2  # where even that needs a turn of the interpreter which something does not give


class Server(uvicorn.Server):
    """Uvicorn's own waits for open connections, and then for every thread, without a limit."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The signal is not raised again at the end, as uvicorn would: to end when asked is success."""
        if self.should_exit:
            _end(128 + sig, "RSF Studio was stopped at once; saved work is kept, and jobs continue")
        self.should_exit = True
        left_over = "RSF Studio has stopped in the middle of something; saved work is kept, and jobs continue"
        watch = threading.Timer(LIMIT_SECONDS, _end, (0, left_over))
        watch.daemon = True
        watch.start()
        faulthandler.dump_traceback_later(LAST_SECONDS, exit=True)  # a thread of C, which says where it hung

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # what is broken off from here on is broken off on purpose: no traceback of it
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        if streamlit.runtime.exists():
            streamlit.runtime.get_instance().stop()  # pages that run stop at their next element
        await super().shutdown(sockets)


def run_to_end(app: ASGIApp, host: str, port: int) -> NoReturn:
    """Serve `app` until interrupted, and end the process. Raises SystemExit where the server cannot start."""
    config = uvicorn.Config(app, host, port, log_level="warning")
    config.timeout_graceful_shutdown = GRACE_SECONDS  # type: ignore[assignment]  # asyncio takes a part of a second too
    Server(config).run()
    # Not by returning: pages run in threads that may be inside the database, and the interpreter would be taken down
    # under them.
    _end(0, "RSF Studio has stopped; jobs continue")


def within(seconds: float, action: Callable[[], object], name: str) -> bool:
    """Run `action` in a thread that holds up no exit; whether it ended in time."""
    thread = threading.Thread(target=action, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def _end(code: int, message: str) -> NoReturn:
    """End the process now. Called in signal handlers too: nothing buffered is written there."""
    try:
        os.write(2, f"{message}\n".encode())
    finally:  # nobody may read it any more
        os._exit(code)
