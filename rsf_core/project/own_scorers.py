"""A project's own scorers: a person writes one, tries it on stored candidates, saves it, and puts it into the target."""

from __future__ import annotations

import inspect
import math
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import sent_keys, trust
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.sent_keys import SentKey
from rsf_core.project import judge_tries
from rsf_core.project.target_book import TargetBook
from rsf_core.scorers import own, own_judge, registry
from rsf_core.scorers.own import OwnFile
from rsf_core.scorers.own_calls import Caller, picked
from rsf_core.store.records import Tried
from rsf_core.store.store import Store

TRIED = 20  # candidates of a try
TWICE = 5  # of these, called a second time: the same input must get the same score
TRY_SECONDS = 30.0  # for all of them together
TRY_EACH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class TriedScore:
    """What a draft of a scorer returned for a stored candidate: `scores` by key ("" if it returned a number), or `error`."""

    candidate: Tried
    scores: dict[str, float]
    error: str
    milliseconds: float


class OwnScorers:
    """The scorers of one project. Their code runs only in separate processes, and only after somebody has allowed it on this
    machine."""

    def __init__(self, folder: Path, store: Store, target_book: TargetBook) -> None:
        self._folder, self._store, self._target_book = folder, store, target_book

    def files(self) -> list[OwnFile]:
        """Every scorer in PROJECT/scorers as it is now; the files are read, not run."""
        return own.files(self._folder)

    def is_trusted(self) -> bool:
        """Whether code of this project may run here."""
        return trust.is_trusted(self._folder)

    def trust(self) -> None:
        """Allow code of this project to run on this machine, with the rights of the user who runs this app."""
        trust.trust(self._folder)

    def distrust(self) -> None:
        """Withdraw the permission."""
        trust.distrust(self._folder)

    def key_to_allow(self, options: Mapping[str, Any]) -> SentKey | None:
        """The key that a judge with these options would send, if nobody has allowed it on this machine yet; None if nothing
        has to be allowed. Raises ScorerError for invalid options."""
        sent = own_judge.check(options).sent_key
        return None if sent is None or sent_keys.is_allowed(sent) else sent

    def allow_key(self, sent: SentKey) -> None:
        """Allow judges to send this key, in every project of the user who runs this app on this machine."""
        sent_keys.allow(sent)

    @requires_actor
    def save(self, name: str, source: str, author: Actor = LOCAL) -> OwnFile:
        """Save a scorer as PROJECT/scorers/NAME.py; if it is in the target, the target then uses this version. Raises
        ScorerError if it is not a scorer; then nothing changes."""
        return self._keep(name, source, own.CODE, author)

    @requires_actor
    def save_judge(self, name: str, options: Mapping[str, Any], author: Actor = LOCAL, new: bool = False) -> OwnFile:
        """Save a judge with these options of `llm_judge`, such as a rubric of many lines, as PROJECT/scorers/NAME.toml; see
        `save`. Its `key` is the name of an environment variable: the key itself is never stored. Raises ScorerError, also if
        it should be `new` and the project already has a scorer of this name."""
        own_judge.check(options)
        if new and any(file.name == name for file in self.files()):
            raise ScorerError(
                f"this project has a scorer {name!r} already: choose it to change it, or take another name"
            )
        return self._keep(name, own_judge.written(options), own.JUDGE, author)

    def _keep(self, name: str, source: str, kind: str, author: Actor) -> OwnFile:
        if name in registry.names():
            raise ScorerError(f"a scorer {name!r} is installed already: choose another name")
        used = [scorer for scorer in self._target_book.draft().target.scorers if own.refers_to(scorer, name)]
        saved = own.save(self._folder, name, source, kind)
        if used:
            draft = self._target_book.draft()
            target = own.renamed(
                draft.target, {s: _now(s, saved) for s in draft.target.scorers if own.refers_to(s, name)}
            )
            if target != draft.target:  # a version was named
                self._target_book.use(Draft(target, draft.accept), f"{name} was changed", draft, author=author)
            else:
                self._target_book.note(author, f"{name} was changed")
        return saved

    def add(self, function: Callable[..., Any], name: str | None = None) -> OwnFile:
        """Save the source of a Python function (with `@scorer` or without), which must contain everything that it uses,
        including imports. Raises ScorerError."""
        name = name or str(getattr(function, "__name__", ""))
        try:
            source = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError) as error:
            raise ScorerError(f"the source of {name!r} cannot be read ({error}): write it to a file") from error
        head = "from rsf_core import scorer\n\n\n" if source.lstrip().startswith("@") else ""
        if not head and getattr(function, "__name__", "") != "score":
            head, source = "from rsf_core import scorer\n\n\n", f"@scorer\n{source}"
        return self.save(name, head + source)

    def remove(self, name: str) -> None:
        """Delete a scorer's file in PROJECT/scorers; its scores stay. Raises ScorerError if it is in the target."""
        if any(own.refers_to(scorer, name) for scorer in self._target_book.draft().target.scorers):
            raise ScorerError(f"{name!r} is in the target: take it out there first")
        path = own.file(self._folder, name)
        if path is None:
            raise ScorerError(f"there is no {own.FOLDER}/{name}.py in this project")
        (self._folder / own.FOLDER / path.filename).unlink(missing_ok=True)

    @requires_actor
    def use(self, name: str, weight: float, author: Actor = LOCAL) -> None:
        """Make a scorer (`NAME`, `NAME.KEY`) a reward of the target, with this weight. Raises ScorerError."""
        ref = own.reference(name)
        path = None if ref is None else own.file(self._folder, ref.name)
        if ref is None or path is None or path.problem:
            raise ScorerError(f"there is no scorer {name!r} of this project's own")
        draft = self._target_book.draft()
        rewards = {s: w for s, w in draft.target.rewards.items() if not _same(s, ref)}
        target = draft.target.model_copy(update={"rewards": {**rewards, _now(name, path): weight}})
        self._target_book.use(Draft(target, draft.accept), f"{name} as a reward", draft, author=author)

    def try_out(self, name: str, source: str, round_number: int) -> list[TriedScore]:
        """What a draft of a scorer returns for stored candidates of a round; nothing is stored. It runs in a process of its
        own, and ends within half a minute. Raises ScorerError if it is not a scorer, or code of this project may not run
        here."""
        scorer = own.read(name, source.replace("\r\n", "\n"))
        if scorer.problem:
            raise ScorerError(scorer.problem)
        trust.check(self._folder)
        candidates = self._store.candidates_to_try(round_number, TRIED)
        path = self._folder / own.FOLDER / f".try-{time.time_ns()}.py"
        own.write(path, scorer.source)
        caller = Caller(self._folder, path, scorer, TRY_EACH_SECONDS)
        try:
            return _tried(caller, scorer, candidates, time.monotonic() + TRY_SECONDS)
        finally:
            caller.close()
            path.unlink(missing_ok=True)

    def try_judge(self, options: Mapping[str, Any], round_number: int) -> list[judge_tries.Judged]:
        """A judge's scores of a few stored candidates of a round; nothing is stored. Their texts are sent to its endpoint.
        Raises ScorerError for invalid options, Unavailable if the endpoint does not answer."""
        own_judge.check(options)
        candidates = self._store.candidates_to_try(round_number, judge_tries.JUDGED)
        return judge_tries.judge(options, judge_tries.scored(self._store, candidates))


