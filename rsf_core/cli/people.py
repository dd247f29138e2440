"""`rsf invite`: the links by which people come into the app."""

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
    name: Annotated[str | None, typer.Argument(help="Whose link it is: what they say carries this name.")] = None,
    owner: Annotated[bool, typer.Option("--owner", help="They may do everything; else they look and review.")] = False,
    days: Annotated[int, typer.Option(help="How long the link is good.")] = DAYS,
    show: Annotated[bool, typer.Option("--list", help="Every link there has been.")] = False,
    revoke: Annotated[str | None, typer.Option(metavar="NAME|ID", help="End the links of a name, or one.")] = None,
    as_json: Json = False,
) -> None:
    """Make a link by which a person comes into the app (rsf app --access links); list or end links."""
    if (name is not None) + show + (revoke is not None) != 1:
        raise AccessError("say one of: a NAME to invite, --list, or --revoke NAME|ID")
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
