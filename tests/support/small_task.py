"""A task folder like the bundled ones: 8 train and 4 held-out prompts, few tokens, sentiment as reward."""

from __future__ import annotations

import json
from pathlib import Path

TRAIN = (
    "a kettle",
    "two jazz records",
    "the night train",
    "my dentist",
    "a rainy campsite",
    "garden hoses",
    "sushi",
    "opera",
)
HELD_OUT = ("a bakery", "three bicycles", "the ferry", "an alarm clock")

TASK = """
title = "Small reviews"
description = "Twelve prompts, for the tests."

[settings.generate]
candidates = 4
prompts = 0
max_new_tokens = 16
batch_size = 32

[settings.target]
reference = "base"
beta = 0.5
rewards = { sentiment = 1.0 }

[settings.accept]
scope = "prompt"
rate = 0.5

[settings.train]
epochs = 1
rank = 2

[settings.evaluate]
candidates = 2
prompts = 0
"""


def write(folder: Path) -> Path:
    """Write the task into the new folder `folder` and return it."""
    folder.mkdir()
    rows = [{"text": f"Review {subject}.", "split": "train"} for subject in TRAIN]
    rows += [{"text": f"Review {subject}.", "split": "held_out"} for subject in HELD_OUT]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "task.toml").write_text(TASK, encoding="utf-8")
    return folder
