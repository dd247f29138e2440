"""The Acceptance page with 1,000,000 candidates in headless Chromium: frames a second while M is dragged, and the time from
release to exact numbers on the page, beside the same accepted count queried from DuckDB on every move.

Prints one JSON line. From the repository root: PYTHONPATH=. python tests/benchmarks/acceptance_page.py [FOLDER]
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.million import build
from tests.support.app_server import AppServer
from tests.support.browser import ARGUMENTS

SECONDS, MOVES, RELEASES = 5.0, 100, 12
# Counts the frames in which the tuner painted, by its changes of the page.
WATCH = """() => {
  window.painted = [];
  const root = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).find((r) => r?.querySelector('.tuner'));
  new MutationObserver(() => window.painted.push(performance.now())).observe(root.querySelector('.times'), {childList: true});
}"""


def frames_per_second(page: Page) -> dict[str, float]:
    """Drag M to and fro, as fast as the mouse reports, and count how often the tuner painted."""
    page.evaluate(WATCH)
    box = page.locator(".plot").bounding_box()
    assert box is not None
    y, left, width = box["y"] + 120, box["x"] + 60, box["width"] - 120
    page.mouse.move(left, y)
    page.mouse.down()
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        page.mouse.move(left + width, y, steps=MOVES)
        page.mouse.move(left, y, steps=MOVES)
    painted = page.evaluate("window.painted")
    page.mouse.up()
    gaps = [b - a for a, b in pairwise(painted)]
    return {
        "painted": len(painted),
        "fps": round(1000 * len(gaps) / (painted[-1] - painted[0]), 1),
        "gap_p95_ms": round(statistics.quantiles(gaps, n=20)[-1], 1),
    }


def release_to_numbers(page: Page) -> list[float]:
    """Milliseconds from the release of M to its exact number on the page."""
    milliseconds = []
    box = page.locator(".plot").bounding_box()
    assert box is not None
    for i in range(RELEASES):
        page.mouse.move(box["x"] + box["width"] * (0.4 + 0.02 * i), box["y"] + 120)
        page.mouse.down()
        page.evaluate(
            """() => { window.arrived = null; const start = performance.now();
               const number = () => document.querySelector('[data-testid="stMetricValue"]').innerText;
               const before = number();
               const look = () => number() === before ? requestAnimationFrame(look)
                                                      : (window.arrived = performance.now() - start);
               requestAnimationFrame(look); }"""
        )
        page.mouse.up()
        page.wait_for_function("() => window.arrived !== null")
        milliseconds.append(page.evaluate("window.arrived"))
        page.wait_for_timeout(300)
    return milliseconds


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "million"
        if len(sys.argv) > 1:  # made before by million.py
            shutil.copytree(sys.argv[1], folder)
        else:
            build(folder).close()
        server = AppServer(folder, {})
        server.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=ARGUMENTS
                )
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.set_default_timeout(60_000)
                start = time.perf_counter()
                page.goto(f"{server.url}/acceptance")
                page.get_by_test_id("stMetricValue").first.wait_for()
                loaded = time.perf_counter() - start
                releases = release_to_numbers(page)
                line: dict[str, Any] = {
                    "benchmark": "acceptance_page",
                    "candidates": 1_000_000,
                    "first_load_ms": round(loaded * 1e3),
                }
                line |= frames_per_second(page)
                line |= {
                    "release_ms": round(statistics.median(releases)),
                    "release_worst_ms": round(max(releases)),
                    "at_least_50_fps": line["fps"] >= 50,
                    "release_within_300_ms": statistics.median(releases) <= 300,
                }
                print(json.dumps(line))
                browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
