"""Writes prompts.jsonl: sums of two numbers below 50, no unordered pair twice, so no held-out or sealed sum is trained on.

python data/tasks/arithmetic/make.py
"""

import json
import random
from pathlib import Path

TRAIN, HELD_OUT, SEALED = 192, 96, 48


def main() -> None:
    rng = random.Random(20)
    pairs = [(a, b) for a in range(1, 50) for b in range(a, 50)]
    rng.shuffle(pairs)
    rows = []
    for number, pair in enumerate(pairs[: TRAIN + HELD_OUT + SEALED]):
        a, b = rng.sample(pair, 2)
        split = "train" if number < TRAIN else "held_out" if number < TRAIN + HELD_OUT else "sealed"
        rows.append(
            {"text": f"What is {a} + {b}? Answer with just the number.", "reference": str(a + b), "split": split}
        )
    text = "".join(json.dumps(row) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
