"""Text in the address of a page, packed: what is written on a page and not saved yet outlasts a reload there."""

from __future__ import annotations

import base64
import binascii
import zlib

LONGEST = 6_000  # characters in an address
_LARGEST = 100_000  # bytes of what they say


def packed(text: str) -> str | None:
    """For an address; None where that would be too long."""
    plain = text.encode("utf-8", "replace")
    if len(plain) > _LARGEST:
        return None
    encoded = base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")
    return encoded if len(encoded) <= LONGEST else None


def unpacked(text: str) -> str | None:
    """What `packed` was given; None where an address holds something else, whatever it is."""
    if len(text) > LONGEST:
        return None
    try:
        packed_bytes = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed_bytes, _LARGEST)
        return None if unpacker.unconsumed_tail or not unpacker.eof else plain.decode("utf-8")
    except (binascii.Error, zlib.error, ValueError):
        return None
