"""Simultaneous reviewers, who think for a second between a queue and a decision, through the app as `rsf app` serves it, on
the loopback: the first reviewer alone, who has decided ACTS candidates before; all of them on an idle project; and all of them
while a job's segments of 10,000 candidates come in.

Prints a JSON line for each: times as a client sees them, the processor time of a request in the server and in the clients, the
number of cores used by other processes, and the peak memory of the server. From the repository root:
PYTHONPATH=. python tests/benchmarks/reviewers.py [REVIEWERS=50] [CANDIDATES=101000] [ACTS=0]
The full benchmark: 50 1000000 300000, on two cores.
"""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from rsf_core.project import Project
from rsf_core.web import api, server, session
from tests.benchmarks.cheap_client import CheapClient
from tests.benchmarks.million import PER_PROMPT, build, candidates, of_later_prompts

SEGMENT, SECONDS, THOUGHT, REST = 10_000, 20.0, 1.0, 0.2
QUEUE_MS, SAY_MS, SAY_ALONE_MS, MEMORY_GB, LIMIT_SECONDS = 500, 250, 50, 1.2, 120
PHASES = ("alone", "idle", "ingest")
PATHS = {"queue": "/api/review/queue", "say": "/api/review/say"}
Times = dict[str, list[float]]


def main() -> None:
    reviewers, count, acts = (int(one) for one in [*sys.argv[1:4], *("50", "101000", "0")[len(sys.argv) - 1 :]])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        with build(folder, count) as project:
            history(project, acts)
        command = [sys.executable, __file__, "serve", str(folder), str(port), str(reviewers)]
        app = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert app.stdin is not None and app.stdout is not None
            tokens: list[str] = next(json.loads(line) for line in app.stdout if line.startswith("["))
            print(json.dumps({"benchmark": "reviewers_opening"} | _open(port, tokens[0])), flush=True)
            idle: dict[str, float] = {}
            for phase in PHASES:
                app.stdin.write(f"{phase}\n")
                app.stdin.flush()
                figures = _phase(phase, port, tokens[:1] if phase == "alone" else tokens, app.pid, idle)
                print(json.dumps({"candidates": count, "acts_before": acts} | figures), flush=True)
        finally:
            app.kill()
            app.wait(LIMIT_SECONDS)


def history(project: Project, acts: int) -> None:
    """Decisions of the first reviewer, as the store writes them: the last candidates of the round."""
    prompts = project.counts(1).candidates // PER_PROMPT
    name = f"'1.' || ({prompts} - i // {PER_PROMPT}) || '.' || (i % {PER_PROMPT})"
    with project.store.transaction("making a history"):
        for table, columns in (
            (
                "acts (act, kind, round, reviewer, created_at)",
                "'made ' || i, 'decide', 1, 'reviewer 0', now()::TIMESTAMP",
            ),
            (
                "overrides (uid, act, candidate_id, round, action, reviewer, final, created_at)",
                f"'made ' || i, 'made ' || i, {name}, 1, 'accept', 'reviewer 0', FALSE, now()::TIMESTAMP",
            ),
        ):
            project.store._db._cursor().execute(f"INSERT INTO {table} SELECT {columns} FROM range({acts}) t(i)")


def _open(port: int, token: str) -> dict[str, float]:
    """The time of the first answers, for which the candidates and all acts are read."""
    with CheapClient(port, LIMIT_SECONDS) as client:
        queue_answer = client.post(PATHS["queue"], {"token": token, "round": 1})
        act = {
            "act": "the first act",
            "kind": "decide",
            "action": "accept",
            "candidates": _queue(queue_answer.beginning())[:1],
        }
        say_answer = client.post(PATHS["say"], {"token": token, "round": 1, "acts": [act]})
    return {"queue_s": round(queue_answer.seconds, 1), "say_s": round(say_answer.seconds, 1)}


