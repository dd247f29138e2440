"""Models on disk: found by name, checked, loaded, asked for their prompts and ends, saved."""

from rsf_core.models.ends import eos_ids
from rsf_core.models.identity import identity
from rsf_core.models.library import DEFAULT_MODEL, cache_folder, is_ready, read_lineage, resolve, save
from rsf_core.models.loading import load
from rsf_core.models.tokens import misread

__all__ = [
    "DEFAULT_MODEL",
    "cache_folder",
    "eos_ids",
    "identity",
    "is_ready",
    "load",
    "misread",
    "read_lineage",
    "resolve",
    "save",
]
