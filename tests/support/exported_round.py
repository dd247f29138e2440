"""A store with a decided round for exports: three train prompts, one of them with a system prompt, with four candidates each;
scores, overrides, an edit, notes, a truncated and an undecided candidate, and a frozen curated set."""

from __future__ import annotations

from pathlib import Path

from rsf_core.domain import Act, Action, ActKind, Scope, Split
from rsf_core.domain.settings import Settings, Target
from rsf_core.domain.settings_reading import parse
from rsf_core.project.exporting.exports import Exports
from rsf_core.review.queue import Reviews
from rsf_core.rounds.curation import freeze
from rsf_core.store.database import utc_now
from rsf_core.store.records import ModelRecord
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, add_scores, candidates, decide, replaced

PROMPTS = (
    ("What is 2+2?", None, "4"),
    ("=Why, and how?", "Be kind; say “no” \\ <b>rarely</b>.", None),
    ("Zähle auf:\n日本 🎉", None, None, ("Hallo!", "-Guten Tag")),
)
COMPLETIONS = (
    *("Four.", "Four.", "Five, I think.", "+4"),  # the first two are equal
    *("=1+1 is a formula", "two\nlines\r\nof it", "'=quoted", "-a list\n-of two"),
    *("日本 🎉 half", "</script><b>&amp;", 'say "hi", she said', "never scored"),
)
TARGET = Target(reference="base", beta=0.5, rewards={"sentiment": 2.0, "length": -1.0})
SETTINGS = {"task": "t", "target": TARGET.model_dump(mode="json")}
SENTIMENT = (0.9, 0.9, 0.1, 0.2, 0.8, 0.3, 0.2, 0.1, 0.7, 0.4, 0.6)
LOG_RATIOS = (2.0, 2.0, -5.0, -5.0, 2.0, -5.0, 2.0, -5.0, 2.0, float("-inf"), 2.0)


def settings() -> Settings:
    return parse(SETTINGS, "the test")


def fill(store: Store) -> None:
    """Candidates 1.1.0 to 1.3.3. By the rule 1.1.0, 1.1.1, 1.2.0, 1.2.2, 1.3.0 are accepted; 1.3.2 is truncated, 1.3.3 has no
    score. ann accepts 1.1.3 and rejects 1.2.2, bob agrees on 1.2.2; ann edits 1.2.0."""
    store.add_model(ModelRecord("base", "tiny | `model`", "models/base", "i", None, 0, None, utc_now()))
    store.add_round(1, "base", {})
    store.add_prompts([(*prompt[:3], Split.TRAIN, *prompt[3:]) for prompt in PROMPTS], "test")
    finish = ["eos"] * 10 + ["length", "eos"]
    rows = candidates(3, 4, completions=COMPLETIONS, finish=finish)
    rows = replaced(rows, "sampling", ['{"temperature": 1.0, "seed": 3}'] * 12)
    add_candidates(store, rows)
    scored = rows.slice(0, 11)
    add_scores(store, scored, {"sentiment": SENTIMENT, "length": [len(text) / 100 for text in COMPLETIONS[:11]]})
    decide(store, scored, LOG_RATIOS, -1.0, Scope.GLOBAL)
    for name, action, who in (
        ("1.1.3", Action.ACCEPT, "ann"),
        ("1.2.2", Action.REJECT, "ann"),
        ("1.2.2", Action.REJECT, "bob"),
    ):
        store.add_override(f"{name} {who}", name, action, who)
    acts = [
        Act("e", ActKind.EDIT, ("1.2.0",), value="@edited, and better"),
        Act("n", ActKind.NOTE, ("1.2.1",), value="a | note"),
        Act("f", ActKind.FLAG, ("1.2.1",), value="1"),
    ]
    assert all(outcome.refused is None for outcome in store.acts.say(acts, 1, "ann"))
    freeze(store, settings(), 1, "ann")


def exports_of(store: Store, folder: Path) -> Exports:
    """The exports of a project in `folder` with this store."""
    reviews = Reviews(store, settings, lambda number: TARGET)
    return Exports(folder, store, settings, lambda number: TARGET, reviews.agreement, reviews.onlooking)
