"""The cost of reviewing with 1,000,000 candidates, after 0, 10,000 and 300,000 acts of the reviewer: processor time of a
decision, an undo and a queue in the routes, and of the Review page; and the memory of the process. Fifty reviewers who think
for a second need fifty acts a second on half a core: 10 ms an act.

Prints a JSON line for each. From the repository root: PYTHONPATH=. python tests/benchmarks/at_scale.py [FOLDER]
(FOLDER: where the project is made, or was made before; an existing project is measured only as it is.)
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Action, ActKind
from rsf_core.domain.access import Actor, person
from rsf_core.project import Project
from rsf_core.review.filters import Order
from rsf_core.web import api, session
from tests.benchmarks.million import PER_PROMPT, build
from tests.support.pages import SHELL

CANDIDATES, HISTORIES, TIMES, APART = 1_000_000, (0, 10_000, 300_000), 40, 3
ACT_MS, QUEUE_MS, MEMORY_MB = 10, 50, 1_200
ANN = person("ann")


def history(project: Project, first: int, end: int) -> None:
    """Decisions of ann as the store writes them, from number `first` to `end`, each on another candidate."""
    name = f"'1.' || (1 + (i * {APART}) // {PER_PROMPT}) || '.' || ((i * {APART}) % {PER_PROMPT})"
    with project.store.transaction("making a history"):
        for table, columns in (
            ("acts (act, kind, round, reviewer, created_at)", "'made ' || i, 'decide', 1, 'ann', now()::TIMESTAMP"),
            (
                "overrides (uid, act, candidate_id, round, action, reviewer, final, created_at)",
                f"'made ' || i, 'made ' || i, {name}, 1, 'accept', 'ann', FALSE, now()::TIMESTAMP",
            ),
        ):
            project.store._db._cursor().execute(f"INSERT INTO {table} SELECT {columns} FROM range({first}, {end}) t(i)")


def cpu_ms(do: Callable[[int], object], times: int = TIMES) -> float:
    """Mean processor time of one call, in ms, after a first call that is not counted."""
    do(-1)
    before = time.process_time()
    for i in range(times):
        do(i)
    return (time.process_time() - before) / times * 1e3


def costs(project: Project, name: str, reviewer: Actor = ANN) -> dict[str, float]:
    """Processor time, in ms, of a card's requests."""

    def answer(content: dict[str, object]) -> None:
        api._response(content, True)

    def queue(_: int, order: Order = Order.BOUNDARY) -> None:
        answer(api.queue(api.QueueBody(token="", round=1, order=order), project, reviewer))

    def say(i: int, kind: ActKind) -> None:
        walks = kind is ActKind.UNDO
        body = api.ActBody(
            act=f"{name} {kind} {i} {time.time_ns()}",
            kind=kind,
            candidates=() if walks else (shown[i],),
            action=None if walks else Action.REJECT,
        )
        spoken = api.say(api.SayBody(token="", round=1, acts=[body]), project, reviewer)
        assert spoken["results"][0]["refused"] is None
        answer(spoken)

    def decide_and_look(i: int) -> None:
        say(i, ActKind.DECIDE)
        queue(i)

    queue(0)
    shown = project.review.queue(1, reviewer, limit=4 * TIMES).candidate_ids  # as a card decides what it was shown
    costs_of_acts = {"decide": cpu_ms(lambda i: say(i, ActKind.DECIDE)), "undo": cpu_ms(lambda i: say(i, ActKind.UNDO))}
    costs_of_acts["queue"] = cpu_ms(queue)
    return costs_of_acts | {"decide_and_queue": cpu_ms(decide_and_look)}


def page(project: Project) -> tuple[float, float]:
    """Processor time of the Review page, in ms: first shown, and rerun."""
    session._project = project
    app = AppTest.from_file(str(SHELL), default_timeout=300)
    app.switch_page("../../pages/review.py")
    times = []
    for _ in range(6):
        start = time.process_time()
        app.run()
        times.append((time.process_time() - start) * 1e3)
        assert not app.exception, app.exception
    return times[0], sorted(times[1:])[2]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "million"
        project = Project.open(folder) if folder.exists() else build(folder, CANDIDATES)
        with project:
            made, first = sum(project.store.acts.depths(1, "ann")), dict[str, float]()
            for count in HISTORIES:
                if count < made:
                    continue
                history(project, made, count)
                made = count
                figures = costs(project, f"after {count}")
                owner, again = page(project)
                shown: dict[str, object] = {"benchmark": "review_at_scale", "candidates": CANDIDATES, "acts": count}
                for what, ms in (figures | {"page_first": owner, "page_rerun": again}).items():
                    shown |= {f"{what}_cpu_ms": round(ms, 2)}
                    shown |= {f"{what}_to_none": round(ms / first.setdefault(what, ms), 2)}
                memory = psutil.Process().memory_info().rss / 1e6
                print(
                    json.dumps(
                        shown
                        | {
                            f"act_within_{ACT_MS}_ms": max(figures["decide"], figures["undo"]) <= ACT_MS,
                            f"queue_within_{QUEUE_MS}_ms": figures["decide_and_queue"] <= QUEUE_MS,
                            "memory_mb": round(memory),
                            f"memory_within_{MEMORY_MB}_mb": memory <= MEMORY_MB,
                        }
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main()
