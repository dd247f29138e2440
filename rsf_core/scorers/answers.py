r"""Which of the numbers in a text is its answer.

The first of these that applies: the number after the first "####" that a number follows (GSM8K's mark; a model that runs on to
another question writes it again); the last \boxed{…}; the last <answer>…</answer>; the number after the last "the answer is"
or "Answer:", in a dozen languages; the last number of the text. Thoughts (<think>…</think>) are not part of the answer. If the
place of the answer holds a tuple, an interval, an inequality, several numbers or something unreadable, the text has no number
as its answer, and no other number is used instead.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal

from rsf_core.scorers.answer_words import IS_ANSWER, PHRASE, SCALE, ZEROS
from rsf_core.scorers.notation import UNREADABLE, one_notation
from rsf_core.scorers.number import RUN, Number, divide, evaluate, multiply, plain, scaled
from rsf_core.scorers.thoughts import answer_of

_RUN = re.compile(RUN)
_SCIENTIFIC = re.compile(r"[eE]([-+]?\d+)(?!\w)")
_TIMES_TEN = re.compile(r"\s?(?:\*|[xX])\s?10\s?(?:\^|\*\*)\s?(?:\{\s?[-+]?\d+\s?\}|\(\s?[-+]?\d+\s?\)|[-+]?\d+)")
_POWER = re.compile(r"(?:(?:\s?\^\s?|\*\*)(?:\{\s?[-+]?\d+\s?\}|\(\s?[-+]?\d+\s?\)|[-+]?\d+))++")
_MIXED = re.compile(r" {1,2}(\d{1,9})\s?/\s?(\d{1,9})(?![\d.,/]*\d)")
_DIVIDED = re.compile(rf"(?:\s?/\s?{RUN})++")
_RATIO = re.compile(rf"(?::{RUN})++")
_BEYOND = re.compile(  # 2π, 9^{9^9}, 5 ± 0.1
    rf"\s?\*?\s?{UNREADABLE}|\s?\^[{{(]?[-+]?\d|\*\*[({{]?\d|\s?(?:±|\\pm(?![a-zA-Z])|\+/-)\s?[$]?{RUN}"
    r"|(?<=\d)_\{?\d|[\u0304\u0305\u0307]"  # 1A_{16}; a mark over repeating decimals
)
_REPEATING = re.compile(r"\(\d{1,9}\)")  # 0.1(6), or an uncertainty
_HEXADECIMAL = re.compile(r"[xX][0-9a-fA-F]+\b|[bB][01]+\b|[oO][0-7]+\b")
_DATE = re.compile(r"(?<![\d.,-])\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\d-])")
_RANGE = re.compile(rf"{RUN}\s?-\s?[$]?{RUN}")  # 5-6 is neither −1 nor one of them
_RAISED = re.compile(r"(?:\^|[^\W_]_)[{(]?[-+]?$")  # cm^2, x_1
_CURRENCY = "$€£¥₹"
_LETTER = re.compile(r"[^\W\d\u0590-\U0010ffff]")  # of a script with spaces between words; also _
_BEFORE_SIGN = re.compile(r"(?:[=:({]|\b(?:is|are|be|equals))[ $]{0,2}$", re.IGNORECASE)
_CODE = re.compile(r"(?:^|[^a-z])(?:usd|eur|gbp|rs|inr|cad|aud|jpy|cny|chf)$", re.IGNORECASE)
_ITEM = rf"[-+$]{{0,2}}(?:{RUN}|[^\W\d](?!\w)|\\infty|∞|inf(?:inity)?)"
_PAIR = re.compile(r"[(\[{]\s?0,\d++\s?\\?[)\]}]")  # (0,5) is two numbers, 0,5 alone a decimal
_SEVERAL = re.compile(r"\b(?:are|solutions|roots|values|zeros)[\s:$]{0,3}$", re.IGNORECASE)
_TUPLE = re.compile(rf"[(\[{{]\s*+{_ITEM}(?:\s*+,\s*+{_ITEM})++\s*+[)\]}}]")  # also an interval, a set

_MARK = re.compile(r"(?<!#)####(?!#)")
_HEADING = re.compile(r"\s*\d+\s*[.):]\s+[^\W\d]")  # "#### 1. Understand the problem"
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{|\\?[{}]")
_TAGGED = re.compile(r"<(?:final_)?answer>([^<>]{1,400})</(?:final_)?answer>", re.IGNORECASE)
_BARE_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*+(?!\{)")  # \boxed 7
_BOX_START = re.compile(r"\\(?:boxed|fbox)\b\s*\{?\s*")
_DIRECTLY = re.compile(
    r"[^\w\n]*+(?:\n\s*+[^\w\n]*+)?(?:(?:approximately|about|roughly|exactly|only|just|equal to|simply|therefore|now)\s++)?"
    r"(?:[^\W\d]{1,10}(?:_\w)?\s*+=)?[^\w\n]*+",
    re.IGNORECASE,
)
_NEXT_QUESTION = re.compile(
    r"^[ \t]*+(?:#{1,6} )?(?:question|problem|q|human|user)\s?\d{0,3}\s?:", re.IGNORECASE | re.MULTILINE
)
_ASIDE = re.compile(r"\([^()\d=]*+\)")  # 3 (for breakfast) - 4
_LINKED = re.compile(  # between the numbers of one calculation; "5 when x = 3" and "5 (x = 3)" are not calculations
    r"(?!.{0,40}\b(?:when|where|if|since|because|given|while)\b|.{0,40}\b(?:for|as|at|with)\b.{0,20}\b[^\W\d](?:_\w)?\s?=)"
    r"(?:[^.,;:(\n\d]{0,40}?(?:=|\s[-+*/]\s|^[-+*/])[^.;:\n\d]{0,40}"
    r"|[^.,;:(\n\d]{0,40}?\s(?:[xX]|times|plus|minus|divided by|multiplied by)\s[$(]{0,2})"
)
_LISTED = re.compile(r"[^\S\n]*(?:,|or|to|-|&)\s*[$(]*|[^\S\n]+", re.IGNORECASE)  # 3, 4 · 3 or 4 · 12 345
_NAMED = re.compile(r"\W{0,3}(?:[,;&]|\b(?:and|or)\b)\W{0,5}[^\W\d](?:_?\w)?\s*=\W{0,5}", re.IGNORECASE)  # x = 5, y = 6
_SMALLER = {  # the unit of a second number, by the unit of the first
    r"years?": r"months?",
    r"weeks?": r"days?",
    r"days?": r"hours?|hrs?|h|minutes?|mins?",
    r"hours?|hrs?|h": r"minutes?|mins?|m|seconds?|secs?|s",
    r"minutes?|mins?": r"seconds?|secs?|s",
    r"feet|foot|ft|'": r"inch(?:es)?|in|''|\"",
    r"pounds?|lbs?": r"ounces?|oz|pence|p",
    r"dollars?|euros?": r"cents?",
    r"°": r"'|minutes?",
}
_TWO_UNITS = re.compile(  # 3 hours 30 minutes, 5 ft 6 in: on one line
    "|".join(
        rf"[^\S\n]?(?:{larger})(?:[^\S\n]?,?[^\S\n](?:and[^\S\n])?|[^\S\n]?){RUN}[^\S\n]?(?:{smaller})(?![a-zA-Z])"
        for larger, smaller in _SMALLER.items()
    ),
    re.IGNORECASE,
)
_BOUND = re.compile(r"(?:^|[\s$(=:]|\s[a-zA-Z]\s?)([<>≤≥≠]=?|\\(?:le|ge|lt|gt|leq|geq|ne|neq))\s?[$]?$")
_NO_NUMBER = re.compile(
    rf"[<>≤≥≠±!]|\\(?:le|ge|lt|gt|leq|geq|ne|neq|pm)\b|\bor\b|/\s?{RUN}\s?/"  # an inequality, a choice, a date
)
_VARIABLE = re.compile(
    r"\s?[xyznkabpqruvwije](?![a-zA-Z])|\s?\\[a-z]|\s?[a-zA-Z]{0,9}_|\s?\^(?!\s?[{\s]*(?:st|nd|rd|th|o)\b)"
)
_OPERAND = re.compile(r"[\w)\]}]\s*[-+*/^]\s*[$({]*$")  # x + 3 is not 3
_NAME_IS = r"(?<![\w.)])[^\W\d]\w{0,15}\s?="
_EQUATIONS = re.compile(rf"{_NAME_IS}[^=]{{0,200}}?(?:,(?!\d)|;|\band\b)\W{{0,5}}{_NAME_IS}")  # x = 1, y = 2
_FUNCTION = re.compile(
    r"\\(?:log|ln|lg|exp|a?r?c?sin|a?r?c?cos|a?r?c?tan|cot|sec|csc|sum|prod|int|lim|max|min|gcd|lcm|det|begin|infty|l?floor"
    r"|l?ceil|d?binom|b?mod|pmod)(?![a-zA-Z])"
)
_FUNCTION_OF = re.compile(rf"(?:{_FUNCTION.pattern})\s?[({{]?$")  # \log 5
_ABSOLUTE = re.compile(r"\|([^|]+)\|")


@dataclass(frozen=True, slots=True)
class _NumberAt:
    """A number in a text, including its sign and exponent; `value` is None if it is not a single number (3:2, 2π, a pair).
    `glued`: letters precede it without a space."""

    start: int
    end: int
    value: Number | None
    glued: bool


def stated_number(text: str) -> Number | None:
    """The number that a text gives as its answer; None if there is none. Takes linear time and never raises."""
    text = one_notation(answer_of(text))
    numbers = _numbers(text)
    for mark in _MARK.finditer(text):
        if not _HEADING.match(text, mark.end()) and _is_direct(text, mark.end(), numbers):
            return _after(text, mark.end(), numbers)
    question = _NEXT_QUESTION.search(text, 1)
    if question is not None and (boxes(text[: question.start()]) or PHRASE.search(text, 0, question.start())):
        text = text[: question.start()]
        numbers = [number for number in numbers if number.end <= len(text)]
    boxed = boxes(text)
    if boxed:
        return _only_number(text[slice(*boxed[-1])])
    tagged = [match[1] for match in _TAGGED.finditer(text)]
    if tagged:
        alone = _only_number(tagged[-1])
        is_answer = alone is None and (PHRASE.search(tagged[-1]) or IS_ANSWER.search(tagged[-1]))
        return stated_number(tagged[-1]) if is_answer else alone
    bare = [match.end() for match in _BARE_BOX.finditer(text)]
    if bare and (at_bare := [number for number in numbers if number.start == bare[-1]]):
        return at_bare[0].value
    if _BOX_START.search(text):
        return None  # cut off inside the box: more digits may have followed
    for phrase in reversed(list(PHRASE.finditer(text))):
        at = bisect_left(numbers, phrase.end(), key=lambda number: number.start)
        if at < len(numbers) and (
            _is_direct(text, phrase.end(), numbers) or numbers[at].start <= _line_end(text, phrase.end())
        ):
            return _after(text, phrase.end(), numbers)
    stated = [number for number in numbers if IS_ANSWER.match(text, number.end)]
    free = stated or [number for number in numbers if not number.glued] or numbers
    return free[-1].value if free else None


def reference_number(reference: str | None) -> Number | None:
    """The number of a reference: the whole text ("1,234", "$5", "12 cm", "x = 5"), or the answer that a worked solution marks
    with ####, \\boxed{…} or "the answer is". None if it is not a number, or holds several without a mark."""
    if not reference or not reference.strip():
        return None
    text = one_notation(reference)
    if _MARK.search(text):
        return _only_number(text[[mark.end() for mark in _MARK.finditer(text)][-1] :])
    if boxes(text):
        return _only_number(text[slice(*boxes(text)[-1])])
    alone = _only_number(text)
    return stated_number(reference) if alone is None and PHRASE.search(text) else alone


