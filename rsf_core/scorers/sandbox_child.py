"""The process that runs code of a completion: it closes itself in, runs the code, then the tests, and says which passed.

Run by its path with `python -I -S -B sandbox_child.py JOB RESULT SECONDS MEMORY_BYTES` in an empty folder. JOB is JSON:
{"code": …, "statements": [[source, is a test], …]}; what is not a test prepares those after it. RESULT, a file
of zeros that is long enough, gets the number of each test that passed, a line each, after a first line that says how far the
process is closed in. No part of the app is imported.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

_NEW_USER, _NEW_NET, _NEW_PID, _NEW_IPC = 0x10000000, 0x40000000, 0x20000000, 0x08000000
_PARENT_DEATH_SIGNAL = 1
# what the code may ask of Python and gets refused: processes, signals, the network, machine code
_REFUSED = (
    *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "pty.spawn"),
    *("os.kill", "os.killpg", "signal.pthread_kill", "resource.setrlimit", "socket.", "syslog.", "ctypes.", "sqlite3."),
    *("os.chdir", "os.startfile"),
)
_NOT_IMPORTED = {"ctypes", "_ctypes", "_posixsubprocess", "_multiprocessing", "readline", "_dbm", "_gdbm"}
_CHANGES = (
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("os.utime", "os.setxattr", "os.removexattr", "os.chflags", "shutil.", "tempfile."),
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    job, result, seconds, memory = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    with open(job, encoding="utf-8") as file:
        work = json.load(file)
    libc = ctypes.CDLL(None, use_errno=True)
    _end_with_parent(libc)
    closed = _close_in(libc)
    out = os.open(result, os.O_WRONLY | os.O_CLOEXEC)
    _silence()
    os.write(out, b"namespaces\n" if closed else b"no namespaces\n")
    _limit(seconds, memory)
    namespace = {"__name__": "completion"}  # what stands under `if __name__ == "__main__"` is not run
    _watch(os.path.realpath(os.getcwd()))
    try:
        exec(compile(work["code"], "completion", "exec"), namespace)
    except BaseException:  # whatever the code raises, SystemExit too: it did not run to its end
        os._exit(0)
    for number, (source, is_test) in enumerate(work["statements"]):
        try:
            exec(compile(source, "test", "exec"), namespace)
        except BaseException:
            if not is_test:
                os._exit(0)
        else:
            if is_test:
                os.write(out, f"{number}\n".encode())
    os._exit(0)


def _end_with_parent(libc: ctypes.CDLL) -> None:
    if hasattr(libc, "prctl"):
        libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _close_in(libc: ctypes.CDLL) -> bool:
    """Without network and with process numbers of its own, where this machine permits it: all that the code starts then ends
    with it. Whether it is permitted. Two processes stay behind: the one that was started, and the first of the new numbers,
    which would take no signal from a timer."""
    if not hasattr(libc, "unshare") or libc.unshare(_NEW_USER | _NEW_NET | _NEW_PID | _NEW_IPC) != 0:
        return False
    for _ in range(2):
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            os._exit(0)
        _end_with_parent(libc)
    return True


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _limit(seconds: float, memory: int) -> None:
    whole = max(1, int(seconds + 0.999))
    for name, most in (
        ("RLIMIT_CPU", whole),
        ("RLIMIT_AS", memory),
        ("RLIMIT_FSIZE", 1 << 20),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_CORE", 0),
    ):
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (ValueError, OSError, AttributeError):  # not known here, or lower already
            continue
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds + 1)  # ends it: it may wait, which takes no processor time


def _watch(folder: str) -> None:
    """From here on Python refuses what is not for a function to do. It cannot be taken off again."""

    def inside(path: object) -> bool:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str):
            return False
        real = os.path.realpath(os.path.join(folder, path))
        return real == folder or real.startswith(folder + os.sep)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_REFUSED) or (event == "import" and arguments[0] in _NOT_IMPORTED):
            raise PermissionError(f"{event} is not for a completion to do")
        if event == "open":
            path, mode, flags = arguments
            opened_to_change = any(x in mode for x in "wax+") if isinstance(mode, str) else (flags or 0) & _WRITING
            # paths may begin at a folder that is open
            is_folder = isinstance(path, str | bytes) and os.path.isdir(path)
            writing = opened_to_change or is_folder
            if writing and not inside(path):
                raise PermissionError(f"{path!r} is not for a completion to write")
        elif event.startswith(_CHANGES) and not all(inside(one) for one in arguments if isinstance(one, (str, bytes))):
            raise PermissionError(f"{event} is not for a completion to do")

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
