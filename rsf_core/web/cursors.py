"""Where a reviewer's queue continues in the random audit and among the gold items, as a text that the browser hands back. The
text reveals nothing about either. Its length is fixed, because it might show whether there are gold items."""

from __future__ import annotations

import hmac
import secrets
import struct

from rsf_core.domain import K_BITS, candidate_id, parse_candidate_id, place

_KEY = secrets.token_bytes(32)  # of this process, as the tokens are
_FORM = struct.Struct(">qq")
_NONCE = 16
_NOTHING = -1


def sealed(round_number: int, audit: str | None, gold: str | None) -> str:
    """The last audit candidate and the last gold item that were shown, as a sealed text; each is None if none was shown. The
    same two give the same text."""
    content = _FORM.pack(_where(audit), _where(gold))
    nonce = _digest("nonce", round_number, content)[:_NONCE]
    return (nonce + _xor(nonce, round_number, content)).hex()


def unsealed(round_number: int, text: str | None) -> tuple[str | None, str | None]:
    """The two that were given to `sealed`; (None, None) if there is no text, or if it is of another server or round."""
    try:
        raw = bytes.fromhex(text or "")
    except ValueError:
        return None, None
    if len(raw) != _NONCE + _FORM.size:
        return None, None
    content = _xor(raw[:_NONCE], round_number, raw[_NONCE:])
    if not hmac.compare_digest(raw[:_NONCE], _digest("nonce", round_number, content)[:_NONCE]):
        return None, None
    audit, gold = _FORM.unpack(content)
    return _name(round_number, audit), _name(round_number, gold)


def _xor(nonce: bytes, round_number: int, content: bytes) -> bytes:
    """`content` XOR the pad of a nonce; applied twice, it gives `content` again."""
    pad = _digest("pad", round_number, nonce)
    return bytes(one ^ other for one, other in zip(content, pad, strict=False))


def _digest(use: str, round_number: int, content: bytes) -> bytes:
    return hmac.digest(_KEY, f"{use} {round_number} ".encode() + content, "sha256")


def _where(name: str | None) -> int:
    named = parse_candidate_id(name) if name else None
    return _NOTHING if named is None else int(place(*named[1:]))


def _name(round_number: int, where: int) -> str | None:
    prompt, k = where >> K_BITS, where & ((1 << K_BITS) - 1)
    return None if where == _NOTHING else candidate_id(round_number, prompt, k)
