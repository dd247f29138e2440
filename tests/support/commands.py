"""Runs the rsf command in this process."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from rsf_core.cli import main


def rsf(*arguments: object) -> str:
    """The output of a command. Raises whatever the command raised."""
    done = CliRunner().invoke(main.app, [str(argument) for argument in arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def rsf_json(*arguments: object) -> Any:
    return json.loads(rsf(*arguments, "--json"))
