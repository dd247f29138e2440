"""Which prompts are nearly the same. Exact, deterministic, and fast enough for 100,000 prompts, copies included.

Two prompts are near-duplicates when the bags of their content words have a Jaccard similarity of at least 0.8. Words that
more than a fifth of the prompts share are a template ("Write one short review sentence about a …") and say nothing; numbers
are always content. So "What is 17 + 25?" resembles "What is 25 + 17?" but not "What is 17 + 26?".
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

SIMILARITY = 0.8
TEMPLATE_SHARE = 0.2
TEMPLATE_AT_LEAST = 3
_WORD = re.compile(r"\w+")


def normalise(text: str) -> str:
    """The words of a text in lower case, without punctuation: texts that agree here are duplicates. Signs of operations
    between numbers are kept, so "3 - 2" and "3 + 2" differ."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+|[+\-−*/×÷=<>%^]", folded)) or folded.strip()


def near_duplicate_pairs(texts: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs (i, j), i < j, of near-duplicates, ascending. Of texts that agree once normalised the first stands for
    all: each later one is paired with it alone, so thousands of copies make thousands of pairs and not their square.

    Prefix filtering (Bayardo, Ma & Srikant 2007): with words ordered from rare to common, two bags of similarity ≥ t
    share one of their first |x| − ⌈t·|x|⌉ + 1 words, so only those are looked up.
    """
    pairs = []
    first: dict[str, int] = {}
    copies: Counter[str] = Counter()
    for i, text in enumerate(texts):
        key = normalise(text)
        copies[key] += 1
        if first.setdefault(key, i) != i and key:
            pairs.append((first[key], i))
    bags = dict(zip(first.values(), _content_bags(copies), strict=True))
    frequency = Counter(word for bag in bags.values() for word in bag)
    posting: dict[str, list[int]] = defaultdict(list)
    for i, bag in bags.items():
        ordered = sorted(bag, key=lambda word: (frequency[word], word))
        prefix = ordered[: len(ordered) - math.ceil(SIMILARITY * len(ordered)) + 1]
        for j in {j for word in prefix for j in posting[word]}:
            if _jaccard(bag, bags[j]) >= SIMILARITY:
                pairs.append((j, i))
        for word in prefix:
            posting[word].append(i)
    return sorted(pairs)


def _content_bags(copies: Counter[str]) -> list[frozenset[str]]:
    """The bag of content words of each normalised text, in order. `copies` says how often each stands among the texts:
    what share of them a word is in decides whether it belongs to a template."""
    words = [key.split() for key in copies]
    shared: Counter[str] = Counter()
    for found, count in zip(words, copies.values(), strict=True):
        shared.update(dict.fromkeys(found, count))
    often = max(TEMPLATE_AT_LEAST, TEMPLATE_SHARE * copies.total())
    template = {word for word, count in shared.items() if count > often and not any(c.isdigit() for c in word)}
    return [_bag([w for w in found if w not in template] or found) for found in words]


def _bag(words: Sequence[str]) -> frozenset[str]:
    """A multiset as a set: the second "a" becomes "a 2"."""
    counts: Counter[str] = Counter()
    bag = set()
    for word in words:
        counts[word] += 1
        bag.add(word if counts[word] == 1 else f"{word} {counts[word]}")
    return frozenset(bag)


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)
