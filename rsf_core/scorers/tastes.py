"""Models learned from projects' decisions, as the scorer `taste(version="…")` reads them: numbers in JSON files,
PROJECT/taste/VERSION.json, which the owner writes from the database. Nothing heavy is imported."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.files import read_json, writable, write_json
from rsf_core.domain.scorer_ref import ScorerRef
from rsf_core.scorers.base import NoScore, Scored

NAME = "taste"
FOLDER = "taste"
LIMIT = 8.0  # log-odds are clipped here: a probability of 1 in 3,000
# features of every completion, besides the scores of scorers
TOKENS, ENDED = "(log of tokens)", "(ended by itself)"
_VERSION = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Other:
    """A score that is a feature: (score − mean) / deviation, times `weight`. A missing score counts as the mean."""

    name: str
    weight: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Taste:
    """One version: log-odds = hidden · states + Σ others + intercept. `identity` is that of the model behind the states."""

    version: str
    identity: str
    hidden: NDArray[np.float64]
    others: tuple[Other, ...]
    intercept: float

    @property
    def scorers(self) -> tuple[str, ...]:
        """The scorers whose scores it uses."""
        return tuple(other.name for other in self.others if other.name not in (TOKENS, ENDED))


class Provider(Protocol):
    """The features that a job provides to the scorer, from the model and the tokens of the candidates."""

    def features(self, batch: Sequence[Scored]) -> NDArray[np.float32]: ...

    def scores(self, scorer: str, batch: Sequence[Scored]) -> Sequence[float | NoScore]: ...


provider: ContextVar[Provider | None] = ContextVar("provider", default=None)
_known: dict[str, Taste] = {}  # by version (a hash of what it was learned from), of every project


def ref(version: str) -> str:
    """The name of the scorer in settings."""
    return str(ScorerRef(NAME, {"version": version}))


def versions(scorers: Sequence[str]) -> list[str]:
    """The learned versions among `scorers`."""
    refs = [ScorerRef.parse(name) for name in scorers if name.startswith(NAME)]
    return [
        str(taste_ref.options["version"])
        for taste_ref in refs
        if taste_ref.name == NAME and "version" in taste_ref.options
    ]


def last(scorers: Sequence[str]) -> list[str]:
    """The scorers in an order with the learned ones last, because they use the scores of the others."""
    return sorted(scorers, key=lambda name: bool(versions([name])))


def parse(version: str, body: Mapping[str, Any]) -> Taste:
    """The version in a file or a row of the database. Raises ScorerError if it is damaged."""
    try:
        taste = Taste(
            version,
            str(body["identity"]),
            np.array(body["hidden"], np.float64),
            tuple(
                Other(str(o["name"]), float(o["weight"]), float(o["mean"]), float(o["deviation"]))
                for o in body["others"]
            ),
            float(body["intercept"]),
        )
        numbers = [taste.intercept, *(n for o in taste.others for n in (o.weight, o.mean, o.deviation))]
        if taste.hidden.ndim != 1 or not np.isfinite(taste.hidden).all() or not all(map(math.isfinite, numbers)):
            raise ValueError("it has a value that is not a finite number")
    except (LookupError, TypeError, ValueError) as error:
        raise ScorerError(f"what was learned as version {version!r} is damaged ({error}): learn again") from error
    return taste


def remember(project: Path) -> None:
    """Read the versions of a project, so that they are known to this process."""
    for path in sorted((project / FOLDER).glob("*.json")):
        if _VERSION.fullmatch(path.stem) and path.stem not in _known:
            try:
                body = read_json(path)
            except (ValueError, OSError):
                continue  # the owner writes it again when it opens the project; until then it is unknown
            _known[path.stem] = parse(path.stem, body)


def keep(project: Path, version: str, body: Mapping[str, Any]) -> None:
    """Write a version where jobs read it, and make it known to this process. Raises ScorerError if it is damaged."""
    _known[version] = parse(version, body)
    path = project / FOLDER / f"{version}.json"
    body = {name: body[name] for name in ("identity", "hidden", "others", "intercept")}
    text = json.dumps(body)
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    with writable(project):
        path.parent.mkdir(mode=0o700, exist_ok=True)
    write_json(path, body)


def known(version: object) -> Taste:
    """A version that was read in this process. Raises ScorerError if there is none."""
    taste = _known.get(version) if isinstance(version, str) else None
    if taste is None:
        raise ScorerError(
            f"nothing was learned as version {version!r:.40} in this project: learn on the Scorers page or with "
            "`rsf learn DIR`, which name the version"
        )
    return taste
