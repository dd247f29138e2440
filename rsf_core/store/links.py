"""The links by which people sign in, and their revocations: appended, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rsf_core.domain.access import Role, checks_name
from rsf_core.store.database import Database, utc_now


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A link by which a person signs in. Only the digest of its secret is stored."""

    link_id: str
    name: str
    role: Role
    secret_sha256: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None

    @property
    def seconds_left(self) -> int:
        """By the wall clock: the person is told a day of the calendar, and it has to outlive restarts. If the clock is set
        by an hour, a link in its last hour ends or comes back; no other changes. `revoke` ends a link whatever the time."""
        return max(0, int((self.expires_at - datetime.now(UTC).replace(tzinfo=None)).total_seconds()))

    @property
    def state(self) -> str:
        """open, revoked or expired."""
        return "revoked" if self.revoked_at is not None else "open" if self.seconds_left else "expired"


class Links:
    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[LinkRecord]:
        """Every link there has been, the oldest first."""
        return [LinkRecord(**row | {"role": Role(row["role"])}) for row in self._db.rows("links")]

    @checks_name
    def add(self, link_id: str, name: str, role: Role, secret_sha256: str, author: str, expires_at: datetime) -> None:
        row: dict[str, object] = {"link_id": link_id, "name": name, "role": str(role), "secret_sha256": secret_sha256}
        row |= {"created_by": author, "created_at": utc_now(), "expires_at": expires_at}
        with self._db.transaction(f"saving the link of {name}"):
            self._db.insert("links", [row])

    @checks_name
    def revoke(self, link_ids: list[str], author: str) -> None:
        rows = [{"link_id": link_id, "revoked_by": author, "revoked_at": utc_now()} for link_id in link_ids]
        with self._db.transaction("revoking links"):
            self._db.insert("link_revocations", rows)
