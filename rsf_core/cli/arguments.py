"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsf_core.domain import access

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The project folder.")]
Key = Annotated[str, typer.Argument(help="A setting, e.g. generate.candidates: docs/REFERENCE.md lists them.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]


def who() -> str:
    """The name of the person who runs the command. Raises AccessError if it is not a valid name."""
    return access.usual_name()
