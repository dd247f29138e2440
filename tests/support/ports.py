"""Ports on which the servers of tests listen."""

from __future__ import annotations

import itertools
import random
import socket

# Below the ports that the system gives to outgoing connections: such a connection could take the port of a server that is down
# for a moment, or is not up yet. Even a browser that dials that server can be given its port, and then talks to itself.
PORTS = range(20_000, 32_000)
_next = itertools.count(
    random.SystemRandom().randrange(len(PORTS))
)  # processes that test at the same time begin elsewhere


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens; each call gives another."""
    for number in itertools.islice(_next, len(PORTS)):
        port = PORTS[number % len(PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port from {PORTS.start} to {PORTS.stop} is free")
