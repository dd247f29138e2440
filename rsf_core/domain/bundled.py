"""Files that come with the package but lie outside it in a checkout: pages, tasks, configuration."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def path(*parts: str) -> Path:
    """The path of a bundled file or folder: beside rsf_core in a checkout, inside it in an installed wheel."""
    root = _PACKAGE.parent
    in_checkout = (root / "pages").is_dir() and (root / "data").is_dir() and (root / "pyproject.toml").is_file()
    return (root if in_checkout else _PACKAGE / "_bundled").joinpath(*parts)
