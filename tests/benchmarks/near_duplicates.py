"""Near-duplicates in a labelled set: the prompts of the bundled tasks, each edited once so that it stays the same task (an
accent, a plural, a typing error, an added sentence, case and punctuation) or becomes another (a number, a negation, a name, an
operation, another word, C for C#, US for us). Precision and recall over the labelled pairs, with all texts compared together,
beside MinHash (128 permutations of 5-character shingles, at a similarity of 0.8 and at the threshold that suits this set best)
and beside the bags of words alone. Prints one JSON line; the ratio is F1 over that of MinHash at its best threshold.

    python tests/benchmarks/near_duplicates.py
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.prompts import tasks
from rsf_core.prompts.near_duplicates import groups, normalise

TASKS = ("positive_reviews", "sentiment_labels", "arithmetic", "translation_en_fr")
NAMES = ("Anna", "Maria", "Karim", "Lucy", "Oliver", "Chen", "Fatima", "Peter", "Marion", "Hannah")
SENTENCES = (
    "Please answer in plain words.",
    "Thank you!",
    "Keep it friendly.",
    "Take your time.",
    "Think step by step.",
    "Please be precise and write clearly.",
)
SWAPS = (
    ("in C", "in C#"),
    ("in C", "in C++"),
    ("for the US", "for us"),
    ("with 10²", "with 102"),
    ("of (1+2)*3", "of 1+(2*3)"),
)
ACCENTS = str.maketrans("aeiou", "áéíóú")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts, how one was made from the other, and whether they are the same task."""

    first: str
    second: str
    edit: str
    same: bool


def make_pairs(seed: int = 0) -> list[Pair]:
    """The labelled pairs; the same seed gives the same pairs."""
    rng, pairs = random.Random(seed), []
    bases = list(dict.fromkeys(prompt.text for name in TASKS for prompt in tasks.load(name).prompts))
    content = sorted({word for text in bases for word in re.findall(r"[a-z]{4,}", text)})
    edits: list[tuple[str, bool, Callable[[str], str | None]]] = [
        ("accent", True, lambda text: _in_word(text, rng, _accent)),
        ("plural", True, lambda text: _in_word(text, rng, _plural)),
        ("typing error", True, lambda text: _in_word(text, rng, _typing_error)),
        ("sentence", True, lambda text: _sentence(text, rng)),
        ("case, punctuation", True, lambda text: text.lower().replace(",", "").replace(".", " !")),
        ("number", False, lambda text: _number(text, rng)),
        ("negation", False, lambda text: _negation(text, rng)),
        ("operation", False, lambda text: _operation(text, rng)),
        ("another word", False, lambda text: _in_word(text, rng, lambda word, _: rng.choice(content))),
    ]
    for place, base in enumerate(bases):
        for name, same, edit in (edits[place % 5], edits[5 + place % 4]):
            edited = edit(base)
            if edited is not None and edited != base:
                pairs.append(Pair(base, edited, name, same))
        one, other = rng.sample(NAMES, 2)
        if place % 4 == 0:
            pairs.append(Pair(f"For {one}: {base}", f"For {other}: {base}", "name", False))
        if place % 4 == 1:
            one, other = rng.choice(SWAPS)
            pairs.append(Pair(f"{base} Show it {one}.", f"{base} Show it {other}.", "look-alike", False))
    return pairs


def _in_word(text: str, rng: random.Random, edit: Callable[[str, random.Random], str | None]) -> str | None:
    words = [match for match in re.finditer(r"\b[A-Za-z]{4,}\b", text) if not match[0].endswith("s")]
    if not words:
        return None
    match = rng.choice(words)
    edited = edit(match[0], rng)
    return None if edited is None or edited == match[0] else text[: match.start()] + edited + text[match.end() :]


def _accent(word: str, rng: random.Random) -> str | None:
    places = [i for i, c in enumerate(word) if c in "aeiou"]
    if not places:
        return None
    i = rng.choice(places)
    return word[:i] + word[i].translate(ACCENTS) + word[i + 1 :]


def _plural(word: str, rng: random.Random) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("sh", "ch", "x", "z")) else "s")


def _typing_error(word: str, rng: random.Random) -> str | None:
    """A word with one of the usual errors: a letter swapped, left out, doubled, or replaced by the key beside."""
    i = rng.randrange(1, len(word) - 1)
    rows = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    row = next((row for row in rows if word[i].lower() in row), rows[0])
    beside = row[max(0, row.find(word[i].lower()) - 1)]
    kind = rng.randrange(4)
    return (
        word[:i] + word[i + 1] + word[i] + word[i + 2 :],
        word[:i] + word[i + 1 :],
        word[:i] + word[i] + word[i:],
        word[:i] + beside + word[i + 1 :],
    )[kind]


