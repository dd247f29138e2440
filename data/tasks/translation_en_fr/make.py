"""Writes prompts.jsonl: short English sentences of a small vocabulary with their French translation.

The vocabulary is small on purpose: every word of a held-out or sealed sentence stands in some train sentence too, so that what
a round learns of words and agreement can show on sentences it never saw.

python data/tasks/translation_en_fr/make.py
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

PROMPT = "Translate this sentence into French. Answer with the translation only.\n\n{sentence}"
TRAIN, HELD_OUT, SEALED = 144, 48, 48


class Noun(NamedTuple):
    english: str
    french: str
    feminine: bool

    @property
    def the(self) -> str:
        return f"{'la' if self.feminine else 'le'} {self.french}"

    @property
    def a(self) -> str:
        return f"{'une' if self.feminine else 'un'} {self.french}"

    @property
    def my(self) -> str:
        return f"{'ma' if self.feminine else 'mon'} {self.french}"


class Adjective(NamedTuple):
    english: str
    masculine: str
    feminine: str

    def of(self, noun: Noun) -> str:
        return self.feminine if noun.feminine else self.masculine


NOUNS = [
    Noun("cat", "chat", False),
    Noun("dog", "chien", False),
    Noun("horse", "cheval", False),
    Noun("book", "livre", False),
    Noun("hat", "chapeau", False),
    Noun("bicycle", "vélo", False),
    Noun("boat", "bateau", False),
    Noun("cake", "gâteau", False),
    Noun("house", "maison", True),
    Noun("car", "voiture", True),
    Noun("cup", "tasse", True),
    Noun("flower", "fleur", True),
    Noun("door", "porte", True),
    Noun("soup", "soupe", True),
    Noun("letter", "lettre", True),
    Noun("chair", "chaise", True),
]
PLACES = [
    Noun("garden", "jardin", False),
    Noun("kitchen", "cuisine", True),
    Noun("street", "rue", True),
    Noun("living room", "salon", False),
]
FAMILY = [
    Noun("brother", "frère", False),
    Noun("father", "père", False),
    Noun("sister", "sœur", True),
    Noun("mother", "mère", True),
]
ADJECTIVES = [
    Adjective("big", "grand", "grande"),
    Adjective("small", "petit", "petite"),
    Adjective("black", "noir", "noire"),
    Adjective("red", "rouge", "rouge"),
    Adjective("green", "vert", "verte"),
    Adjective("beautiful", "beau", "belle"),
    Adjective("new", "nouveau", "nouvelle"),
    Adjective("white", "blanc", "blanche"),
]
FOOD = [("bread", "du pain"), ("cheese", "du fromage"), ("soup", "de la soupe"), ("cake", "du gâteau")]
DRINKS = [("coffee", "du café"), ("tea", "du thé"), ("wine", "du vin"), ("milk", "du lait")]


def sentences() -> Iterator[list[tuple[str, str]]]:
    """All sentences of each pattern, in English and in French."""
    yield [(f"The {n.english} is {a.english}.", f"{n.the} est {a.of(n)}.") for n in NOUNS for a in ADJECTIVES]
    yield [(f"My {f.english} has a {n.english}.", f"{f.my} a {n.a}.") for f in FAMILY for n in NOUNS]
    yield [
        (f"I see the {n.english} in the {p.english}.", f"Je vois {n.the} dans {p.the}.") for n in NOUNS for p in PLACES
    ]
    yield [
        (f"There is a {n.english} in the {p.english}.", f"Il y a {n.a} dans {p.the}.") for n in NOUNS for p in PLACES
    ]
    yield [(f"Where is the {n.english}?", f"Où est {n.the} ?") for n in NOUNS]
    yield [(f"I like the {n.english}.", f"J'aime {n.the}.") for n in NOUNS]
    yield [
        (f"We have a {a.english} and a {b.english}.", f"Nous avons {a.a} et {b.a}.") for a, b in combinations(NOUNS, 2)
    ]
    yield [(f"My {f.english} eats {food}.", f"{f.my} mange {french}.") for f in FAMILY for food, french in FOOD]
    yield [(f"My {f.english} drinks {drink}.", f"{f.my} boit {french}.") for f in FAMILY for drink, french in DRINKS]


def chosen(rng: random.Random) -> list[tuple[str, str]]:
    """Sentences of all patterns in turn, each once: those to train and compare on shuffled, and then the sealed ones."""
    patterns = [rng.sample(found, len(found)) for found in sentences()]
    rows = _taken(patterns, TRAIN + HELD_OUT)
    rng.shuffle(rows)
    return rows + _taken(patterns, SEALED)


def _taken(patterns: list[list[tuple[str, str]]], count: int) -> list[tuple[str, str]]:
    """`count` sentences, of the patterns in turn."""
    rows: list[tuple[str, str]] = []
    while len(rows) < count:
        for left in patterns:
            if left and len(rows) < count:
                english, french = left.pop()
                rows.append((english, french[0].upper() + french[1:]))
    return rows


def main() -> None:
    splits = ["train"] * TRAIN + ["held_out"] * HELD_OUT + ["sealed"] * SEALED
    rows = [
        {"text": PROMPT.format(sentence=english), "reference": french, "split": splits[i]}
        for i, (english, french) in enumerate(chosen(random.Random(0)))
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
