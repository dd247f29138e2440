"""Job processes that do other work than the product's: they are started like any other, by an interpreter in place of
Python."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from rsf_core.domain import JobKind
from rsf_core.jobs import worker
from rsf_core.jobs.worker import JobContext
from tests.support.warm.client import STAND_IN


def interpreter(folder: Path, module: ModuleType) -> Path:
    """The program to start in place of Python, so that jobs run the `main` of `module`."""
    path = folder / (module.__name__.rpartition(".")[2] + STAND_IN)
    root = Path(__file__).parents[3]
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
        f"from {module.__name__} import main\nmain()\n"
    )
    path.chmod(0o755)
    return path


def run(work: Callable[[JobKind], Callable[[JobContext[Any]], None]]) -> None:
    """Run the job that this process was started for, `python -m rsf_core.jobs FOLDER`, with the functions that `work`
    returns."""
    worker.job_function = work  # type: ignore[assignment]
    sys.argv = sys.argv[2:]
    runpy.run_module("rsf_core.jobs", run_name="__main__")
