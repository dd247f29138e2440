"""Texts as words that can be compared: case, accents, plurals and punctuation are folded away. Kept apart is what makes two
texts differ however similar their words are: numbers, operations, brackets, negations, C and C#, US and us, more and less."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from rsf_core.domain.arrays import Bools, Ints, splitmix64
from rsf_core.domain.text import composed, stream_safe

Whole = NDArray[np.integer[Any]]
Hashes = NDArray[np.uint64]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NEGATIONS = _set(
    "no not never none nobody nothing nowhere neither nor without cannot "  # English, then German, French, Spanish, Italian
    "nicht nie niemals kein keine keinen keinem keiner nichts ohne "
    "ne pas jamais sans rien sin nunca nada ningún ninguna non mai senza"
)
ARTICLES = _set("a an the")
# words with another meaning in capitals, or with a capital within a sentence
CAPITALS = _set("US IT WHO AIDS")
CAPITONYMS = _set(
    "polish march may august turkey china job nice reading mobile bath earth mercury apple amazon windows oracle shell python "
    "java rust swift ruby"
)
# words that change the task if one replaces another
NUMBERS = _set(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half twice dozen"
)
CONTRASTS = _set(
    "more less fewer most least before after above below maximum minimum largest smallest increase decrease increased "
    "decreased positive negative left right true false first last"
)
COUNTING = 3  # if more than one word in so many is a number word, the text counts: its number words are ordinary words
_POWERS = {ord(high): f"^{low}" for high, low in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)}
_FRACTIONS = {
    ord(sign): f" {unicodedata.normalize('NFKC', sign).replace(chr(0x2044), '/')} " for sign in "¼½¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
}
_SIGNS = {"−": "-", "×": "*", "÷": "/", "·": "*"}
_OPERATIONS, _BRACKETS, _ENDS = r"+\-*/=<>%^", r"()\[\]{}", ".!?\n"
_ASCII = re.compile(
    rf"\d+(?:[.,]\d+)+|\w+(?:'t\b|(?:#|\+\+)(?!\w))?|'(?:s|m|d|re|ve|ll)\b|[{_OPERATIONS}{_BRACKETS}{_ENDS}]"
)
_ANY = regex.compile(
    r"\d+(?:[.,]\d+)+|[\w\p{M}\u200c\u200d]+(?:['’]t\b|(?:#|\+\+)(?![\w\p{M}]))?|['’](?:s|m|d|re|ve|ll)\b"
    rf"|[{_OPERATIONS}−×÷·{_BRACKETS}{_ENDS}…。！？]"
)
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"}


_AT_ONCE, _SIGNED_AT_ONCE = 5_000, 50_000  # texts


class Kind(IntEnum):
    WORD = 0
    NUMBER = 1
    OPERATION = 2
    BRACKET = 3
    LETTER = 4  # a variable, or a language such as C
    SYMBOL = 5  # C#, C++
    NEGATION = 6
    END = 7
    NOTHING = 8  # 's, a, the


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """A word without case, without the accents of Latin and Greek letters, and without the -s of a plural. The combining marks
    of other scripts stay, because they make another word."""
    folded = word.casefold()
    if not folded.isascii():
        folded = "".join(_LETTERS.get(c, c) for c in folded)
        kept: list[str] = []
        base = ""
        for c in unicodedata.normalize("NFD", stream_safe(folded)):
            if unicodedata.category(c) != "Mn":
                base = unicodedata.name(c, "")
            elif base.startswith(("LATIN", "GREEK")):
                continue
            kept.append(c)
        folded = composed("".join(kept))
    if len(folded) < 4 or not folded.endswith("s") or not folded.isalpha() or folded.endswith(("ss", "us", "is")):
        return folded
    if folded.endswith("ies") and len(folded) > 4:
        return folded[:-3] + "y"
    return folded[:-2] if folded.endswith(("sses", "shes", "ches", "xes", "zes", "oes")) else folded[:-1]


def tokens(text: str) -> list[str]:
    """The words, numbers, signs and sentence ends of a text, unchanged and in order."""
    if text.isascii():
        parts = _ASCII.findall(text)
    else:
        one_form = unicodedata.normalize("NFKC", stream_safe(text.translate(_POWERS).translate(_FRACTIONS)))
        parts = [_SIGNS.get(token, token) for token in _ANY.findall(one_form)]
    return parts if any(map(_is_word, parts)) else text.casefold().split()


def _is_word(token: str) -> bool:
    return token[0].isalnum() or token in "+-*/=<>%^" or len(token) > 1


def kind_of(token: str) -> Kind:
    """The kind of a token, which is not empty."""
    first = token[0]
    if first.isdigit():
        return Kind.NUMBER
    if len(token) == 1:
        if token in "+-*/=<>%^":
            return Kind.OPERATION
        if token in "()[]{}":
            return Kind.BRACKET
        if token in ".!?\n…。！？":
            return Kind.END
        if token.isascii() and token.isalpha() and token not in "AIaieouy":
            return Kind.LETTER
        return Kind.NOTHING if token in "Aa" else Kind.WORD
    if token[-1] in "#+" and first.isalnum():
        return Kind.SYMBOL
    if first in "'’":
        return Kind.NOTHING
    lower = token.casefold()
    if lower in ARTICLES:
        return Kind.NOTHING
    if lower in NEGATIONS or lower.endswith(("n't", "n’t")):
        return Kind.NEGATION
    return Kind.WORD


@dataclass(frozen=True, slots=True)
class Words:
    """Different texts as words: all tokens, one after the other, texts in order.

    For each token, `word` is the number of its folded word, `owner` its text and `sentence` the number of its sentence over
    all texts. `asked` marks the sentences that end with a question mark. `words` are the folded words; `name` marks those that
    never occur in lower case, and `inside` those of them that also begin with a capital within a sentence. `plain` tokens are
    ordinary words; the others make up `signature`, (texts,): texts with different signatures are not nearly the same."""

    words: list[str]
    word: NDArray[np.int32]
    owner: NDArray[np.int32]
    sentence: NDArray[np.int32]
    plain: Bools
    asked: Bools
    name: Bools
    inside: Bools
    signature: Hashes


def mixed(values: NDArray[np.generic]) -> Hashes:
    """A hash of integers."""
    return splitmix64(values.astype(np.uint64))


def sums(values: Hashes, owner: Whole, count: int) -> Hashes:
    """The sum modulo 2⁶⁴ of the values of each owner, (count,); `owner` ascends."""
    total = np.zeros(count, np.uint64)
    if len(values):
        starts = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
        total[owner[starts]] = np.add.reduceat(values, starts)
    return total


def read(texts: Sequence[str]) -> Words:
    """The words of different texts."""
    number, flat, lengths = _numbered(texts)
    vocabulary = _Vocabulary(number)
    ends = np.cumsum(lengths)
    # int32 to save memory: code that multiplies them must widen them first
    word, owner, sentence = (np.empty(len(flat), np.int32) for _ in range(3))
    plain, signature = np.empty(len(flat), bool), np.empty(len(texts), np.uint64)
    questions_of, kept, sentences = [np.empty(0, np.int64)], 0, 0
    for low in range(0, len(texts), _SIGNED_AT_ONCE):
        some = lengths[low : low + _SIGNED_AT_ONCE]
        shouted = np.array([text.isupper() for text in texts[low : low + _SIGNED_AT_ONCE]], bool)
        part = vocabulary.part(flat[ends[low] - lengths[low] : ends[low + len(some) - 1]], some, shouted)
        end = kept + len(part.word)
        word[kept:end], plain[kept:end] = part.word, part.plain
        owner[kept:end], sentence[kept:end] = part.owner + low, part.sentence + sentences
        signature[low : low + len(some)] = part.signature
        questions_of.append(part.asked + sentences)
        kept, sentences = end, sentences + part.sentences
    questions = np.zeros(sentences, bool)
    questions[np.concatenate(questions_of)] = True
    name, inside = vocabulary.name, vocabulary.inside & vocabulary.name
    return Words(
        vocabulary.words, word[:kept], owner[:kept], sentence[:kept], plain[:kept], questions, name, inside, signature
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the texts of `Words`, with owners and sentences numbered from 0; `sentences` is their number, and `asked` are
    those that are questions."""

    word: NDArray[np.int32]
    owner: NDArray[np.int32]
    sentence: NDArray[np.int32]
    plain: Bools
    asked: Ints
    sentences: int
    signature: Hashes


