"""Scorers by name, from the entry points of the group `rsf_studio.scorers`.

A scorer's card, read from its source, holds everything known about it. The owner and the pages call `cards`, `bounds` and
`reference_problems`, none of which loads a scorer whose card can be read. `get` and `score` load it: they are for jobs."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, cast

from rsf_core.domain import Prompt
from rsf_core.domain.errors import OutOfSpaceError, RsfError, ScorerError
from rsf_core.domain.scorer_ref import ScorerRef
from rsf_core.domain.sent_keys import SentKey
from rsf_core.scorers import own, own_calls, own_judge, reading, returned
from rsf_core.scorers.base import ChecksReferences, NoScore, Scored, Scorer, Unavailable
from rsf_core.scorers.card import REQUIRED, Option, ScorerCard
from rsf_core.scorers.own import OwnRef
from rsf_core.scorers.preparing import Prepares, Workplace

GROUP = "rsf_studio.scorers"
MARK = "@v"  # between the name of an installed scorer and its version
SHOWN = 5  # prompts named in one message
KEPT = 256  # cached scorers, cards and checks
Calling = Callable[[Sequence[Scored]], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class ReferenceProblem:
    """A prompt whose reference a scorer cannot read; `problem` continues a sentence that begins with the scorer's name."""

    prompt_id: int
    scorer: str
    problem: str


def get(reference: str) -> Scorer:
    """The scorer with this name and options, see `ScorerRef`. Raises ScorerError naming the choices."""
    if (mine := _own(reference)) is not None:
        return own_calls.get(mine)
    return _load(_entry_point(ScorerRef.parse(reference).name), reference)


def names() -> frozenset[str]:
    """The names of all installed scorers."""
    return frozenset(_entry_points())


def _own(reference: str) -> OwnRef | None:
    """The version of a project's own scorer that this names; None if it names none."""
    scorer = own.reference(reference)
    return scorer if scorer is not None and scorer.version is not None else None


def plain_name(name: str) -> str:
    """A scorer's name without its version."""
    return name.partition(MARK)[0]


def _without_version(reference: str) -> str:
    """A scorer's name and options without its version, for messages."""
    name, mark, rest = reference.partition(MARK)
    return name + rest[rest.find("(") :] if mark and "(" in rest else name


