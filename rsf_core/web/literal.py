"""Foreign text in Markdown: what a person, a file or a model wrote is shown as it is, and never as formatting, a formula, an
icon, a link or a picture that would be fetched."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()!|~$&^]")
_AT_THE_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
_JOINER = "\u2060"  # no width, no break
# Streamlit looks for these in the finished text, where a backslash is gone: directives, icons, emoji; links and addresses.
_JOINED = re.compile(r":(?=[a-z/_+-]|\d+:)|(?<=www)\.|@(?=\S)", re.IGNORECASE)


def literal(text: object) -> str:
    """`text` on one line, so that Markdown shows it as it is."""
    line = " ".join(str(text).split())
    line = _SPECIAL.sub(r"\\\g<0>", line)
    line = _AT_THE_START.sub(
        lambda found: found[1] + (found[2] + "\\" if found[2].isdigit() else "\\" + found[2]), line
    )
    return _JOINED.sub(lambda found: found[0] + _JOINER, line)
