"""Specs of jobs as earlier versions of RSF Studio wrote them, upgraded step by step to those of now (specs).

1 had no `version`: keys came as they were needed, and what a job did not name was as it is filled in here, with the numbers of
then. A step is written against what its own version meant and is never changed after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Literal

from rsf_core.domain.errors import JobError
from rsf_core.domain.vocabulary import JobKind

VERSION: Final[Literal[2]] = 2

Json = dict[str, Any]


def upgraded(kind: JobKind, data: Mapping[str, Any], fields: Collection[str], where: str) -> Json:
    """`data` as one of this version, whose spec of the kind has `fields`. What is damaged stays so, for whoever reads it to
    name. Raises JobError for one of a later version."""
    version = data.get("version", 1)
    if isinstance(version, int) and version > VERSION:
        raise JobError(
            f"{where} was written by a later version of RSF Studio (specs of version {version}, this one reads "
            f"{VERSION}): open the project with that version"
        )
    if isinstance(version, bool) or version not in (1, VERSION):
        raise JobError(f"{where} is damaged: {str(version)[:80]!r} is not a version")
    return dict(data) if version == VERSION else _from_1(kind, data, fields)


def _from_1(kind: JobKind, data: Mapping[str, Any], fields: Collection[str]) -> Json:
    known = {name: data[name] for name in fields if name in data}  # job_id, out_folder: told by the folder of the job
    upgrade = _UPGRADES.get(kind)
    new = {"kind": kind} | ({} if upgrade is None else upgrade(known)) | known | {"version": 2}
    if kind is JobKind.FINETUNE:
        new["lineage"] = _lineage(new.get("lineage"))
    return new


def _generate(data: Json) -> Json:
    return {"unit_size": _unit(data, 32)}


def _score(data: Json) -> Json:
    return {"reference": None, "retired": 0, "timeout_seconds": 60.0, "unit_size": 256}


def _finetune(data: Json) -> Json:
    return {"law": {}, "log_m": 0.0}  # M has entered no loss where none is named


def _compare(data: Json) -> Json:
    fixed: Json = {"timeout_seconds": 60.0, "sampler": 1, "tempered": False, "gauges": []}
    return fixed | {"unit_size": _unit(data, 64), "judged": data.get("models")}


# Specs of the other kinds lacked nothing, or there were none yet.
_UPGRADES: Mapping[JobKind, Callable[[Json], Json]] = {
    JobKind.GENERATE: _generate,
    JobKind.SCORE: _score,
    JobKind.FINETUNE: _finetune,
    JobKind.EVALUATE: _compare,
    JobKind.SEALED: _compare,
}


def _unit(data: Json, completions: int) -> int:
    """Prompts a unit, which had so many completions."""
    count = data.get("candidates")
    return max(1, completions // count) if isinstance(count, int) and count > 0 else 1


def _lineage(lineage: Any) -> Any:
    """The folder of the parent was in it once."""
    if not isinstance(lineage, dict) or not isinstance(lineage.get("parent"), dict):
        return lineage
    parent = {name: value for name, value in lineage["parent"].items() if name in ("model_id", "name", "identity")}
    return lineage | {"parent": parent}