def boxes(text: str) -> list[tuple[int, int]]:
    r"""The start and end of the content of each closed \boxed{…}, in the order in which they begin."""
    starts: list[int | None] = []
    closed = []
    for match in _BOX.finditer(text):
        if match[0] == "}":
            start = starts.pop() if starts else None
            if start is not None:
                closed.append((start, match.start()))
        elif match[0] not in (r"\{", r"\}"):  # the brackets of a set
            starts.append(None if match[0] == "{" else match.end())
    return sorted(closed)


def _only_number(text: str) -> Number | None:
    """The number that the whole of `text` stands for, with at most a unit or a name; None if it is anything else."""
    text = text.strip().rstrip(".").strip()
    if _NO_NUMBER.search(text) or _EQUATIONS.search(text):
        return None
    text = text.rpartition("=")[2].strip(" $*\n\t")
    if (within := _ABSOLUTE.fullmatch(text)) is not None:
        value = _only_number(within[1])
        return None if value is None else value.absolute()
    if _FUNCTION.search(text) or text.count("{") != text.count("}"):
        return None
    if _RANGE.fullmatch(text) or _DATE.search(text) or _PAIR.search(text):
        return None
    value = evaluate(text.translate({ord(symbol): " " for symbol in _CURRENCY}))
    if value is not None:
        return value
    free = [number for number in _numbers(text) if not number.glued]
    if len(free) != 1 or UNREADABLE in text or _VARIABLE.match(text, free[0].end):
        return None
    if _OPERAND.search(text[max(0, free[0].start - 40) : free[0].start]):
        return None
    return free[0].value


