"""Code in colours: each word has the class of its kind (palette.SYNTAX)."""

from __future__ import annotations

from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

# the kinds of token that have a colour; the first match counts
KINDS = (
    (Token.Comment, "comment"),
    (Token.Keyword, "keyword"),
    (Token.Operator.Word, "keyword"),
    (Token.Name.Tag, "keyword"),
    (Token.Literal.String, "string"),
    (Token.Literal.Number, "number"),
    (Token.Name.Function, "name"),
    (Token.Name.Class, "name"),
    (Token.Name.Decorator, "name"),
    (Token.Name.Builtin, "builtin"),
    (Token.Name.Attribute, "builtin"),
    (Token.Name.Exception, "builtin"),
    (Token.Generic.Inserted, "string"),
    (Token.Generic.Deleted, "number"),
)


def is_known(language: str) -> bool:
    """Whether code in a language is coloured."""
    return _lexer(language) is not None


def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language.strip().lower(), stripnl=False, ensurenl=False) if language else None
    except ClassNotFound:
        return None


def highlighted(code: str, language: str) -> str:
    """Code as HTML, without colours if the language is not known."""
    lexer = _lexer(language)
    if lexer is None:
        return escape(code)
    runs: list[list[str]] = []  # [class, text], neighbours of one class together
    for token, text in lexer.get_tokens(code):
        kind = next((name for of, name in KINDS if token in of), "")
        if runs and runs[-1][0] == kind:
            runs[-1][1] += text
        else:
            runs.append([kind, text])
    return "".join(f'<span class="{kind}">{escape(text)}</span>' if kind else escape(text) for kind, text in runs)
