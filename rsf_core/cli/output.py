"""How a command prints its result: as text, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console

from rsf_core.project.commands import plain

out = Console()
err = Console(stderr=True)


def say(data: Any, as_json: bool, text: Callable[[], Any]) -> None:
    if as_json:
        print(json.dumps(plain(data), ensure_ascii=False))
    else:
        shown = text()
        out.print(shown, soft_wrap=isinstance(shown, str))  # a path that is broken into two lines cannot be copied
