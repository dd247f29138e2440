"""RSF Studio: rejection-sampling fine-tuning of language models with a person in the loop."""

from typing import TYPE_CHECKING, Any

from rsf_core.domain.version import VERSION as __version__

if TYPE_CHECKING:
    from rsf_core.project import Project
    from rsf_core.scorers.decorator import scorer

__all__ = ["Project", "__version__", "scorer"]


def __getattr__(name: str) -> Any:
    """They are imported when asked for: a job process that needs a scorer does not load the store."""
    if name == "Project":
        from rsf_core.project import Project

        return Project
    if name == "scorer":
        from rsf_core.scorers.decorator import scorer

        return scorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
