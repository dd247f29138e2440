"""Scorers by name, found through the entry points of the group `rsf_studio.scorers`."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import Any, cast

from rsf_core.domain import Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.scorer_ref import ScorerRef, written
from rsf_core.scorers import returned
from rsf_core.scorers.base import ChecksReferences, Scored, Scorer

GROUP = "rsf_studio.scorers"
SHOWN = 5  # prompts named in one message
KEPT = 256  # scorers that are made
_KINDS = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "a text"),
)  # of options; a truth value is an int, too


@dataclass(frozen=True, slots=True)
class ReferenceProblem:
    """A prompt whose reference a scorer cannot read; `problem` goes on after the scorer's name."""

    prompt_id: int
    scorer: str
    problem: str


def get(reference: str) -> Scorer:
    """The scorer called so, with the options it is given: see `ScorerRef`. Raises ScorerError naming the choices."""
    return _load(_entry_point(ScorerRef.parse(reference).name), reference)


def _entry_point(name: str) -> EntryPoint:
    found = _entry_points()
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ScorerError(f"there is no scorer {name!r}{hint} There are: {', '.join(sorted(found)) or 'none'}")
    points = found[name]
    if len(points) > 1:
        packages = " and ".join(f"{point.dist.name if point.dist else '?'} ({point.value})" for point in points)
        raise ScorerError(
            f"the scorer {name!r} is installed by {packages}, and which of them is meant cannot be said: uninstall one, or "
            "give it another name in its entry point"
        )
    return points[0]


def available() -> dict[str, str]:
    """What each installed scorer measures, by name with the options it needs or takes; of one that cannot be loaded, why."""
    found = {}
    for name in sorted(_entry_points()):
        try:
            kind = _kind(_entry_point(name))
            needs_options = any(p.default is p.empty for p in _parameters(kind).values())
            described = kind if needs_options and hasattr(kind, "description") else get(name)
            found[name] = f"{described.description}{_options(kind)}"
        except ScorerError as error:  # one broken plugin must not hide the others
            found[name] = str(error)
    return found


def reference_problem(name: str, reference: str | None) -> str | None:
    """What the scorer finds wrong with this reference ("needs a number as the reference, not 'many'"); None where it can
    read it or reads none. Raises ScorerError where there is no such scorer, or its check fails."""
    return _check(name, get(name), reference)


def reference_problems(names: Iterable[str], prompts: Sequence[Prompt]) -> list[ReferenceProblem]:
    """Every prompt whose reference one of these scorers cannot read, by prompt, each once with the first scorer. Raises
    ScorerError where there is no such scorer, or its check fails."""
    scorers = {name: get(name) for name in names}
    found = []
    for prompt in prompts:
        problems = ((name, _check(name, scorer, prompt.reference)) for name, scorer in scorers.items())
        wrong = next(((name, problem) for name, problem in problems if problem is not None), None)
        if wrong is not None:
            found.append(ReferenceProblem(prompt.prompt_id, *wrong))
    return found


def describe(problems: Sequence[ReferenceProblem]) -> str:
    """The first few, each by its prompt, and how many there are beside them; without a full stop."""
    shown = "; ".join(f"prompt {p.prompt_id}: {p.scorer!r} {p.problem}" for p in problems[:SHOWN])
    more = len(problems) - SHOWN
    return shown + (f"; and {more:,} more: {_ids(problems[SHOWN:])}" if more > 0 else "")


def _ids(problems: Sequence[ReferenceProblem], shown: int = 50) -> str:
    listed = ", ".join(str(p.prompt_id) for p in problems[:shown])
    return listed + (", …" if len(problems) > shown else "")


def _check(name: str, scorer: Scorer, reference: str | None) -> str | None:
    if not isinstance(scorer, ChecksReferences):
        return None
    try:
        return scorer.reference_problem(reference)
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        raise ScorerError(
            f"the scorer {name!r} failed to check a reference ({reference!r:.80}): {type(error).__name__}: {error}"
        ) from error


def score(name: str, batch: Sequence[Scored]) -> list[float]:
    """One finite score for each of `batch`, within the scorer's bounds. Raises ScorerError naming the scorer, the candidate
    and what it returned or raised."""
    scorer = get(name)
    try:
        values = returned.listed(name, scorer.score(batch), len(batch))
    except ScorerError:
        raise
    except (Exception, SystemExit) as error:  # a third party's code: whatever it raises, say whose it is
        where = _first_failing(scorer, batch)
        raise ScorerError(f"the scorer {name!r} failed: {type(error).__name__}: {error} (on {where})") from error
    return returned.checked(name, scorer.bounds, values, batch)


def _first_failing(scorer: Scorer, batch: Sequence[Scored]) -> str:
    """The candidate that a scorer fails on alone."""
    for scored in batch:
        try:
            list(islice(scorer.score([scored]), 1))
        except (Exception, SystemExit):
            return str(scored)
    return f"{len(batch)} candidates together, though on none of them alone"


def _entry_points() -> dict[str, list[EntryPoint]]:
    """By name; more than one where packages clash over it."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


@lru_cache(maxsize=KEPT)
def _load(point: EntryPoint, reference: str) -> Scorer:
    options, kind = ScorerRef.parse(reference).options, _kind(point)
    _check_options(point.name, options, kind)
    try:
        scorer: Any = kind(**options)
    except ScorerError:
        raise
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        what = "made with these options" if options else "loaded"
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) cannot be {what}: {error}") from error
    missing = [part for part in ("name", "description", "bounds", "score") if not hasattr(scorer, part)]
    if missing:
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) is no scorer: it has no {', '.join(missing)}")
    if (problem := returned.bounds_problem(scorer.bounds)) is not None:
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) is no scorer: its {problem}")
    return cast(Scorer, scorer)


def _kind(point: EntryPoint) -> Callable[..., object]:
    """What makes the scorer, called with its options."""
    try:
        return cast(Callable[..., object], point.load())
    except Exception as error:  # a third party's code: whatever it raises, say whose it is
        raise ScorerError(f"the scorer {point.name!r} ({point.value}) cannot be loaded: {error}") from error


def _parameters(kind: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(kind).parameters
    except (TypeError, ValueError):  # written in C
        return {}


def _check_options(name: str, options: Mapping[str, Any], kind: Callable[..., object]) -> None:
    """Raises ScorerError for an option that the scorer has not, or one that it needs and is not given."""
    parameters = _parameters(kind)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for option in options:
        if option not in parameters:
            near = difflib.get_close_matches(option, parameters, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ScorerError(
                f"the scorer {name!r} has no option {option!r}{hint} It has: {', '.join(parameters) or 'none'}"
            )
        wanted = next((words for kind, words in _KINDS if isinstance(parameters[option].default, kind)), None)
        got = next((words for kind, words in _KINDS if isinstance(options[option], kind)), None)
        if wanted is not None and wanted != got:
            raise ScorerError(
                f"the option {option!r} of the scorer {name!r} must be {wanted}, not {options[option]!r:.80}"
            )
    lacking = [option for option, p in parameters.items() if p.default is p.empty and option not in options]
    if lacking:
        example = ", ".join(f"{option}=…" for option in lacking)
        raise ScorerError(f"the scorer {name!r} needs options: write {name}({example})")


def _options(kind: Callable[..., object]) -> str:
    """The options that a scorer takes, as they are written; those with a value may be left out."""
    options = [
        option if parameter.default is parameter.empty else f"{option}={written(parameter.default)}"
        for option, parameter in _parameters(kind).items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    return f" (options: {', '.join(options)})" if options else ""
