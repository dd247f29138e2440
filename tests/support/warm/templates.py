"""The templates: `python -m tests.support.warm.templates FOLDER ROOM` listens on a socket for each kind of process and forks a
template for that kind at the first request. The template imports what the kind needs and forks a process for each request. All
end when the other end of their standard input is closed.

No template has a second thread, because a fork keeps only the thread that forks.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import logging
import os
import runpy
import secrets
import select
import signal
import socket
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, NoReturn

from tests.support.warm.client import READERS, STAND_IN, WHERE, start_jobs_warm

IMPORTS = {
    "job": (
        "transformers",
        "transformers.models.auto.modeling_auto",
        "transformers.models.llama.modeling_llama",
        "transformers.models.t5.modeling_t5",
        "rsf_core.jobs.worker",
        "rsf_core.jobs.work.generate",
        "rsf_core.jobs.work.score",
        "rsf_core.jobs.work.finetune",
        "rsf_core.jobs.work.evaluate",
        "rsf_core.jobs.work.trial",
        "rsf_core.models.loading",
        "vaderSentiment.vaderSentiment",
        "pandas",
    ),
    "reader": READERS,  # and nothing more: their memory is limited
    "stand_in": (
        "rsf_core.jobs.worker",
        "rsf_core.jobs.work.score",
        "vaderSentiment.vaderSentiment",
        "tests.support.patient_work",
        "tests.support.faults.misbehaving",
        "tests.support.faults.quick_work",
    ),
    # and what pages draw with (pages_too); not rsf_core.cli: its consoles are made on import, for the template's own output
    "owner": (
        "typer",
        "rich.progress",
        "rsf_core.project.project",
        "rsf_core.project.commands",
        "rsf_core.project.client",
        "rsf_core.project.doctor",
        "rsf_core.store.backup",
        "rsf_core.web.application",
        "rsf_core.web.server",
        "anyio._backends._asyncio",
        "starlette.applications",
        "starlette.staticfiles",
        "streamlit.material_icon_names",
        "streamlit.web.bootstrap",
        "streamlit.web.server.starlette.starlette_agent_routes",
        "uvicorn",
        "uvicorn.lifespan.on",
        "uvicorn.protocols.http.httptools_impl",
        "uvicorn.protocols.websockets.websockets_sansio_impl",
        "pandas",
        "PIL.PngImagePlugin",
    ),
}
Request = dict[str, Any]
ENDING_SECONDS = 30.0  # limit for a finished thread to end, on a busy machine


def main(folder: Path) -> Request:
    """Serve until a process is requested; returns the request in the forked process. The templates themselves end here."""
    listeners = {}
    for kind in IMPORTS:
        listeners[kind] = socket.socket(socket.AF_UNIX)
        listeners[kind].bind(os.fspath(folder / kind))
        listeners[kind].listen(64)
    print("ready", flush=True)
    while True:
        sources: list[Any] = [0, *listeners.values()]
        waiting, _, _ = select.select(sources, [], [])
        if 0 in waiting:
            os._exit(0)
        kind = next(kind for kind, listener in listeners.items() if listener in waiting)
        if os.fork() == 0:
            for other in listeners.keys() - {kind}:
                listeners[other].close()
            return template(kind, listeners[kind])
        listeners.pop(kind).close()


def template(kind: str, listener: socket.socket) -> Request:
    for module in IMPORTS[kind]:
        importlib.import_module(module)
    if kind == "owner":
        pages_too()
    until_alone(kind)
    gc.collect()
    gc.freeze()  # a fork's collector would copy every page that holds an object
    running: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor that signals its end
    while True:
        sources: list[Any] = [0, listener, *running]
        waiting, _, _ = select.select(sources, [], [])
        if 0 in waiting:
            os._exit(0)
        for ended in running.keys() & waiting:
            pid, connection = running.pop(ended)
            _, status = os.waitpid(pid, 0)
            os.close(ended)
            with contextlib.suppress(OSError):  # the process that started it has ended
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            connection.close()
        if listener in waiting:
            connection, _ = listener.accept()
            request, outputs = received(connection)
            pid = os.fork()
            if pid == 0:
                for descriptor, (_, other) in running.items():
                    os.close(descriptor)
                    other.close()
                listener.close()
                become(request, outputs, connection)
                return request
            for output in outputs:
                os.close(output)
            running[os.pidfd_open(pid)] = (pid, connection)


def pages_too() -> None:
    """Import what the app imports before its first page, without what starts a thread."""
    import plotly
    from streamlit.components.v2 import manifest_scanner

    from rsf_core.web import application
    from tests.support import installed_components

    installed_components.found_once()
    manifest_scanner.scan_component_manifests()
    logging.disable(logging.WARNING)  # Streamlit warns that it does not run yet
    for name in application.drawn_with():
        importlib.import_module(name)
    logging.disable(logging.NOTSET)
    plotly.graph_objects.Figure(plotly.graph_objects.Bar(x=[0], y=[0])).to_json()


def until_alone(kind: str) -> None:
    """Wait for the threads that imports have started: a joined thread remains in /proc for a moment."""
    give_up = time.monotonic() + ENDING_SECONDS
    while len(threads := os.listdir("/proc/self/task")) > 1:
        assert time.monotonic() < give_up, (
            f"what the template of {kind} imports keeps {threads}: a fork would lack them"
        )
        time.sleep(0.01)


def received(connection: socket.socket) -> tuple[Request, list[int]]:
    size, outputs, _, _ = socket.recv_fds(connection, 8, 2)
    length, data = int.from_bytes(size, "big"), b""
    while len(data) < length:
        data += connection.recv(length - len(data))
    return json.loads(data), outputs


def become(request: Request, outputs: list[int], connection: socket.socket) -> None:
    """Give the fork what a started process has: its session, arguments, environment, folder and outputs."""
    if request["session"]:
        os.setsid()
    if request["umask"] >= 0:
        os.umask(request["umask"])
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    show(request["arguments"])
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    for output, standard in zip(outputs, (1, 2), strict=True):
        os.dup2(output, standard)
        os.close(output)
    if "rsf_core.web.api" in sys.modules:
        keys_of_its_own()
    connection.sendall(str(os.getpid()).encode())  # only now that its arguments show, as for a started process
    connection.close()


def keys_of_its_own() -> None:
    """A started app has secret keys of its own: what it has signed means nothing to the next one."""
    from rsf_core.web import api, cursors, session

    session._key = secrets.token_bytes(32)
    cursors._KEY = secrets.token_bytes(32)
    api._signer.secret_keys = [secrets.token_bytes(32)]


def show(arguments: list[str]) -> None:
    """Write the arguments and the environment where the kernel reads them (proc(5), arg_start to env_end), because a running
    job is identified by them. Blanks after the program's name fill the unused room for arguments."""
    with open("/proc/self/stat", encoding="utf-8") as file:
        begin, end, first, last = map(int, file.read().rpartition(")")[2].split()[45:49])
    program, *rest = (os.fsencode(argument) for argument in arguments)
    tail = b"".join(b"\0" + argument for argument in rest) + b"\0"
    assert len(program) + len(tail) <= end - begin, "the arguments are too long for the template's room"
    ctypes.memmove(begin, program.ljust(end - begin - len(tail)) + tail, end - begin)
    shown = b"".join(os.fsencode(f"{name}={value}\0") for name, value in os.environ.items())
    assert len(shown) <= last - first, "the environment is too large for the template's room"
    ctypes.memmove(
        first, shown.ljust(last - first, b"\0"), last - first
    )  # os.environ was replaced, so its memory is elsewhere


