"""How a command reaches the owner of a project: in this process, if no other holds the lock, or over the socket."""

from __future__ import annotations

import json
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from rsf_core.domain import errors
from rsf_core.domain.errors import ProjectLockedError, RsfError
from rsf_core.domain.settings_file import check_folder
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.project.owner import describe_holder, holder, socket_path

TIMEOUT_SECONDS = 60.0
# The time limits of commands that are known to be long: they copy models, write, compare or count a round's candidates, store
# files and add their rows, or compare prompts with all others.
LONG_SECONDS = {"backup": 6 * 3600.0} | dict.fromkeys(
    (
        "advance",
        "comparisons",
        "edit_prompt",
        "evaluate",
        "finetune",
        "freeze",
        "generate",
        "has_control",
        "import_add",
        "import_start",
        "restore_prompts",
        "score",
        "seal_prompts",
        "target_back",
        "train_control",
    ),
    900.0,
)
PATIENCE_SECONDS = 3.0


class Connection(Protocol):
    """A connection to the owner. `call` runs a command of rsf_core.project.commands and returns its JSON result."""

    def call(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class _Closing(ABC):
    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class OwnConnection(_Closing):
    """This process is the owner as long as the connection is open."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def call(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        return execute(self.project, command, dict(arguments or {}))

    def close(self) -> None:
        self.project.close()


class ForwardingConnection(_Closing):
    """Another process is the owner; commands go to it. Raises ProjectLockedError when it does not answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = self._connect()
        self._file = self._socket.makefile("rwb")

    def _connect(self) -> socket.socket:
        give_up = time.monotonic() + PATIENCE_SECONDS  # an owner that is starting has the lock before it has the socket
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(TIMEOUT_SECONDS)
            try:
                connection.connect(str(socket_path(self._folder)))
                return connection
            except OSError as error:
                connection.close()
                if time.monotonic() > give_up:
                    raise ProjectLockedError(describe_holder(self._folder)) from error
                time.sleep(0.1)

    def call(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        request = {"command": command, "arguments": dict(arguments or {})}
        limit = LONG_SECONDS.get(command, TIMEOUT_SECONDS)
        self._socket.settimeout(limit)
        try:
            self._file.write(json.dumps(request).encode() + b"\n")
            self._file.flush()
            line = self._file.readline()
        except TimeoutError as error:
            raise ProjectLockedError(
                f"{describe_holder(self._folder)}. `{command}` was handed over and not answered within {limit:g} s: it may "
                "go on there"
            ) from error
        except OSError as error:
            raise ProjectLockedError(describe_holder(self._folder)) from error
        if not line:
            raise ProjectLockedError(f"the owner of {self._folder} has gone; run the command again")
        reply = json.loads(line)
        if "error" in reply:
            kind = getattr(errors, reply["kind"], RsfError)
            raise kind(reply["error"])
        return reply["result"]

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def connect(folder: Path, what: str) -> Connection:
    """A connection to the owner of `folder`; `what` names this process to others if it becomes the owner."""
    check_folder(folder)
    if holder(folder) is None:
        try:
            project = Project.open(folder, what=what)
            project.serve(lambda name, arguments: execute(project, name, arguments))
            return OwnConnection(project)
        except ProjectLockedError:  # another process was faster
            return ForwardingConnection(folder)
    return ForwardingConnection(folder)
