"""Files that are not what their name says, recognised by their first bytes: packed, a web page, a pointer to the real file."""

from __future__ import annotations

from rsf_core.domain.errors import PromptFileError

_SAMPLE = 512
_PACKED = (
    (b"\x1f\x8b", "packed by gzip"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ\x00", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
)
_OTHER = (
    (b"%PDF-", "a PDF document: save its table as CSV"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"SQLite format 3\x00", "an SQLite database: export the table as CSV"),
    (b"ARROW1", "an Arrow file: save it as Parquet"),
    (b"{\\rtf", "an RTF document: save it as plain text"),
)
_POINTER = b"version https://git-lfs"
_PARQUET = b"PAR1"
_SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # of .xlsx and .ods, of .xls


def refuse(name: str, head: bytes, kind: str) -> None:
    """Raises PromptFileError if the first bytes of a file show that it is not of its `kind`: text, table or sheet."""
    start = head[:_SAMPLE]
    plain = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(_POINTER):
        fault = "a pointer of Git LFS and not the file itself: get that by git lfs pull"
    elif plain[:15].lower().startswith((b"<!doctype html", b"<html")):
        fault = "a web page: download the file itself, from its raw link"
    elif (packed := _named(start, _PACKED)) is not None:
        fault = f"{packed}: unpack it first"
    elif (other := _named(start, _OTHER)) is not None:
        fault = other
    elif kind != "table" and start.startswith(_PARQUET):
        fault = "a Parquet file: let its name end in .parquet"
    elif kind == "text" and start.startswith(_SHEETS):
        fault = "a spreadsheet or an archive: let its name end in .xlsx, or unpack it first"
    else:
        return
    raise PromptFileError(f"{name} is {fault}")


def _named(start: bytes, kinds: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((name for mark, name in kinds if start.startswith(mark)), None)