def perform(request: Request) -> None:
    """Run what the arguments name, as the interpreter does: exceptions and exits propagate."""
    program, *arguments = request["arguments"]
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path not in sys.path]
    sys.path[1:1] = paths
    if WHERE in os.environ:
        start_jobs_warm()
    if Path(program).name == "rsf":
        sys.argv = [program, *arguments]
        from rsf_core.cli.main import main as command

        command()
        return
    if program.endswith(STAND_IN):
        sys.argv = [program, *arguments]
        runpy.run_path(program, run_name="__main__")
        return
    option, what, *rest = arguments
    sys.argv = [option, *rest]
    if option == "-m":
        # the template has it already, imported by another module: here it is the main program
        warnings.filterwarnings("ignore", ".* found in sys.modules after import of package", RuntimeWarning)
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), sys.modules["__main__"].__dict__)


def end_after(request: Request) -> NoReturn:
    """Perform the request and end as the interpreter does, but without taking its modules apart: for that a fork copies almost
    all memory of its template, a second of processor time for nothing. Processes that start cold do it."""
    code, interrupted = 0, False
    try:
        perform(request)
    except SystemExit as ended:
        if ended.code is not None and not isinstance(ended.code, int):
            print(ended.code, file=sys.stderr)
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code, interrupted = 1, isinstance(error, KeyboardInterrupt)
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or it is closed
            stream.flush()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code & 0xFF)


if __name__ == "__main__":
    end_after(main(Path(sys.argv[1])))