def _phase(phase: str, port: int, tokens: list[str], pid: int, idle: dict[str, float]) -> dict[str, object]:
    times: Times = {what: [] for what in PATHS}
    firsts: list[float] = []  # of each reviewer
    stop = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=_review, args=(port, phase, who, token, stop, times, firsts))
        for who, token in enumerate(tokens)
    ]
    before, mine, load = _cpu(pid), time.process_time(), psutil.cpu_times()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + LIMIT_SECONDS)
    requests = sum(map(len, times.values()))
    shown: dict[str, object] = {"benchmark": f"reviewers_{phase}", "reviewers": len(tokens)}
    for what, limit in (("queue", QUEUE_MS), ("say", SAY_ALONE_MS if phase == "alone" else SAY_MS)):
        cuts = statistics.quantiles(times[what], n=100)
        shown |= {
            f"{what}s": len(times[what]),
            f"{what}_p50_ms": round(cuts[49] * 1e3, 1),
            f"{what}_p99_ms": round(cuts[98] * 1e3, 1),
            f"{what}_within_{limit}_ms": cuts[98] * 1e3 <= limit,
        }
        if phase != "alone":
            shown[f"{what}_p99_to_idle"] = round(cuts[98] / idle.setdefault(what, cuts[98]), 2)
    memory = _most_memory(pid)
    return shown | {
        "first_queue_max_ms": round(max(firsts) * 1e3, 1),
        "requests": requests,
        "server_cpu_ms_per_request": round(1e3 * (_cpu(pid) - before) / requests, 2),
        "client_cpu_ms_per_request": round(1e3 * (time.process_time() - mine) / requests, 2),
        "others_cores": round(_busy(load) - (_cpu(pid) - before + time.process_time() - mine) / SECONDS, 2),
        "most_memory_gb": round(memory, 2),
        f"memory_within_{MEMORY_GB}_gb": memory <= MEMORY_GB,
    }


def _busy(since: Any) -> float:
    """The mean number of the machine's cores that were busy since then, by any process."""
    now = psutil.cpu_times()
    idle, total = (now.idle + now.iowait) - (since.idle + since.iowait), sum(now[:8]) - sum(since[:8])
    return (1 - idle / total) * (os.cpu_count() or 1)


def _most_memory(pid: int) -> float:
    """The peak memory of a process so far, in GB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e9


def _cpu(pid: int) -> float:
    """Processor seconds of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _review(port: int, phase: str, who: int, token: str, stop: float, times: Times, firsts: list[float]) -> None:
    """One reviewer, who reads the queue, thinks, and decides one of its candidates."""
    rng = random.Random(f"{phase} {who}")
    time.sleep(rng.random() * THOUGHT)
    with CheapClient(port, LIMIT_SECONDS) as client:
        turn = 0
        while time.monotonic() < stop:
            queue_answer = client.post(PATHS["queue"], {"token": token, "round": 1})
            times["queue"].append(queue_answer.seconds)
            if turn == 0:
                firsts.append(queue_answer.seconds)
            time.sleep(THOUGHT * (0.5 + rng.random()))
            name = rng.choice(_queue(queue_answer.beginning()))
            act = {"act": f"{phase} {who} {turn}", "kind": "decide", "action": "accept", "candidates": [name]}
            say_answer = client.post(PATHS["say"], {"token": token, "round": 1, "acts": [act]})
            times["say"].append(say_answer.seconds)
            assert say_answer.json()["results"][0]["refused"] is None
            turn += 1


def _queue(beginning: str) -> list[str]:
    """The ids of the candidates, which are at the beginning of the answer."""
    names: list[str]
    names, _ = json.JSONDecoder().raw_decode(beginning, beginning.index("["))
    return names


def serve(folder: Path, port: int, reviewers: int) -> None:
    os.environ[session.FOLDER_VARIABLE] = str(folder)
    threading.Thread(target=_follow, args=(port, reviewers), daemon=True).start()
    server.serve(folder, "127.0.0.1", port)


def _follow(port: int, reviewers: int) -> None:
    """Once the app is ready, report the reviewers' tokens; then let candidates come in on request."""
    until = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), LIMIT_SECONDS).close()
            break
        except OSError:
            time.sleep(REST)
    print(json.dumps([api.token(f"reviewer {who}") for who in range(reviewers)]), flush=True)
    for phase in iter(sys.stdin.readline, ""):
        if phase.strip() == "ingest":
            threading.Thread(target=_ingest, args=(session.open_project(),), daemon=True).start()


def _ingest(project: Project) -> None:
    rows, unit = candidates(np.random.default_rng(1), 0, SEGMENT, 0, 9), 0  # of a round of their own
    while True:  # more than any model draws; ends with the process
        time.sleep(REST)
        project.store.commit_segment("r9-generate-1", unit, f"ingested {unit}", "candidates", rows)
        rows, unit = of_later_prompts(rows, -(-SEGMENT // PER_PROMPT)), unit + 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
