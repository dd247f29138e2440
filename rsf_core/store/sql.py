"""The SQL that ships with the package: named queries and numbered migrations, read once."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def queries() -> dict[str, str]:
    """Every query in queries/*.sql by the name in its `-- name:` line."""
    by_name: dict[str, str] = {}
    for file in (files("rsf_core.store") / "queries").iterdir():
        if file.name.endswith(".sql"):
            parts = _NAME.split(file.read_text(encoding="utf-8"))
            by_name.update(zip(parts[1::2], (body.strip() for body in parts[2::2]), strict=True))
    return by_name


@cache
def migrations() -> tuple[tuple[int, str, str], ...]:
    """`(number, name, sql)` of each migration, ascending."""
    ordered = []
    for file in (files("rsf_core.store") / "migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            ordered.append((int(number), name, file.read_text(encoding="utf-8")))
    return tuple(sorted(ordered))
