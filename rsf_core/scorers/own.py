"""A project's own scorers: one file each, PROJECT/scorers/NAME.py, which is read here and never run, or NAME.toml, which is a
judge (see `own_judge`).

    def score(completion, prompt, reference):
        '''Share of these words that occur in the completion'''
        return 0.5

A version is a hash of the file's contents. A score is kept under `NAME@VERSION`, so a changed file scores again and the scores
of other versions stay. Settings use `NAME`, which means the current file. If the function returns a dict, each of its keys is
a score of its own: `NAME.KEY`. Every version that was used is kept in PROJECT/scorers/versions.
"""

from __future__ import annotations

import ast
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rsf_core.domain import trust
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.files import writable, write_whole
from rsf_core.domain.settings import Target
from rsf_core.scorers import own_judge
from rsf_core.scorers.card import ScorerCard
from rsf_core.scorers.reading import Unreadable, literal, parsed, text
from rsf_core.scorers.returned import bounds_problem

FOLDER = "scorers"
VERSIONS = "versions"
LARGEST_BYTES = 200_000  # of a file
CODE, JUDGE = ".py", ".toml"  # file name extensions
DECORATOR = "scorer"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REFERENCE = re.compile(r"([a-z][a-z0-9_]{0,39})(?:\.([A-Za-z0-9_]{1,40}))?(?:@([0-9a-f]{8}))?")