def _entry_point(name: str) -> EntryPoint:
    by_name, name = _entry_points(), plain_name(name)
    if name not in by_name:
        near = difflib.get_close_matches(name, by_name, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ScorerError(f"there is no scorer {name!r}{hint} There are: {', '.join(sorted(by_name)) or 'none'}")
    points = by_name[name]
    if len(points) > 1:
        packages = " and ".join(f"{point.dist.name if point.dist else '?'} ({point.value})" for point in points)
        raise ScorerError(
            f"the scorer {name!r} is installed by {packages}, and it is unclear which one is meant: uninstall one, or "
            "give it another name in its entry point"
        )
    return points[0]


def cards() -> list[ScorerCard]:
    """The cards of all installed scorers, by name; for a scorer that cannot be used, its card has the `problem`."""
    known_cards = []
    for name in sorted(_entry_points()):
        try:
            known_cards.append(card(name))
        except ScorerError as error:  # one broken plugin must not hide the others
            known_cards.append(ScorerCard(name, "", problem=str(error)))
    return known_cards


def card(name: str) -> ScorerCard:
    """The card of the scorer with this name, whatever its options. A scorer whose card cannot be read is loaded. Raises
    ScorerError if there is no such scorer, or it cannot be loaded."""
    if (mine := _own(name)) is not None:
        known = own.known(mine)
        if known is None:
            raise ScorerError(own_calls.missing(mine))
        return known[0].card(name)
    return _card(_entry_point(name))


def available() -> dict[str, str]:
    """What each installed scorer measures, with its options, by name; if it cannot be used, the reason."""
    return {one.name: one.sentence for one in cards()}


def bounds(reference: str) -> tuple[float, float]:
    """The closed range of the scores of a scorer with its options (an unknown end is ±inf). Raises ScorerError."""
    _, known = checked(reference)
    if known.loaded:
        return get(reference).bounds
    own = getattr(_light(known.check, reference), "bounds", None) if known.check else None
    return known.bounds if own is None else own


def checked(reference: str) -> tuple[ScorerRef, ScorerCard]:
    """A scorer's name and options, and its card. Raises ScorerError if the options do not fit the scorer."""
    ref = ScorerRef.parse(reference)
    known = card(ref.name)
    if known.own and known.problem:
        raise ScorerError(known.problem)
    known.check_options(ref.options)
    return ref, known


def options(reference: str) -> Mapping[str, Any]:
    """The options of a scorer: those in its name or, for a project's own judge, those in its file. Raises ScorerError."""
    mine = _own(reference)
    known = None if mine is None else own.known(mine)
    return ScorerRef.parse(reference).options if known is None or known[0].judge is None else known[0].judge


def sent_key(reference: str) -> SentKey | None:
    """The key that a scorer sends, and its address; None if it sends none. Raises ScorerError."""
    _, known = checked(reference)
    if (mine := _own(reference)) is not None:
        scorer = own.known(mine)
        return None if scorer is None or scorer[0].judge is None else own_judge.check(scorer[0].judge).sent_key
    sent = getattr(_light(known.check, reference), "sent_key", None) if known.check else None
    return sent if isinstance(sent, SentKey) else None


def reference_problem(name: str, reference: str | None) -> str | None:
    """The scorer's problem with this reference ("needs a number as the reference, not 'many'"); None if it can read it or
    reads no references. Raises ScorerError if there is no such scorer, or its check fails."""
    scorer = _checker(name)
    return _check(name, scorer, reference) if isinstance(scorer, ChecksReferences) else None


def reference_problems(names: Iterable[str], prompts: Sequence[Prompt]) -> list[ReferenceProblem]:
    """Every prompt whose reference one of these scorers cannot read, in order of prompts, each with the first such scorer.
    Raises ScorerError if there is no such scorer, or its check fails."""
    check = ReferenceCheck(names)
    problems = []
    for prompt in prompts if check.needed else ():
        wrong = check.problem(prompt.reference)
        if wrong is not None:
            problems.append(ReferenceProblem(prompt.prompt_id, *wrong))
    return problems


class ReferenceCheck:
    """Checks references with several scorers, each reference only once, because many of 100,000 prompts share one. Raises
    ScorerError if there is no such scorer, or its check fails."""

    def __init__(self, names: Iterable[str]) -> None:
        checks = {name: _checker(name) for name in names}
        self._scorers = {name: scorer for name, scorer in checks.items() if isinstance(scorer, ChecksReferences)}
        self._known: dict[str | None, tuple[str, str] | None] = {}

    @property
    def needed(self) -> bool:
        """Whether one of the scorers reads references; the others accept any."""
        return bool(self._scorers)

    def problem(self, reference: str | None) -> tuple[str, str] | None:
        """The first scorer that cannot read this reference, and its problem; None if all can."""
        if reference not in self._known:
            problems = ((name, _check(name, scorer, reference)) for name, scorer in self._scorers.items())
            self._known[reference] = next(
                ((_without_version(name), problem) for name, problem in problems if problem is not None), None
            )
        return self._known[reference]


def describe(problems: Sequence[ReferenceProblem]) -> str:
    """The first few problems, each with its prompt, and how many more there are; without a full stop."""
    shown = "; ".join(f"prompt {p.prompt_id}: {p.scorer!r} {p.problem}" for p in problems[:SHOWN])
    more = len(problems) - SHOWN
    return shown + (f"; and {more:,} more: {_ids(problems[SHOWN:])}" if more > 0 else "")


def _ids(problems: Sequence[ReferenceProblem], shown: int = 50) -> str:
    listed = ", ".join(str(p.prompt_id) for p in problems[:shown])
    return listed + (", …" if len(problems) > shown else "")


def _checker(reference: str) -> object:
    """The object that checks options and references: the scorer's light check if it has one, else the scorer itself, which is
    loaded only if it may be needed; None if nothing needs a check. Raises ScorerError."""
    _, known = checked(reference)
    if known.check:
        return _light(known.check, reference)
    return get(reference) if known.loaded or known.reference or known.required else None


@lru_cache(maxsize=KEPT)
def _light(place: str, reference: str) -> object:
    """The check of a scorer, made with its options. Raises ScorerError."""
    ref = ScorerRef.parse(reference)
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)(**ref.options)
    except ScorerError:
        raise
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        raise ScorerError(f"the check {place!r} of the scorer {ref.name!r} fails: {error}") from error


def _check(name: str, scorer: ChecksReferences, reference: str | None) -> str | None:
    try:
        return scorer.reference_problem(reference)
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        raise ScorerError(
            f"the scorer {name!r} failed to check a reference ({reference!r:.80}): {type(error).__name__}: {error}"
        ) from error


def compare_siblings(names: Iterable[str]) -> bool:
    """Whether one of the scorers compares a candidate with those drawn before it for its prompt. Raises ScorerError."""
    return any(checked(name)[1].siblings for name in names)


def prepare(names: Iterable[str], workplace: Workplace) -> None:
    """Prepare those of the scorers that load something, before they are called. Raises ScorerError if there is no such scorer,
    and RsfError with what to do if one cannot get ready."""
    for name in names:
        scorer = get(name)
        if isinstance(scorer, Prepares):
            try:
                scorer.prepare(workplace)
            except RsfError:
                raise
            except Exception as error:  # a third party's code: whatever it raises, say whose it is
                raise ScorerError(f"the scorer {name!r} cannot be ready: {type(error).__name__}: {error}") from error


