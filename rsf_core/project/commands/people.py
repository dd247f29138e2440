"""The commands of links for people."""

from __future__ import annotations

from typing import Any

from rsf_core.domain.access import Actor
from rsf_core.project import Project
from rsf_core.project.commands.table import command
from rsf_core.store.links import LinkRecord


@command
def invite(project: Project, name: str, owner: bool, days: int, author: Actor) -> dict[str, Any]:
    """Create a link for a person; `url` is returned only here. `open` is whether the app accepts links at the moment."""
    invitation = project.invites.invite(name, author, owner, days)
    return _link(invitation.link) | {
        "url": project.invites.url(invitation),
        "open": project.invites.address is not None,
    }


@command
def links(project: Project) -> list[dict[str, Any]]:
    """Every link there has been, the oldest first, without its secret."""
    return [_link(link) for link in project.invites.links()]


@command
def revoke(project: Project, name_or_id: str, author: Actor) -> list[dict[str, Any]]:
    """Revoke the links of a name, or one link, at once."""
    return [_link(link) for link in project.invites.revoke(name_or_id, author)]


def _link(link: LinkRecord) -> dict[str, Any]:
    shown = ("link_id", "name", "role", "state", "created_by", "created_at", "expires_at")
    return {name: getattr(link, name) for name in shown}
