"""The node that comes with Playwright, for the tests of JavaScript: no other installation is needed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import playwright

_NODE = Path(playwright.__file__).parent / "driver" / ("node.exe" if os.name == "nt" else "node")
_LIMIT_SECONDS = 120.0  # for one second of work, on a busy machine


def node(*arguments: str | Path, script: str = "") -> subprocess.CompletedProcess[str]:
    """Run node with `script` as its input."""
    return subprocess.run(
        [_NODE, *arguments],
        input=script,
        capture_output=True,
        encoding="utf-8",
        timeout=_LIMIT_SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
