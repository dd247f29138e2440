"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsf_core.domain import access

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The project folder.")]
Key = Annotated[str, typer.Argument(help="A setting, e.g. generate.candidates: docs/REFERENCE.md lists them.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]


def who() -> str:
    """Who speaks. Raises AccessError where that is not a name for a person."""
    return access.usual_name()
