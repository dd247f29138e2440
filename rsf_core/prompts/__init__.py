"""A user's own prompts: reading a file of any common format, and placing rows on either side of the held-out split."""

from rsf_core.prompts.files import Reading
from rsf_core.prompts.formats import Format, columns, recognise
from rsf_core.prompts.parsing import parse
from rsf_core.prompts.placing import by_hash, check_disjoint, place
from rsf_core.prompts.rows import Parsed, Problem, PromptRow, identity

__all__ = [
    "Format",
    "Parsed",
    "Problem",
    "PromptRow",
    "Reading",
    "by_hash",
    "check_disjoint",
    "columns",
    "identity",
    "parse",
    "place",
    "recognise",
]
