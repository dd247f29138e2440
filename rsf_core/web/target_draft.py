"""The draft of a target in the address of its page, so that a reload or a look at another page does not lose it, and a link
shows it to a colleague. It saves nothing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import dataclass

from pydantic import ValidationError

from rsf_core.acceptance.preview import Draft
from rsf_core.domain.settings import Accept, Target

PARAMETER = "draft"
LONGEST = 6_000  # characters in an address
_LARGEST = 100_000  # bytes of what they say


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft that an address holds; `fresh`: it was made of the target that is in force."""

    draft: Draft
    fresh: bool


def pack(draft: Draft, now: Draft) -> str | None:
    """`draft`, which was made of `now`, for an address; None where that would be too long."""
    said = {"target": draft.target.model_dump(mode="json"), "accept": draft.accept.model_dump(mode="json")}
    plain = json.dumps(said | {"of": _name(now)}, ensure_ascii=False, separators=(",", ":")).encode()
    packed = base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")
    return packed if len(packed) <= LONGEST else None


def unpack(text: str, now: Draft) -> Asked | None:
    """What `pack` made; None where an address holds something else, whatever it is."""
    if len(text) > LONGEST:
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, _LARGEST)
        if unpacker.unconsumed_tail or not unpacker.eof:
            return None
        said = json.loads(plain)
        draft = Draft(Target.model_validate(said["target"]), Accept.model_validate(said["accept"]))
        return Asked(draft, said["of"] == _name(now))
    except (binascii.Error, zlib.error, ValueError, ValidationError, KeyError, TypeError, RecursionError):
        return None


def _name(draft: Draft) -> str:
    said = json.dumps([draft.target.model_dump(mode="json"), draft.accept.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