class _Vocabulary:
    """The kinds of the different tokens, by their numbers, and their folded words. `name` and `inside` are as in `Words`,
    except that `inside` does not depend on `name`; it grows with each part that is read."""

    def __init__(self, number: dict[str, int]) -> None:
        of_token = [kind_of(token) for token in number]
        folded = [_folded(token, kind) for token, kind in zip(number, of_token, strict=True)]
        self._number: dict[str, int] = {}
        for spelled in folded:
            self._number.setdefault(spelled, len(self._number))
        self.words = list(self._number)
        self._word = np.array([self._number[word] for word in folded], np.int32)
        self._kind = np.array(of_token, np.int8)
        self._question = number.get("?", -1)
        lower = np.array([token[:1].islower() for token in number], bool)
        self._upper = np.array([token[:1].isupper() for token in number], bool)
        self.name, self.inside = np.zeros(len(self.words), bool), np.zeros(len(self.words), bool)
        self.name[self._word[self._upper]] = True
        self.name[self._word[lower]] = False
        self._counted, self._contrasts = (
            np.array([word in which for word in folded], bool) for which in (NUMBERS, CONTRASTS)
        )
        self._capitals = np.array([token in CAPITALS for token in number], bool)
        self._capitonyms = np.array([token.casefold() in CAPITONYMS and token[0].isupper() for token in number], bool)

    def part(self, flat: NDArray[np.int32], lengths: Ints, shouted: Bools) -> _Part:
        """A part of the texts: `flat` are their tokens, one after the other, `lengths` how many each text has; the texts
        `shouted` are all in capitals."""
        count = len(lengths)
        owner = np.repeat(np.arange(count, dtype=np.int32), lengths)
        kind, word = self._kind[flat], self._word[flat]
        ends = kind == Kind.END
        sentence = np.cumsum(ends, dtype=np.int32) - ends + owner  # ends before it; each text begins a new sentence
        opens = np.concatenate([[True], sentence[1:] != sentence[:-1]]) if len(owner) else np.zeros(0, bool)
        questions = sentence[flat == self._question].astype(np.int64)
        self.inside[word[self._upper[flat] & ~opens]] = True

        numbers = self._counted[flat]
        counts = COUNTING * np.bincount(owner, numbers, minlength=count) > lengths
        decisive = self._contrasts[flat] | (numbers & ~counts[owner])
        marked = self._capitals[flat] | (self._capitonyms[flat] & ~opens)
        marked = (marked & ~shouted[owner]) | decisive
        signature, used = _signatures(kind, word, owner, marked, self._number, count)
        plain = (kind == Kind.WORD) | (kind == Kind.NEGATION)
        worded = np.bincount(owner, plain | used, minlength=count) > 0
        kept = plain | used | (~ends & ~worded[owner])
        return _Part(
            word[kept],
            owner[kept],
            sentence[kept],
            kind[kept] == Kind.WORD,
            questions,
            int(ends.sum()) + count,
            signature,
        )


