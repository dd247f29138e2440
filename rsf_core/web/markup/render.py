"""A text of Markdown as a tree of harmless elements (cleaning.py)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from rsf_core.web.markup import cleaning, formulas
from rsf_core.web.markup.highlighting import highlighted

LONGEST = 40_000  # characters
DEEPEST = 20  # quotes and lists in each other; what is deeper stays as it was written
_PLAIN = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak", "text_special"}


def render(text: str) -> list[cleaning.Node] | None:
    """The tree of a text; None where it would read as it is written. Raises TooMuchError for one that is too long or too
    involved."""
    if len(text) > LONGEST:
        raise cleaning.TooMuchError(f"it is longer than {LONGEST:,} characters")
    try:
        tokens = _markdown.parse(_whole(text))
        if _reads_alike(tokens, text):
            return None
        _align(tokens)
        return cleaning.tree(_markdown.renderer.render(tokens, _markdown.options, {}))
    except RecursionError:
        raise cleaning.TooMuchError("it is nested too deep") from None


def _whole(text: str) -> str:
    """With what no HTML can hold in a form that it can."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def _reads_alike(tokens: Sequence[Token], text: str) -> bool:
    """Whether there are only paragraphs, whose words are those of the text."""
    inner = [child for token in tokens for child in token.children or ()]
    if any(token.type not in _PLAIN for token in (*tokens, *inner)):
        return False
    return "".join("".join(child.content for child in inner).split()) == "".join(text.split())


def _align(tokens: Sequence[Token]) -> None:
    """Cells of a table say on which side they stand by an attribute and not by a style, which would be taken out."""
    for token in tokens:
        if token.type in ("th_open", "td_open"):
            side = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if side:
                token.attrs["align"] = side


def _image(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """An image is never fetched: what it says and where it would be are shown."""
    token = tokens[at]
    alt = "".join(child.content for child in token.children or ())
    return f'<span class="image">![{escape(alt)}]({escape(str(token.attrs.get("src", "")))})</span>'


def _formula(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    display = token.block or bool(token.meta.get("display"))
    made = formulas.mathml(token.content, display)
    if made is None:
        made = f'<code class="source">{escape(formulas.source(token.content, display))}</code>'
    return f"<p>{made}</p>\n" if token.block else made


def _link_close(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Behind a link stands where it leads, unless that is what it says."""
    opening = next(i for i in range(at, -1, -1) if tokens[i].type == "link_open")
    href = str(tokens[opening].attrs.get("href", ""))
    words = "".join(token.content for token in tokens[opening + 1 : at])
    return "</a>" if words == href else f'</a> <span class="source">({escape(href)})</span>'


def _fence(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    return f"<pre><code>{highlighted(token.content, language)}</code></pre>\n"


def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "breaks": True, "maxNesting": DEEPEST}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).use(formulas.plugin)
    rules = {
        "image": _image,
        "link_close": _link_close,
        "fence": _fence,
        "formula": _formula,
        "formula_block": _formula,
    }
    for name, rule in rules.items():
        markdown.add_render_rule(name, rule)
    return markdown


_markdown = _parser()
