"""The repository's documents, as tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<!\\)`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line` is the number of its first line of code, `document` its path in the repository."""

    document: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def name(document: Path) -> str:
    return str(document.relative_to(ROOT))


def blocks(*languages: str) -> list[Block]:
    """Every fenced block in these languages ("" stands for no language)."""
    code = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match[1] in languages:
                code.append(Block(name(document), text[: match.start(2)].count("\n") + 1, match[1], match[2]))
    return code


def prose(document: Path) -> str:
    """The text without its fenced blocks."""
    return _BLOCK.sub("", document.read_text(encoding="utf-8"))


def code_spans(document: Path) -> list[str]:
    return _CODE.findall(prose(document))


def links(document: Path) -> list[str]:
    """The targets of links and images that lead to files in the repository."""
    return [
        target for target in _LINK.findall(prose(document)) if "://" not in target and not target.startswith("mailto:")
    ]


def headings(document: Path) -> list[str]:
    return _HEADING.findall(prose(document))


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(document)}


def paths(document: Path) -> Iterator[str]:
    """The code spans of the document that look like a path from the root of the repository."""
    top = {entry.name for entry in ROOT.iterdir()}
    for span in code_spans(document):
        for word in re.split(r"[\s,;:]+", span):
            first = word.split("/")[0]
            if first in top and re.fullmatch(r"[\w./-]+", word) and ("/" in word or "." in word):
                yield word
