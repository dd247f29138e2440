"""Where this app is reached: its own names and ports, and who may come in."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import psutil

from rsf_core.domain.errors import AccessError

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
    """How this process is open. Raises AccessError if the variable names no such way."""
    return parse_access(os.environ.get(ACCESS_VARIABLE) or Access.LOCAL)


def parse_access(word: str) -> Access:
    """The way of access with this name. Raises AccessError if there is none."""
    if word not in list(Access):
        raise AccessError(f"access is {' or '.join(Access)} (got {word!r})")
    return Access(word)


def url() -> str | None:
    """The address under which browsers reach the app, if it is not the one it listens on: a proxy, a tunnel."""
    return os.environ.get(URL_VARIABLE) or None


def check(host: str, how: Access, address: str | None) -> None:
    """Raises AccessError, with what to do, if others could reach the app without links, or if `address` is not valid."""
    if address is not None:
        match = _URL.fullmatch(address)
        if match is None:
            raise AccessError(f"--url {address!r} is no address: say e.g. https://rsf.example.org, without a path")
        if how is Access.LOCAL and match[2] not in LOCAL_NAMES:
            raise AccessError(f"other machines could reach the app at {address}: start it with --access links")
    if how is Access.LOCAL and not is_loopback(host):
        raise AccessError(
            f"anybody who reaches {host} could open the project and change it. Add --access links, which asks "
            "everybody for a link (rsf invite DIR NAME makes one), or leave --host out: the app then answers this "
            "machine alone"
        )


def one_project(how: Access) -> None:
    """Raises AccessError if a list of projects would be open by links: a link opens one project."""
    if how is Access.LINKS:
        raise AccessError(
            "a link opens one project: name the project (rsf app DIR --access links), and the app serves that one alone"
        )


def address() -> str:
    """Where browsers find the app: the address given by --url, else the one it listens on, or the machine's name if it listens
    on all addresses."""
    from streamlit import config

    host, port = config.get_option("server.address"), config.get_option("server.port")
    if host is None or host in _EVERYWHERE:
        host = socket.gethostname().lower()
    return url() or f"http://{_as_host(host)}:{port}"


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether nobody else reaches `host`. A name other than localhost may mean anything, so it does not
    count."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def answers_to(host: str, scope: Mapping[str, Any]) -> bool:
    """Whether a request with this Host header is to this app: exactly one of its own names with one of its own ports. The port
    that the server listens on is known from the connection, however the server was started."""
    from streamlit import config

    address = url()
    if address is not None and host == address.partition("//")[2]:
        return True
    server = scope.get("server") or (None, None)
    ports = {str(port) for port in (server[1], config.get_option("server.port")) if port}
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "80"
    return port in ports and (f"{name}:{port}" == host or port == "80") and _is_own_name(name)


def origins(host: str, secure: bool) -> frozenset[str]:
    """The values that the Origin header of a request to `host` may have: the same host, or the address given by --url."""
    address = url()
    return frozenset({f"{'https' if secure else 'http'}://{host}"} | ({address} if address else set()))


def _is_own_name(name: str) -> bool:
    """Whether `name` is one of this machine's loopback or, with links, the address it listens on. If it listens on all
    addresses, that is each address of this machine, and its name."""
    from streamlit import config

    listening: str = config.get_option("server.address") or "0.0.0.0"
    if name in LOCAL_NAMES:
        return True
    if listening not in _EVERYWHERE:
        return (access() is Access.LINKS or is_loopback(listening)) and name == _as_host(listening)
    return access() is Access.LINKS and (name == socket.gethostname().lower() or name in _interfaces())


def _interfaces() -> set[str]:
    addresses = (one for interface in psutil.net_if_addrs().values() for one in interface)
    return {_as_host(entry.address) for entry in addresses if entry.family in (socket.AF_INET, socket.AF_INET6)}


def _as_host(address: str) -> str:
    """An address as in a Host header: IPv6 in brackets, without its zone."""
    bare = address.strip("[]").partition("%")[0].lower()
    return f"[{bare}]" if ":" in bare else bare


@lru_cache(maxsize=256)
def is_address(host: str | None) -> bool:
    """Whether this is an IP address: a server on a Unix socket has a path there."""
    try:
        ipaddress.ip_address((host or "").strip("[]"))
    except ValueError:
        return False
    return True
