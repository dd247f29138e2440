"""Models on disk: located by name, checked, loaded, saved; how they encode prompts and which tokens end a completion."""

from rsf_core.models.ends import eos_ids
from rsf_core.models.generation import LawRequest, Part, in_words, require_end, ruled_out
from rsf_core.models.identity import identity, identity_with_tokenizer
from rsf_core.models.law import masks_of, requests_of
from rsf_core.models.library import DEFAULT_MODEL, cache_folder, is_ready, local_folder, resolve, save
from rsf_core.models.loading import load, load_classifier, outline
from rsf_core.models.tokens import misread

__all__ = [
    "DEFAULT_MODEL",
    "LawRequest",
    "Part",
    "cache_folder",
    "eos_ids",
    "identity",
    "identity_with_tokenizer",
    "in_words",
    "is_ready",
    "load",
    "load_classifier",
    "local_folder",
    "masks_of",
    "misread",
    "outline",
    "requests_of",
    "require_end",
    "resolve",
    "ruled_out",
    "save",
]
