"""The time from a key to the next candidate on the screen in headless Chromium, with rendering on. Ordinary texts have 200 to
600 characters, in the page's default order, so that nearly every key brings another prompt; heavy ones have 2,000 characters
with formulas, tables and code, prompt by prompt. They are shown as drawn, as Markdown and side by side.

Prints a JSON line for each. The times are Chromium's own for each key (its trace event EventLatency): from the moment when the
key reaches the browser to the presentation of the frame with its effect. They include waiting, script, style, layout, paint,
raster and drawing, all without a GPU; nothing is added to the page. A real screen adds the time until its next refresh.
`p90_ms` is for keys at a reader's pace, `burst_p90_ms` for 60 keys a second. `bare_p90_ms` is the time in which the same
browser shows a number on an empty page, a lower bound. `frame_cpu_ms` is the processor time of the browser's main thread from
a key to the end of the frame that shows its effect, [median, p90]. `work_ms` is all its work for a key, by kind. On a shared
machine, run it with `nice -n -12`; the browser gets that priority too. CANDIDATES ACTS: ordinary texts in a project with
CANDIDATES candidates, ACTS of which this reviewer has decided before. From the repository root: PYTHONPATH=. python
tests/benchmarks/reading.py [ordinary|heavy|CANDIDATES ACTS]
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from tests.benchmarks import million, priority, reviewers
from tests.support import small_task
from tests.support.app_server import AppServer
from tests.support.browser import ARGUMENTS
from tests.support.seeding import add_candidates, add_scores, candidates, decide

PROMPTS, EACH, ROUNDS = 150, 8, 3
BURST, PACED, PACE = (
    60,
    40,
    8.0,
)  # keys of a burst, at 60 a second; keys at a reader's pace, and how many of them a second
KEPT = 0.9  # of the keys: Chromium drops the time of one whose frame another took the place of, as in a burst
HEAVY = (
    "## Step {0}\n\n"
    "As $b_{0}^2 \\ge 4ac$, **both** roots of $$x = \\frac{{-b \\pm \\sqrt{{b^2 - 4ac}}}}{{2a}}$$ are real.\n\n"
    "| n | value |\n|--:|--:|\n| {0} | 0.25 |\n| 2 | 12.5 |\n\n1. first\n2. second with `code`\n\n"
    "```python\ndef f{0}(x: int) -> int:\n    return x + {0}  # simple\n```\n\n"
)
ORDINARY = (
    "The train was **late** again, but our guide number {0} stayed kind and told us what there is to see.\n\n",
    "- the old bridge, with *both* of its towers\n- the market of house {0}, open until `18:00`\n\n",
    "We would gladly come back, for the price of {0} is fair and the rooms are quiet at night.\n\n",
    "1. Book early.\n2. Ask for the room with the **balcony**.\n\n",
)
MODES = {"as drawn": "m", "Markdown": "m"}  # the key that leads there from the one before
BARE = "<title>bare</title><p id=shown></p><script>let n = 0; onkeydown = () => { shown.textContent = ++n; };</script>"


def ordinary(i: int) -> str:
    return "".join(ORDINARY[(i + part) % len(ORDINARY)].format(1000 + i) for part in range(2 + i % 4))


def heavy(i: int) -> str:
    return "".join(HEAVY.format(7 * i + part) for part in range(6))


def build_large(folder: Path, count: int, acts: int) -> None:
    with million.build(folder, count, text=ordinary) as project:
        reviewers.history(project, acts)


def build(folder: Path, text: Callable[[int], str]) -> None:
    n = PROMPTS * EACH
    with Project.create(folder, str(small_task.write(folder.parent / f"{folder.name}_reviews")), seed=1) as project:
        project.import_prompts([PromptRow(f"Solve exercise {i} step by step.") for i in range(PROMPTS)], "exercises")
        rows = candidates(PROMPTS, EACH, completions=[text(i) for i in range(n)])
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": np.linspace(-1, 1, n)})
        decide(project.store, rows, np.random.default_rng(2).normal(0, 2, n), 0.5)


def press(page: Page, keys: int, pace: float) -> None:
    """Press `keys` keys, `pace` a second, at moments independent of the screen's frames."""
    moments = np.cumsum(np.random.default_rng(keys).uniform(0.8, 1.2, keys)) / pace
    start = time.perf_counter()
    for i in range(keys):
        time.sleep(max(0.0, start + moments[i] - time.perf_counter()))
        page.keyboard.press("a" if i % 3 else "x")
    page.wait_for_timeout(500)


def traced(browser: Browser, page: Page, scratch: Path, categories: list[str], keys: int, pace: float) -> list[Any]:
    """The browser's trace of what happens while keys are pressed."""
    trace = scratch / "trace.json"
    browser.start_tracing(page=page, path=trace, categories=categories)
    press(page, keys, pace)
    browser.stop_tracing()
    events: list[Any] = json.loads(trace.read_text())["traceEvents"]
    return events


def presented(browser: Browser, page: Page, scratch: Path, keys: int, pace: float) -> list[float]:
    """Press keys; returns the ms from each key to the presentation of the frame that shows its effect."""
    begun: dict[
        tuple[int, str], dict[str, Any]
    ] = {}  # events without an end yet, by name and id, which later events reuse
    times: list[float] = []
    for event in sorted(traced(browser, page, scratch, ["input"], keys, pace), key=lambda event: event.get("ts", 0)):
        name = (event["pid"], str(event.get("id2")))
        if event["name"] == "EventLatency" and event["ph"] == "b":
            begun[name] = event
        elif "Termination" in event["name"]:  # the key changed nothing visible
            begun.pop(name, None)
        elif event["name"] == "EventLatency" and name in begun:
            key = begun.pop(name)
            if key["args"]["event_latency"]["event_type"] == "KEY_PRESSED":
                times.append((event["ts"] - key["ts"]) / 1e3)
    assert len(times) >= KEPT * keys, f"{len(times)} of {keys} keys changed what is shown"
    return times