def _numbered(texts: Sequence[str]) -> tuple[dict[str, int], NDArray[np.int32], Ints]:
    """The number of each different token, in order of first occurrence; the tokens of all texts as these numbers; and how many
    tokens each text has. Texts are split a part at a time: the tokens themselves would take ten times the memory."""
    number: dict[str, int] = {}
    parts, lengths = [np.empty(0, np.int32)], np.empty(len(texts), np.int64)
    for start in range(0, len(texts), _AT_ONCE):
        split = [tokens(text) for text in texts[start : start + _AT_ONCE]]
        for token in dict.fromkeys(chain.from_iterable(split)):
            number.setdefault(token, len(number))
        lengths[start : start + len(split)] = [len(words) for words in split]
        parts.append(np.fromiter(map(number.__getitem__, chain.from_iterable(split)), np.int32))
    return number, np.concatenate(parts), lengths


def _folded(token: str, kind: Kind) -> str:
    if kind is Kind.WORD:
        return fold(token)
    if kind is Kind.NUMBER:
        plain = re.sub(r",(?=\d{3}\b)", "", token).casefold()
        return token if plain == token else plain  # reuse the object: half the objects for a million numbers
    return token.casefold().replace("’", "'")


def _signatures(
    kind: Whole, word: Whole, owner: Whole, marked: Bools, words: dict[str, int], count: int
) -> tuple[Hashes, Bools]:
    """One hash for each text, of its numbers, letters, symbols, operations, brackets and `marked` words in their order, and of
    its number of negations; and which tokens are numbers, letters, symbols or operations beside these.

    If a text has sums alone or products alone, the order does not count: 17 + 25 is 25 + 17."""

    def beside(which: Bools) -> Bools:
        near = np.zeros(len(which), bool)
        if len(which) > 1:
            same = owner[1:] == owner[:-1]
            near[1:] |= which[:-1] & same
            near[:-1] |= which[1:] & same
        return near

    value = np.isin(kind, (Kind.NUMBER, Kind.LETTER))
    bracket, operation = kind == Kind.BRACKET, kind == Kind.OPERATION
    operation &= beside(value | bracket)
    computed = np.bincount(owner, operation, minlength=count) > 0
    bracket &= beside(value | bracket | operation) & computed[owner]
    used = value | (kind == Kind.SYMBOL) | operation
    strict = used | bracket | marked
    sign = {name: words.get(name, -1) for name in "+*="}
    # texts whose operations are all + or all *, = left aside
    others = [np.bincount(owner, operation & (word != sign[s]) & (word != sign["="]), minlength=count) for s in "+*"]
    commutes = computed & ((others[0] == 0) | (others[1] == 0)) & (np.bincount(owner, bracket, minlength=count) == 0)
    at = np.flatnonzero(strict)
    running = np.arange(len(at))
    begins = np.searchsorted(owner[at], owner[at], side="left")
    rank = np.where(commutes[owner[at]], 0, running - begins)
    code = mixed(2 * word[at] + marked[at]) ^ mixed(rank + (1 << 40))
    negated = np.bincount(owner, kind == Kind.NEGATION, minlength=count)
    return sums(mixed(code), owner[at], count) + mixed(negated), used
