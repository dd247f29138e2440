"""Writes prompts.jsonl: notes on orders, of which four facts are to be told as JSON. Customers, items and cities of one side
are on no other.

python data/tasks/json_extraction/make.py
"""

import json
import random
from pathlib import Path


def _words(text: str) -> list[str]:
    return text.split()


SIDES = {"train": 144, "held_out": 64, "sealed": 48}
PARTS = {"train": slice(0, 24), "held_out": slice(24, 36), "sealed": slice(36, 48)}
CUSTOMERS = _words(
    "Maria Paul Aisha Tom Elena Kofi Sofia Jan Mei Omar Lucy Ivan Priya Hugo Nora Diego Yuki Peter Fatima "
    "Louis Greta Ali Clara Marco Ingrid Samuel Leila Oscar Hanna Rafael Zoe Viktor Amara Felix Dora Tariq Emma "
    "Noah Carmen Bruno Alice Boris Selma Victor Irene Hassan Tina Walter"
)
ITEMS = _words(
    "chairs lamps notebooks bicycles kettles umbrellas pillows candles mirrors backpacks helmets clocks "
    "ladders carpets drums shovels baskets scissors blankets hammers vases lanterns brooms tents keyboards "
    "spoons wallets rackets flutes hats teapots suitcases buckets violins stools gloves curtains hoses ropes "
    "cameras plates magnets stamps skates jackets scarves whistles puzzles"
)
CITIES = _words(
    "Lyon Oslo Porto Turin Ghent Malaga Bergen Krakow Leeds Cork Basel Graz Tampere Split Riga Nantes Bilbao "
    "Parma Utrecht Aarhus Dresden Siena Brno Varna Lille Genoa Tartu Bonn Cadiz Linz Gdansk Dundee Rouen "
    "Verona Uppsala Bremen Zadar Namur Faro Kaunas Trieste Zurich Odense Toledo Reims Essen Galway Pilsen"
)
NOTES = (
    "{customer} from {city} ordered {count} {item}.",
    "Please send {count} {item} to {customer} in {city}.",
    "{count} {item} go to {city}; the customer is {customer}.",
    "New order: {item}, {count} pieces, for {customer}, to be delivered in {city}.",
    "We got a call from {city} today. {customer} would like {count} {item}.",
    "{customer} wants {count} {item} and lives in {city}.",
    "The {count} {item} for {customer} are ready; the van leaves for {city} tonight.",
    "In {city}, {customer} is waiting for {count} {item}.",
)
REQUEST = (
    'Read the note and answer with one JSON object with the keys "item", "count", "customer" and "city", where "count" is a '
    "number.\n\nNote: {note}"
)


def main() -> None:
    rng = random.Random(29)
    for words in (CUSTOMERS, ITEMS, CITIES):
        assert len(set(words)) == len(words) == 48
        rng.shuffle(words)
    rows = []
    for side, count in SIDES.items():
        own = PARTS[side]
        customers, items, cities = CUSTOMERS[own], ITEMS[own], CITIES[own]
        size = len(customers)
        for number in range(count):
            turn, at = divmod(number, size)  # each turn goes over all of them, shifted, so that no two meet twice
            facts = {
                "item": items[(at + 5 * turn) % size],
                "count": rng.randint(2, 60),
                "customer": customers[at],
                "city": cities[(at + 7 * turn + 3) % size],
            }
            note = NOTES[(number + turn) % len(NOTES)].format(**facts)
            rows.append(
                {"text": REQUEST.format(note=note), "reference": json.dumps(facts, ensure_ascii=False), "split": side}
            )
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
