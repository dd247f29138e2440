"""The cost of a decision and an undo after 0, 10,000 and 300,000 acts of their reviewer, through the store and with the counts
for the card. Prints a JSON line for each, with the ratio to the same on an empty history.

From the repository root: PYTHONPATH=. python tests/benchmarks/act_history.py
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rsf_core.domain import Act, Action, ActKind
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates

HISTORIES, TIMES, PROMPTS, EACH = (0, 10_000, 300_000), 60, 5_000, 4


def history(store: Store, first: int, end: int) -> None:
    """Decisions of the reviewer ann as the store writes them, from number `first` to `end`."""
    name = f"'1.' || (1 + i % {PROMPTS}) || '.' || (i % {EACH})"
    with store.transaction("making a history"):
        for table, columns in (
            ("acts (act, kind, round, reviewer, created_at)", "'made ' || i, 'decide', 1, 'ann', now()::TIMESTAMP"),
            (
                "overrides (uid, act, candidate_id, round, action, reviewer, final, created_at)",
                f"'made ' || i, 'made ' || i, {name}, 1, 'accept', 'ann', FALSE, now()::TIMESTAMP",
            ),
        ):
            store._db._cursor().execute(f"INSERT INTO {table} SELECT {columns} FROM range({first}, {end}) t(i)")


def measured(say: Callable[[int], object]) -> tuple[float, float]:
    """Median wall clock time and mean processor time of one call, in ms."""
    say(-1)
    times, before = [], time.process_time()
    for i in range(TIMES):
        start = time.perf_counter()
        say(i)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3, (time.process_time() - before) / TIMES * 1e3


def main() -> None:
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "rsf.duckdb", Path(folder) / "backups")
        add_candidates(store, candidates(PROMPTS, EACH))
        made = 0
        for count in HISTORIES:
            history(store, made, count)
            made = count
            start = time.perf_counter()
            store.acts.depths(1, "ann")
            read = time.perf_counter() - start

            def decide(i: int, count: int = count) -> None:
                name = f"1.{1 + i % PROMPTS}.0"
                store.acts.say([Act(f"said {count} {i}", ActKind.DECIDE, (name,), Action.REJECT)], 1, "ann")
                store.acts.depths(1, "ann")

            def undo(i: int, count: int = count) -> None:
                (outcome,) = store.acts.say([Act(f"undone {count} {i}", ActKind.UNDO)], 1, "ann")
                assert outcome.refused is None
                store.acts.depths(1, "ann")

            for name, say in (("decide", decide), ("undo", undo)):
                wall, cpu = measured(say)
                ratio = cpu / first.setdefault(name, cpu)
                print(
                    json.dumps(
                        {
                            "benchmark": f"act_history_{name}",
                            "acts_before": count,
                            "median_ms": round(wall, 2),
                            "cpu_ms": round(cpu, 2),
                            "ratio_to_none": round(ratio, 2),
                            "within_1.5": ratio <= 1.5,
                            "log_read_s": round(read, 2),
                        }
                    ),
                    flush=True,
                )
        store.close()


if __name__ == "__main__":
    main()
