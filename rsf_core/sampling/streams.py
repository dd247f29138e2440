"""Independent random streams from a project's single seed."""

from __future__ import annotations

from hashlib import blake2b


def child_seed(seed: int, stream: str) -> int:
    """The seed of a named stream, in [0, 2³¹): BLAKE2b over the parent seed in ASCII decimal, a zero byte and the name.

    Different names under one parent, and one name under two parents, give independent streams. Changing this function
    changes the draws of a project with a given seed.
    """
    digest = blake2b(b"%d\x00%s" % (seed, stream.encode()), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 33
