"""The commands of what a project learns from its decisions."""

from __future__ import annotations

from rsf_core.cli.arguments import Folder, Json
from rsf_core.cli.following import follow
from rsf_core.cli.output import say
from rsf_core.project.client import connect


def embed(folder: Folder, as_json: Json = False) -> None:
    """Compute features of the candidates that have none: what a scorer learned from your decisions looks at."""
    with connect(folder, "rsf embed") as connection:
        connection.call("embed")
        follow(connection, as_json)
        found = connection.call("features")
    say(
        found, as_json, lambda: f"[green]✓[/] {found['embedded']:,} of {found['candidates']:,} candidates have features"
    )