def p90(times: Sequence[float]) -> float:
    return round(statistics.quantiles(times, n=10)[-1], 1)


def working(page: Page) -> Callable[[], dict[str, float]]:
    """A function that returns the ms that the browser's main thread has worked so far: in all, and by kind."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work() -> dict[str, float]:
        metrics = {one["name"]: one["value"] * 1e3 for one in session.send("Performance.getMetrics")["metrics"]}
        return {
            kind: metrics[metric]
            for kind, metric in (
                ("all", "TaskDuration"),
                ("script", "ScriptDuration"),
                ("style", "RecalcStyleDuration"),
                ("layout", "LayoutDuration"),
            )
        }

    return work


def frame_cpu(browser: Browser, page: Page, scratch: Path) -> list[float]:
    """Press keys under a trace of the browser; returns the processor time (ms) of the main thread from each key to the end of
    its frame."""
    events = traced(browser, page, scratch, ["devtools.timeline", "cc"], PACED, PACE)
    main = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    own = [e for e in events if "tdur" in e and (e["pid"], e["tid"]) in main]
    downs = [e for e in own if e["name"] == "EventDispatch" and e["args"]["data"]["type"] == "keydown"]
    frames = sorted((e for e in own if e["name"] == "ProxyMain::BeginMainFrame"), key=lambda e: e["ts"])
    return [
        (down["tdur"] + next(frame["tdur"] for frame in frames if frame["ts"] > down["ts"])) / 1e3 for down in downs
    ]


@dataclass
class Measured:
    """The figures of one mode: ms of each key, and the main thread's processor time in ms."""

    paced: list[float] = field(default_factory=list)
    burst: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    work: list[dict[str, float]] = field(default_factory=list)


def measure(browser: Browser, page: Page, scratch: Path, key: str, into: Measured) -> None:
    """Switch the page to a mode and press keys."""
    work = working(page)
    page.keyboard.press(key)
    page.wait_for_timeout(2_000)  # the next candidates are loaded
    before = work()
    into.paced += presented(browser, page, scratch, PACED, PACE)
    after = work()
    into.work.append({kind: (after[kind] - before[kind]) / PACED for kind in before})
    into.burst += presented(browser, page, scratch, BURST, 60.0)
    into.frames += frame_cpu(browser, page, scratch)


def report(text: str, mode: str, measured: Measured, bare: list[float]) -> dict[str, object]:
    return {
        "benchmark": "reading",
        "text": text,
        "mode": mode,
        "keys": len(measured.paced) + len(measured.burst) + len(measured.frames),
        "median_ms": round(statistics.median(measured.paced), 1),
        "p90_ms": p90(measured.paced),
        "burst_p90_ms": p90(measured.burst),
        "bare_p90_ms": p90(bare),
        "frame_cpu_ms": [round(statistics.median(measured.frames), 1), p90(measured.frames)],
        "work_ms": {kind: round(statistics.median(one[kind] for one in measured.work), 1) for kind in measured.work[0]},
        "load": round(os.getloadavg()[0], 1),
        "p90_within_20_ms": p90(measured.paced) <= 20,
    }


def run(browser: Browser, text: str, folder: Path) -> None:
    """Measure a project that was built in `folder`."""
    server = AppServer(folder, {"RSF_REVIEWER": "reviewer 0"})
    server.start()
    try:
        empty = browser.new_page()
        empty.set_content(BARE)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(f"{server.url}/review{'?order=prompt' if text == 'heavy' else ''}")
        page.locator(".focus .completion .markdown").wait_for()
        by_mode = {mode: Measured() for mode in (*MODES, "side by side")}
        bare: list[float] = []
        for _ in range(ROUNDS):
            empty.bring_to_front()
            bare += presented(browser, empty, folder.parent, PACED, PACE)
            page.bring_to_front()
            for mode, key in MODES.items():
                measure(browser, page, folder.parent, key, by_mode[mode])
        measure(browser, page, folder.parent, "s", by_mode["side by side"])
        pressed = len(MODES) * ROUNDS + 1
        decided = f"{pressed * (2 * PACED + BURST):,} decided since"
        expect(page.locator(".where")).to_contain_text(decided)  # each key brought the next candidate
        for mode, one in by_mode.items():
            print(json.dumps(report(text, mode, one, bare)), flush=True)
        page.close()
        empty.close()
    finally:
        server.stop()


def main() -> None:
    texts, sizes = (
        [one for one in sys.argv[1:] if not one.isdigit()],
        [int(one) for one in sys.argv[1:] if one.isdigit()],
    )
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright, priority.of_this_process():
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        if sizes:
            build_large(Path(scratch) / "large", *sizes)
            run(browser, f"ordinary, {sizes[0]:,} candidates, {sizes[1]:,} acts before", Path(scratch) / "large")
        for text in texts or ([] if sizes else ["ordinary", "heavy"]):
            build(Path(scratch) / text, {"ordinary": ordinary, "heavy": heavy}[text])
            run(browser, text, Path(scratch) / text)
        browser.close()


if __name__ == "__main__":
    main()
