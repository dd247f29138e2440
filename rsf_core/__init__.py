"""RSF Studio: rejection-sampling fine-tuning of language models with a person in the loop."""

from typing import TYPE_CHECKING, Any

from rsf_core.domain.version import VERSION as __version__

if TYPE_CHECKING:
    from rsf_core.project import Project

__all__ = ["Project", "__version__"]


def __getattr__(name: str) -> Any:
    """`Project` is imported when asked for: a job process that needs a scorer does not load the store."""
    if name == "Project":
        from rsf_core.project import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
