"""LaTeX in Markdown, as MathML, which browsers draw themselves.

`$x$`, `$$x$$`, `\\(x\\)`, `\\[x\\]` and environments such as `\\begin{align}`. A dollar opens a formula by pandoc's rule: no
space after it, none before the closing one, and no digit after that, so that "$5 and $6" are prices."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

LONGEST = 2_000  # characters of a formula
PAIRS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))  # the longer of two that begin alike comes first
BLOCKS = {"$$": "$$", r"\[": r"\]"}
_ENVIRONMENT = re.compile(
    r"\\begin\{(align|aligned|equation|gather|gathered|multline|cases|array|[bpvBV]?matrix)(\*?)\}"
)
_UNREAD = re.compile(r"\\[A-Za-z]")  # a command that the converter did not convert
_NO_TEXT = re.compile(
    r"\\(begin|end)\{\w+\*?\}(\{[clr| ]*\})?|\\[A-Za-z]+|-?\d*\.?\d+ ?(em|ex|pt|px|mu|cm|mm|in)(?![A-Za-z])"
)  # names of environments with their columns, commands, lengths
_LEAVES = {"mi", "mn", "mo", "ms", "mtext"}  # elements in them are left out when they are cleaned
_NEGATIVE = re.compile(r"-(\d*\.?\d+)")
MOST_BACK = 2.0  # em: more would draw over what comes before
_AS_ALIGN = re.compile(r"\\(begin|end)\{(?:align|aligned|gather|gathered|gather\*|multline|multline\*)\}")


def plugin(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("escape", "formula", _inline)
    markdown.block.ruler.before("fence", "formula", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def mathml(latex: str, display: bool) -> str | None:
    """A formula as MathML; None if it is not understood completely, or if part of it would be invisible: half a formula would
    mislead."""
    rows = _AS_ALIGN.sub(r"\\\1{align*}", latex)  # of these environments the converter knows only align*
    try:
        root = convert_to_element(rows, display="block" if display else "inline")
    except Exception:  # the converter may raise anything for a formula that breaks off or nests too deep
        return None
    for element in root.iter():
        if element.text:
            # From an environment that the converter does not know; a written \& comes as an entity.
            if element.text == "&":
                return None
            element.text = html.unescape(element.text)  # the converter writes &#x0002F; for a solidus
            if _UNREAD.search(element.text) and element.tag != "mtext":
                return None
    if _back(root) > MOST_BACK or _letters(_NO_TEXT.sub(" ", latex)) - _letters("".join(_drawn(root))):
        return None
    return ElementTree.tostring(root, encoding="unicode")


def _back(root: ElementTree.Element) -> float:
    """How far the negative spaces of a formula move what follows to the left, with all lengths taken as em."""
    widths = (_NEGATIVE.match(element.get("width", "")) for element in root.iter("mspace"))
    return sum(float(width[1]) for width in widths if width)


def _drawn(element: ElementTree.Element) -> Iterator[str]:
    """The visible text of an element."""
    if element.tag != "mphantom":
        yield element.text or ""
        for child in element if element.tag not in _LEAVES else ():
            yield from _drawn(child)


def _letters(text: str) -> Counter[str]:
    """Letters and digits; those of mathematical alphabets count as plain ones."""
    return Counter(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())


def source(latex: str, display: bool) -> str:
    """A formula as it was written, in its delimiters."""
    return f"$${latex}$$" if display else f"${latex}$"


def _inline(state: StateInline, silent: bool) -> bool:
    for opening, closing in PAIRS:
        if state.src.startswith(opening, state.pos):
            end = _closing(state.src, state.pos + len(opening), state.posMax, opening, closing)
            if end is None:
                continue
            if not silent:
                token = state.push("formula", "math", 0)
                token.content = state.src[state.pos + len(opening) : end].strip()
                token.markup = opening
                token.meta["display"] = opening in BLOCKS
            state.pos = end + len(closing)
            return True
    return False


def _closing(text: str, start: int, limit: int, opening: str, closing: str) -> int | None:
    """Where a formula that begins at `start` ends, if it does."""
    if opening == "$" and (start >= limit or text[start].isspace()):
        return None
    at, limit = start, min(limit, start + LONGEST)
    while (at := text.find(closing, at, limit)) >= 0:
        escaped = text[at - 1] == "\\" and closing[0] != "\\"
        price = opening == "$" and (text[at - 1].isspace() or text[at + 1 : at + 2].isdigit())
        if text[start:at].strip() and not escaped and not price:
            return at
        at += len(closing)
    return None


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    if state.is_code_block(first):
        return False
    start = state.bMarks[first] + state.tShift[first]
    head = state.src[start : state.eMarks[first]]
    environment = _ENVIRONMENT.match(head)
    opening = next((one for one in BLOCKS if head.startswith(one)), None)
    if environment:
        closing, skipped = f"\\end{{{environment[1]}{environment[2]}}}", 0
    elif opening:
        closing, skipped = BLOCKS[opening], len(opening)
    else:
        return False
    lines: list[str] = []
    for line in range(first, last):
        if line > first and state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return False
        text = head[skipped:] if line == first else state.src[state.bMarks[line] : state.eMarks[line]]
        end = text.find(closing)
        lines.append(text if end < 0 else text[:end] + (closing if environment else ""))
        if end >= 0:
            break
        if sum(map(len, lines)) > LONGEST:
            return False
    else:
        return False
    latex = "\n".join(lines).strip()
    if not latex or len(latex) > LONGEST or text[end + len(closing) :].strip(" \t.,;"):
        return False
    if silent:
        return True
    token = state.push("formula_block", "math", 0)
    token.block = True
    token.content = latex
    token.markup = "" if environment else "$$"
    token.map = [first, line + 1]
    state.line = line + 1
    return True
