"""The `rsf` command without its subcommands: what it does with a command line that cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from rsf_core.domain.errors import RsfError


class CommandLineError(RsfError):
    """A command line that cannot be read: an unknown command or option, a missing or impossible value."""


def wants_json() -> bool:
    """Whether this process was asked to print JSON."""
    return "--json" in sys.argv


class Root(TyperGroup):
    """With --json, a command line that cannot be read is an error like any other; else Typer explains it, with exit code 2."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        with _errors_like_others():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        with _errors_like_others():
            return super().invoke(ctx)


@contextmanager
def _errors_like_others() -> Iterator[None]:
    """Raises CommandLineError in place of what Typer raises."""
    try:
        yield
    except typer.TyperException as error:
        if not wants_json():
            raise
        context = getattr(error, "ctx", None)
        command = "rsf" if context is None else context.command_path
        raise CommandLineError(
            f"{error.format_message().rstrip('.')}: `{command} --help` explains the command"
        ) from error