def _sentence(text: str, rng: random.Random) -> str:
    added = rng.choice(SENTENCES)
    return f"{text} {added}" if rng.random() < 0.7 else f"{added} {text}"


def _number(text: str, rng: random.Random) -> str | None:
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return re.sub(r"\bone\b", "three", text) if re.search(r"\bone\b", text) else None
    at = rng.choice(numbers)
    return text[: at.start()] + str(int(at[0]) + rng.randrange(1, 9)) + text[at.end() :]


def _negation(text: str, rng: random.Random) -> str | None:
    for there, negated in (
        (r"\bis\b", "is not"),
        (r"\bwas\b", "was not"),
        (r"\bI\b", "I never"),
        (r"^(\w)", r"Do not \1"),
    ):
        edited = re.sub(there, negated, text, count=1)
        if edited != text:
            return edited
    return None


def _operation(text: str, rng: random.Random) -> str | None:
    sign = re.search(r"(?<=\d )[+\-*](?= \d)", text)
    if not sign:
        return None
    return text[: sign.start()] + rng.choice([s for s in "+-*" if s != sign[0]]) + text[sign.end() :]


# -- beside -------------------------------------------------------------------------------------------------------------


def minhash(texts: Sequence[str], permutations: int = 128, size: int = 5) -> NDArray[np.uint64]:
    """Signatures of the shingles of each text (Broder 1997), (texts, permutations)."""
    rng = np.random.default_rng(1)
    a = rng.integers(1, 2**61 - 1, permutations, dtype=np.uint64) | np.uint64(1)
    b = rng.integers(0, 2**61 - 1, permutations, dtype=np.uint64)
    signatures = np.empty((len(texts), permutations), np.uint64)
    for i, text in enumerate(texts):
        plain = " ".join(text.lower().split()).ljust(size)
        shingles = {plain[j : j + size] for j in range(len(plain) - size + 1)}
        values = np.array([int.from_bytes(s.encode(), "big") % (2**61 - 1) for s in sorted(shingles)], np.uint64)
        signatures[i] = (values[:, None] * a + b).min(axis=0)
    return signatures


def bag_similarity(pairs: Sequence[Pair], texts: Sequence[str]) -> list[float]:
    """The Jaccard similarity of the content words, by which near-duplicates were recognised before."""
    words = {text: normalise(text).split() for text in texts}
    shared = Counter(word for places in words.values() for word in set(places))
    template = {
        word for word, count in shared.items() if count > max(3, 0.2 * len(texts)) and not any(map(str.isdigit, word))
    }
    bags = {text: Counter([w for w in places if w not in template] or places) for text, places in words.items()}
    return [(bags[p.first] & bags[p.second]).total() / max(1, (bags[p.first] | bags[p.second]).total()) for p in pairs]


def scores(pairs: Sequence[Pair], pairs_alike: Sequence[bool]) -> dict[str, float]:
    """Precision, recall and their harmonic mean."""
    right = sum(f and p.same for p, f in zip(pairs, pairs_alike, strict=True))
    precision, recall = right / max(1, sum(pairs_alike)), right / sum(p.same for p in pairs)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {"precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3)}


def are_near(pairs: Sequence[Pair]) -> list[bool]:
    """Which of the pairs are near-duplicates, with all texts compared together."""
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.first, pair.second)))
    grouped = groups(texts)
    group = dict(zip(texts, grouped.of, strict=True))
    both = ((group[pair.first], group[pair.second]) for pair in pairs)
    return [one == other or other in grouped.near(one) for one, other in both]


def main() -> None:
    pairs = make_pairs()
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.first, pair.second)))
    began = time.process_time()
    shares = are_near(pairs)
    spent = time.process_time() - began
    place = {text: i for i, text in enumerate(texts)}
    hashes = minhash(texts)
    alike = [float((hashes[place[p.first]] == hashes[place[p.second]]).mean()) for p in pairs]
    by_threshold = {t / 100: scores(pairs, [a >= t / 100 for a in alike]) for t in range(30, 100, 5)}
    best = max(by_threshold, key=lambda t: by_threshold[t]["f1"])
    ours = scores(pairs, shares)
    line = {
        "benchmark": "near-duplicates",
        "against": f"MinHash at {best:g}, which suits this set best",
        "ratio": round(ours["f1"] / by_threshold[best]["f1"], 2),
        "pairs": len(pairs),
        "same": sum(pair.same for pair in pairs),
        "seconds of CPU": round(spent, 1),
        **ours,
        "minhash, best": by_threshold[best],
        "minhash, 0.8": by_threshold[0.8],
        "words, 0.8": scores(pairs, [similarity >= 0.8 for similarity in bag_similarity(pairs, texts)]),
        "told the same": {
            edit: f"{sum(f for p, f in zip(pairs, shares, strict=True) if p.edit == edit)} of {count}"
            for edit, count in Counter(pair.edit for pair in pairs).items()
        },
    }
    print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
