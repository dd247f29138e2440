"""Two processes that run code of a completion and the tests of it. The first closes itself in and starts the second, which
runs the code and answers the first, which runs the tests (`sandbox_tests`, `sandbox_code`).

Run by its path with `python -I -S sandbox_child.py SECONDS MEMORY_BYTES` in an empty folder. What is read is JSON:
{"code": …, "statements": [[source, is a test], …]}; what is not a test prepares those after it. What is written is the
number of each test that passed, a line each, after a first line that says how far the processes are closed in. The process of
the code has neither the tests nor what is written to. No part of the app is imported.
"""

from __future__ import annotations

import ast
import ctypes
import json
import os
import resource
import signal
import sys
from types import ModuleType
from typing import Any

_NEW_USER, _NEW_NET, _NEW_PID, _NEW_IPC = 0x10000000, 0x40000000, 0x20000000, 0x08000000
_PARENT_DEATH_SIGNAL, _NOT_TO_BE_LOOKED_INTO = 1, 4
# what the code may ask of Python and gets refused: processes, signals, the network, machine code
_REFUSED = (
    *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "pty.spawn"),
    *("os.kill", "os.killpg", "signal.pthread_kill", "resource.setrlimit", "socket.", "syslog.", "ctypes.", "sqlite3."),
    *("os.chdir", "os.startfile", "gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._current_frames"),
)
_NOT_IMPORTED = {"ctypes", "_ctypes", "_posixsubprocess", "_multiprocessing", "readline", "_dbm", "_gdbm"}
_CHANGES = (
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("os.utime", "os.setxattr", "os.removexattr", "os.chflags", "shutil.", "tempfile."),
)
_READ = ("/dev/null", "/dev/urandom", "/usr/share/zoneinfo")  # beside what Python has of its own
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    _find_modules(os.path.dirname(os.path.realpath(__file__)))
    from rsf_core.scorers.sandbox_code import Code
    from rsf_core.scorers.sandbox_tests import Tests
    from rsf_core.scorers.sandbox_values import Pipes

    # that of these modules is written: to compile them at each start takes a fifth of it
    sys.dont_write_bytecode = True
    libc = ctypes.CDLL(None, use_errno=True)
    _end_with_parent(libc)
    closed = _close_in(libc)
    if hasattr(libc, "prctl"):
        libc.prctl(_NOT_TO_BE_LOOKED_INTO, 0, 0, 0, 0)
    from_tests, to_code = os.pipe()
    from_code, to_tests = os.pipe()
    tests_process = os.getpid()
    if os.fork() == 0:
        _end_with_parent(libc)
        if os.getppid() != tests_process:  # it has ended before it could be said
            os._exit(0)
        for descriptor in (to_code, from_code):
            os.close(descriptor)
        code = Code(Pipes(from_tests, to_tests))
        _silence()
        _limit(seconds, memory)
        _watch(os.path.realpath(os.getcwd()))
        sys.argv = [""]
        code.serve()
        os._exit(0)
    for descriptor in (from_tests, to_tests):
        os.close(descriptor)
    pipes, work = Pipes(from_code, to_code), json.load(sys.stdin)
    out = os.dup(1)
    os.set_inheritable(out, False)
    _silence()
    os.write(out, b"namespaces\n" if closed else b"no namespaces\n")
    _limit(seconds, memory)
    _watch(os.path.realpath(os.getcwd()))
    try:
        tests = Tests(pipes, [ast.parse(source) for source, _ in work["statements"]])
        tests.ask("run", work["code"])
    except BaseException:  # whatever the code raises, SystemExit too: it did not run to its end
        os._exit(0)
    for number, (source, is_test) in enumerate(work["statements"]):
        try:
            tests.run(source)
        except BaseException:
            if not is_test:
                os._exit(0)
        else:
            if is_test:
                os.write(out, f"{number}\n".encode())
    os._exit(0)


def _find_modules(folder: str) -> None:
    """Let the modules of this folder be imported without the packages that they lie in, which bring in more."""
    for name in ("rsf_core", "rsf_core.scorers"):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [folder]


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
    """From here on Python refuses what is not for a function to do. It cannot be taken off again; all that it goes by is its
    own, for the code can change what modules hold."""
    refused, changes, not_imported, writing = _REFUSED, _CHANGES, _NOT_IMPORTED, _WRITING
    realpath, join, separator, fsdecode, isdir = os.path.realpath, os.path.join, os.sep, os.fsdecode, os.path.isdir
    readable = [realpath(place) for place in (folder, os.path.dirname(os.__file__), *sys.path, *_READ)]

    def inside(path: object, *places: str) -> bool:
        if isinstance(path, bytes):
            path = fsdecode(path)
        if not isinstance(path, str):
            return False
        real = realpath(join(folder, path))
        return any(real == place or real.startswith(place + separator) for place in places)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(refused) or (event == "import" and arguments[0] in not_imported):
            raise PermissionError(f"{event} is not for a completion to do")
        if event == "object.__setattr__" and arguments[1] == "__code__":
            raise PermissionError("to change the code of a function is not for a completion to do")
        if event == "open":
            path, mode, flags = arguments
            opened_to_change = any(x in mode for x in "wax+") if isinstance(mode, str) else (flags or 0) & writing
            # paths may begin at a folder that is open
            is_folder = isinstance(path, str | bytes) and isdir(path)
            if (opened_to_change or is_folder) and not inside(path, folder):
                raise PermissionError(f"{path!r} is not for a completion to write")
            if not inside(path, *readable):
                raise PermissionError(f"{path!r} is not for a completion to read")
        elif event.startswith(changes) and not all(
            inside(argument, folder) for argument in arguments if isinstance(argument, (str, bytes))
        ):
            raise PermissionError(f"{event} is not for a completion to do")

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
