"""People's answers to a question of a project, as the scorer `answer(question="…", version="…")` reads them: a mean for each
candidate, in JSON files, PROJECT/answered/VERSION.json, which the owner writes from the database."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.files import read_json, writable, write_json
from rsf_core.domain.scorer_ref import ScorerRef

NAME = "answer"
FOLDER = "answered"
_VERSION = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Answered:
    """The mean answer of each candidate that has one, within `bounds`."""

    question: str
    bounds: tuple[float, float]
    means: Mapping[str, float]

    @property
    def version(self) -> str:
        """A hash of the contents, 8 hex digits: the same answers give the same version."""
        contents = json.dumps([self.question, self.bounds, sorted(self.means.items())])
        return hashlib.sha256(contents.encode()).hexdigest()[:8]


_files: dict[str, set[Path]] = {}  # by version (a content hash), of every project opened in this process


def ref(question: str, version: str) -> str:
    """The name of the scorer in settings."""
    return str(ScorerRef(NAME, {"question": question, "version": version}))


def is_one(scorer: str) -> bool:
    """Whether this is the scorer of people's answers."""
    return scorer.startswith(f"{NAME}(")


def question_of(scorer: str) -> str:
    """The question whose answers such a scorer returns."""
    return str(ScorerRef.parse(scorer).options.get("question"))


def path_of(project: Path, version: str) -> Path:
    return project / FOLDER / f"{version}.json"


def remember(project: Path) -> None:
    """Make the versions of a project known to this process."""
    for path in (project / FOLDER).glob("*.json"):
        if _VERSION.fullmatch(path.stem):
            _files.setdefault(path.stem, set()).add(path)


def keep(project: Path, answered: Answered) -> str:
    """Write a version where jobs read it, and make it known to this process. Returns its name."""
    version, path = answered.version, path_of(project, answered.version)
    if not path.is_file():
        with writable(project):
            path.parent.mkdir(mode=0o700, exist_ok=True)
        body = {"question": answered.question, "bounds": answered.bounds, "means": dict(answered.means)}
        write_json(path, body)
    _files.setdefault(version, set()).add(path)
    return version


def known(question: object, version: object) -> Answered:
    """A version that is known to this process. Raises ScorerError if there is none, or it is damaged."""
    there = (
        (path for path in sorted(_files.get(version, ())) if path.is_file()) if isinstance(version, str) else iter(())
    )
    path = next(there, None)  # a copy of the project may have been removed or archived
    answered = None if path is None else _read(path)
    if answered is None or answered.question != question:
        raise ScorerError(
            f"nobody has put answers to {question!r:.60} to use as version {version!r:.40} in this project: choose the "
            "question under Answers on the Scorers page, which names the version"
        )
    return answered


@lru_cache(maxsize=4)  # a question with answers for 100,000 candidates takes 10 MB
def _read(path: Path) -> Answered:
    try:
        body = read_json(path)
        low, high = (float(end) for end in body["bounds"])
        means = {str(name): float(mean) for name, mean in body["means"].items()}
        if not all(low <= mean <= high for mean in means.values()) or not math.isfinite(high - low):
            raise ValueError("a mean is outside its bounds")
        answered = Answered(str(body["question"]), (low, high), means)
        if answered.version != path.stem:
            raise ValueError("it holds other answers than its name says")
        return answered
    except (ValueError, TypeError, LookupError, AttributeError, OSError) as error:
        raise ScorerError(
            f"{path.parent.name}/{path.name} of the project is damaged ({error}): delete it and open the project again, which "
            "makes a new one"
        ) from error
