"""How a command prints its result: as text, or as JSON; and how text of people, models and files goes to a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape as without_markup

from rsf_core.project.commands import plain

out = Console()
err = Console(stderr=True)
# those of ASCII except line ends and tabs, DEL, and the second set of Latin-1, which some terminals obey as well
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: "\u2421"}
_PICTURES |= dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}")


def visible(text: str) -> str:
    """`text` with pictures in place of control characters: they must not control the reader's terminal."""
    return text.translate(_PICTURES)


def escape(text: str) -> str:
    """`text` of people, models or files, in rich's markup: shown as it is, with pictures in place of control characters."""
    return without_markup(visible(text))


def say(data: Any, as_json: bool, text: Callable[[], Any]) -> None:
    if as_json:
        print(json.dumps(plain(data), ensure_ascii=False))
    else:
        shown = text()
        out.print(shown, soft_wrap=isinstance(shown, str))  # a path that is broken into two lines cannot be copied
