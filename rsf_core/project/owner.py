"""The owner of a project: the process that holds its lock file and answers other processes on a socket.

DuckDB allows only one process that writes. The process that holds the lock owns the database and the jobs; every other process
sends it commands over a Unix socket that only the same user can open.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import OutOfSpaceError, ProjectLockedError, RsfError
from rsf_core.domain.files import FULL, in_words

log = logging.getLogger(__name__)

LONGEST_SOCKET_PATH = 100
POLL_SECONDS = 0.1  # how soon closing is noticed
LOCK_TRIES = 50  # 10 ms apart
Answer = Callable[[str, dict[str, Any]], Any]


class OwnerLock:
    """The lock of a project folder, held until `release` or the end of the process. `was_left` is whether the process that had
    it before ended without releasing it, because it was killed. Raises ProjectLockedError."""

    def __init__(self, folder: Path, what: str) -> None:
        self._path = folder / "owner.lock"
        self._file = self._path.open("a+", encoding="utf-8")
        if not self._take(folder):
            self._file.close()
            raise ProjectLockedError(describe_holder(folder))
        self.was_left = os.fstat(self._file.fileno()).st_size > 0
        try:
            self._file.truncate(0)
            json.dump({"pid": os.getpid(), "host": socket.gethostname(), "what": what}, self._file)
            self._file.flush()
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise OutOfSpaceError(FULL.format(folder)) from error
            raise

    def _take(self, folder: Path) -> bool:
        """Take the lock; returns whether it is ours now. `holder` takes it for a moment too, as in every list of projects, so
        this tries again."""
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if holder(folder) is not None:
                    return False
                time.sleep(0.01)
        return False

    def release(self) -> None:
        self._file.truncate(0)
        self._file.close()


def holder(folder: Path) -> dict[str, Any] | None:
    """The record that the holder of the lock wrote about itself (pid, host, what), or None if nobody holds it."""
    path = folder / "owner.lock"
    if not path.exists():
        return None
    with path.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(json.JSONDecodeError):  # it is being written at this moment
                record: dict[str, Any] = json.load(file)
                return record
            return {"pid": None, "host": None, "what": "unknown"}
    return None


def describe_holder(folder: Path) -> str:
    known = holder(folder) or {}
    who = f"{known.get('what', 'a process')} (pid {known.get('pid')} on {known.get('host')})"
    return f"the project {folder} is open in {who} and it does not answer: close it there, or wait until it has ended"


def socket_path(folder: Path) -> Path:
    """The socket in the project folder, or in the folder for temporary files if that path is too long for a Unix socket. The
    latter is found from TMPDIR, not by trying which folder takes files: that may change before another process connects."""
    path = folder.resolve() / "owner.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(os.environ.get("TMPDIR") or "/tmp") / f"rsf-{os.getuid()}-{digest}.sock"


class OwnerServer:
    """Answers `{"command", "arguments"}` with `{"result"}` or `{"error", "kind"}`, one JSON line each way."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._path = socket_path(folder)
        self._path.unlink(missing_ok=True)  # we hold the lock, so an existing socket was left by a dead owner
        old = os.umask(0o177)
        try:
            self._server = _Server(str(self._path), _Handler)
        finally:
            os.umask(old)
        self._server.answer = answer
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="owner-socket", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answer: Answer


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        for line in self.rfile:
            try:
                request = json.loads(line)
                with in_words():
                    reply: dict[str, Any] = {"result": self.server.answer(request["command"], request["arguments"])}
            except RsfError as error:
                reply = {"error": str(error), "kind": type(error).__name__}
            except Exception as error:  # the edge of the process: the client must receive an answer
                log.exception("a forwarded command failed")
                reply = {"error": f"{type(error).__name__}: {error}", "kind": "RsfError"}
            self.wfile.write(json.dumps(reply).encode() + b"\n")
