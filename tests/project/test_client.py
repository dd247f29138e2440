"""A command that is forwarded to the owner of a project waits for the answer as long as that command may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain.errors import ProjectLockedError
from rsf_core.project import client
from rsf_core.project.client import ForwardingConnection
from rsf_core.project.commands import COMMANDS
from rsf_core.project.owner import OwnerLock, OwnerServer


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Path]:
    """The folder of an owner that answers after half a second."""
    over = threading.Event()

    def answer(command: str, arguments: dict[str, Any]) -> str:
        over.wait(0.5)
        return f"{command} is done"

    lock = OwnerLock(tmp_path, "a slow owner")
    server = OwnerServer(tmp_path, answer)
    yield tmp_path
    over.set()
    server.close()
    lock.release()


def test_a_long_command_is_waited_for_and_another_says_that_it_was_handed_over(
    slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.1)
    with ForwardingConnection(slow) as connection:
        assert connection.call("backup", {}) == "backup is done"
        with pytest.raises(
            ProjectLockedError, match=r"slow owner .* `status` was handed over and not answered within 0.1 s"
        ):
            connection.call("status")


def test_the_long_commands_are_commands_and_longer_than_others() -> None:
    assert client.LONG_SECONDS.keys() <= COMMANDS.keys() and "backup" in client.LONG_SECONDS
    comparing_prompts = {
        "edit_prompt",
        "restore_prompts",
        "seal_prompts",
    }  # with all other prompts: a minute if there are many
    assert comparing_prompts <= client.LONG_SECONDS.keys()
    assert min(client.LONG_SECONDS.values()) > client.TIMEOUT_SECONDS
