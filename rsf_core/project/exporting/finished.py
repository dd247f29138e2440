"""A finished export: its files, one by one or as an archive. Nothing here needs the project."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rsf_core.domain.errors import ExportError

CARD, NOTE = "README.md", ".export.json"
_GUIDE = re.compile(r"guide-v[0-9]+\.md")


def guide_file(version: int) -> str:
    """The name of the file with a version of the guide in an export."""
    return f"guide-v{version}.md"


@dataclass(frozen=True, slots=True)
class FinishedExport:
    """A finished export. `files` are their paths in its folder and their sizes in bytes; `rows` counts its rows."""

    name: str
    folder: Path
    what: str
    format: str
    rows: int
    files: tuple[tuple[str, int], ...]

    @classmethod
    def read(cls, folder: Path, about: dict[str, Any]) -> Self:
        """The export in `folder`, described by its note `about`."""
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NOTE)
        sizes = tuple((path.relative_to(folder).as_posix(), path.stat().st_size) for path in files)
        return cls(folder.name, folder, about["what"], about["format"], about["rows"], sizes)

    @property
    def data(self) -> tuple[str, ...]:
        """The files that hold the rows."""
        return tuple(path for path, _ in self.files if path != CARD and not _GUIDE.fullmatch(path))

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(length for _, length in self.files)

    def file(self, path: str) -> bytes:
        """The content of one file. Raises ExportError if it does not exist, or was deleted since."""
        if path not in dict(self.files):
            raise ExportError(f"the export {self.name} has no file {path!r}")
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError as error:
            raise ExportError(f"the export {self.name} is not there any more: write it again") from error

    def archive(self) -> bytes:
        """All files as one ZIP; the same bytes for the same export. Raises ExportError if it was deleted since."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, _ in self.files:
                entry = zipfile.ZipInfo(f"{self.name}/{path}")  # with the earliest time of ZIP, always the same
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, self.file(path))
        return packed.getvalue()
