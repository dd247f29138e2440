"""Foreign text in places that interpret markup. What a person, a file or a model wrote is shown as it is, and never as
formatting, a formula, an icon, a link or an image that would be fetched. One function for each language: `literal` for
Markdown, `figure_text` for what Plotly reads in titles, names, ticks and hovers, `html.escape` for HTML."""

from __future__ import annotations

import html
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
        lambda match: match[1] + (match[2] + "\\" if match[2].isdigit() else "\\" + match[2]), line
    )
    return _JOINED.sub(lambda match: match[0] + _JOINER, line)


def figure_text(text: object) -> str:
    """`text` on one line, so that Plotly shows it as it is: it reads a subset of HTML with links, formulas between dollars,
    and in hovers the names of its own values, `%{x}`. It knows character references."""
    line = html.escape(" ".join(str(text).split()), quote=False)
    return line.replace("$", "&#36;").replace("%{", "&#37;{")


def file_name(text: str) -> str:
    """`text` as the name of a file, on any system."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._") or "file"
