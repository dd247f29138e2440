"""From a key to the next candidate painted in headless Chromium, where candidates are Markdown with code, tables and formulas:
as it was drawn, as Markdown, and side by side. 60 keys a second.

Prints a JSON line each. From the repository root: PYTHONPATH=. python tests/benchmarks/reading.py
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from tests.benchmarks.review import KEYS, MEASURE
from tests.support import small_task
from tests.support.app_server import AppServer
from tests.support.browser import ARGUMENTS
from tests.support.seeding import add_candidates, add_scores, candidates, decide

PROMPTS, EACH = 30, 8
PART = (
    "## Step {0}\n\n"
    "As $b_{0}^2 \\ge 4ac$, **both** roots of $$x = \\frac{{-b \\pm \\sqrt{{b^2 - 4ac}}}}{{2a}}$$ are real.\n\n"
    "| n | value |\n|--:|--:|\n| {0} | 0.25 |\n| 2 | 12.5 |\n\n1. first\n2. second with `code`\n\n"
    "```python\ndef f{0}(x: int) -> int:\n    return x + {0}  # simple\n```\n\n"
)
MODES = {"as drawn": "m", "Markdown": "m", "side by side": "s"}  # the key that leads there from the one before


def build(folder: Path) -> None:
    n = PROMPTS * EACH
    texts = ["".join(PART.format(7 * i + part) for part in range(6)) for i in range(n)]  # about 2,000 characters
    with Project.create(folder, str(small_task.write(folder.parent / "small_reviews")), seed=1) as project:
        project.import_prompts([PromptRow(f"Solve exercise {i} step by step.") for i in range(PROMPTS)], "exercises")
        rows = candidates(PROMPTS, EACH, completions=texts)
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": np.linspace(-1, 1, n)})
        decide(project.store, rows, np.random.default_rng(2).normal(0, 2, n), 0.5)


def measure(page: Page, work: Callable[[], dict[str, float]]) -> dict[str, object]:
    page.evaluate("() => { window.painted = []; }")
    before, start = work(), time.perf_counter()
    for i in range(KEYS):
        time.sleep(max(0.0, start + i / KEYS - time.perf_counter()))
        page.keyboard.press("a" if i % 3 else "x")
    seconds = time.perf_counter() - start
    page.wait_for_timeout(500)
    painted = page.evaluate("() => painted")
    assert len(painted) >= KEYS - 1, f"{len(painted)} of {KEYS} keys showed the next candidate"
    after = work()
    return {name: round((after[name] - before[name]) / KEYS * 1e3, 1) for name in after} | {
        "keys": len(painted),
        "seconds": round(seconds, 2),
        "median_ms": round(statistics.median(painted), 1),
        "p90_ms": round(statistics.quantiles(painted, n=10)[-1], 1),
    }


def working(page: Page) -> Callable[[], dict[str, float]]:
    """What asks for the seconds that the browser's main thread has worked so far, which depend less on what else
    runs: in all, for scripts, for styles and for layout. In what is measured they are ms a key."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work() -> dict[str, float]:
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return {
            f"{name}_ms_a_key": found[metric]
            for name, metric in (
                ("work", "TaskDuration"),
                ("script", "ScriptDuration"),
                ("style", "RecalcStyleDuration"),
                ("layout", "LayoutDuration"),
            )
        }

    return work


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch) / "reading"
        build(folder)
        server = AppServer(folder, {"RSF_REVIEWER": "bench"})
        server.start()
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(60_000)
            page.goto(f"{server.url}/review?order=prompt")
            page.locator(".focus .completion .markdown").wait_for()
            page.evaluate(MEASURE)
            work = working(page)
            for mode, key in MODES.items():
                page.keyboard.press(key)
                page.wait_for_timeout(3_000)  # what comes next is there
                print(json.dumps({"benchmark": "reading", "mode": mode} | measure(page, work)), flush=True)
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
