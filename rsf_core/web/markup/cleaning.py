"""HTML made harmless, as a tree that the card builds element by element: nothing there is ever parsed as markup.

A tree is a list of nodes; a node is a text, or `[tag, attributes, *nodes]`. The allowed tags and attributes are listed here,
and once more in the card's tree.js."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import nh3

Node = str | list[Any]

TEXT = frozenset(
    [
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "s",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
    ]
)
MATH = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mo",
        "mn",
        "mtext",
        "ms",
        "mspace",
        "mfrac",
        "msqrt",
        "mroot",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
        "mphantom",
        "menclose",
        "merror",
        "mmultiscripts",
        "mprescripts",
        "none",
    ]
)
CLASSES = frozenset(["comment", "keyword", "string", "number", "name", "builtin", "image", "source"])
ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "title"}),
    "ol": frozenset({"start"}),
    "th": frozenset({"align"}),
    "td": frozenset({"align"}),
    "span": frozenset({"class"}),
    "code": frozenset({"class"}),
    "math": frozenset({"display"}),
    "mo": frozenset(
        {"stretchy", "fence", "form", "separator", "largeop", "movablelimits", "accent", "minsize", "maxsize"}
    ),
    "mi": frozenset({"mathvariant"}),
    "mn": frozenset({"mathvariant"}),
    "mspace": frozenset({"width"}),
    "mfrac": frozenset({"linethickness"}),
    "mstyle": frozenset({"displaystyle", "scriptlevel"}),
    "mover": frozenset({"accent"}),
    "munder": frozenset({"accentunder"}),
    "mtable": frozenset({"columnalign", "displaystyle"}),
    "mtd": frozenset({"columnalign"}),
    "menclose": frozenset({"notation"}),
}
SCHEMES = {"http", "https"}
REL = "noreferrer noopener nofollow"
DEEPEST = 100
MOST_NODES = 10_000
_LENGTH = re.compile(r"-?\d{0,2}(\.\d{1,4})?(em|ex|pt|px|%)?")  # a wider space would only push the text out of sight
_SIZES = {"width", "minsize", "maxsize", "linethickness"}
_START = re.compile(r"\d{1,9}")
_WORDS = re.compile(r"[a-z][a-z -]{0,40}|[0-3]")


class TooMuchError(Exception):
    """A text that would make too large a tree; the message gives the reason."""


def tree(markup: str) -> list[Node]:
    """The allowed parts of some HTML, as a tree. Raises TooMuchError beyond DEEPEST or MOST_NODES."""
    builder = _Builder()
    builder.feed(clean(markup))
    builder.close()
    return builder.root


def clean(markup: str) -> str:
    """The HTML with only what is allowed: no script, no style, no image, nothing that causes a request."""
    return nh3.clean(
        markup,
        tags=set(TEXT | MATH),
        clean_content_tags={"script", "style"},
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes=SCHEMES,
        link_rel=REL,
        strip_comments=True,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if value.lower().startswith(("http://", "https://")) else None
    if name == "title":
        return value
    if name == "class":
        return value if value in CLASSES else None
    if name == "start":
        return value if _START.fullmatch(value) else None
    pattern = _LENGTH if name in _SIZES else _WORDS
    return value if pattern.fullmatch(value) else None


class _Builder(HTMLParser):
    """Reads the output of nh3, which is well formed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[Node] = []
        self._open: list[list[Any]] = [self.root]
        self._tags: list[str] = []
        self._nodes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._count()
        node: list[Any] = [tag, {name: value or "" for name, value in attrs}]
        self._open[-1].append(node)
        if tag in ("br", "hr"):
            return
        if len(self._tags) == DEEPEST:
            raise TooMuchError(f"it is nested more than {DEEPEST} deep")
        self._open.append(node)
        self._tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._tags:
            while self._tags.pop() != tag:
                self._open.pop()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "pre" not in self._tags:
            data = data.lstrip("\n")  # between blocks, and after a line break
        if data:
            self._count()
            self._open[-1].append(data)

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise TooMuchError(f"it has more than {MOST_NODES:,} parts")
