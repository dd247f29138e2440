"""Dragging M over 1,000,000 candidates: the exact accepted count by rank, against the same count in DuckDB SQL.

Prints one JSON line. Run it from the repository root: PYTHONPATH=. python tests/benchmarks/slider.py
"""

from __future__ import annotations

import json
import statistics
import time

import duckdb
import numpy as np

from rsf_core.sampling.acceptance import RankIndex, critical_log_m, prompt_scale

CANDIDATES, PER_PROMPT, CONSTANTS, OVERRIDDEN = 1_000_000, 8, 200, 0.05
COUNT = """
    SELECT count(*) FILTER (WHERE CASE override WHEN 0 THEN m - scale > ? ELSE override = 1 END)
    FROM candidates
"""


def main() -> None:
    rng = np.random.default_rng(0)
    log_ratio, group = rng.normal(-900.0, 3.0, CANDIDATES), np.arange(CANDIDATES) // PER_PROMPT
    log_ratio[rng.random(CANDIDATES) < 0.1] = -np.inf
    m, scale = critical_log_m(log_ratio, 1.0 - rng.random(CANDIDATES)), prompt_scale(log_ratio, group)
    scale[np.isneginf(scale)] = 0.0  # nothing finite there; SQL has no −∞ − (−∞)
    override = np.where(rng.random(CANDIDATES) < OVERRIDDEN, rng.choice([-1, 1], CANDIDATES), 0)
    log_ms = rng.uniform(-6.0, 6.0, CONSTANTS).tolist()

    start = time.perf_counter()
    index = RankIndex(m, override, scale)
    build = time.perf_counter() - start
    by_rank, rank_times = _timed(index.count, log_ms)

    connection = duckdb.connect()
    connection.register("columns", {"m": m, "scale": scale, "override": override})
    connection.execute("CREATE TABLE candidates AS SELECT * FROM columns")
    by_sql, sql_times = _timed(lambda log_m: connection.execute(COUNT, [log_m]).fetchall()[0][0], log_ms)

    rank, sql = statistics.median(rank_times), statistics.median(sql_times)
    line = {
        "benchmark": "slider",
        "candidates": CANDIDATES,
        "overridden": int(np.count_nonzero(override)),
        "constants": CONSTANTS,
        "equal_to_sql": sum(a == b for a, b in zip(by_rank, by_sql, strict=True)),
        "build_ms": round(build * 1e3, 1),
        "count_ms": round(rank * 1e3, 5),
        "count_ms_worst": round(max(rank_times) * 1e3, 5),
        "sql_ms": round(sql * 1e3, 3),
        "ratio": round(sql / rank),
        "at_most_1_ms": max(rank_times) <= 1e-3,
    }
    print(json.dumps(line))


def _timed(count, log_ms):
    counts, times = [], []
    for log_m in log_ms:
        start = time.perf_counter()
        counts.append(count(log_m))
        times.append(time.perf_counter() - start)
    return counts, times


if __name__ == "__main__":
    main()
