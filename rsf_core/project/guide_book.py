"""The project's guide, which its reviewers follow: written by its owner in Markdown, with every version of it."""

from __future__ import annotations

from dataclasses import dataclass

from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import GuideError
from rsf_core.store.review_records import GuideVersion
from rsf_core.store.store import Store

LONGEST = 100_000  # characters: some fifty pages
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Unread:
    """A version of the guide that a reviewer has not read: `guide` is the newest, `read` the last one they read, 0 for
    none."""

    guide: GuideVersion
    read: int


class GuideBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def versions(self) -> list[GuideVersion]:
        """Every version, the newest first."""
        return list(self._store.unchanged("guide", ("guide_versions",), self._store.guides.all))

    def current(self) -> GuideVersion | None:
        """The current guide; None if there is none."""
        newest = next(iter(self.versions()), None)
        return newest if newest is not None and newest.text else None

    @requires_actor
    def save(self, text: str, reason: str = "", author: Actor = LOCAL) -> int:
        """Make `text` the guide, as a new version; returns its number, or that of the newest if nothing has changed. An empty
        text removes the guide. Raises GuideError if it is too long or holds a character that is not text."""
        text, reason = text.replace("\r\n", "\n").strip(), " ".join(reason.split())
        if len(text) > LONGEST:
            raise GuideError(f"the guide has {len(text):,} characters: shorten it to {LONGEST:,} at most")
        if len(reason) > LONGEST_REASON:
            raise GuideError(
                f"the reason of a change has {len(reason):,} characters: say it in {LONGEST_REASON} at most"
            )
        for name, written in (("guide", text), ("reason", reason)):
            if "\0" in written or any("\ud800" <= c <= "\udfff" for c in written):
                raise GuideError(f"the {name} holds a character that is not text (NUL or half a pair): take it out")
        with self._store.transaction("saving the guide"):
            newest = next(iter(self._store.guides.all()), None)
            if (newest.text if newest else "") == text:
                return newest.version if newest else 0
            return self._store.guides.add(text, author.name, reason)

    def unread(self, reviewer: Actor) -> Unread | None:
        """The version of the guide that this person has still to read; None if there is none. Its author need not read it."""
        guide = self.current()
        if guide is None or guide.author == reviewer.name:
            return None
        name = ("guide read", reviewer.name)
        read = self._store.unchanged(name, ("guide_readings",), lambda: self._store.guides.last_read(reviewer.name))
        return Unread(guide, read) if read < guide.version else None

    @requires_actor
    def read(self, version: int, reviewer: Actor) -> None:
        """Record that the reviewer has read a version. Raises GuideError if there is no such version."""
        newest = self._store.guides.version()
        if not 1 <= version <= newest:
            raise GuideError(f"there is no version {version} of the guide: the newest is {newest}")
        if self._store.guides.last_read(reviewer.name) < version:
            self._store.guides.add_reading(version, reviewer.name)