def _now(scorer: str, file: OwnFile) -> str:
    """The name of a target's scorer with the version of the file."""
    ref = own.reference(scorer)
    assert ref is not None
    return str(own.OwnRef(ref.name, ref.key, file.version))


def _same(scorer: str, ref: own.OwnRef) -> bool:
    other = own.reference(scorer)
    return other is not None and (other.name, other.key) == (ref.name, ref.key)


def _tried(caller: Caller, file: OwnFile, candidates: Sequence[Tried], until: float) -> list[TriedScore]:
    results = []
    for number, candidate in enumerate(candidates):
        began = time.monotonic()
        scores, error = {}, ""
        if number and began > until:
            error = f"not tried: the ones before took {TRY_SECONDS:g} s together"
        else:
            try:
                scores = _call(caller, file, candidate, twice=number < TWICE)
            except ScorerError as problem:
                error = str(problem)
        results.append(TriedScore(candidate, scores, error, 1000 * (time.monotonic() - began)))
    return results


def _call(caller: Caller, file: OwnFile, candidate: Tried, twice: bool) -> dict[str, float]:
    arguments = (candidate.completion, candidate.prompt, candidate.reference)
    answer = caller.call(arguments, fresh=True)
    if twice and (again := caller.call(arguments, fresh=True)) != answer:
        raise ScorerError(f"it gave {answer}, then {again} for the same completion: it must give the same each time")
    scores = {key: picked(answer, key, file.name) for key in answer} if isinstance(answer, dict) else {"": answer}
    low, high = file.bounds
    for score in scores.values():
        if not (math.isfinite(score) and low <= score <= high):
            raise ScorerError(f"it gave {score:g}, outside its bounds [{low:g}, {high:g}]")
    return scores
