"""Tries a model once before a project is made with it: loads, measures and draws from it, in a process of its own.

    FOLDER/  request.json; progress.json, then summary.json

`rsf_core.jobs.work.model_check` does what request.json asks for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rsf_core.domain.files import expand_home, read_json, writable, write_json
from rsf_core.domain.settings import Compute
from rsf_core.jobs import process

LIMIT_SECONDS = 1800  # a model of the hub is fetched first
MOST_PROMPTS = 4
Asked = tuple[str, str | None] | tuple[str, str | None, tuple[str, ...]]
_MODULE = "rsf_core.jobs.work.model_check"
_ENDED = (
    "trying the model was interrupted: this machine may have too little memory for it, or it took more than "
    f"{LIMIT_SECONDS // 60} minutes. Try again, or use a smaller model"
)


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What a model is and does on this machine. `context`: tokens of prompt and completion, None if it has no limit;
    `weight_bytes` on disk; `memory_bytes` in use once it has drawn; `tokens_per_second` over `tokens` drawn together;
    `prompt` and `completion` are one of what was drawn."""

    name: str
    folder: str
    identity: str
    family: str
    encoder_decoder: bool
    parameters: int
    weight_bytes: int
    context: int | None
    chat_template: bool
    placement: str
    load_seconds: float
    memory_bytes: int
    tokens: int
    tokens_per_second: float
    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class CheckState:
    """The state of a try: a `report` once it is done, a `problem` if it failed; else it is `running`, or was never started."""

    running: bool = False
    message: str = ""
    report: ModelReport | None = None
    problem: str | None = None


def folder_for(parent: Path, name: str, compute: Compute) -> Path:
    """The folder of the try of a model; it differs if the model's files or the compute settings do."""
    digest = blake2b(json.dumps([name, compute.model_dump(), _files(name)]).encode(), digest_size=8)
    return parent / digest.hexdigest()


def _files(name: str) -> list[Any]:
    try:
        files = sorted(path for path in expand_home(name).glob("*") if path.is_file())
        return [(path.name, about.st_size, about.st_mtime_ns) for path in files if (about := path.stat())]
    except (OSError, ValueError):  # not a path, but a name of the hub
        return []


def start(folder: Path, name: str, compute: Compute, prompts: Sequence[Asked]) -> None:
    """Begin to try the model called `name`, once, on a few of the prompts `(text, system)`, with or without their earlier
    turns (none given: on a built-in one)."""
    if (folder / "request.json").exists():
        return
    with writable(folder.parent):
        folder.mkdir(parents=True, exist_ok=True)
    request = {"name": name, "compute": compute.model_dump(), "prompts": list(prompts)[:MOST_PROMPTS]}
    write_json(folder / "request.json", request)
    process.leave(process.start(folder, _MODULE, {"GOMP_SPINCOUNT": process.SPIN_COUNT}))


def state(folder: Path) -> CheckState:
    if not (folder / "request.json").exists():
        return CheckState()
    alive = process.is_alive(folder)  # before its summary is read: it may end between the two
    summary = read_json(folder / "summary.json")
    if summary is not None:
        problem = summary.get("problem")
        return CheckState(problem=str(problem)) if problem is not None else CheckState(report=ModelReport(**summary))
    if not alive:
        return CheckState(problem=_ENDED)
    progress = read_json(folder / "progress.json")
    return CheckState(running=True, message="starting" if progress is None else str(progress["message"]))


def cancel(folder: Path) -> None:
    process.kill(folder)
    if (folder / "request.json").exists() and not (folder / "summary.json").exists():
        write_json(folder / "summary.json", {"problem": "trying the model was cancelled"})
