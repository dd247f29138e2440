r"""A text with its numbers in one notation: 10³ → 10^3, ½ → 1/2, \dfrac{3}{4} → 3/4, 1{,}234 → 1,234, −５ → -5."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Context, Decimal

from rsf_core.domain import text as plain_text
from rsf_core.scorers.number import RUN, Number, evaluate, plain

UNREADABLE = "\ufffc"
r"""Stands for a part of a formula that is not a number by itself: \sqrt{2}, \frac{\pi}{2}."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_VULGAR = re.compile("[¼½¾⅐-⅞↉]")
_NARROW = "\u00a0\u2007-\u2009\u202f"  # non-breaking spaces
_NARROW_GROUPS = re.compile(rf"(?<!\d)\d+(?:[{_NARROW}]\d{{3}}(?!\d))+(?:,\d+(?![\d,]))?")  # 12 345,6
_GROUPED = re.compile(r"(?<![\d.,])(?<!\d )\d{1,3}(?: \d{3})++(?:,\d+)?+(?![\d,]|\.\d| \d)")  # 1 234 567,8
_SIGNS = str.maketrans("−–∕⁄÷×⋅·∗٫٬", "--///****.,")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_LATEX = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\!|\\left(?![a-zA-Z])|\\right(?![a-zA-Z])|\\displaystyle", ""),
        (r"(?<=\d)(?:\{,\}|\\[,;: ])(?=\d{3})", ","),
        (r"\\([$%#&])", r"\1"),
        (r"\\[()\[\],;:]|\\q?quad|~", " "),
        (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
        (r"\\(?:times|cdot)(?![a-zA-Z])", "*"),
        (r"\\div(?![a-zA-Z])", "/"),
        (r"\\l[vV]ert(?![a-zA-Z])\s?|\s?\\r[vV]ert(?![a-zA-Z])|\\[vV]ert(?![a-zA-Z])|\\mid(?![a-zA-Z])", "|"),
        (r"\\degrees?(?![a-zA-Z])", "°"),
        (r"\{\s?([^{}\\]{1,60})\\over(?![a-zA-Z])\s?([^{}\\]{1,60})\}", r"{\\frac{\1}{\2}}"),
        (r"\\(?:text|mbox|mathrm|mathbf|mathit|textbf|textit|textrm|operatorname)\s*(?=\{)", " "),
        (r"\^\s?(?:\{\s?\\circ\s?\}|\\circ(?![a-zA-Z]))", "°"),
    )
)
_REPEATING = re.compile(r"(\d{0,40})\.(\d{0,40})\\(?:overline|bar|dot)\s?(?:\{(\d{1,40})\}|(\d))(?!\d*\\)")
_PERIOD = re.compile(r"(?<![\d.])(\d{1,40})\.()\((\d{1,40})()\)")  # 0.(3)
_BEFORE_VALUE = re.compile(r"(?:[=:≈{]|\bis)[ $]{0,2}-?$")
_BASE = re.compile(r"(?<![\w.])(\d{1,60})_(?:\{(\d{1,2})\}|(\d{1,2}))(?!\w)")
_READ_ROOT = re.compile(
    rf"\\sqrt\s?(?:\[([2-9])\])?\s?(?:\{{\s?({RUN})\s?\}}|(\d)(?![\d.,]))|√\s?(?:\(({RUN})\)|({RUN})(?![.,]?\d))"
)
_EXACT = Context(prec=200)
_FACTOR = re.compile(r"[\d}]\s?\*?\s?$|\)$")  # 2√9, \frac{1}{2}\sqrt{9}
_ROOT_OR_DIGIT = re.compile(r"\s?(?:\\sqrt|√)|\d")
_SMALL_FRACTION = re.compile("([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,40})[⁄/]([₀-₉]{1,40})")
_NEGATIVE = re.compile(
    r"(?<![\w-])negative\s(?=[$€£]?\d)"
    r"|(?:(?<=\bis\s)|(?<=\bare\s)|(?<=\bequals\s)|(?<=[=:]\s)|(?<=[=:({])|^)minus\s(?=[$€£]?\d)",
    re.IGNORECASE | re.MULTILINE,
)
_ROOT = re.compile(
    r"\\sqrt(?![a-zA-Z])\s*(?:\[\d\]\s*)?(?:\{[^{}]{0,100}\}|\d)?|√\s*(?:\([^()]{0,100}\)|\(?\d*\)?)|\\pi(?![a-zA-Z])|π"
)
_DIVIDED = re.compile(rf"{UNREADABLE}\s?/\s?\d++")  # √2/2
MAX_FRACTIONS = 200  # only the last ones of a text are read
_ARGUMENT = 300  # characters


def one_notation(text: str) -> str:
    """`text` with digits, signs, powers, fractions and LaTeX written as in a program. Takes linear time and never raises."""
    if not text.isascii():
        text = _SMALL_FRACTION.sub(_slanted, text)
        text = _VULGAR.sub(_fraction, _RAISED.sub(_power, text))
        text = plain_text.plain(without_narrow_gaps(text)).translate(_SIGNS)
        text = _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)
    if "\\" in text or "√" in text or "π" in text or "{,}" in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
        text = _READ_ROOT.sub(_root, _REPEATING.sub(_repeating, text))
        text = _without_fractions(_DIVIDED.sub(UNREADABLE, _ROOT.sub(UNREADABLE, text)))
    if "_" in text:
        text = _BASE.sub(_decimal, text)
    text = _NEGATIVE.sub("-", _PERIOD.sub(_period, text))
    return _GROUPED.sub(_grouped, text) if " " in text else text


