"""Independent streams of randomness from the one seed of a project."""

from __future__ import annotations

from hashlib import blake2b


def child_seed(seed: int, stream: str) -> int:
    """The seed of a named stream, in [0, 2³¹): BLAKE2b over the parent seed in ASCII decimal, a zero byte and the name.

    Streams of one parent, and one stream of two parents, have nothing in common. Changing this changes what a project made
    with a seed draws.
    """
    digest = blake2b(b"%d\x00%s" % (seed, stream.encode()), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 33