@dataclass(frozen=True, slots=True)
class OwnRef:
    """`NAME` or `NAME.KEY`, with or without `@VERSION`."""

    name: str
    key: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        key = "" if self.key is None else f".{self.key}"
        return f"{self.name}{key}" + ("" if self.version is None else f"@{self.version}")


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A scorer as its file defines it: `function` is called with the first `parameters` of completion, prompt and reference.
    `problem`: why it cannot be used, "" if it can; with a problem, the other fields mean nothing. `judge`: the options of a
    judge; None for code."""

    name: str
    version: str
    source: str
    function: str = "score"
    parameters: int = 3
    description: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    problem: str = ""
    judge: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def ref(self) -> OwnRef:
        return OwnRef(self.name, version=self.version)

    @property
    def filename(self) -> str:
        return f"{self.name}{CODE if self.judge is None else JUDGE}"

    def card(self, name: str) -> ScorerCard:
        known = ScorerCard(name, self.description, self.bounds, version=self.version, problem=self.problem, own=True)
        if self.judge is None:
            return known
        return replace(known, opinion=True, sends=True, reference=bool(self.judge.get("show_reference", False)))


_files: dict[tuple[str, str], tuple[OwnFile, Path]] = {}  # by name and version (a content hash), of every project


def reference(name: str) -> OwnRef | None:
    """A scorer's name as the name of a project's own scorer; None if it does not have that form."""
    match = _REFERENCE.fullmatch(name)
    return None if match is None else OwnRef(*match.groups())


def read(name: str, source: str, kind: str = CODE) -> OwnFile:
    """The scorer in a file with the extension `kind`. Raises nothing: any error becomes its `problem`."""
    version = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:8]
    try:
        if not _NAME.fullmatch(name):
            raise ScorerError(
                "a name has small letters, digits and _, begins with a letter and is at most 40 long, e.g. short_and_polite"
            )
        if len(source.encode("utf-8", "replace")) > LARGEST_BYTES:
            raise ScorerError(f"it has more than {LARGEST_BYTES:,} bytes")
        return _read_judge(name, source, version) if kind == JUDGE else _read(name, source, version)
    except (ScorerError, Unreadable) as error:
        judge: Mapping[str, Any] | None = {} if kind == JUDGE else None
        return OwnFile(name, version, source, problem=f"the scorer {name!r}: {error}", judge=judge)


def _read_judge(name: str, source: str, version: str) -> OwnFile:
    options, known = own_judge.read(source)
    return OwnFile(name, version, source, description=own_judge.described(options), bounds=known.bounds, judge=options)


def _read(name: str, source: str, version: str) -> OwnFile:
    try:
        tree = parsed(source)
    except Unreadable as error:
        raise ScorerError(f"it is not Python: {error}") from error
    functions = [line for line in tree.body if isinstance(line, ast.FunctionDef)]
    decorated = [(f, d) for f in functions for d in f.decorator_list if _is_decorator(d)]
    if len(decorated) > 1:
        raise ScorerError(f"only one function of a file is a @{DECORATOR}")
    named = next((function for function in functions if function.name == "score"), None)
    function = decorated[0][0] if decorated else named
    if function is None:
        raise ScorerError(f"it has no function `score(completion, prompt, reference)`, nor one with @{DECORATOR}")
    options = {}
    if decorated and isinstance(decorated[0][1], ast.Call):
        options = {word.arg: word.value for word in decorated[0][1].keywords}
    described = text(options["description"]) if "description" in options else ast.get_docstring(function)
    described = described or ast.get_docstring(tree) or f"Of this project's own, in {FOLDER}/{name}.py"
    bounds = literal(options["bounds"]) if "bounds" in options else (-math.inf, math.inf)
    problem = bounds_problem(bounds)
    if problem is not None:
        raise ScorerError(f"its {problem}")
    return OwnFile(
        name,
        version,
        source,
        function.name,
        _parameters(function),
        " ".join(described.split("\n\n")[0].split()),
        (float(bounds[0]), float(bounds[1])),
    )


def _is_decorator(node: ast.expr) -> bool:
    node = node.func if isinstance(node, ast.Call) else node
    return (isinstance(node, ast.Name) and node.id == DECORATOR) or (
        isinstance(node, ast.Attribute) and node.attr == DECORATOR
    )


def _parameters(function: ast.FunctionDef) -> int:
    """How many of completion, prompt and reference it takes. Raises ScorerError if it cannot be called with these alone."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg is not None:
        return 3
    lacking = [a.arg for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    needed = len(positional) - len(arguments.defaults)
    if lacking or needed > 3 or not positional:
        raise ScorerError(
            f"`{function.name}` is called with completion, prompt and reference (or the first of them): it cannot need "
            f"{'anything else' if positional else 'nothing'}"
        )
    return min(len(positional), 3)


# -- the files of a project ------------------------------------------------------------------------------------------------


def files(project: Path) -> list[OwnFile]:
    """Every current scorer of the project, by name."""
    folder = project / FOLDER
    paths = sorted(path for kind in (CODE, JUDGE) for path in folder.glob(f"*{kind}") if not path.name.startswith("."))
    scorers = {path.stem: _file(path.with_suffix("")) for path in paths}
    return [file for file in scorers.values() if file is not None]


def file(project: Path, name: str) -> OwnFile | None:
    """The project's current scorer with this name; None if there is none."""
    return _file(project / FOLDER / name) if _NAME.fullmatch(name) else None


def _file(place: Path) -> OwnFile | None:
    """The scorer at `place`, a path without extension."""
    code, judge = (_of_path(place.parent / f"{place.name}{kind}") for kind in (CODE, JUDGE))
    if code is not None and judge is not None:
        why = f"both {place.name}{CODE} and {place.name}{JUDGE} exist, and it is unclear which one is meant: rename one"
        return OwnFile(place.name, "", "", problem=f"the scorer {place.name!r}: {why}")
    return judge if code is None else code


def _of_path(path: Path) -> OwnFile | None:
    try:
        about = path.stat()
        if not path.is_file():
            return None
        kept = _kept(path, about.st_mtime_ns, about.st_size, about.st_ino)
    except OSError:
        return None
    _files[kept.name, kept.version] = kept, path
    return kept


@lru_cache(maxsize=256)
def _kept(path: Path, changed: int, size: int, inode: int) -> OwnFile:
    """The scorer in a file, cached until the file changes: settings are read several times a second."""
    if size > LARGEST_BYTES:
        why = f"the scorer {path.stem!r}: it has more than {LARGEST_BYTES:,} bytes"
        return OwnFile(path.stem, "", "", problem=why, judge={} if path.suffix == JUDGE else None)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as source_file:
        return read(path.stem, source_file.read(), path.suffix)


def remember(project: Path) -> None:
    """Read all versions of the project, so that their cards are known. Runs no code."""
    files(project)
    folder = project / FOLDER / VERSIONS
    for path in (path for kind in (CODE, JUDGE) for path in folder.glob(f"*@*{kind}")):
        name, _, version = path.stem.partition("@")
        if (name, version) in _files or path.stat().st_size > LARGEST_BYTES:
            continue
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as source_file:
            scorer = read(name, source_file.read(), path.suffix)
        if scorer.version == version:  # otherwise somebody has changed the kept file
            _files[name, version] = scorer, path


def known(ref: OwnRef) -> tuple[OwnFile, Path] | None:
    """A version that was read in this process, and its path; None if it was not read."""
    return None if ref.version is None else _files.get((ref.name, ref.version))


def ready(project: Path, scorers: Sequence[str]) -> None:
    """Keep the versions of these scorers before a job that calls them is queued. Raises ScorerError if one of them cannot be
    used, or is code of the project while its code may not run here."""
    mine = [ref for name in scorers if (ref := reference(name)) is not None and ref.version is not None]
    for ref in mine:
        scorer = known(ref)
        if scorer is not None and scorer[0].problem:
            raise ScorerError(scorer[0].problem)
    if any(scorer is None or scorer[0].judge is None for scorer in map(known, mine)):  # code; a judge runs none
        trust.check(project)
    keep(project, scorers)


def keep(project: Path, scorers: Sequence[str]) -> None:
    """Keep the versions of these scorers before a job uses them, because a file may change while the job runs."""
    for name in scorers:
        ref = reference(name)
        scorer = None if ref is None else known(ref)
        if ref is None or scorer is None:
            continue
        path = project / FOLDER / VERSIONS / f"{ref.name}@{ref.version}{Path(scorer[0].filename).suffix}"
        if not path.exists():
            write(path, scorer[0].source)
        _files[ref.name, str(ref.version)] = scorer[0], path


def save(project: Path, name: str, source: str, kind: str = CODE) -> OwnFile:
    """Save a scorer as PROJECT/scorers/NAME.py or NAME.toml. If it is not a valid scorer, or a scorer of the other kind has
    that name, raises ScorerError and changes nothing."""
    scorer = read(name, source.replace("\r\n", "\n"), kind)
    if scorer.problem:
        raise ScorerError(scorer.problem)
    other = JUDGE if kind == CODE else CODE
    if (project / FOLDER / f"{name}{other}").exists():
        raise ScorerError(f"there is {FOLDER}/{name}{other} of this project already: choose another name")
    path = project / FOLDER / scorer.filename
    write(path, scorer.source)
    _files[scorer.name, scorer.version] = scorer, path
    keep(project, (str(scorer.ref),))
    return scorer


def write(path: Path, source: str) -> None:
    """Write a whole file at once; its folder is created if it is missing."""
    with writable(path.parent):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, lambda beside: beside.write_bytes(source.encode("utf-8", "replace")))


