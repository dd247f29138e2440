"""The public Python API: `Project`, its owner process, and how commands reach that process."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsf_core.project.project import Project

__all__ = ["Project"]


def __getattr__(name: str) -> Any:
    """Imports `Project` on first use, so that a process that only reads a file does not load the store."""
    if name == "Project":
        from rsf_core.project.project import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
