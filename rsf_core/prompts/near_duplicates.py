"""Which texts are nearly the same. Deterministic, and fast enough for 100,000 prompts, copies included.

Texts are compared as words without case, accents, articles and the -s of a plural (near_words.py). They are near-duplicates
if the bags of their content words have a Jaccard similarity of at least 0.8, or if they differ only by one typing error or one
added sentence (near_edits.py). They never are if they differ in numbers, operations, brackets, negations, C and C#, or if each
has a name that the other lacks. Words that more than a fifth of the texts share are a template ("Write one short review
sentence about a …") and do not count; numbers are always content. So "What is 17 + 25?" resembles "What is 25 + 17?" but
neither "17 + 26" nor "25 − 17".

The search is a prefix filter (Bayardo, Ma & Srikant 2007), on arrays. With words ordered from rare to common, two bags of n
words that have at least o words in common share k of the first n − o + k words of each, for every k up to o. Bags are grouped
by the first shared word; if too many have it, by the first two, and so on. The resulting pairs are first compared by a bit
pattern of their words (one bit a word: bags differ in at least as many words as bits), and those that remain exactly. If more
than 256 bags share all the words that make them near, each is compared with 256 others only: of thousands that all resemble
each other, some pairs are then missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import regex
from numpy.typing import NDArray

from rsf_core.domain.arrays import Ints
from rsf_core.domain.text import stream_safe
from rsf_core.prompts import near_edits, near_words
from rsf_core.prompts.near_words import Words
from rsf_core.prompts.texts import at

RULES = 1  # raised when the comparison of any two texts changes: projects store near-duplicates with this number
TEMPLATE_SHARE = 0.2
TEMPLATE_AT_LEAST = 3
_BITS = 512
_SMALL = 256  # up to so many bags with the same first shared words are all compared with each other
_NEIGHBOURS = 256  # how many others a bag is compared with in a large group that cannot be divided further
_MOST_ENTRIES = 20_000_000  # of (bag, shared words) at a time; groups that would need more are not divided further
_PAIRS_AT_ONCE = 1 << 20
_BAGS_AT_ONCE = 50_000
_PLACE_BITS, _SALT = 40, 0x5851F42D4C957F2D >> 1
_SIGNS = r"+\-−*/×÷=<>%^"
_ASCII_WORDS = re.compile(rf"\w+|[{_SIGNS}]")
_WORDS = regex.compile(rf"[\w\p{{M}}\u200c\u200d]+|[{_SIGNS}]")  # a vowel sign of Hindi is part of its word

_NONE: Ints = np.empty((0, 2), np.int64)


def normalise(text: str) -> str:
    """The words of a text in lower case, without punctuation: the key whose hash decides its side of the split. Signs of
    operations are kept, so that "3 - 2" and "3 + 2" differ; so are the combining marks of a script, which make another
    word."""
    if text.isascii():
        folded = text.lower()
        return " ".join(_ASCII_WORDS.findall(folded)) or folded.strip()
    folded = unicodedata.normalize("NFKC", stream_safe(text)).casefold()
    return " ".join(_WORDS.findall(folded)) or folded.strip()


@dataclass(frozen=True, slots=True)
class Groups:
    """`of` is the group of each text: texts of one group have the same content words, and nothing tells them apart. `pairs`
    are the pairs of groups that are nearly the same, each once, (pairs, 2). The groups near group g, ascending, are
    others[starts[g]:starts[g + 1]]."""

    of: Ints
    pairs: Ints
    starts: Ints
    others: Ints

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    def near(self, group: int) -> list[int]:
        """The groups that resemble `group`, ascending, without itself."""
        beside: list[int] = self.others[self.starts[group] : self.starts[group + 1]].tolist()
        return beside


def groups(texts: Sequence[str], within: Sequence[int] | None = None) -> Groups:
    """Which texts have the same content words, and which have nearly the same. With `within`, an integer for each text, only
    texts with the same integer are compared, and templates are determined among these: the same as one call for each integer,
    but many times faster."""
    keys: Sequence[Hashable] = texts if within is None else list(zip(texts, within, strict=True))
    number_of: dict[Hashable, int] = {}
    text_of = np.fromiter((number_of.setdefault(key, len(number_of)) for key in keys), np.int64, len(keys))
    first = np.full(len(number_of), len(keys))
    np.minimum.at(first, text_of, np.arange(len(keys)))
    del keys, number_of
    words = near_words.read(at(texts, first))
    among = np.zeros(len(first), np.int64)
    if within is not None:
        among = np.unique(np.asarray(within, np.int64)[first], return_inverse=True)[1]
        words = replace(words, signature=words.signature ^ near_words.mixed(among))
    of, bags = _bags(words, np.bincount(text_of, minlength=len(first)), among)
    count = len(bags.sizes)
    edited = of[np.concatenate([near_edits.typing_errors(words), near_edits.added_sentences(words)])]
    near = np.concatenate([_near_pairs(bags), np.sort(edited, axis=1)])
    codes = _distinct(near[:, 0] * count + near[:, 1])
    pairs = np.stack([codes // max(1, count), codes % max(1, count)], axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    starts = np.searchsorted(both[:, 0], np.arange(count + 1))
    return Groups(of[text_of], pairs, starts, both[:, 1])


def near_duplicate_pairs(texts: Sequence[str], within: Sequence[int] | None = None) -> list[tuple[int, int]]:
    """The pairs (i, j), i < j, of near-duplicates, ascending; `within` as in `groups`. The first of several texts with the
    same content words stands for all: each later one is paired with it alone, so that thousands of copies make thousands of
    pairs and not their square."""
    text_groups = groups(texts, within)
    first: dict[int, int] = {}
    pairs = []
    for i, (group, text) in enumerate(zip(text_groups.of.tolist(), texts, strict=True)):
        if first.setdefault(group, i) != i and text.strip():
            pairs.append((first[group], i))
    for a, b in text_groups.pairs.tolist():
        i, j = sorted((first[a], first[b]))
        pairs.append((i, j))
    return sorted(pairs)


@dataclass(frozen=True, slots=True)
class _Bags:
    """The different bags of words, one after the other: bag i is words[starts[i]:starts[i + 1]], from rare to common. Words
    are numbered in that order; `name` marks the words that are names. `signature` holds one hash a bag, as in
    near_words.Words."""

    words: Ints
    starts: Ints
    name: NDArray[np.bool_]
    signature: NDArray[np.uint64]

    @property
    def sizes(self) -> Ints:
        return np.diff(self.starts)


def _bags(texts: Words, copies: Ints, among: Ints) -> tuple[Ints, _Bags]:
    """The bag of content words of each text, as its number among the different bags, and these bags. Whether a word belongs to
    a template depends on how many texts with the same `among` contain it, each counted with its `copies`."""
    count, kinds = len(copies), max(1, len(texts.words))
    codes = among[texts.owner] * kinds + texts.word  # the same word in another set of texts is a different word
    different = _distinct(codes)
    flat, owner, word_of = _as_sets(np.searchsorted(different, codes), texts.owner, len(different))
    content = ~_template(flat, owner, different // kinds, different % kinds, texts.words, copies, among)[word_of[flat]]
    content |= ~(np.bincount(owner, content, minlength=count) > 0)[owner]  # a text of template words alone keeps them
    flat, owner = flat[content], owner[content]
    frequency = np.bincount(flat, minlength=max(1, len(word_of)))
    order = np.argsort(frequency, kind="stable")
    rank = np.empty(len(frequency), np.int64)
    rank[order] = np.arange(len(frequency))
    name = texts.name[different[word_of[order]] % kinds] if len(word_of) else np.zeros(1, bool)
    ranked = np.sort(owner * len(rank) + rank[flat]) % len(rank)
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))])
    of, kept = _different(ranked, starts, texts.signature)
    return of, _select(ranked, starts, kept, name, texts.signature)


def _as_sets(flat: Ints, owners: NDArray[np.int32], count: int) -> tuple[Ints, Ints, Ints]:
    """Multisets as sets, sorted by owner: the second "a" of a text gets a number of its own, from `count` on. Returns the
    words, their owners, and the word that each number stands for."""
    code = owners.astype(np.int64) * count + flat
    code.sort()
    word, owner = code % max(1, count), code // max(1, count)
    again = np.flatnonzero(code[1:] == code[:-1]) + 1
    nth = again - np.searchsorted(code, code[again], side="left")
    repeats = nth * count + word[again]
    different = _distinct(repeats)
    word[again] = count + np.searchsorted(different, repeats)
    return word, owner, np.concatenate([np.arange(count), different % max(1, count)])


def _new(ordered: Ints) -> NDArray[np.bool_]:
    """Where a value differs from the one before it."""
    return np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, bool)


def _template(
    flat: Ints, owner: Ints, where: Ints, word: Ints, words: Sequence[str], copies: Ints, among: Ints
) -> NDArray[np.bool_]:
    """Which words belong to a template: more than a fifth of the texts `where` a word occurs contain it. Numbers never do.
    `copies` is how often each text occurs."""
    first = flat < len(word)  # a word that is repeated in its text is counted once
    shared = np.bincount(flat[first], copies[owner[first]], minlength=len(word))
    size = np.bincount(among, copies)
    is_template: NDArray[np.bool_] = shared > np.maximum(TEMPLATE_AT_LEAST, TEMPLATE_SHARE * size[where])
    different = np.unique(word[is_template])
    numbers = [one for one in different.tolist() if any(character.isdigit() for character in words[one])]
    return is_template & ~np.isin(word, numbers)


def _different(words: Ints, starts: Ints, signature: NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """The number of each bag among the different bags, and where each of these occurs first. Bags are equal if two 64-bit
    hashes agree: one of the words in their order, one of these and the signature. Empty bags all differ."""
    count = len(starts) - 1
    one, two = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
    for low in range(0, count, _BAGS_AT_ONCE):
        sizes = np.diff(starts[low : low + _BAGS_AT_ONCE + 1])
        begin, end = starts[low], starts[low + len(sizes)]
        owner = np.repeat(np.arange(len(sizes)), sizes)
        placed = words[begin:end] + (np.arange(begin, end) - starts[low + owner] << _PLACE_BITS)
        for hashes, salt in ((one, 0), (two, _SALT)):
            hashes[low : low + len(sizes)] = near_words.sums(near_words.mixed(placed + salt), owner, len(sizes))
    two ^= near_words.mixed(signature)
    empty = np.flatnonzero(np.diff(starts) == 0)
    one[empty], two[empty] = empty, 0  # no two are equal
    order = np.lexsort((two, one))  # stable: equal bags keep their order
    first = np.concatenate([[True], (one[order[1:]] != one[order[:-1]]) | (two[order[1:]] != two[order[:-1]])])
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    kept = order[first]
    by_place = np.argsort(kept)
    number = np.empty(len(kept), np.int64)
    number[by_place] = np.arange(len(kept))
    of = np.empty(count, np.int64)
    of[order] = number[np.cumsum(first) - 1]
    return of, kept[by_place]


def _distinct(values: Ints) -> Ints:
    """Each value once, ascending; sorting is faster than numpy's hashing for millions of values."""
    ordered = np.sort(values)
    return ordered[_new(ordered)]


