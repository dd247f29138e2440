r"""Numbers as they are written, read exactly: 1,234.5 · 1.234,5 · 1e-07 · 3/4 · 1 3/4 · 10^3 · \frac{3}{4}.

A number is a fraction of two decimals, so that neither 1/3 nor 5,000 digits lose precision. No text makes these functions
raise, and no result can grow without limit: a result of more than `MAX_DIGITS` digits does not count as a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation

MAX_DIGITS = 10_000  # of a computed result, such as a power or product; a number that is only read may be longer
MAX_EXPONENT = 1_000_000  # of 1e6
MAX_DEPTH = 30  # of brackets
_EXACT = Context(prec=4 * MAX_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """numerator / denominator; the denominator is above 0."""

    numerator: Decimal
    denominator: Decimal = Decimal(1)

    def __eq__(self, other: object) -> bool:
        """Whether both are the same number: 0.5, 1/2 and 50/100 are."""
        if not isinstance(other, Number):
            return NotImplemented
        if self.denominator == other.denominator:
            return self.numerator == other.numerator
        crossed = multiply(Number(self.numerator), Number(other.denominator))
        against = multiply(Number(other.numerator), Number(self.denominator))
        return crossed is not None and against is not None and crossed.numerator == against.numerator

    def __hash__(self) -> int:
        return hash(self.numerator) if self.denominator == 1 else 0

    def negated(self) -> Number:
        return Number(self.numerator.copy_negate(), self.denominator)

    def absolute(self) -> Number:
        return Number(self.numerator.copy_abs(), self.denominator)


def multiply(a: Number, b: Number) -> Number | None:
    """a·b; None if it is too long to compute."""
    parts = (a.numerator, b.numerator), (a.denominator, b.denominator)
    if any(_digits(x) + _digits(y) > 2 * MAX_DIGITS for x, y in parts):
        return None
    return Number(*(_EXACT.multiply(x, y) for x, y in parts))


def divide(a: Number, b: Number) -> Number | None:
    """a/b; None for b = 0, or if it is too long."""
    if b.numerator == 0:
        return None
    turned = Number(b.denominator, b.numerator)
    return multiply(a, turned if b.numerator > 0 else Number(turned.numerator.copy_negate(), abs(b.numerator)))


def add(a: Number, b: Number) -> Number | None:
    """a+b; None if it is too long."""
    left = multiply(Number(a.numerator), Number(b.denominator))
    right = multiply(Number(b.numerator), Number(a.denominator))
    below = multiply(Number(a.denominator), Number(b.denominator))
    if left is None or right is None or below is None or not _near(left.numerator, right.numerator):
        return None
    return Number(_EXACT.add(left.numerator, right.numerator), below.numerator)


def power(base: Number, exponent: Number) -> Number | None:
    """base^exponent for a whole exponent; None for any other exponent, 0^0, a negative power of 0, or if it is too long."""
    if exponent.denominator != 1 or exponent.numerator != exponent.numerator.to_integral_value(context=_EXACT):
        return None
    if abs(exponent.numerator) > MAX_DIGITS:
        return None
    n = int(exponent.numerator)
    if n < 0:
        turned = divide(Number(Decimal(1)), base)
        return None if turned is None else power(turned, Number(Decimal(-n)))
    if max(_digits(base.numerator), _digits(base.denominator)) * n > MAX_DIGITS:
        return None
    if n == 0:
        return Number(Decimal(1)) if base.numerator != 0 else None
    return Number(_EXACT.power(base.numerator, n), _EXACT.power(base.denominator, n))


def _digits(value: Decimal) -> int:
    """The number of digits of its coefficient; 10^k has one."""
    exact = value.as_tuple()
    return len(exact.digits)


def _near(a: Decimal, b: Decimal) -> bool:
    """Whether the sum of both stays short: 1e1000000 + 1 would have a million digits."""
    return not a or not b or abs(a.adjusted() - b.adjusted()) <= MAX_DIGITS


# -- a single number ---------------------------------------------------------------------------------------------------

RUN = r"(?:\d|(?<![\w.])\.\d)(?:[.,_']?\d)*+"
"""Digits with at most one separator between two of them, as `plain` reads them. It never backtracks, so it is linear."""
_ENGLISH = re.compile(
    r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d++)?|\d++(?:\.\d++)?|\.\d++"
)  # also 1,00,000, as in India
_EUROPEAN = re.compile(
    r"[1-9]\d{0,2}(?:\.\d{3})+,\d++|[1-9]\d{0,2}(?:\.\d{3}){2,}|0,\d++"
)  # only what cannot be read in another way
_APOSTROPHES = re.compile(r"\d{1,3}(?:'\d{3})+(?:\.\d++)?")
_UNDERSCORES = re.compile(r"\d{1,3}(?:_\d{3})+(?:\.\d++)?")  # 101_2 is to base 2


def plain(run: str) -> Decimal | None:
    """The number of a `RUN`: 1234, 1,234.5, 1,00,000, 1.234,5, 1'234, 1_234, .5. None if it may be several numbers or no
    number, such as 4,5 (a decimal or a list), 1,2345 and 1.2.3."""
    if _ENGLISH.fullmatch(run):
        text = run.replace(",", "")
    elif _EUROPEAN.fullmatch(run):
        text = run.replace(".", "").replace(",", ".")
    elif _APOSTROPHES.fullmatch(run):
        text = run.replace("'", "")
    elif _UNDERSCORES.fullmatch(run):
        text = run.replace("_", "")
    else:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:  # more digits than even Decimal holds
        return None


def scaled(value: Decimal, exponent: str) -> Decimal | None:
    """value · 10^exponent, exact; None if the exponent is beyond `MAX_EXPONENT`."""
    if len(exponent) > 8 or abs(int(exponent)) > MAX_EXPONENT:
        return None
    return value.scaleb(int(exponent), context=Context(prec=max(1, _digits(value)), Emax=MAX_EMAX, Emin=MIN_EMIN))


# -- an expression that stands for one number ------------------------------------------------------------------------

_TOKEN = re.compile(rf"\s*(?:({RUN})(?:[eE]([-+]?\d+)(?!\w))?|(\\frac|\*\*|[-+*/^(){{}}\[\]%]))")


def evaluate(text: str) -> Number | None:
    r"""The value of an expression of numbers: "3/4", "1\frac{3}{4}", "2^{10}", "5*10^3", "(1+2)/3". None if it is not such an
    expression, divides by 0, or would grow too long (9**9**9)."""
    tokens = _tokens(text)
    if not tokens:
        return None
    reader = _Reader(tokens)
    value = reader.sum(0)
    return value if reader.at == len(tokens) else None


def _tokens(text: str) -> list[Number | str] | None:
    tokens: list[Number | str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        if match[1] is None:
            tokens.append({"**": "^", "[": "(", "]": ")"}.get(match[3], match[3]))
        else:
            value = plain(match[1])
            if value is not None and match[2] is not None:
                value = scaled(value, match[2])
            if value is None:
                return None
            tokens.append(Number(value))
        at = match.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens; each rule returns None if the text does not fit it, and reading then stops."""

    def __init__(self, tokens: list[Number | str]) -> None:
        self._tokens = tokens
        self.at = 0

    def _next(self) -> Number | str | None:
        return self._tokens[self.at] if self.at < len(self._tokens) else None

    def _take(self, *symbols: str) -> str | None:
        symbol = self._next()
        if isinstance(symbol, str) and symbol in symbols:
            self.at += 1
            return symbol
        return None

    def sum(self, depth: int) -> Number | None:
        value = self._product(depth)
        while value is not None and (sign := self._take("+", "-")):
            other = self._product(depth)
            value = None if other is None else add(value, other if sign == "+" else other.negated())
        return value

    def _product(self, depth: int) -> Number | None:
        value = self._signed(depth)
        while value is not None and (sign := self._take("*", "/")):
            other = self._signed(depth)
            if other is None:
                return None
            value = multiply(value, other) if sign == "*" else divide(value, other)
        return value

    def _signed(self, depth: int) -> Number | None:
        if depth > MAX_DEPTH:
            return None
        sign = self._take("+", "-")
        if sign is None:
            return self._mixed(depth)
        value = self._signed(depth + 1)
        return None if value is None else value.negated() if sign == "-" else value

    def _mixed(self, depth: int) -> Number | None:
        """A power, or a whole number and a fraction below 1 beside it: 1 3/4."""
        value = self._power(depth)
        if value is None or not _whole(value):
            return value
        if self._next() == "\\frac":
            part = self._power(depth)
        elif isinstance(self._next(), Number) and self._tokens[self.at + 1 : self.at + 2] == ["/"]:
            above = self._power(depth)
            self._take("/")
            below = self._power(depth)
            part = None if above is None or below is None else divide(above, below)
        else:
            return value
        return add(value, part) if part is not None and Decimal(0) <= part.numerator < part.denominator else None

    def _power(self, depth: int) -> Number | None:
        value = self._atom(depth)
        if value is not None and self._take("^"):
            exponent = self._signed_power(depth + 1)
            value = None if exponent is None else power(value, exponent)
        if value is not None and self._take("%"):
            return value  # a unit, as in "42%": the number is 42
        return value

    def _signed_power(self, depth: int) -> Number | None:
        if depth > MAX_DEPTH:
            return None
        if self._take("-"):
            value = self._power(depth)
            return None if value is None else value.negated()
        return self._power(depth)

    def _atom(self, depth: int) -> Number | None:
        if depth > MAX_DEPTH:
            return None
        token = self._next()
        if isinstance(token, Number):
            self.at += 1
            return token
        if self._take("\\frac"):
            above = self._argument(depth + 1)
            below = None if above is None else self._argument(depth + 1)
            return None if above is None or below is None else divide(above, below)
        bracket = self._take("(", "{")
        if bracket is None:
            return None
        value = self.sum(depth + 1)
        return value if value is not None and self._take(")" if bracket == "(" else "}") else None

    def _argument(self, depth: int) -> Number | None:
        r"""An argument of \frac: in braces, or one digit, as in \frac34 and \frac3{4}."""
        token = self._next()
        if isinstance(token, Number):
            self.at += 1
            return self._one_digit(token)
        return self._atom(depth)

    def _one_digit(self, token: Number) -> Number | None:
        digits = token.numerator.as_tuple()
        if len(digits.digits) == 1 and digits.exponent == 0:
            return token
        if digits.exponent != 0 or len(digits.digits) > MAX_DIGITS:
            return None
        rest = Decimal((0, digits.digits[1:], 0))  # \frac34 was read as the run 34
        self.at -= 1
        self._tokens[self.at] = Number(rest)
        return Number(Decimal(digits.digits[0]))


def _whole(value: Number) -> bool:
    return value.denominator == 1 and value.numerator == value.numerator.to_integral_value(context=_EXACT)