def score(name: str, batch: Sequence[Scored], calling: Calling = lambda part: nullcontext()) -> list[float | NoScore]:
    """For each of `batch` a finite score within the scorer's bounds, or the reason why there is none. If a call on several
    candidates fails, each is scored alone, so that one candidate does not cost another its score; every call happens within
    `calling(part)`. Raises ScorerError if there is no such scorer, or its result is not a list with one entry per candidate;
    OutOfSpaceError."""
    scorer = get(name)
    size = getattr(scorer, "most_at_once", 0) or len(batch) or 1  # a slow scorer limits the candidates of one call
    parts = [batch[start : start + size] for start in range(0, len(batch), size)]
    return [score for part in parts for score in _together(name, scorer, part, calling)]


def _together(name: str, scorer: Scorer, batch: Sequence[Scored], calling: Calling) -> list[float | NoScore]:
    try:
        return _called(name, scorer, batch, calling)
    except (returned.NoListError, Unavailable, OutOfSpaceError):
        raise
    except (Exception, SystemExit):  # a third party's code: whatever it raises
        return [_alone(name, scorer, scored, calling) for scored in batch]


def _called(name: str, scorer: Scorer, batch: Sequence[Scored], calling: Calling) -> list[float | NoScore]:
    with calling(batch):
        return returned.checked(scorer.bounds, returned.listed(name, scorer.score(batch), len(batch)))


def _alone(name: str, scorer: Scorer, scored: Scored, calling: Calling) -> float | NoScore:
    try:
        return _called(name, scorer, [scored], calling)[0]
    except NoScore as why:
        return why
    except (returned.NoListError, Unavailable, OutOfSpaceError):  # the candidate is not the cause
        raise
    except RsfError as error:
        return NoScore(str(error))
    except (Exception, SystemExit) as error:
        return NoScore(f"{type(error).__name__}: {error}")


def _entry_points() -> dict[str, list[EntryPoint]]:
    """The entry points by name; several if packages clash over a name. Reading those of all installed packages takes tens of
    milliseconds, and they are needed for each scorer of a page and at each call. So they are read again only if a folder of
    packages has changed."""
    return _read_entry_points(tuple((place, _changed(place)) for place in sys.path))


def _changed(place: str) -> int:
    """The time of a folder's last change, in nanoseconds; 0 if it does not exist."""
    try:
        return os.stat(place or os.curdir).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _read_entry_points(places: tuple[tuple[str, int], ...]) -> dict[str, list[EntryPoint]]:
    """The entry points on sys.path; `places` are its folders with their times of change, as the key of the cache."""
    by_name: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        by_name.setdefault(point.name, []).append(point)
    return by_name


@lru_cache(maxsize=KEPT)
def _card(point: EntryPoint) -> ScorerCard:
    module, _, attribute = point.value.partition(":")
    read = reading.card_of(point.name, module, attribute)
    if read is None:
        return _loaded_card(point)
    gone = [needed for needed in read.needs if find_spec(needed) is None]
    if not gone:
        return read
    how = f"pip install 'rsf-studio[{read.extra}]'" if read.extra else f"pip install {' '.join(gone)}"
    return replace(read, problem=f"the scorer {read.name!r} needs {', '.join(gone)}, which is not installed: {how}")


def _loaded_card(point: EntryPoint) -> ScorerCard:
    """The card of a scorer whose source does not state it in plain values: the scorer is loaded."""
    kind = _kind(point)
    read = _signature(point.name, kind)
    described: Any = kind if read.required and hasattr(kind, "description") else _load(point, point.name)
    ends: Any = getattr(described, "bounds", read.bounds)
    low, high = read.bounds if returned.bounds_problem(ends) is not None else ends
    of_draw = bool(getattr(described, "of_draw", False))
    read = replace(read, version=str(getattr(described, "version", read.version)))
    return replace(read, description=str(described.description), bounds=(float(low), float(high)), of_draw=of_draw)


def _signature(name: str, kind: Callable[..., object]) -> ScorerCard:
    """The card of a loaded scorer with its options alone, from the signature of its class or function."""
    parameters = _parameters(kind)
    options = tuple(
        Option(option, REQUIRED if parameter.default is parameter.empty else parameter.default)
        for option, parameter in parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    return ScorerCard(name, "", options=options, takes_any=takes_any, loaded=True)


@lru_cache(maxsize=KEPT)
def _load(point: EntryPoint, reference: str) -> Scorer:
    options, kind = ScorerRef.parse(reference).options, _kind(point)
    _signature(point.name, kind).check_options(options)
    try:
        scorer: Any = kind(**options)
    except ScorerError:
        raise
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        what = "made with these options" if options else "loaded"
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) cannot be {what}: {error}") from error
    missing = [part for part in ("name", "description", "bounds", "score") if not hasattr(scorer, part)]
    if missing:
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) is not a scorer: it has no {', '.join(missing)}")
    if (problem := returned.bounds_problem(scorer.bounds)) is not None:
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) is not a scorer: its {problem}")
    return cast(Scorer, scorer)


def _kind(point: EntryPoint) -> Callable[..., object]:
    """The class or function that makes the scorer from its options."""
    try:
        return cast(Callable[..., object], point.load())
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) cannot be loaded: {error}") from error


def _parameters(kind: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(kind).parameters
    except (TypeError, ValueError):  # written in C
        return {}
