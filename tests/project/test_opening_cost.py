"""The cost of opening a project does not grow with its rounds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rsf_core.project import Project
from rsf_core.store.database import Database
from tests.support.job_threads import in_threads

OPENED = """
import os
import sys

from rsf_core.project import Project
Project.open(sys.argv[1])
print(",".join(sorted({name.partition(".")[0] for name in sys.modules} & {"pandas", "torch", "transformers", "streamlit"})))
sys.stdout.flush()
os._exit(0)
"""


@contextmanager
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the queries that opening runs; the thread that watches the jobs runs its own afterwards."""
    names: list[str] = []
    with monkeypatch.context() as patch:
        for method in ("rows", "arrow"):
            run = getattr(Database, method)

            def counted(db: Database, name: str, params: Any = None, run: Any = run) -> Any:
                names.append(name)
                return run(db, name, params)

            patch.setattr(Database, method, counted)
        patch.setattr("rsf_core.jobs.supervisor.JobSupervisor.start", lambda supervisor: None)
        yield names


def test_opening_asks_the_same_after_one_round_and_after_three(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, queries = complete.folder, []
    complete.close()
    for rounds in (0, 2):
        if rounds:
            with in_threads(), Project.open(folder) as project:
                project.run(rounds)
        with asked(monkeypatch) as names, Project.open(folder):
            queries.append(sorted(names))
            names.clear()
    assert queries[0] and queries[0] == queries[1]
    assert not {"tally", "ratios", "drawn"}.intersection(queries[0])  # they read every candidate


def test_opening_imports_nothing_heavy(complete: Project) -> None:
    folder = complete.folder
    complete.close()
    ran = subprocess.run([sys.executable, "-c", OPENED, str(folder)], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr
