"""Whether a key may be sent to an address: a person on this machine allows it for one variable and one address.

A project names an endpoint and the environment variable whose value is sent there as the key, and a project may come from
anybody. So the permission is for a pair of variable and address, and is stored in the user's configuration, outside every
project: it does not cover another address or another variable.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from rsf_core.domain import trust
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.files import read_json, writable, write_json

_NAME = "allowed_keys.json"


@dataclass(frozen=True, slots=True, order=True)
class SentKey:
    """The value of the environment variable `variable` goes to `url` as the key."""

    variable: str
    url: str

    def __str__(self) -> str:
        return f"the value of {self.variable} to {self.url}"


def is_allowed(key: SentKey) -> bool:
    """Whether this user has allowed it to be sent."""
    return key in allowed()


def check(key: SentKey) -> None:
    """Raises ScorerError if it may not be sent. The message says how a person allows it."""
    if not is_allowed(key):
        command = shlex.join(["rsf", "allow-key", key.variable, key.url])
        raise ScorerError(
            f"{key} may not be sent as the key: nobody has allowed it on this machine. If you know this address and "
            f"intend this key for it, run `{command}`, or allow it on the Scorers page, under Judges"
        )


def allow(key: SentKey) -> None:
    """Allow it to be sent, by every project of this user."""
    _write(allowed() | {key})


def withdraw(key: SentKey) -> None:
    """Withdraw the permission."""
    _write(allowed() - {key})


def allowed() -> frozenset[SentKey]:
    """All that may be sent; nothing if the file is damaged, so that the person is asked again."""
    try:
        names = read_json(_path())
    except (OSError, ValueError, RecursionError):
        return frozenset()
    pairs = names if isinstance(names, list) else []
    return frozenset(SentKey(*pair) for pair in pairs if _is_pair(pair))


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _path() -> Path:
    return trust.config() / _NAME


def _write(keys: frozenset[SentKey]) -> None:
    with writable(_path().parent):
        _path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(_path(), [[key.variable, key.url] for key in sorted(keys)])
