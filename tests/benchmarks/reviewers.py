"""Fifty reviewers at once, each with a second's thought between a queue and a decision, 101,000 candidates, through the real
routes on the loopback: on an idle project, and while a job's segments of 10,000 candidates come in.

Prints a JSON line for each. From the repository root: PYTHONPATH=. python tests/benchmarks/reviewers.py [REVIEWERS]
"""

from __future__ import annotations

import http.client
import json
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
import uvicorn
from starlette.applications import Starlette

from rsf_core.project import Project
from rsf_core.web import api, session
from tests.benchmarks.million import PER_PROMPT, build, candidates, of_later_prompts

CANDIDATES, SEGMENT, SECONDS, THOUGHT, REST = 101_000, 10_000, 20.0, 1.0, 0.2
QUEUE_MS, SAY_MS, LIMIT_SECONDS = 500, 250, 120


def main() -> None:
    reviewers = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        build(folder, CANDIDATES).close()
        command = [sys.executable, __file__, "serve", str(folder), str(reviewers)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdin is not None and server.stdout is not None
            at = json.loads(server.stdout.readline())
            idle: dict[str, float] = {}
            for phase in ("idle", "ingest"):
                server.stdin.write(f"{phase}\n")
                server.stdin.flush()
                print(json.dumps(_phase(phase, at, server.pid, idle)), flush=True)
        finally:
            server.kill()
            server.wait(LIMIT_SECONDS)


def _phase(phase: str, at: dict[str, object], pid: int, idle: dict[str, float]) -> dict[str, object]:
    times: dict[str, list[float]] = {"queue": [], "say": []}
    tokens, port = at["tokens"], at["port"]
    assert isinstance(tokens, list) and isinstance(port, int)
    stop = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=_review, args=(port, phase, who, token, stop, times))
        for who, token in enumerate(tokens)
    ]
    before = psutil.Process(pid).cpu_times()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + LIMIT_SECONDS)
    after = psutil.Process(pid).cpu_times()
    shown: dict[str, object] = {"benchmark": f"reviewers_{phase}", "reviewers": len(tokens), "candidates": CANDIDATES}
    for what, limit in (("queue", QUEUE_MS), ("say", SAY_MS)):
        cuts = statistics.quantiles(times[what], n=100)
        shown |= {
            f"{what}s": len(times[what]),
            f"{what}_p50_ms": round(cuts[49] * 1e3, 1),
            f"{what}_p99_ms": round(cuts[98] * 1e3, 1),
            f"{what}_p99_to_idle": round(cuts[98] / idle.setdefault(what, cuts[98]), 2),
            f"{what}_within_{limit}_ms": cuts[98] * 1e3 <= limit,
        }
    cpu = after.user + after.system - before.user - before.system
    return shown | {"server_cpu_ms_per_request": round(1e3 * cpu / sum(map(len, times.values())), 2)}


def _review(port: int, phase: str, who: int, token: str, stop: float, times: dict[str, list[float]]) -> None:
    """One reviewer: reads the queue, thinks, decides the first."""
    rng = random.Random(f"{phase} {who}")
    time.sleep(rng.random() * THOUGHT)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)
    turn = 0
    while time.monotonic() < stop:
        found = _post(connection, port, times["queue"], "queue", {"token": token, "round": 1})
        time.sleep(THOUGHT * (0.5 + rng.random()))
        name = rng.choice(found["queue"])
        act = {"act": f"{phase} {who} {turn}", "kind": "decide", "action": "accept", "candidates": [name]}
        said = _post(connection, port, times["say"], "say", {"token": token, "round": 1, "acts": [act]})
        assert said["results"][0]["refused"] is None
        turn += 1


def _post(
    connection: http.client.HTTPConnection, port: int, times: list[float], what: str, body: dict[str, Any]
) -> dict[str, Any]:
    headers = {"content-type": "application/json", "origin": f"http://127.0.0.1:{port}"}
    start = time.perf_counter()
    connection.request("POST", f"/api/review/{what}", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    times.append(time.perf_counter() - start)
    assert answer.status == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


def serve(folder: Path, reviewers: int) -> None:
    with Project.open(folder) as project:
        session._project = project
        stop, phases = threading.Event(), iter(sys.stdin.readline, "")
        app = Starlette(routes=list(api.routes()))
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen(2 * reviewers)
            tokens = [api.token(f"reviewer {who}") for who in range(reviewers)]
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
            thread.start()
            print(json.dumps({"port": bound.getsockname()[1], "tokens": tokens}), flush=True)
            for phase in phases:
                if phase.strip() == "ingest":
                    threading.Thread(target=_ingest, args=(project, stop), daemon=True).start()
            stop.set()


def _ingest(project: Project, stop: threading.Event) -> None:
    rows, unit = candidates(np.random.default_rng(1), 0, SEGMENT, 0, 9), 0  # of a round of their own
    while not stop.wait(REST):  # still more than any model draws
        project.store.commit_segment("r9-generate-1", unit, f"ingested {unit}", "candidates", rows)
        rows, unit = of_later_prompts(rows, -(-SEGMENT // PER_PROMPT)), unit + 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
