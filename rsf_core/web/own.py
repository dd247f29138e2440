"""Where this app is: the names and ports that are its own, and who may come in."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import psutil

from rsf_core.errors import AccessError

ACCESS_VARIABLE = "RSF_ACCESS"
URL_VARIABLE = "RSF_URL"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_EVERYWHERE = ("0.0.0.0", "::", "[::]")
_URL = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


class Access(StrEnum):
    """LOCAL opens without a step, on this machine alone. LINKS asks for a link that the owner has made."""

    LOCAL = "local"
    LINKS = "links"


def access() -> Access:
    """How this process is open. Raises AccessError for a word that is none."""
    return named(os.environ.get(ACCESS_VARIABLE) or Access.LOCAL)


def named(word: str) -> Access:
    """The way to be open of this name. Raises AccessError where there is none."""
    if word not in list(Access):
        raise AccessError(f"access is {' or '.join(Access)} (got {word!r})")
    return Access(word)


def url() -> str | None:
    """The address under which browsers reach the app where that is not what it listens on: a proxy, a tunnel."""
    return os.environ.get(URL_VARIABLE) or None


def check(host: str, how: Access, address: str | None) -> None:
    """Refuse to be reachable by others without links. Raises AccessError that says what to do."""
    if address is not None:
        found = _URL.fullmatch(address)
        if found is None:
            raise AccessError(f"--url {address!r} is no address: say e.g. https://rsf.example.org, without a path")
        if how is Access.LOCAL and found[2] not in LOCAL_NAMES:
            raise AccessError(f"others would reach the app at {address}: open it with --access links")
    if how is Access.LOCAL and not is_loopback(host):
        raise AccessError(
            f"anybody who reaches {host} could open the project and change it. Say --access links, which asks each of "
            "them for a link (rsf invite DIR NAME makes one), or leave --host out: the app is then open on this machine alone"
        )


def address() -> str:
    """Where browsers find the app: what --url says, else what it listens on, by the machine's name where that is all."""
    from streamlit import config

    host, port = config.get_option("server.address"), config.get_option("server.port")
    if host is None or host in _EVERYWHERE:
        host = socket.gethostname().lower()
    return url() or f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether nobody else reaches `host`. A name other than localhost may mean anything, so it is not."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def hosts(scope: Mapping[str, Any]) -> frozenset[str]:
    """What the Host header of a request to this app may say, exactly: each own name with each own port. A port that the
    server listens on is known from the connection, whatever has started the server."""
    from streamlit import config

    server = scope.get("server") or (None, None)
    ports = {port for port in (server[1], config.get_option("server.port")) if port}
    found = {f"{name}:{port}" for name in _names(config.get_option("server.address")) for port in ports}
    found |= {text.removesuffix(":80") for text in found if text.endswith(":80")}
    address = url()
    return frozenset(found | ({address.partition("//")[2]} if address else set()))


def origins(host: str, secure: bool) -> frozenset[str]:
    """What the Origin header of a request to `host` may say: the same host, or the address given by --url."""
    address = url()
    return frozenset({f"{'https' if secure else 'http'}://{host}"} | ({address} if address else set()))


def _names(listening: str | None) -> set[str]:
    """The names of the app: those of this machine's loopback; with links also the address it listens on, which for all
    addresses is each of this machine's and its name."""
    names = set(LOCAL_NAMES)
    if listening is None or listening in _EVERYWHERE:
        if access() is Access.LINKS:
            names.add(socket.gethostname().lower())
            for interface in psutil.net_if_addrs().values():
                for one in interface:
                    if one.family is socket.AF_INET:
                        names.add(one.address)
                    elif one.family is socket.AF_INET6:
                        names.add(f"[{one.address.partition('%')[0]}]")
    elif access() is Access.LINKS or is_loopback(listening):
        bare = listening.strip("[]").lower()
        names.add(f"[{bare}]" if ":" in bare else bare)
    return names


def is_address(host: str | None) -> bool:
    """Whether this is an IP address: a server on a Unix socket has a path there."""
    try:
        ipaddress.ip_address((host or "").strip("[]"))
    except ValueError:
        return False
    return True
