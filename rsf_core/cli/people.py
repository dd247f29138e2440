"""`rsf invite`: the links that let people into the app."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.output import say
from rsf_core.cli.terminal import invitation_text, links_table
from rsf_core.domain.errors import AccessError
from rsf_core.project.client import connect
from rsf_core.project.invites import DAYS


def invite(
    folder: Folder,
    name: Annotated[str | None, typer.Argument(help="The person's name, which their decisions carry.")] = None,
    owner: Annotated[
        bool, typer.Option("--owner", help="Make them an owner, who can do everything; others can look and review.")
    ] = False,
    days: Annotated[int, typer.Option(help="How many days the link is valid.")] = DAYS,
    show: Annotated[bool, typer.Option("--list", help="List every link, including expired ones.")] = False,
    revoke: Annotated[
        str | None, typer.Option(metavar="NAME|ID", help="Revoke all links of a name, or one link.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Create a link that lets a person into the app (rsf app --access links); list or revoke links."""
    if (name is not None) + show + (revoke is not None) != 1:
        raise AccessError("give one of: a NAME to invite, --list, or --revoke NAME|ID")
    with connect(folder, "rsf invite") as connection:
        if name is not None:
            made = connection.call("invite", {"name": name, "owner": owner, "days": days, "author": who()})
            print(json.dumps(made) if as_json else invitation_text(made, folder))  # not wrapped: it is copied
            return
        if revoke is not None:
            links = connection.call("revoke", {"name_or_id": revoke, "author": who()})
        else:
            links = connection.call("links")
    say(links, as_json, lambda: links_table(links))
