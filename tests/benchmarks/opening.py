"""The cost of opening a project after its owner was killed: processor time of a process that has imported the product already,
with one and with ten finished rounds, and with 0, 1,000 and 4,000 decisions by the killed owner.

Prints a JSON line for each. From the repository root: PYTHONPATH=. python tests/benchmarks/opening.py
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from rsf_core.domain import Action
from rsf_core.domain.access import person
from rsf_core.project import Project
from tests.benchmarks import million

CANDIDATES, ROUNDS, ACTS, TIMES, LIMIT_SECONDS = 10_000, (1, 10), (0, 1_000, 4_000), 5, 0.5
ENDED_SECONDS = 600  # after which a process that makes or opens a project counts as stuck
FORKS = multiprocessing.get_context("fork")


def killed(folder: Path, acts: int) -> None:
    """Save `acts` decisions and die."""
    project = Project.open(folder)
    for i in range(acts):
        project.override(f"1.{1 + i % 600}.{i % million.PER_PROMPT}", Action.ACCEPT, person("ann"))
    os._exit(0)


def open_and_measure(folder: Path, to: Connection) -> None:
    before = time.process_time()
    Project.open(folder)
    to.send(time.process_time() - before)
    os._exit(0)


def measured(folder: Path) -> float:
    """Processor seconds of opening a copy."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(folder, Path(scratch) / "project", ignore=shutil.ignore_patterns("*.sock")))
        mine, other = FORKS.Pipe()
        process = FORKS.Process(target=open_and_measure, args=(copy, other))
        process.start()
        assert mine.poll(ENDED_SECONDS), "the project did not open"
        figures: float = mine.recv()
        process.join(ENDED_SECONDS)
        return figures


def filled(folder: Path, first: int, last: int) -> None:
    """Add the rounds from `first` to `last` to the project."""
    project = Project.open(folder) if first > 1 else million.build(folder, CANDIDATES)
    for number in range(max(first, 2), last + 1):
        project.start_round()
        million.fill(project, number, CANDIDATES, seed=number)
    project.close()
    os._exit(0)


def in_a_process(do: Callable[..., None], *arguments: object) -> None:
    process = FORKS.Process(target=do, args=arguments)
    process.start()
    process.join(ENDED_SECONDS)
    assert process.exitcode == 0


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder, first = Path(scratch) / "project", 1
        for rounds in ROUNDS:
            in_a_process(filled, folder, first, rounds)
            first = rounds + 1
            for acts in ACTS:
                in_a_process(killed, folder, acts)
                seconds = sorted(measured(folder) for _ in range(TIMES))
                log = folder / "rsf.duckdb.wal"
                print(
                    json.dumps(
                        {
                            "benchmark": "opening_after_a_kill",
                            "rounds": rounds,
                            "acts": acts,
                            "log_kb": round(log.stat().st_size / 1e3) if log.exists() else 0,
                            "cpu_s": round(seconds[len(seconds) // 2], 3),
                            "most_cpu_s": round(seconds[-1], 3),
                            f"within_{LIMIT_SECONDS}_s": seconds[-1] <= LIMIT_SECONDS,
                        }
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main()
