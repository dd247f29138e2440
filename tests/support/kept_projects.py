"""Projects made by earlier releases, kept as they were left: how to unpack one, and what it must always show.

Each is two files in tests/data/before, made by make_kept_project.py from the code of its release:

    NAME.tar.xz   home/tiny, the base model, which the project knows as ~/tiny; project, as a killed owner left it
    NAME.json     what `shown` returned of its complete rounds, and what the running job had drawn
"""

from __future__ import annotations

import json
import math
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core.domain import candidate_id
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.project.commands import execute, plain
from rsf_core.store.curated import content_hash

FOLDER = Path(__file__).parents[1] / "data" / "before"
BASE = "~/tiny"  # resolved in the home that a test sets
BASE_FOLDER = "home/tiny"
JOB = "r3-generate-1"  # the job that ran when the owner was killed
# The commands that only read: their JSON output.
READING: Mapping[str, Mapping[str, Any]] = {
    "comparisons": {},
    "sealed": {},
    "links": {},
    "drawn_until": {},
    "prompts": {"limit": 100, "offset": 0, "split": None, "retired": None, "text": ""},
}
# Tables of people's acts and what follows from them; no job adds rows to them before a model is trained.
TOLD = (
    *("acts", "overrides", "annotations", "votes", "targets", "curated_sets", "curated_samples"),
    *("models", "model_deletions", "proposal_choices", "prompts", "prompt_events", "links", "evaluation_samples"),
)
REVIEWERS = ("ann", "ben")
# The limits of forgetting are computed again and are higher: those of the first releases covered too little (CHANGELOG).
RECOMPUTED = re.compile(r"\bforgotten\b.*\.(low|high)$")
# A person who settled a disagreement counts with the decision before; the first releases left it and the disagreement out.
# A truncated candidate has a chance of 0 and violates no bound. Where there are no constraints, no share meets them.
COUNTED_ANEW = re.compile(r"\b(agreement\.(alpha|pairs|by_p_accept)|counts\.violated|constraints met)$")


@dataclass(frozen=True, slots=True)
class KeptProject:
    """An unpacked project: its folder, the home to open it with, and what it must show."""

    folder: Path
    home: Path
    expected: dict[str, Any]


def names() -> list[str]:
    """The releases whose projects are kept."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def unpack(name: str, folder: Path) -> KeptProject:
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    expected = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return KeptProject(folder / "project", folder / "home", expected)


def shown(project: Project, rounds: int) -> dict[str, Any]:
    """What a project shows of its first `rounds` rounds, which are complete, as plain JSON."""
    file = project.folder.parent / "rows.zip"
    rows = project.backup(file)["tables"]
    file.unlink()
    return {
        "rounds": {str(number): _round(project, number) for number in range(1, rounds + 1)},
        "curated_sets": [
            plain(record) | {"content": content_hash(project.curated_samples(record.curated_id).to_pylist())}
            for record in project.curated_sets()
        ],
        "models": plain(project.models()),
        "gains": {f"{number} {which}": plain(interval) for (number, which), interval in project.gains().items()},
        "winners_curse": plain(project.winners_curse()),
        "votes": {
            f"{prompt} {k}": vote
            for (prompt, k), vote in project.lineage.ballot("base", "m1-1", person("ann")).preferred.items()
        },
        "commands": {name: execute(project, name, dict(arguments)) for name, arguments in READING.items()},
        "rows": {table: rows[table] for table in TOLD},
    }


def _round(project: Project, number: int) -> dict[str, Any]:
    candidates = [
        candidate
        for prompt in project.prompts_in_round(number)
        for candidate in project.candidates(prompt.prompt_id, number)
    ]
    record = next(record for record in project.rounds() if record.round == number)
    return {
        "proposal": record.model_id,
        "settings": plain(record.settings),
        "target": plain(project.target(number)),
        "counts": plain(project.counts(number)),
        "rates": plain(project.rates(number)),
        "thresholds": plain(project.thresholds(number)),
        "candidates": {candidate.candidate_id: plain(candidate) for candidate in candidates},
        "annotations": {
            candidate_id(number, row["prompt_id"], row["k"]): plain(row) for row in project.store.annotations(number)
        },
        "can_walk": {reviewer: list(project.review.can_walk(number, person(reviewer))) for reviewer in REVIEWERS},
        "agreement": plain(project.review.agreement(number)),
        "stages": [[str(stage.stage), str(stage.progress)] for stage in project.stages(number)],
        "comparison": plain(project.comparison(number)),
    }


def differences(expected: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where `now` differs from `expected`. Names that a later release has added are no difference, nor is the last bit of a
    number."""
    if COUNTED_ANEW.search(at):
        return
    if at.endswith(".stages"):  # pairs of a name and a state
        expected, now = dict(expected), dict(now)
    if isinstance(expected, dict) and isinstance(now, dict):
        if expected.get("decision") == "truncated":
            expected = expected | {"acceptance_prob": 0.0}
        for name, value in expected.items():
            if name in now:
                yield from differences(value, now[name], f"{at}.{name}")
            elif not COUNTED_ANEW.search(f"{at}.{name}"):
                yield f"{at}.{name} is gone"
    elif isinstance(expected, list) and isinstance(now, list) and len(expected) == len(now):
        for index, (before, after) in enumerate(zip(expected, now, strict=True)):
            yield from differences(before, after, f"{at}[{index}]")
    elif isinstance(expected, float) and isinstance(now, int | float):
        if not math.isclose(expected, now, rel_tol=1e-9, abs_tol=1e-12) and not RECOMPUTED.search(at):
            yield f"{at}: {now!r}, not {expected!r}"
    elif expected != now:
        yield f"{at}: {now!r:.200}, not {expected!r:.200}"
