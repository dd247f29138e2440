"""De-duplication after deciding: which accepted completions of a prompt stand for others, and what that does to the law.

Without it the accepted of a prompt are draws of its target, repeated as often as the target likes them. Keeping one of each
is another law: q(kept) falls with how often a text was drawn, and goes to the uniform one over the texts that came at all. It
makes the model forget less of what it could say otherwise, and gives up that the set is a sample of the target.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Ints
from rsf_core.domain.words import fixed, in_percent
from rsf_core.prompts.near_duplicates import groups

How = Literal["off", "exact", "near"]


def stand_ins(prompts: Sequence[int], contents: Sequence[Hashable], texts: Sequence[str], how: How) -> Ints:
    """For each completion the one that stands for it, itself where it is kept; shape (n,).

    `exact`: the first of its prompt with the same `contents`. `near`: besides, the first that was kept of its prompt and whose
    text nearly is its own; between prompts nothing is a duplicate. `off`: each stands for itself."""
    of = np.arange(len(prompts))
    if how == "off":
        return of
    first: dict[tuple[int, Hashable], int] = {}
    for i, key in enumerate(zip(prompts, contents, strict=True)):
        of[i] = first.setdefault(key, i)
    if how == "exact":
        return of
    kept = np.flatnonzero(of == np.arange(len(of))).tolist()
    text_groups = groups([texts[i] for i in kept], [prompts[i] for i in kept])
    first_of: dict[int, int] = {}  # of each group that is kept
    for place, group in zip(kept, text_groups.of.tolist(), strict=True):
        like = [first_of[other] for other in (group, *text_groups.near(group)) if other in first_of]
        if like and texts[place].strip():
            of[place] = min(like)
        else:
            first_of[group] = place
    return np.asarray(of[of], dtype=np.int64)  # what stood for an equal one may have found a near one


def mass_thinned(weights: ArrayLike, of: Ints) -> float:
    """The share of the weight that is left out: of the accepted, where each weighs 1. 0 of nothing."""
    w, kept = np.asarray(weights, dtype=np.float64), of == np.arange(len(of))
    total = float(w.sum())
    return float(w[~kept].sum()) / total if total > 0 else 0.0


def law_moved(weights: ArrayLike, of: Ints) -> float:
    """The total variation between the law of the set before and after, over the texts that are kept (each with all that it
    stands for): 0 where every text stood equally often, towards 1 where one text was nearly all."""
    w = np.asarray(weights, dtype=np.float64)
    if not w.sum() > 0:
        return 0.0
    before = np.bincount(of, w, minlength=len(of))
    after = np.where(of == np.arange(len(of)), w, 0.0)
    return 0.5 * float(np.abs(before / before.sum() - after / after.sum()).sum())


def in_words(summary: Mapping[str, Any]) -> str:
    """What de-duplication did to a curated set with this summary, as a sentence; empty where it left nothing out, or the
    set is of an earlier version."""
    if not summary.get("thinned") or summary.get("law_moved") is None:
        return ""
    near, count = summary["deduplicate"] == "near", summary["thinned"]
    if count == 1:
        left_out = "1 duplicate or near-duplicate was" if near else "1 duplicate was"
    else:
        left_out = f"{count:,} duplicates{' and near-duplicates' if near else ''} were"
    return (
        f"{left_out} left out, {in_percent(summary['mass_thinned'], 1)} of what the accepted weigh: "
        f"that moves the law of the set by {fixed(summary['law_moved'], 3)} in total variation, towards an even one over "
        "different texts."
    )