def _is_direct(text: str, start: int, numbers: list[_NumberAt]) -> bool:
    """Whether a number follows immediately, with at most signs, brackets or "x =" in between."""
    at = bisect_left(numbers, start, key=lambda number: number.start)
    return at < len(numbers) and _DIRECTLY.fullmatch(text, start, min(numbers[at].start, start + 200)) is not None


def _after(text: str, start: int, numbers: list[_NumberAt]) -> Number | None:
    """The answer after a mark that ends at `start`: the number that follows immediately, or the result of the calculation that
    begins with it; else the last number of the line."""
    at = bisect_left(numbers, start, key=lambda number: number.start)
    if not _is_direct(text, start, numbers):
        end = _line_end(text, start)
        last_one = [number for number in numbers[at:] if number.start < end][-1]
        return None if _is_bound(text, start, last_one) else last_one.value
    if _is_bound(text, start, numbers[at]):
        return None
    result = at  # the number after the last "=" of a calculation
    for last in range(at, len(numbers) - 1):
        between = text[numbers[last].end : numbers[last + 1].start][:100]
        if numbers[last + 1].start < numbers[last].end or _NAMED.fullmatch(between):
            return None
        if _TWO_UNITS.match(text, numbers[last].end):
            return None
        between = _ASIDE.sub("", between)
        if not _LINKED.fullmatch(between):
            return None if _LISTED.fullmatch(between) else numbers[result].value if result == last else None
        if "=" in between:
            result = last + 1
    return numbers[result].value if result == len(numbers) - 1 else None


