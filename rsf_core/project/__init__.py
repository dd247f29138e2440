"""The public Python API: `Project`, who owns it, how commands reach it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsf_core.project.project import Project

__all__ = ["Project"]


def __getattr__(name: str) -> Any:
    """`Project` is imported when asked for: a process that reads a file does not load the store."""
    if name == "Project":
        from rsf_core.project.project import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