# -- names in settings -----------------------------------------------------------------------------------------------------


def pinned(project: Path, target: Target, taken: Callable[[], frozenset[str]]) -> Target:
    """`target` with the current version added to every own scorer without one. `taken` returns the names of installed scorers,
    which take precedence."""
    if not (project / FOLDER).is_dir():
        return target
    installed = taken()
    names = {scorer: _pinned(project, scorer, installed) for scorer in target.scorers}
    if all(name == new for name, new in names.items()):
        return target
    return renamed(target, names)


def _pinned(project: Path, scorer: str, taken: frozenset[str]) -> str:
    ref = reference(scorer)
    if ref is None or ref.version is not None or scorer in taken or ref.name in taken:
        return scorer
    path = file(project, ref.name)
    return scorer if path is None or not path.version else str(OwnRef(ref.name, ref.key, path.version))


def plain(project: Path, target: Target) -> Target:
    """The opposite of `pinned`: `target` without versions that are the current ones, as it is written in settings."""
    names = {}
    for scorer in target.scorers:
        ref = reference(scorer)
        path = None if ref is None or ref.version is None else file(project, ref.name)
        if ref is not None and path is not None and path.version == ref.version:
            names[scorer] = str(OwnRef(ref.name, ref.key))
    return renamed(target, names) if names else target


def refers_to(scorer: str, name: str) -> bool:
    """Whether a scorer of a target is this file, in any version and with any key."""
    ref = reference(scorer)
    return ref is not None and ref.name == name


def renamed(target: Target, names: dict[str, str]) -> Target:
    """`target` with other names for its scorers. If two rewards get the same name, the first weight is kept."""
    rewards: dict[str, float] = {}
    for scorer, weight in target.rewards.items():
        rewards.setdefault(names.get(scorer, scorer), weight)
    constraints = tuple(c.model_copy(update={"scorer": names.get(c.scorer, c.scorer)}) for c in target.constraints)
    return target.model_copy(update={"rewards": rewards, "constraints": constraints})
