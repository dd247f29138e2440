"""Which version of a scorer settings mean, where what they name may change: a file of the project's own, a folder of a model.
A changed one is another scorer, so that it scores anew and what the others have scored stays. A Hugging Face id is taken as it
is written: what it stands for is known only once it has been fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rsf_core import models
from rsf_core.domain.errors import ModelError, ScorerError
from rsf_core.domain.scorer_ref import ScorerRef
from rsf_core.domain.settings import Target
from rsf_core.scorers import own, registry

_WEIGHTS = "weights"  # the option that holds the hash of a model's files
_NEEDED = {"model", _WEIGHTS}


def pinned(project: Path, target: Target) -> Target:
    """`target` with the version of now in every scorer that names none and has versions."""
    target = own.pinned(project, target, registry.names)
    return _renamed(target, _pinned)


def plain(project: Path, target: Target) -> Target:
    """The opposite of `pinned`: without the versions that are those of now, as settings are to say it."""
    return _renamed(own.plain(project, target), _plain)


def _renamed(target: Target, name_of: Callable[[str], str]) -> Target:
    names = {scorer: name_of(scorer) for scorer in target.scorers if "model=" in scorer}
    return own.renamed(target, names) if any(old != new for old, new in names.items()) else target


def _pinned(scorer: str) -> str:
    ref, found = _of_a_folder(scorer)
    if ref is None or found is None or ref.options.get(_WEIGHTS):
        return scorer
    return str(replace(ref, options={**ref.options, _WEIGHTS: found}))


def _plain(scorer: str) -> str:
    ref, found = _of_a_folder(scorer)
    if ref is None or found is None or ref.options.get(_WEIGHTS) != found:
        return scorer
    return str(replace(ref, options={name: value for name, value in ref.options.items() if name != _WEIGHTS}))


def _of_a_folder(scorer: str) -> tuple[ScorerRef | None, str | None]:
    """A scorer that names the folder of a model, and the hash of its files; None where it is another, or unreadable: the job
    says why."""
    try:
        ref = ScorerRef.parse(scorer)
        known = {option.name for option in registry.card(ref.name).options}
        name = ref.options.get("model")
        if not known >= _NEEDED or not isinstance(name, str) or name == models.DEFAULT_MODEL:
            return None, None
        return ref, models.identity_with_tokenizer(Path(name).expanduser()) if models.is_ready(name) else None
    except (ScorerError, ModelError, OSError):
        return None, None
