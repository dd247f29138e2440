"""What a rerun of each page costs with 100,000 prompts and 200,000 candidates, 1 in 20 of them decided by a person: processor
time and what is sent to the browser, when it is first shown and when it is run again as it is.

Prints one JSON line a page. From the repository root: PYTHONPATH=. python tests/benchmarks/pages.py [PAGE …]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Split
from rsf_core.project import Project
from rsf_core.web import session
from tests.benchmarks import million

PROMPTS, HELD_OUT, CANDIDATES, RERUNS, LIMIT_MS, LIMIT_KB = 100_000, 5_000, 200_000, 5, 300, 300
PAGES = ("overview", "generate", "acceptance", "review", "train", "models")
SHELL = Path(session.__file__).with_name("shell.py")


def filled(folder: Path) -> Project:
    million.PER_PROMPT = CANDIDATES // PROMPTS
    project = million.build(folder, CANDIDATES)
    held_out = ((f"Review held-out trip number {i}.", None, None, Split.HELD_OUT) for i in range(HELD_OUT))
    project.store.add_prompts(held_out, "made up")
    return project


def measured(page: str) -> dict[str, Any]:
    sent = 0
    enqueue = ForwardMsgQueue.enqueue

    def counted(queue: ForwardMsgQueue, message: Any) -> None:
        nonlocal sent
        sent += message.ByteSize()
        enqueue(queue, message)

    ForwardMsgQueue.enqueue = counted  # type: ignore[method-assign, assignment]
    try:
        app, times, sizes = AppTest.from_file(str(SHELL), default_timeout=120), [], []
        app.switch_page(f"../../pages/{page}.py")
        for _ in range(1 + RERUNS):
            sent, start = 0, time.process_time()
            app.run()
            times.append((time.process_time() - start) * 1e3)
            sizes.append(sent / 1e3)
            assert not app.exception, app.exception
    finally:
        ForwardMsgQueue.enqueue = enqueue  # type: ignore[method-assign]
    cpu = statistics.median(times[1:])
    return {
        "benchmark": f"page_{page}",
        "prompts": PROMPTS,
        "candidates": CANDIDATES,
        "title": app.title[0].value if app.title else None,
        "first_cpu_ms": round(times[0], 1),
        "rerun_cpu_ms": round(cpu, 1),
        "rerun_to_first": round(cpu / times[0], 2),
        "rerun_kb": round(max(sizes), 1),
        f"within_{LIMIT_MS}_ms": cpu <= LIMIT_MS,
        f"within_{LIMIT_KB}_kb": max(sizes) <= LIMIT_KB,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, filled(Path(scratch) / "project") as project:
        session._project = project
        for page in sys.argv[1:] or PAGES:
            print(json.dumps(measured(page)), flush=True)


if __name__ == "__main__":
    main()