def _select(words: Ints, starts: Ints, chosen: Ints, name: NDArray[np.bool_], signature: NDArray[np.uint64]) -> _Bags:
    sizes = np.diff(starts)[chosen]
    begins = np.concatenate([[0], np.cumsum(sizes)])
    places = np.arange(begins[-1]) + np.repeat(starts[chosen] - begins[:-1], sizes)
    return _Bags(words[places], begins, name, signature[chosen])


def _near_pairs(bags: _Bags) -> Ints:
    """The pairs of different bags, (pairs, 2), with a similarity of at least 4/5; the first number is below the second."""
    code_parts: list[Ints] = [np.empty(0, np.int64)]
    if len(bags.words):
        patterns = _patterns(bags)
        for a, b in _candidates(bags):
            same = bags.signature[a] == bags.signature[b]
            a, b = a[same], b[same]
            ok = _may_be_near(a, b, bags.sizes, patterns)
            code_parts.append(np.minimum(a[ok], b[ok]) * len(bags.sizes) + np.maximum(a[ok], b[ok]))
    codes = _distinct(np.concatenate(code_parts))
    pairs = np.stack([codes // len(bags.sizes), codes % len(bags.sizes)], axis=1) if len(codes) else _NONE
    parts = [_near(pairs[i : i + _PAIRS_AT_ONCE // 16], bags) for i in range(0, len(pairs), _PAIRS_AT_ONCE // 16)]
    return np.concatenate([_NONE, *parts])


def _patterns(bags: _Bags) -> NDArray[np.uint64]:
    """`_BITS` bits for each bag, (bags, _BITS / 64); each word sets one."""
    patterns = np.zeros((len(bags.sizes), _BITS // 64), np.uint64)
    for low in range(0, len(bags.sizes), _BAGS_AT_ONCE):
        starts = bags.starts[low : low + _BAGS_AT_ONCE + 1]
        words = bags.words[starts[0] : starts[-1]]
        bit = (words * 0x9E3779B1 % (1 << 32)) * _BITS >> 32
        owner = np.repeat(np.arange(low, low + len(starts) - 1), np.diff(starts))
        np.bitwise_or.at(patterns, (owner, bit // 64), np.uint64(1) << (bit % 64).astype(np.uint64))
    return patterns


def _may_be_near(a: Ints, b: Ints, sizes: Ints, patterns: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which pairs the bit patterns do not rule out. Near bags differ in at most a ninth of the words of both:
    |A Δ B| ≤ (|A| + |B|) (1 − t)/(1 + t)."""
    most = (sizes[a] + sizes[b]) // 9
    ok: NDArray[np.bool_] = np.abs(sizes[a] - sizes[b]) <= most
    bits = np.zeros(len(a), np.int64)
    for column in range(patterns.shape[1]):
        chosen = np.flatnonzero(ok)
        different = patterns[a[chosen], column] ^ patterns[b[chosen], column]
        bits[chosen] += np.bitwise_count(different)
        ok[chosen] = bits[chosen] <= most[chosen]
    return ok


def _near(pairs: Ints, bags: _Bags) -> Ints:
    """Those of `pairs` with a similarity of at least 4/5, by counting the words they share, unless each bag has a name that
    the other lacks."""
    sizes = bags.sizes
    parts = []
    for side in (0, 1):
        of = pairs[:, side]
        lengths = sizes[of]
        begins = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(bags.starts[of] - begins, lengths)
        parts.append(np.repeat(np.arange(len(of)), lengths) * (bags.words.max() + 1) + bags.words[places])
    together = np.sort(np.concatenate(parts))
    twice = together[:-1][together[:-1] == together[1:]]
    which, word = twice // (bags.words.max() + 1), twice % (bags.words.max() + 1)
    shared = np.bincount(which, minlength=len(pairs))
    union = sizes[pairs[:, 0]] + sizes[pairs[:, 1]] - shared
    names = np.concatenate([[0], np.cumsum(bags.name[bags.words])])
    of_bag = names[bags.starts[1:]] - names[bags.starts[:-1]]
    own = of_bag[pairs] - np.bincount(which, bags.name[word], minlength=len(pairs))[:, None]
    near: Ints = pairs[(5 * shared >= 4 * union) & (own.min(axis=1, initial=1) == 0)]
    return near


def _candidates(bags: _Bags) -> Iterable[tuple[Ints, Ints]]:
    """Pairs of bags whose first k shared words, in order of rarity, are the same and within the first n − o + k words of
    each."""
    sizes = bags.sizes
    reach = sizes - (4 * sizes + 4) // 5  # n − o
    owner = np.repeat(np.arange(len(sizes)), reach + (sizes > 0))
    place = np.arange(len(owner)) - np.repeat(np.cumsum(reach + (sizes > 0)) - reach - (sizes > 0), reach + (sizes > 0))
    gathering = bags.words[bags.starts[owner] + place]
    shared = 1
    while len(owner):
        order = np.argsort(gathering, kind="stable")
        owner, place, gathering = owner[order], place[order], gathering[order]
        number = np.cumsum(np.concatenate([[False], gathering[1:] != gathering[:-1]]))
        count = np.bincount(number)[number]
        small = (count > 1) & (count <= _SMALL)
        yield from _each_with_each(owner[small], number[small])
        large = count > _SMALL
        owner, place, number = owner[large], place[large], number[large]
        further = np.minimum(reach[owner] + shared, sizes[owner] - 1) - place  # where the next shared word may stand
        if further.sum() > _MOST_ENTRIES:
            yield from _each_with_each(owner, number)
            return
        enough = sizes[owner] - reach[owner] <= shared  # what is shared makes them near already
        yield from _each_with_each(owner[enough], number[enough])
        nth = np.arange(further.sum()) - np.repeat(np.cumsum(further) - further, further)
        owner, number, place = (
            np.repeat(owner, further),
            np.repeat(number, further),
            np.repeat(place, further) + 1 + nth,
        )
        word = bags.words[bags.starts[owner] + place]
        gathering = number * (bags.words.max() + 1) + word
        shared += 1


def _each_with_each(owner: Ints, number: Ints) -> Iterable[tuple[Ints, Ints]]:
    """The pairs of owners within each group; in a large group, only owners fewer than _NEIGHBOURS places apart are paired."""
    for start in range(0, len(owner), _PAIRS_AT_ONCE):
        first = np.arange(start, min(start + _PAIRS_AT_ONCE, len(owner)))
        for step in range(1, _NEIGHBOURS):
            first = first[first < len(owner) - step]
            first = first[number[first] == number[first + step]]  # the members of a group are contiguous
            if not len(first):
                break
            yield owner[first], owner[first + step]