def without_narrow_gaps(text: str) -> str:
    """`text` with thousands that are grouped by non-breaking spaces joined into one number: "12 345,6" becomes 12345.6."""
    return _NARROW_GROUPS.sub(_joined, text)


def repeating_as_fractions(text: str) -> str:
    r"""`text` with 0.1\overline{6} as \frac{15}{90}."""
    return _REPEATING.sub(lambda match: r"\frac{{{}}}{{{}}}".format(*_repeating(match).split("/")), text)


def _grouped(match: re.Match[str]) -> str:
    """Groups that are separated by plain spaces, joined if they are certainly one number. "12 345" may be two numbers, and
    "100 200 300" a list, unless decimals follow that are not a group of three."""
    whole, _, decimals = match[0].partition(",")
    first, *groups = whole.split(" ")
    several = len(groups) > 1 and len(first) < 3
    return _joined(match) if several or len(decimals) not in (0, 3) else match[0]


def _joined(match: re.Match[str]) -> str:
    """Groups of thousands as one number; a comma after them is a decimal comma."""
    return re.sub(r"\s", "", match[0]).replace(",", ".")


def _power(match: re.Match[str]) -> str:
    return "^" + match[0].translate(_SUPERSCRIPTS)


def _slanted(match: re.Match[str]) -> str:
    """¹⁄₂ as 1/2."""
    return "/".join(unicodedata.normalize("NFKC", part) for part in match.groups())


def _root(match: re.Match[str]) -> str:
    """√16 as 4, √1.44 as 1.2. It is unreadable if it has another root or a factor beside it, or no exact root."""
    text, degree = match.string, int(match[1] or 2)
    value = plain(match[2] or match[3] or match[4] or match[5])
    beside = _FACTOR.search(text[max(0, match.start() - 4) : match.start()]) or _ROOT_OR_DIGIT.match(text, match.end())
    if beside or value is None or len(match[0]) > 60:
        return UNREADABLE
    places = -(int(value.as_tuple().exponent) // degree)  # decimal places of the root
    whole = int(value.scaleb(places * degree, _EXACT))
    below = round(whole ** (1 / degree)) if degree > 2 else math.isqrt(whole)
    root = next((n for n in range(max(0, below - 1), below + 2) if n**degree == whole), None)
    return UNREADABLE if root is None else f"{Decimal(root).scaleb(-places, _EXACT):f}"


def _repeating(match: re.Match[str]) -> str:
    r"""0.1\overline{6} as the fraction 15/90."""
    whole, fixed, repeated = match[1], match[2], match[3] or match[4]
    above = int(whole + fixed + repeated) - int("0" + whole + fixed)
    below = 10 ** len(fixed) * (10 ** len(repeated) - 1)
    return f"{above}/{below}"


def _period(match: re.Match[str]) -> str:
    """0.(3) as 3/9. With a whole part other than 0 only after "=", ":", "≈", "{" or "is", so that "Section 1.(2)" is not
    changed."""
    text = match.string
    is_value = _BEFORE_VALUE.search(text[max(0, match.start() - 8) : match.start()]) is not None
    return _repeating(match) if match[1] == "0" or is_value else match[0]


def _decimal(match: re.Match[str]) -> str:
    """101_2 as 5; unreadable if a digit does not exist in that base."""
    try:
        return str(int(match[1], int(match[2] or match[3])))
    except ValueError:
        return UNREADABLE


def _fraction(match: re.Match[str]) -> str:
    """½ as 1/2, and 2½ as 2 1/2."""
    space = " " if match.start() and match.string[match.start() - 1].isdigit() else ""
    return space + unicodedata.normalize("NFKC", match[0])


def _without_fractions(text: str) -> str:
    r"""Every \frac{a}{b} as a/b, from the right, so that one inside another is read before it."""
    done = ""
    for _ in range(MAX_FRACTIONS):
        start = text.rfind("\\frac")
        if start < 0:
            break
        done = _one_fraction(text[start + 5 :] + done, mixed=start > 0 and text[start - 1].isdigit())
        text = text[:start]
    return text + done


def _one_fraction(rest: str, mixed: bool) -> str:
    r"""The text after \frac, with its two arguments replaced by the value of the fraction."""
    above = _argument(rest, 0)
    below = None if above is None else _argument(rest, above[1])
    if above is None or below is None:
        return UNREADABLE + rest
    value = evaluate(f"({above[0]})/({below[0]})")
    rest = rest[below[1] :]
    return UNREADABLE + rest if value is None else _written(value, mixed, rest.startswith(("^", "**"))) + rest


def _argument(text: str, at: int) -> tuple[str, int] | None:
    """The argument that begins at `at`, in braces or one digit, and its end; None if there is none."""
    at += len(text[at : at + 20]) - len(text[at : at + 20].lstrip())
    if text[at : at + 1].isdigit():
        return text[at], at + 1
    if text[at : at + 1] != "{":
        return None
    depth = 0
    for end in range(at, min(len(text), at + _ARGUMENT)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[at + 1 : end], end + 1
    return None


def _written(value: Number, mixed: bool, raised: bool) -> str:
    above, below = (part.normalize() for part in (value.numerator, value.denominator))
    if max(abs(above.adjusted()), abs(below.adjusted())) > 40:
        return UNREADABLE
    text = f"{above:f}" if below == 1 else f"{above:f}/{below:f}"
    return f"({text})" if raised else f" {text}" if mixed else text
