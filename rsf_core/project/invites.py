"""Links for people: made for a name, shown once, and ended by their expiry or by the owner. Only the digest of a link's secret
is stored. Every request of a page checks a link, so links are cached in memory."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta

from rsf_core.domain import access
from rsf_core.domain.access import Actor, Role, requires_actor
from rsf_core.domain.errors import AccessError
from rsf_core.store.database import utc_now
from rsf_core.store.links import LinkRecord, Links

ENTRANCE = "/enter"
NOT_OPEN = "http://127.0.0.1:8501"  # the address the app would have if it were open
DAYS, MOST_DAYS = 30, 3650


@dataclass(frozen=True, slots=True)
class Invitation:
    """A new link. `path` holds the secret: it is shown once and cannot be read again."""

    link: LinkRecord
    path: str


class Invites:
    def __init__(self, links: Links) -> None:
        self._links = links
        self._lock = threading.Lock()
        self._known: dict[str, LinkRecord] | None = None
        self.address: str | None = None  # where the app accepts links, None if it does not

    def links(self) -> list[LinkRecord]:
        """Every link there has been, the oldest first."""
        return list(self._by_digest().values())

    @requires_actor
    def invite(self, name: str, author: Actor, owner: bool = False, days: int = DAYS) -> Invitation:
        """Create a link for a person. Raises AccessError for a name that is not valid, or that reads like another's."""
        name = access.person_name(name)
        if not 1 <= days <= MOST_DAYS:
            raise AccessError(f"a link is good for 1 to {MOST_DAYS:,} days (got {days})")
        for link in self.links():
            if link.name != name and access.alike_name(link.name) == access.alike_name(name):
                raise AccessError(
                    f"there is a link for “{link.name}” already, which reads like “{name}”: choose another name"
                )
        secret, link_id = secrets.token_urlsafe(32), secrets.token_hex(4)
        role = Role.OWNER if owner else Role.REVIEWER
        self._links.add(link_id, name, role, _digest(secret), author.name, utc_now() + timedelta(days=days))
        self._forget()
        return Invitation(self._by_digest()[_digest(secret)], f"{ENTRANCE}?key={secret}")

    def url(self, invitation: Invitation) -> str:
        """The address to send to the person."""
        return (self.address or NOT_OPEN) + invitation.path

    @requires_actor
    def revoke(self, name_or_id: str, author: Actor) -> list[LinkRecord]:
        """Revoke the links of a name, or one link, at once. Raises AccessError if there is no open one."""
        requested = " ".join(name_or_id.split())
        links = [link for link in self.links() if requested in (link.name, link.link_id) and link.state == "open"]
        if not links:
            known = (
                ", ".join(f"{link.name} ({link.link_id})" for link in self.links() if link.state == "open") or "none"
            )
            raise AccessError(f"there is no open link of {requested[:80]!r}; open are: {known}")
        self._links.revoke([link.link_id for link in links], author.name)
        self._forget()
        return [link for link in self.links() if link.link_id in {revoked.link_id for revoked in links}]

    def find(self, secret: str | None) -> LinkRecord:
        """The open link with this secret. Raises AccessError, which says why the link is not accepted."""
        if not secret:
            raise AccessError("this browser has no link to this project")
        link = self._by_digest().get(_digest(secret))
        if link is None:
            raise AccessError("this link is not one of this project’s: perhaps it was cut off when it was copied")
        if link.state == "revoked":
            raise AccessError("this link was revoked by the owner of the project")
        if link.state == "expired":
            raise AccessError(f"this link expired on {link.expires_at:%d %B %Y}: ask for a new one")
        return link

    def actor(self, secret: str | None) -> Actor:
        """The actor who comes in by the link with this secret. Raises AccessError as `find` does."""
        link = self.find(secret)
        return Actor(link.name, link.role, link.link_id)

    def _by_digest(self) -> dict[str, LinkRecord]:
        with self._lock:
            if self._known is None:
                self._known = {link.secret_sha256: link for link in self._links.all()}
            return self._known

    def _forget(self) -> None:
        with self._lock:
            self._known = None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