def _is_bound(text: str, start: int, number: _NumberAt) -> bool:
    """Whether an inequality precedes the number: the answer is > 5. An arrow (=> 5), a quoted line ("> 5") and brackets (<5>)
    are not inequalities."""
    first = max(start, number.start - 20)
    match = _BOUND.search(text[first : number.start])
    if match is None:
        return False
    at = first + match.start(1)
    _, line_break, before = text[max(0, at - 20) : at].rpartition("\n")
    if match[1] == ">" and (before.endswith("=") or (line_break and not before.strip())):
        return False
    return not (match[1] == "<" and text.startswith(">", number.end))


def _line_end(text: str, start: int) -> int:
    """The end of the line that contains `start`, or of the next line with text if nothing more follows on it."""
    start += len(text[start : start + 50]) - len(text[start : start + 50].lstrip())
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _numbers(text: str) -> list[_NumberAt]:
    numbers: list[_NumberAt] = []
    spans = [match.span() for pattern in (_TUPLE, _DATE) for match in pattern.finditer(text)]
    tuples = sorted(spans, reverse=True)
    at = 0
    while (match := _RUN.search(text, at)) is not None:
        while tuples and tuples[-1][1] <= match.start():
            tuples.pop()
        if tuples and tuples[-1][0] <= match.start():
            at = tuples[-1][1]
            numbers.append(_NumberAt(match.start(), at, None, False))
        else:
            at, more = _one(text, match)
            numbers += more
    return numbers


def _one(text: str, match: re.Match[str]) -> tuple[int, list[_NumberAt]]:
    """Where to continue, and the numbers that a run of digits stands for: usually one, none for an index or the exponent of a
    unit (cm^2, x_1), several for 4,5."""
    start, end = match.span()
    if _RAISED.search(text[max(0, start - 5) : start]):
        return end, []
    sign_at, negative, glued = _front(text, start)
    value = plain(match[0])
    if match[0].startswith("0,"):
        if _PAIR.match(text, start - 1 - text[max(0, start - 1) : start].isspace()):
            return end, [_NumberAt(start, end, None, False)]
        value = None if _SEVERAL.search(text[max(0, start - 20) : start]) else value
    if value is None:
        if text[max(0, start - 1) : start] in tuple("([{") and text[end : end + 1] in tuple(")]}"):
            return end, [_NumberAt(start, end, None, False)]  # (4,5)
        pieces = re.split(r"[,']", match[0])
        values = [plain(piece) for piece in pieces]
        return end, [_NumberAt(start, end, None if v is None else Number(v), glued) for v in values]
    number, end = _back(text, start, end, value)
    if "." in match[0] and (repeating := _REPEATING.match(text, end)) is not None:
        number, end = None, repeating.end()
    if _FUNCTION_OF.search(text[max(0, start - 12) : start]):
        number = None
    if _is_negated(text, sign_at, end):
        sign_at, end, negative = sign_at - 2, end + 1, not negative
    if negative and number is not None and not _is_absolute(text, sign_at, end):
        number = number.negated()
    return end, [_NumberAt(sign_at, end, number, glued)]


