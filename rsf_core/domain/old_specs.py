"""Specs of jobs as earlier versions of RSF Studio wrote them, upgraded step by step to the current ones (specs).

Version 1 had no `version` key: keys were added as they were needed. A key that is missing is filled in here with the value of
that time. Version 2 had another name for the goal of a run that draws until enough are accepted. A step is written against the
meaning of its own version and never changed afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Literal

from rsf_core.domain.errors import JobError
from rsf_core.domain.vocabulary import JobKind

VERSION: Final[Literal[3]] = 3

Json = dict[str, Any]


def upgraded(kind: JobKind, data: Mapping[str, Any], fields: Collection[str], where: str) -> Json:
    """`data` as a spec of this version, which has `fields` for this kind of job. Damaged values stay as they are: whoever
    validates the result reports them. Raises JobError for a spec of a later version."""
    version = data.get("version", 1)
    if isinstance(version, int) and version > VERSION:
        raise JobError(
            f"{where} was written by a later version of RSF Studio (specs of version {version}, this one reads "
            f"{VERSION}): open the project with that version"
        )
    if isinstance(version, bool) or version not in range(1, VERSION + 1):
        raise JobError(f"{where} is damaged: {str(version)[:80]!r} is not a version")
    new = _from_1(kind, data, fields) if version == 1 else dict(data)
    return _from_2(new) if new["version"] == 2 else new


def _from_1(kind: JobKind, data: Mapping[str, Any], fields: Collection[str]) -> Json:
    known = {name: data[name] for name in fields if name in data}  # job_id and out_folder follow from the job's folder
    upgrade = _UPGRADES.get(kind)
    new = {"kind": kind} | ({} if upgrade is None else upgrade(known)) | known | {"version": 2}
    if kind is JobKind.FINETUNE:
        new["lineage"] = _lineage(new.get("lineage"))
    return new


def _from_2(data: Json) -> Json:
    new = data | {"version": 3}
    until = data.get("until")
    if isinstance(until, dict):
        new["until"] = {"goal" if name == "wanted" else name: value for name, value in until.items()}
    return new


def _generate(data: Json) -> Json:
    return {"unit_size": _unit(data, 32)}


def _score(data: Json) -> Json:
    return {"reference": None, "retired": 0, "timeout_seconds": 60.0, "unit_size": 256}


def _finetune(data: Json) -> Json:
    return {"law": {}, "log_m": 0.0}  # a loss whose spec has no log_m did not use M


def _compare(data: Json) -> Json:
    fixed: Json = {"timeout_seconds": 60.0, "sampler": 1, "tempered": False, "gauges": []}
    return fixed | {"unit_size": _unit(data, 64), "judged": data.get("models")}


# Specs of the other kinds lacked nothing, or the kind did not exist yet.
_UPGRADES: Mapping[JobKind, Callable[[Json], Json]] = {
    JobKind.GENERATE: _generate,
    JobKind.SCORE: _score,
    JobKind.FINETUNE: _finetune,
    JobKind.EVALUATE: _compare,
    JobKind.SEALED: _compare,
}


def _unit(data: Json, completions: int) -> int:
    """The number of prompts in a unit of so many completions."""
    count = data.get("candidates")
    return max(1, completions // count) if isinstance(count, int) and count > 0 else 1


def _lineage(lineage: Any) -> Any:
    """The lineage without the parent's folder, which it once had."""
    if not isinstance(lineage, dict) or not isinstance(lineage.get("parent"), dict):
        return lineage
    parent = {name: value for name, value in lineage["parent"].items() if name in ("model_id", "name", "identity")}
    return lineage | {"parent": parent}
