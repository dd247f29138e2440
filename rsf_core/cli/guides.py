"""`rsf guide`: the guide that reviewers follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.output import escape, say, visible
from rsf_core.domain.errors import GuideError
from rsf_core.project.client import connect
from rsf_core.project.guide_book import LONGEST

MOST_BYTES = 4 * LONGEST + 3  # in UTF-8, with a byte-order mark


def guide(
    folder: Folder,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A text in Markdown that becomes the guide.")
    ] = None,
    why: Annotated[str, typer.Option(help="With FILE or --none: what changed; reviewers see it.")] = "",
    none: Annotated[bool, typer.Option("--none", help="Remove the guide; its versions are kept.")] = False,
    as_json: Json = False,
) -> None:
    """Show the guide that reviewers follow, and its versions; with FILE, save a new version."""
    if file is not None and none:
        raise GuideError("give a FILE or --none, not both")
    if why and file is None and not none:
        raise GuideError("--why goes with a FILE, or with --none")
    text = "" if file is None else _read(file)
    with connect(folder, "rsf guide") as connection:
        if file is not None or none:
            connection.call("save_guide", {"text": text, "reason": why, "author": who()})
        report = connection.call("guide")
    say(report, as_json, lambda: guide_text(report))


def _read(file: Path) -> str:
    """The text of a file. Raises GuideError if it cannot be read, is too long, is not text, or is empty."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise GuideError(f"{file} is too long: a guide has {LONGEST:,} characters at most")
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise GuideError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise GuideError(f"{file} is not text in UTF-8 (byte {error.start + 1}): save it as UTF-8") from error
    if not text.strip():
        raise GuideError(f"{file} is empty: use --none to remove the guide")
    return text


def guide_text(report: dict[str, Any]) -> Group | str:
    """`report` from the command `guide`, as text and a table."""
    if not report["versions"]:
        return "There is no guide yet: rsf guide DIR FILE saves one"
    table = Table(box=SIMPLE)
    for column in ("version", "by", "when (UTC)", "what changed"):
        table.add_column(column)
    for one in report["versions"]:
        when = one["created_at"][:16].replace("T", " ")
        table.add_row(*(escape(cell) for cell in (str(one["version"]), one["author"], when, one["reason"])))
    shown = "There is currently no guide." if report["guide"] is None else Text(visible(report["guide"]["text"]))
    return Group(shown, table)
