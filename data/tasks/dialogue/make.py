"""Writes prompts.jsonl: conversations in which somebody says something of two things they own and asks for one of it at the
end. No thing stands on two sides, so no held-out or sealed conversation is about what was trained on.

python data/tasks/dialogue/make.py
"""

import json
import random
from pathlib import Path

# one word each, which is no colour and no place
THINGS = """
anchor apron armchair axe backpack barrel basket bathtub bell bench bicycle blanket boat bookcase bottle bowl broom bucket
cabinet candle canoe carpet cart chest clock coat comb cradle crate cupboard curtain desk dress drill drum fan flute fork
fridge guitar hammer hammock harp hat helmet jacket jug kayak kettle kite ladder lamp lantern mattress mirror mug oven
paddle pan piano pillow plough pot purse rake rope rug saddle scarf shovel sink skirt sledge sofa spade spoon statue
stool stove suitcase sword table telescope tent toolbox tractor trumpet trunk umbrella vase violin wagon wallet wardrobe
watch wheelbarrow whistle
""".split()  # noqa: SIM905 a list of a hundred lines is no list to read
COLOURS = ["red", "green", "blue", "yellow", "brown", "black", "white", "grey", "orange", "purple", "pink"]
PLACES = ["kitchen", "cellar", "garage", "attic", "bedroom", "hall", "garden", "office", "barn", "shed", "cabin"]
KINDS = {  # what is said of a thing, what is asked, and what can be answered
    "colour": ("My {thing} is {value}.", "What colour is my {thing}?", COLOURS),
    "place": ("I keep my {thing} in the {value}.", "Where do I keep my {thing}?", PLACES),
    "price": (
        "I paid {value} euros for my {thing}.",
        "How many euros did I pay for my {thing}?",
        [str(n) for n in range(11, 100)],
    ),
}
ASIDES = [
    ("It has been raining since this morning.", "Then it is a good day to stay at home."),
    ("I slept very well last night.", "I am glad to hear that."),
    ("The postman sings in a choir.", "That must be a pleasure to listen to."),
    ("Tomorrow I want to bake some bread.", "Fresh bread is worth the work."),
    ("The train was late again today.", "I am sorry that you had to wait."),
    ("The girl next door is learning to swim.", "I wish her good luck."),
]
SIDES = {"train": 48, "held_out": 24, "sealed": 16}  # things, each with a conversation of every kind


def main() -> None:
    rng = random.Random(21)
    things = rng.sample(THINGS, sum(SIDES.values()))
    rows = []
    for side, count in SIDES.items():
        own, things = things[:count], things[count:]
        made = [_row(rng, thing, own, kind, side) for thing in own for kind in KINDS]
        rng.shuffle(made)
        rows += made
    text = "".join(json.dumps(row) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


def _row(rng: random.Random, thing: str, own: list[str], kind: str, side: str) -> dict[str, object]:
    """Two, three or four turns of the user: of two facts the one is asked for and answered, so that the conversation shows how
    it is answered; something else may be said; then the other is asked for."""
    fact, question, values = KINDS[kind]
    value, other_value = rng.sample(values, 2)
    other = rng.choice([one for one in own if one != thing])
    asked, example = fact.format(thing=thing, value=value), fact.format(thing=other, value=other_value)
    shown = (question.format(thing=other), f"{other_value.capitalize()}.")
    turns = rng.choice([2, 3, 4])
    if turns == 2:
        first, second = rng.sample([asked, example], 2)
        exchanges = [(f"{first} {second} {shown[0]}", shown[1])]
    else:
        exchanges = [(asked, "I will remember that."), (f"{example} {shown[0]}", shown[1])]
    if turns == 4:
        exchanges.insert(rng.choice([1, 2]), rng.choice(ASIDES))
    last = question.format(thing=thing)
    spoken = [*(text for exchange in exchanges for text in exchange), f"And {last[0].lower()}{last[1:]}"]
    messages = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(spoken)]
    return {"messages": messages, "reference": value, "split": side}


if __name__ == "__main__":
    main()
