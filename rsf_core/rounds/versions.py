"""Which version of a scorer the settings mean, if what they name may change: a file of the project's own, a folder of a model,
an installed scorer, which is `NAME@vVERSION` if its card has another `version` than "1". A changed scorer is another scorer:
it scores everything again, and the scores of the others stay. A Hugging Face id is taken as it is written: what it stands for
is known only once it has been fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from rsf_core import models
from rsf_core.domain import sent_keys
from rsf_core.domain.errors import ModelError, ScorerError
from rsf_core.domain.files import expand_home
from rsf_core.domain.scorer_ref import ScorerRef, label
from rsf_core.domain.settings import Target
from rsf_core.domain.settings_reading import problems_of
from rsf_core.scorers import own, registry

_WEIGHTS = "weights"  # the option that holds the hash of a model's files
_NEEDED = {"model", _WEIGHTS}


def pinned(project: Path, target: Target) -> Target:
    """`target` with the current version in every scorer that has versions and names none."""
    target = own.pinned(project, target, registry.names)
    return _renamed(target, lambda scorer: _pinned(_with_version(scorer)))


def plain(project: Path, target: Target) -> Target:
    """The opposite of `pinned`: without the versions that are current, as settings write it."""
    return _renamed(own.plain(project, target), lambda scorer: _without_version(_plain(scorer)))


def current(project: Path, scorer: str) -> str:
    """The name that a scorer's scores are stored under now, with the version that `pinned` gives it. Raises ScorerError if it
    is not a valid name of a scorer."""
    if not isinstance(scorer, str) or not scorer.strip():  # it may come from JSON
        raise ScorerError("no scorer was given: name one, such as length. `rsf scorers` lists them")
    try:
        target = Target(rewards={scorer: 1.0})
    except ValidationError as error:
        reasons = "; ".join(dict.fromkeys(problem.message for problem in problems_of(error)))
        raise ScorerError(f"no scorer can be called {ascii(scorer)[:80]}: {reasons}") from error
    (name,) = pinned(project, target).scorers
    return name


def ready(project: Path, scorers: Sequence[str]) -> None:
    """Check scorers before a job that calls them is submitted. Raises ScorerError if one is the project's own and may not run
    here, if one would send a key that nobody has allowed on this machine, and if an installed scorer has another version than
    the one meant: its scores would not be comparable."""
    own.ready(project, scorers)
    for scorer in scorers:
        _check_key(scorer)
        _, meant, installed = _versions(scorer)
        if installed and meant != installed:
            raise ScorerError(
                f"the scorer {scorer!r} means version {meant}, and version {installed} is installed: what they score "
                "cannot be compared. Decide the round with the current target (rsf score), or install that version"
            )


def _check_key(scorer: str) -> None:
    try:
        sent = registry.sent_key(scorer)
    except ScorerError:  # the job reports why: a scorer that cannot be made sends nothing
        return
    try:
        if sent is not None:
            sent_keys.check(sent)
    except ScorerError as error:
        raise ScorerError(f"the scorer {label(scorer)}: {error}") from error


def _with_version(scorer: str) -> str:
    """The name of an installed scorer with its installed version; version 1 has the plain name, so that projects from before
    there were versions keep their scores."""
    ref, _, installed = _versions(scorer)
    if ref is None or installed in ("", "1") or registry.MARK in ref.name:
        return scorer
    return str(replace(ref, name=f"{ref.name}{registry.MARK}{installed}"))


def _without_version(scorer: str) -> str:
    ref, meant, installed = _versions(scorer)
    if ref is None or not installed or meant != installed:
        return scorer
    return str(replace(ref, name=registry.plain_name(ref.name)))


def _versions(scorer: str) -> tuple[ScorerRef | None, str, str]:
    """A scorer, the version that its name means and the installed version; None and "" if it is not an installed scorer."""
    try:
        ref = ScorerRef.parse(scorer)
        if (mine := own.reference(ref.name)) is not None and mine.version is not None:
            return None, "", ""  # the project's own, by its file
        installed = _installed_version(registry.plain_name(ref.name))
    except ScorerError:  # the job reports why
        return None, "", ""
    return ref, ref.name.partition(registry.MARK)[2] or "1", installed


@lru_cache(maxsize=256)
def _installed_version(name: str) -> str:
    """Cached: it is needed each time the settings are read. Raises ScorerError if it is not an installed scorer."""
    return registry.card(name).version


def _renamed(target: Target, name_of: Callable[[str], str]) -> Target:
    names = {scorer: name_of(scorer) for scorer in target.scorers}
    return own.renamed(target, names) if any(old != new for old, new in names.items()) else target


def _pinned(scorer: str) -> str:
    if "model=" not in scorer:
        return scorer
    ref, weights = _of_a_folder(scorer)
    if ref is None or weights is None or ref.options.get(_WEIGHTS):
        return scorer
    return str(replace(ref, options={**ref.options, _WEIGHTS: weights}))


def _plain(scorer: str) -> str:
    if "model=" not in scorer:
        return scorer
    ref, weights = _of_a_folder(scorer)
    if ref is None or weights is None or ref.options.get(_WEIGHTS) != weights:
        return scorer
    return str(replace(ref, options={name: value for name, value in ref.options.items() if name != _WEIGHTS}))


def _of_a_folder(scorer: str) -> tuple[ScorerRef | None, str | None]:
    """A scorer that names the folder of a model, and the hash of its files; None for any other scorer, or if the files cannot
    be read: then the job reports why."""
    try:
        name = named_model(scorer)
        if name is None or name == models.DEFAULT_MODEL:
            return None, None
        weights = models.identity_with_tokenizer(expand_home(name)) if models.is_ready(name) else None
        return ScorerRef.parse(scorer), weights
    except (ScorerError, ModelError, OSError):
        return None, None


def named_model(scorer: str) -> str | None:
    """The model whose weights a scorer computes with, as its options name it; None for a scorer of another kind. Raises
    ScorerError if it does not exist."""
    ref = ScorerRef.parse(scorer)
    known = {option.name for option in registry.card(ref.name).options}
    name = ref.options.get("model")
    return name if known >= _NEEDED and isinstance(name, str) else None
