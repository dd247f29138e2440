"""Pairs of texts that differ by one typing error or one added sentence, located by hashes that leave one part out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Bools, Ints
from rsf_core.prompts.near_words import Hashes, Words, mixed, sums

SHORTEST = 5  # letters of the shortest word in which a typing error differs clearly from another word
LONGEST = 2_000  # letters of the longest word in which an error is looked for: leaving each out once takes their square
SHORTEST_OF_COMMON = 3  # in place of SHORTEST if the other word is in at least COMMON texts, and in TIMES as many
COMMON, TIMES = 10, 20
ANY_LETTER = (
    8  # letters of a word in which any may be exchanged for any other, not only for a neighbour on the keyboard
)
RARE, RAREST = 2, 20  # texts at most that contain the mistyped word: a 200th of the texts, but between these two
LEAST_WORDS = 2  # of a text to which a sentence is added, which has at most three times as many
MOST_ALIKE = 64  # how many others each text is compared with among those that are the same but for a mistyped word
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    frozenset((a, b))
    for row, keys in enumerate(_KEYS)
    for i, a in enumerate(keys)
    for b in (keys[i + 1 : i + 2] + "".join(below[max(0, i - 1) : i + 1] for below in _KEYS[row + 1 : row + 2]))
}


def typing_errors(texts: Words) -> Ints:
    """The pairs of texts, (pairs, 2), that have the same words except for one each, where one of these two is rare and
    mistyped.

    A text without one of its words, together with that word without one of its letters, makes a hash; texts that share one
    are compared."""
    count = len(texts.signature)
    able = np.array([SHORTEST_OF_COMMON <= len(word) <= LONGEST and word.isalpha() for word in texts.words], bool)
    able &= ~texts.inside
    if not able.any():
        return np.empty((0, 2), np.int64)
    code = mixed(np.arange(len(texts.words)))
    whole = sums(code[texts.word], texts.owner, count)
    spread = np.bincount(_once(texts), minlength=len(texts.words))  # how many texts contain each word
    rare = able & (spread <= max(RARE, min(RAREST, count // 200)))
    variants = _variants(texts.words, rare)
    known = np.unique(np.concatenate([np.zeros(0, np.uint64), *variants.values()]))
    others = _variants(texts.words, able & ~rare)
    variants |= {word: kept for word, variant in others.items() if len(kept := variant[_among(variant, known)])}
    at = np.flatnonzero(np.isin(texts.word, np.fromiter(variants, np.int64, len(variants))) & texts.plain)
    if not len(at):
        return np.empty((0, 2), np.int64)
    sizes = np.array([len(variants[word]) for word in texts.word[at].tolist()], np.int64)
    made = np.concatenate([variants[word] for word in texts.word[at].tolist()])
    place = np.repeat(at, sizes)
    owner = texts.owner[place]
    rest = whole[owner] - code[texts.word[place]]
    bare = np.bincount(texts.owner, minlength=count) > 1  # a text of a single word has nothing else that could agree
    key = mixed(rest) ^ made ^ mixed(texts.signature[owner].view(np.int64))
    keep = bare[owner]
    pairs = _meeting(key[keep], place[keep])
    a, b = texts.word[pairs[:, 0]], texts.word[pairs[:, 1]]
    pairs = pairs[(a != b) & (rare[a] | rare[b])]
    a, b = texts.word[pairs[:, 0]], texts.word[pairs[:, 1]]
    words, which = np.unique(np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1), axis=0, return_inverse=True)
    fewer, more = np.sort(spread[words], axis=1).T
    common = (more >= COMMON) & (more >= TIMES * fewer)
    slips = np.array(
        [
            (is_common or few <= RARE)
            and is_typing_error(texts.words[i], texts.words[j], SHORTEST_OF_COMMON if is_common else SHORTEST)
            for (i, j), is_common, few in zip(words.tolist(), common.tolist(), fewer.tolist(), strict=True)
        ],
        bool,
    )
    return np.asarray(texts.owner[pairs[slips[which.ravel()]]]) if len(pairs) else pairs


def is_typing_error(word: str, other: str, shortest: int = SHORTEST) -> bool:
    """Whether one word may be the other mistyped: two adjacent letters swapped, one left out or added within the word, or one
    exchanged for its neighbour on the keyboard. The first letter must agree, and both words need `shortest` letters."""
    if len(word) > len(other):
        word, other = other, word
    if len(word) < shortest or len(other) - len(word) > 1 or word[0] != other[0] or word == other:
        return False
    i = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(word))
    if len(word) < len(other):
        return i < len(word) and word[i:] == other[i + 1 :]  # one more at the end is another word: plane, planet
    if word[i + 2 :] == other[i + 2 :] and word[i : i + 2] == other[i : i + 2][::-1]:
        return True
    exchanged = word[i + 1 :] == other[i + 1 :]
    return exchanged and (len(word) >= ANY_LETTER or frozenset((word[i], other[i])) in _NEIGHBOURS)


def added_sentences(texts: Words) -> Ints:
    """The pairs of texts, (pairs, 2), where the second is the first with one more sentence. That sentence is not a question
    and holds no number, sign or negation, which could change the task."""
    count = len(texts.signature)
    if not len(texts.word):
        return np.empty((0, 2), np.int64)
    begins = np.concatenate([[True], texts.sentence[1:] != texts.sentence[:-1]])
    names, of, owner = texts.sentence[begins], np.cumsum(begins) - 1, texts.owner[begins]
    signature = mixed(sums(mixed(mixed(np.arange(len(texts.words)))[texts.word]), of, len(names)).view(np.int64))
    whole = sums(signature, owner, count) + texts.signature
    size = np.bincount(of, minlength=len(names))
    words = np.bincount(texts.owner, minlength=count)
    harmless = (np.bincount(of, ~texts.plain, minlength=len(names)) == 0) & ~texts.asked[names]
    left = words[owner] - size
    at = np.flatnonzero(harmless & (left >= LEAST_WORDS) & (size <= 3 * left))
    without = whole[owner[at]] - signature[at]
    order = np.argsort(whole, kind="stable")
    low = np.searchsorted(whole[order], without, side="left")
    high = np.searchsorted(whole[order], without, side="right")
    # the first of several equal texts stands for all of them
    met = high > low
    pairs = np.stack([order[np.minimum(low, count - 1)][met], owner[at][met]], axis=1)
    return np.asarray(pairs[texts.signature[pairs[:, 0]] == texts.signature[pairs[:, 1]]])


def _once(texts: Words) -> Ints:
    """The words of all texts, each word once a text."""
    code = np.sort(texts.owner.astype(np.int64) * len(texts.words) + texts.word)
    different = code[np.concatenate([[True], code[1:] != code[:-1]])] if len(code) else code
    return np.asarray(different % max(1, len(texts.words)))


def _variants(words: list[str], which: Bools) -> dict[int, Hashes]:
    """Hashes of each word in `which`, and of the word without each one of its letters, by the number of the word."""
    return {
        number: np.array(list(dict.fromkeys(_shorter(words[number]))), np.int64).view(np.uint64)
        for number in np.flatnonzero(which).tolist()
    }


def _shorter(word: str) -> Iterator[int]:
    yield hash(word)
    for i in range(len(word)):
        yield hash(word[:i] + word[i + 1 :])


def _among(values: Hashes, ordered: Hashes) -> Bools:
    at = np.searchsorted(ordered, values)
    among: Bools = (
        (at < len(ordered)) & (ordered[np.minimum(at, len(ordered) - 1)] == values) if len(ordered) else values < 0
    )
    return among


def _meeting(key: Hashes, place: Ints) -> NDArray[np.int64]:
    """The pairs of different places with the same key, (pairs, 2), each pair once; a place is paired with the next MOST_ALIKE
    − 1 at most."""
    order = np.lexsort((place, key))
    key, place = key[order], place[order]
    pair_parts = [np.empty((0, 2), np.int64)]
    for step in range(1, MOST_ALIKE):
        same = np.flatnonzero(key[step:] == key[:-step])
        if not len(same):
            break
        pair_parts.append(np.stack([place[same], place[same + step]], axis=1))
    pairs = np.concatenate(pair_parts)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(pairs, axis=0)
