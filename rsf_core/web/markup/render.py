"""Markdown as a tree of harmless elements (cleaning.py), in which no part of the text is out of sight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from rsf_core.web.markup import cleaning, formulas
from rsf_core.web.markup.highlighting import highlighted, is_known

LONGEST = 40_000  # characters
DEEPEST = 20  # nested quotes and lists; the parser leaves out what is deeper
_PLAIN = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak", "text_special"}


class HiddenError(Exception):
    """A text of which a part would be invisible; the message reports this."""


def render(text: str) -> list[cleaning.Node] | None:
    """The tree of a text; None if it reads the same unrendered. Raises TooMuchError if the text is too long or too complex,
    HiddenError if a letter of it would be invisible, because a reader decides on all of it."""
    if len(text) > LONGEST:
        raise cleaning.TooMuchError(f"it is longer than {LONGEST:,} characters")
    try:
        env: dict[str, Any] = {}
        source = _whole(text)
        tokens = _markdown.parse(source, env)
        if _reads_alike(tokens, text):
            return None
        _align(tokens)
        markup = _markdown.renderer.render(tokens, _markdown.options, env)
        nodes = cleaning.tree(markup + _definitions(source, env))
    except RecursionError:
        raise cleaning.TooMuchError("it is nested too deep") from None
    if _letters([unescape(source)]) - _letters(_seen(nodes)) - _letters(_seen_otherwise(tokens)):
        raise HiddenError("part of it would not be seen")
    return nodes


def _letters(texts: Iterable[str]) -> Counter[str]:
    """Letters and digits without case, because the parser writes the labels of links in capitals."""
    return Counter(letter for text in texts for letter in text.casefold() if letter.isalnum())


def _seen(nodes: Sequence[cleaning.Node]) -> Iterator[str]:
    """The words of a tree. Those of formulas are compared where the formulas are converted."""
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif node[0] != "math":
            yield from _seen(node[2:])


def _seen_otherwise(tokens: Sequence[Token]) -> Iterator[str]:
    """Text of tokens that is shown in another way than by its letters."""
    for token in tokens:
        yield from _seen_otherwise(token.children or ())
        if token.type == "list_item_open":
            yield token.info  # the number before it
        elif token.type == "fence" and not _is_more_than_a_language(token):
            yield token.info
        elif token.meta.get("drawn"):
            yield token.content
        elif token.type in ("link_open", "image"):
            address = str(token.attrs.get("href") or token.attrs.get("src") or "")
            yield str(token.meta.get("label") or "")
            yield from (_letters([unquote(address)]) - _letters([address])).elements()


def _definitions(source: str, env: dict[str, Any]) -> str:
    """The definitions of link labels, as they were written."""
    definitions = [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]
    lines, places = source.split("\n"), sorted(tuple(definition["map"]) for definition in definitions)
    written = ["\n".join(lines[first:last]).strip() for first, last in places]
    return "".join(f'<p><span class="source">{escape(one)}</span></p>\n' for one in written)


def _whole(text: str) -> str:
    """The text, with characters that HTML cannot hold replaced."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def _reads_alike(tokens: Sequence[Token], text: str) -> bool:
    """Whether there are only paragraphs, with the same words as the text."""
    inner = [child for token in tokens for child in token.children or ()]
    if any(token.type not in _PLAIN for token in (*tokens, *inner)):
        return False
    return "".join("".join(child.content for child in inner).split()) == "".join(text.split())


def _align(tokens: Sequence[Token]) -> None:
    """Give the alignment of table cells as an attribute and not as a style, which would be removed."""
    for token in tokens:
        if token.type in ("th_open", "td_open"):
            side = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if side:
                token.attrs["align"] = side


def _image(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """An image is never fetched: its text and its address are shown."""
    token = tokens[at]
    alt = "".join(child.content for child in token.children or ())
    return f'<span class="image">![{escape(alt)}]({escape(_address(token, "src"))})</span>'


def _address(token: Token, name: str) -> str:
    """The address of a link or an image, with its title, which would be seen only under the pointer."""
    title = str(token.attrs.get("title") or "")
    return f"{token.attrs.get(name, '')}" + (f' "{title}"' if title else "")


def _formula(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    display = token.block or bool(token.meta.get("display"))
    made = formulas.mathml(token.content, display)
    token.meta["drawn"] = made is not None
    if made is None:
        made = f'<code class="source">{escape(formulas.source(token.content, display))}</code>'
    return f"<p>{made}</p>\n" if token.block else made


def _link_close(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """After a link comes its address, unless that is its text."""
    opening = next(i for i in range(at, -1, -1) if tokens[i].type == "link_open")
    address = _address(tokens[opening], "href")
    words = "".join(token.content for token in tokens[opening + 1 : at])
    return "</a>" if words == address else f'</a> <span class="source">({escape(address)})</span>'


def _fence(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    more = (
        f'<p><span class="source">{escape(token.info.strip())}</span></p>\n' if _is_more_than_a_language(token) else ""
    )
    return f"{more}<pre><code>{highlighted(token.content, language)}</code></pre>\n"


def _is_more_than_a_language(fence: Token) -> bool:
    words = fence.info.split()
    return len(words) > 1 or (len(words) == 1 and not is_known(words[0]))


def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "breaks": True, "maxNesting": DEEPEST, "store_labels": True}
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
