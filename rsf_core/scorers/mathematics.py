r"""The part of a text that is its mathematical answer, in the notation that math-verify reads.

That library reads LaTeX between dollars and, elsewhere, plain numbers; it combines several \boxed{…} into one set. So the
answer is cut out here, as numeric_match does: the text after "####", the last \boxed{…} (several linked by "and", "or" or a
comma are one answer), or the last <answer>…</answer>. A formula that stands alone, or after "the answer is", is put in
dollars. Takes linear time and never raises.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from rsf_core.domain import text as plain_text
from rsf_core.scorers.answer_words import PHRASE
from rsf_core.scorers.answers import boxes
from rsf_core.scorers.notation import repeating_as_fractions, without_narrow_gaps
from rsf_core.scorers.thoughts import answer_of

# a heading in words ("#### Step 1", "#### 1. Understand") does not mark an answer
_MARK = re.compile(
    r"(?<!#)####(?!#)\s*(?=[-+−$€£¥\\(\[{.\d√½¼¾]|[^\W\d_](?![^\W\d_]))(?!\d+\s*[.):]\s+[^\W\d])([^\n]*)"
)
_TAGGED = re.compile(r"<(?:final_)?answer>(.{1,400}?)</(?:final_)?answer>", re.IGNORECASE | re.DOTALL)
_OPEN_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BETWEEN = re.compile(
    r"\s*\$?\s*(?:\\text\s*\{)?\s*(?:,?\s*(?:and|or)\b|[,;])\s*\}?\s*\$?\s*(?:[^\W\d]\s*=\s*)?\\(?:boxed|fbox)\s*\{"
)
_PERCENT = re.compile(r"\s?\$?\s?(?:\\?%|percent\b)", re.IGNORECASE)
_GAPS = (" ", ",", ";", ":", "!")  # behind a backslash
_BOLD = re.compile(r"(?<![\w)*])\*\*(?=[^\s*])([^*\n]{1,200})(?<=\S)\*\*(?![\w(*])")
_CODE = re.compile(r"(?<!`)`([^`\n]{1,200})`(?!`)")
_DELIMITER = re.compile(r"\$|\\[(\[]|\\begin\s*\{(?:align|gather|equation|multline|eqnarray)")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{(?:equation|displaymath|math)\*?\}")
_NAMED_PART = re.compile(r"\\(?:begin|end|text|mbox|mathrm|mathbf|mathbb|operatorname)\s*\{[^{}]{0,40}\}|\\[a-zA-Z]+")
_FUNCTIONS = re.compile(r"(?<![\\\w])(sin|cos|tan|log|ln|exp|pi|infty)(?![a-zA-Z])")
_ROOT_OF = re.compile(r"(?<![\\\w])sqrt\s?\(([^()]{1,60})\)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER_ALONE = re.compile(r"[-+]?(?:\d+(?:[., ]\d+)*|\.\d+)%?")
_LONGEST_FORMULA = 300
_LONGEST_LINK = 60
_LONGEST_TEXT = 6_000

_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|ⁿ")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_VULGAR = re.compile("[¼½¾⅐-⅞↉]")
_UNICODE_ROOT = re.compile(r"√\s?(?:\(([^()]{1,60})\)|(\d+(?:\.\d+)?|[^\W\d_]))")
_TWO_SPACES = re.compile(r"(\\[a-z]+) {2,}")  # behind a sign that was one character
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−–", "-"),
        **dict.fromkeys("∕⁄", "/"),
        **dict.fromkeys("⋅·∗", "*"),
        "∞": r"\infty ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∈": r"\in ",
        "∅": r"\emptyset ",
        "±": r"\pm ",
        "°": r"^\circ ",
    }
)
_THIN_GROUPS = re.compile(r"(?<![\d.,])(\d{1,3})((?:(?:\\[,;:! ]|~|\{,\})\d{3})+)(?![\d,])")
_GROUPS_ALONE = re.compile(r"[1-9]\d{0,2}(?: \d{3})+")
_NOT_DIGIT = re.compile(r"\D+")
_EXPONENT = re.compile(r"(?<![\w.,])(\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})[eE]([-+]?\d{1,3})(?![\w.]*\w)")
_TIMES_TEN = re.compile(
    r"(?<![\w.,^])(\d{1,30}(?:\.\d{1,30})?)\s?(?:\\times|\\cdot|[×*])\s?10\s?\^(?:\{\s?([-+]?\d{1,3})\s?\}|([-+]?\d)(?!\d))"
)
_NUMBER_IN_TEXT = re.compile(r"\\(?:text|mbox|mathrm)\s*\{\s*(-?\d[\d.,]*)(\s[^{}]*|)\}")
_TINY = re.compile(r"(?<![\w.,])0?(\.000\d{4,30})(?![\d,]|\.\d)")
_LARGEST_EXPONENT = 30


def stated(text: str) -> str:
    r"""The answer of a completion or a reference; "" if a \boxed{…} is cut off, because more may have followed."""
    text = answer_of(text)
    mark = _MARK.search(text)
    text = one_notation(mark[1] if mark is not None else text)
    boxed = boxes(text)
    if boxed:
        return _boxed(text, boxed)
    if _OPEN_BOX.search(text):
        return ""
    tagged = _TAGGED.findall(text)
    return _in_dollars(tagged[-1] if tagged else text)


def one_notation(text: str) -> str:
    r"""`text` with Unicode signs as LaTeX (½ is \frac{1}{2}, x² is x^{2}), thousands without gaps, and numbers that the
    library misreads or rounds, such as 1.5e3, 0.\overline{3} or 0.0000002, in an exact form."""
    if not text.isascii():
        text = _VULGAR.sub(_vulgar, _RAISED.sub(_power, text))
        text = _UNICODE_ROOT.sub(lambda match: rf"\sqrt{{{match[1] or match[2]}}}", text)
        text = plain_text.plain(without_narrow_gaps(text)).translate(_SIGNS)
        text = _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), _TWO_SPACES.sub(r"\1 ", text))
    if "\\" in text or "{,}" in text:
        text = _THIN_GROUPS.sub(lambda match: match[1] + _NOT_DIGIT.sub("", match[2]), text)
        text = _NUMBER_IN_TEXT.sub(r"\1\\text{\2}", repeating_as_fractions(_ENVIRONMENT.sub("$$", text)))
    text = _TIMES_TEN.sub(_scaled, _EXPONENT.sub(_scaled, text))
    return _TINY.sub(lambda match: _exact(Decimal(match[1])), text)


def _boxed(text: str, spans: list[tuple[int, int]]) -> str:
    """The last box together with the boxes before it that are linked to it."""
    contents = [_content(text, spans[-1])]
    for before, after in zip(spans[-2::-1], spans[:0:-1], strict=False):
        if not 0 < after[0] - before[1] < _LONGEST_LINK or not _BETWEEN.fullmatch(text, before[1] + 1, after[0]):
            break
        contents.append(_content(text, before))
    return rf"\boxed{{{', '.join(reversed(contents))}}}"


def _content(text: str, span: tuple[int, int]) -> str:
    start, end = span
    percent = r"\%" if _PERCENT.match(text, end + 1) else ""
    content = _without_edges(text[start:end])
    return (content.replace(" ", "") if _GROUPS_ALONE.fullmatch(content) else content) + percent


def _without_edges(text: str) -> str:
    """The text without white space and LaTeX spaces at its ends, or a final full stop."""
    text = text.strip().removesuffix(".").rstrip()
    while text.endswith("\\"):  # the rest of a LaTeX space
        text = text[:-1].rstrip()
    while text.startswith("\\") and text[1:2] in _GAPS:
        text = text[2:].lstrip()
    while text.endswith(_GAPS) and text[-2:-1] == "\\":
        text = text[:-2].rstrip()
    return text


def _in_dollars(text: str) -> str:
    """If the text has no dollars and its answer is a formula, that formula in dollars; otherwise the text without Markdown's
    marks for bold and code."""
    text = _CODE.sub(r"\1", _BOLD.sub(r"\1", text)).strip()
    phrase = next(reversed(list(PHRASE.finditer(text))), None)
    if len(text) > _LONGEST_TEXT:  # the library takes quadratic time
        begin = phrase.start() if phrase is not None else len(text) - _LONGEST_TEXT
        return text[begin : begin + _LONGEST_TEXT]
    if _DELIMITER.search(text):
        return text
    line = text[phrase.end() :].lstrip(" \t\n*:") if phrase is not None else text
    line, line_break, more = line.partition("\n")
    if line_break and phrase is None and more.strip():
        return text
    formula = _without_edges(line.strip("*` \t"))
    return f"${_as_latex(formula)}$" if _is_formula(formula) else text


def _is_formula(text: str) -> bool:
    """Whether a text has no words and is more than a plain number, which the library reads without dollars."""
    if not text or len(text) > _LONGEST_FORMULA or _NUMBER_ALONE.fullmatch(text):
        return False
    return _WORD.search(_NAMED_PART.sub(" ", _FUNCTIONS.sub(" ", _ROOT_OF.sub(r"\1", text)))) is None


def _as_latex(formula: str) -> str:
    """A formula in a program's notation, such as sqrt(2) or 2**3, as LaTeX."""
    return _FUNCTIONS.sub(r"\\\1 ", _ROOT_OF.sub(r"\\sqrt{\1}", formula)).replace("**", "^")


def _power(match: re.Match[str]) -> str:
    return f"^{{{match[0].translate(_SUPERSCRIPTS)}}}"


def _vulgar(match: re.Match[str]) -> str:
    above, _, below = unicodedata.normalize("NFKC", match[0]).partition("⁄")
    return rf"\frac{{{above}}}{{{below}}}"


def _scaled(match: re.Match[str]) -> str:
    """1.5e3 and 1.5·10^3 as 1500, and 1e-7 as a fraction."""
    exponent = int(match[match.lastindex or 2])
    if abs(exponent) > _LARGEST_EXPONENT:
        return rf"{match[1]}\cdot 10^{{{exponent}}}"
    value = Decimal(match[1]).scaleb(exponent)
    return f"{value:f}" if value == value.to_integral_value() else _exact(value)


def _exact(value: Decimal) -> str:
    above, below = value.as_integer_ratio()
    return rf"\frac{{{above}}}{{{below}}}"
