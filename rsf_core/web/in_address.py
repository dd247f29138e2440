"""Text packed into the address of a page, where text that is not saved yet survives a reload."""

from __future__ import annotations

import base64
import binascii
import zlib

LONGEST = 6_000  # characters in an address
_LARGEST = 100_000  # bytes of the text that they hold


def packed(text: str) -> str | None:
    """`text` packed for an address; None if that would be too long."""
    plain = text.encode("utf-8", "replace")
    if len(plain) > _LARGEST:
        return None
    encoded = base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")
    return encoded if len(encoded) <= LONGEST else None


def unpacked(text: str) -> str | None:
    """The text that was given to `packed`; None if the address holds anything else."""
    if len(text) > LONGEST:
        return None
    try:
        packed_bytes = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed_bytes, _LARGEST)
        return None if unpacker.unconsumed_tail or not unpacker.eof else plain.decode("utf-8")
    except (binascii.Error, zlib.error, ValueError):
        return None
