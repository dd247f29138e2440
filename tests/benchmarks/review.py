"""Review with 1,000,000 candidates: the time for a page of 50 with filter and order, from a key to the next candidate painted
in headless Chromium, and for decisions of eight reviewers while a job's segments come in, beside the same on an idle project.

Prints three JSON lines. From the repository root: PYTHONPATH=. python tests/benchmarks/review.py [FOLDER]
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.review.active_orders import ACTIVE
from rsf_core.review.filters import CandidateFilter, Order, View
from tests.benchmarks.million import PER_PROMPT, build, candidates, of_later_prompts
from tests.support.app_server import AppServer
from tests.support.browser import ARGUMENTS

PAGES, KEYS, REVIEWERS, DECISIONS, SEGMENT = 60, 60, 8, 50, 10_000
ORDERS = [order for order in Order if order not in ACTIVE]
INGESTED = 9  # another round, whose candidates come in while the first is reviewed
MEASURE = """() => {
  // until the frame that shows what a key did has been painted: the first task after that frame
  window.painted = [];
  addEventListener('keydown', (event) => requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => painted.push(performance.now() - event.timeStamp);
    after.port2.postMessage(null);
  }), {capture: true});
}"""


def pages(project: Project) -> dict[str, object]:
    """Pages of 50 with random filters, orders and views, each different from the last."""
    rng, times = np.random.default_rng(0), []
    project.review.queue(1, person("ann"))  # the candidates are read once
    for order in ORDERS:
        project.review.queue(1, person("ann"), order=order)
    views, orders = [View.PENDING, View.ACCEPTED, View.REJECTED, View.ALL], ORDERS
    for i in range(PAGES):
        low = float(rng.uniform(-1, 0.5))
        candidate_filter = CandidateFilter(
            tokens=(5, float(rng.integers(20, 40))), scores={"sentiment": (low, low + 0.5)}
        )
        start = time.perf_counter()
        project.review.queue(1, person("ann"), candidate_filter, views[i % len(views)], orders[i % len(orders)])
        times.append(time.perf_counter() - start)
    p95 = statistics.quantiles(times, n=20)[-1] * 1e3
    return {
        "benchmark": "review_page",
        "candidates": 1_000_000,
        "median_ms": round(statistics.median(times) * 1e3, 1),
        "p95_ms": round(p95, 1),
        "p95_within_100_ms": p95 <= 100,
    }


def keys(folder: Path) -> dict[str, object]:
    """The time from a key to the next candidate painted on the page, and whether all decisions arrived."""
    server = AppServer(folder, {"RSF_REVIEWER": "bench"})
    server.start()
    try:
        with sync_playwright() as playwright:
            path = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(60_000)
            page.goto(f"{server.url}/review")
            page.locator(".focus .completion").wait_for()
            before = server.rsf("status", str(folder))["counts"]["overridden"]
            page.evaluate(MEASURE)
            start = time.perf_counter()
            for i in range(KEYS):
                time.sleep(max(0.0, start + i / KEYS - time.perf_counter()))
                page.keyboard.press("a" if i % 3 else "x")
            seconds = time.perf_counter() - start
            page.wait_for_function(
                """() => [...document.querySelectorAll('*')].map((e) => e.shadowRoot)
                   .find((r) => r?.querySelector('.card')).querySelector('.unsent').textContent === ''"""
            )
            painted = page.evaluate("() => painted")
            after = server.rsf("status", str(folder))["counts"]["overridden"]
            browser.close()
    finally:
        server.stop()
    p90 = statistics.quantiles(painted, n=10)[-1]
    return {
        "benchmark": "review_keys",
        "candidates": 1_000_000,
        "keys": KEYS,
        "seconds": round(seconds, 2),
        "stored": after - before,
        "p90_ms": round(p90, 2),
        "p90_within_20_ms": p90 <= 20,
    }


def decisions(project: Project) -> dict[str, object]:
    """The time to commit one decision, with eight reviewers at once: on an idle project, then while segments are ingested."""
    _decide(project, "warm-up")
    idle = _decide(project, "idle")
    stop = threading.Event()
    thread = threading.Thread(target=_ingest, args=(project, stop))
    thread.start()
    busy = _decide(project, "busy")
    stop.set()
    thread.join()
    return {
        "benchmark": "decision_commit",
        "reviewers": REVIEWERS,
        "idle_p99_ms": round(idle, 1),
        "ingest_p99_ms": round(busy, 1),
        "ratio": round(busy / idle, 2),
        "p99_within_100_ms": busy <= 100,
    }


def _decide(project: Project, name: str) -> float:
    times: list[float] = []

    def work(who: int) -> None:
        for i in range(DECISIONS):
            act = Act(f"{name} {who} {i}", ActKind.DECIDE, (f"1.{1 + who * DECISIONS + i}.0",), Action.ACCEPT)
            start = time.perf_counter()
            project.review.say(1, person(f"reviewer {who}"), [act])
            times.append(time.perf_counter() - start)
            time.sleep(0.02)  # fifty a second each: faster than anyone reads

    threads = [threading.Thread(target=work, args=(who,)) for who in range(REVIEWERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.quantiles(times, n=100)[-1] * 1e3


def _ingest(project: Project, stop: threading.Event) -> None:
    rows, unit = candidates(np.random.default_rng(1), 0, SEGMENT, 0, INGESTED), 0
    while not stop.wait(0.2):  # still 45,000 candidates a second, more than any model draws
        project.store.commit_segment("r9-generate-1", unit, f"ingested {unit}", "candidates", rows)
        rows, unit = of_later_prompts(rows, -(-SEGMENT // PER_PROMPT)), unit + 1


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "million"
        if len(sys.argv) > 1:  # made before by million.py
            shutil.copytree(sys.argv[1], folder)
        else:
            build(folder).close()
        with Project.open(folder) as project:
            print(json.dumps(pages(project)), flush=True)
        print(json.dumps(keys(folder)), flush=True)
        with Project.open(folder) as project:
            print(json.dumps(decisions(project)), flush=True)


if __name__ == "__main__":
    main()