def _front(text: str, start: int) -> tuple[int, bool, bool]:
    """The start of a number including its sign and currency, whether it is negative, and whether letters precede it without
    a space."""
    at = start
    if at and text[at - 1] in _CURRENCY:
        at -= 1
    elif at > 1 and text[at - 1] == " " and text[at - 2] in _CURRENCY:
        at -= 2
    spaced = at > 1 and text[at - 1] == " " and text[at - 2] in "-+"
    sign = at - 2 if spaced else at - 1
    if sign >= 0 and text[sign] in "-+" and _is_sign(text, sign, spaced):
        begin = sign - 1 if sign and text[sign - 1] in _CURRENCY else sign
        return begin, text[sign] == "-", False
    glued = at == start and _LETTER.search(text[max(0, at - 1) : at]) and not _CODE.search(text[max(0, at - 5) : at])
    return at, False, bool(glued)


def _is_negated(text: str, start: int, end: int) -> bool:
    """Whether a minus precedes the brackets around a number: -(3/4)."""
    return (
        start > 1
        and text[start - 2 : start] == "-("
        and text[end : end + 1] == ")"
        and _is_sign(text, start - 2, False)
    )


def _is_absolute(text: str, start: int, end: int) -> bool:
    """Whether bars around a number remove its sign: |-5|, but not -|-5|, and not a cell of a table."""
    if text[max(0, start - 1) : start] != "|" or text[end : end + 1] != "|":
        return False
    before, after = text[max(0, start - 100) : start].rpartition("\n")[2], text[end : end + 100].partition("\n")[0]
    return before.count("|") == after.count("|") == 1 and not (before[-2:-1].isalnum() or before[-2:-1] == "-")


def _is_sign(text: str, sign: int, spaced: bool) -> bool:
    """Whether a plus or minus is a sign: only if no operand precedes it, so that "20-3" ends in 3. If a space follows it, only
    after =, : or a bracket, because otherwise it is a bullet or an operator."""
    if spaced:
        return _BEFORE_SIGN.search(text[max(0, sign - 10) : sign]) is not None
    before = text[sign - 1 : sign] if sign else ""
    return not (before.isalnum() or before in ("_", ".", ")", "]", "}", "%", "°"))


def _back(text: str, start: int, end: int, value: Decimal) -> tuple[Number | None, int]:
    """The number including the exponent, fraction and power after it, and its end."""
    number: Number | None = Number(value)
    if value == 0 and (match := _HEXADECIMAL.match(text, end)) is not None:
        return None, match.end()  # 0x1F
    if (match := _SCIENTIFIC.match(text, end)) is not None:
        power_of_ten = scaled(value, match[1])
        number, end = (None if power_of_ten is None else Number(power_of_ten)), match.end()
    elif (match := _TIMES_TEN.match(text, end) or _POWER.match(text, end)) is not None:
        number, end = evaluate(re.sub(r"[xX]", "*", text[start : match.end()])), match.end()
    elif (match := _MIXED.match(text, end)) is not None and value == value.to_integral_value() and _proper(match):
        number, end = evaluate(text[start : match.end()]), match.end()
    if (match := _DIVIDED.match(text, end)) is not None:
        dates = match[0].count("/") > 1
        below = None if dates else evaluate(match[0].replace("/", "", 1))
        number = None if number is None or below is None else divide(number, below)
        end = match.end()
    while (match := SCALE.match(text, end)) is not None:  # 3 hundred thousand
        power_of_ten = scaled(Decimal(1), ZEROS[(match[1] or match[2]).lower()])
        number = None if number is None or power_of_ten is None else multiply(number, Number(power_of_ten))
        end = match.end()
    if (match := _RATIO.match(text, end) or _BEYOND.match(text, end)) is not None:
        number, end = None, match.end()
    return number, end


def _proper(match: re.Match[str]) -> bool:
    return int(match[1]) < int(match[2])
