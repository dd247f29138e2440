"""Two processes that run a completion's code and its tests. The first isolates itself and starts the second. The second runs
the code and answers the first, which runs the tests (`sandbox_tests`, `sandbox_code`).

Run by its path with `python -I -S sandbox_child.py SECONDS MEMORY_BYTES` in an empty folder. The input is JSON:
{"code": …, "statements": [[source, is a test], …]}; statements that are not tests prepare later ones. The output has a first
line on how far the processes are isolated, then the number of each test that passed, one per line. The process of the code
has neither the tests nor the output. No part of the app is imported.
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
# operations that Python refuses to the code: processes, signals, the network, machine code
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
_READ = ("/dev/null", "/dev/urandom", "/usr/share/zoneinfo")  # besides Python's own files
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    _find_modules(os.path.dirname(os.path.realpath(__file__)))
    from rsf_core.scorers.sandbox_code import Code
    from rsf_core.scorers.sandbox_tests import Tests
    from rsf_core.scorers.sandbox_values import Pipes

    # set after these imports, so that their bytecode is written: compiling them takes a fifth of each start
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
        if os.getppid() != tests_process:  # the parent ended before this process asked to end with it
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
    except BaseException:  # the code raised something, even SystemExit: it did not run to its end
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
    """Let the modules of this folder be imported without their packages, whose `__init__` imports more."""
    for name in ("rsf_core", "rsf_core.scorers"):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [folder]


def _end_with_parent(libc: ctypes.CDLL) -> None:
    if hasattr(libc, "prctl"):
        libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _close_in(libc: ctypes.CDLL) -> bool:
    """Isolate this process, if the machine permits it: no network, and process numbers of its own, so that everything the code
    starts ends with it. Returns whether it is permitted. Two processes stay behind: the original one, and the first one with
    the new numbers, to which a timer's signal would not be delivered."""
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
        except (ValueError, OSError, AttributeError):  # unknown on this system, or already lower
            continue
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds + 1)  # ends code that only waits, which takes no processor time


def _watch(folder: str) -> None:
    """From here on Python refuses operations that a function has no business doing. The hook cannot be removed, and it uses
    only its own references, because the code can change the contents of modules."""
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
            writes = any(x in mode for x in "wax+") if isinstance(mode, str) else (flags or 0) & writing
            # an open folder could serve as the start of other paths
            is_folder = isinstance(path, str | bytes) and isdir(path)
            if (writes or is_folder) and not inside(path, folder):
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
