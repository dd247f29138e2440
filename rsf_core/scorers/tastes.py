"""What projects have learned from their decisions, as the scorer `taste(version="…")` reads it: numbers in JSON files,
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
LIMIT = 8.0  # log-odds beyond it are cut off: a chance of 1 in 3,000
TOKENS, ENDED = (
    "(log of tokens)",
    "(ended by itself)",
)  # what is known of every completion, beside the scores of scorers
_VERSION = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Other:
    """A score that is looked at: (score − mean) / deviation, times `weight`. Without a score it counts as the mean."""

    name: str
    weight: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Taste:
    """One version: log-odds = hidden · states + Σ others + intercept. `identity` is that of the states’ model."""

    version: str
    identity: str
    hidden: NDArray[np.float64]
    others: tuple[Other, ...]
    intercept: float

    @property
    def scorers(self) -> tuple[str, ...]:
        """The scorers whose scores it looks at."""
        return tuple(other.name for other in self.others if other.name not in (TOKENS, ENDED))


class Provider(Protocol):
    """What a job gives the scorer: it knows the model and the tokens of what is scored."""

    def features(self, batch: Sequence[Scored]) -> NDArray[np.float32]: ...

    def scores(self, scorer: str, batch: Sequence[Scored]) -> Sequence[float | NoScore]: ...


provider: ContextVar[Provider | None] = ContextVar("provider", default=None)
_known: dict[str, Taste] = {}  # by version, which is told by what it was learned from: of every project


def ref(version: str) -> str:
    """How settings name it."""
    return str(ScorerRef(NAME, {"version": version}))


def versions(scorers: Sequence[str]) -> list[str]:
    """The versions that are among scorers."""
    refs = [ScorerRef.parse(name) for name in scorers if name.startswith(NAME)]
    return [
        str(taste_ref.options["version"])
        for taste_ref in refs
        if taste_ref.name == NAME and "version" in taste_ref.options
    ]


def last(scorers: Sequence[str]) -> list[str]:
    """The scorers with those that were learned behind the others, whose scores they look at."""
    return sorted(scorers, key=lambda name: bool(versions([name])))


def parse(version: str, body: Mapping[str, Any]) -> Taste:
    """What a file or a row of the database holds. Raises ScorerError where it is damaged."""
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
            raise ValueError("a number in it is none")
    except (LookupError, TypeError, ValueError) as error:
        raise ScorerError(f"what was learned as version {version!r} is damaged ({error}): learn again") from error
    return taste


def remember(project: Path) -> None:
    """Read the versions that a project has, so that they are known here."""
    for path in sorted((project / FOLDER).glob("*.json")):
        if _VERSION.fullmatch(path.stem) and path.stem not in _known:
            try:
                body = read_json(path)
            except (ValueError, OSError):
                continue  # the owner writes it again when it opens the project; until then it is unknown
            _known[path.stem] = parse(path.stem, body)


def keep(project: Path, version: str, body: Mapping[str, Any]) -> None:
    """Write a version where jobs read it, and know it. Raises ScorerError where it is damaged."""
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
    """A version that was read in this process. Raises ScorerError where there is none."""
    taste = _known.get(version) if isinstance(version, str) else None
    if taste is None:
        raise ScorerError(
            f"nothing was learned as version {version!r:.40} in this project: learn on the Scorers page or with "
            "`rsf learn DIR`, which name the version"
        )
    return taste
