"""De-duplication after deciding: which accepted completions of a prompt stand for others, and how that changes the law.

Without it, the accepted completions of a prompt are draws from its target, and likely ones repeat. Keeping one of each gives
another law: the more often a text was drawn, the more weight it loses, and the law tends to the uniform one over the different
texts drawn. The model then forgets less of what else it could write, but the set is no longer a sample of the target.
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
    """For each completion the index of the one that stands for it, its own index if it is kept; shape (n,).

    `exact`: the first of its prompt with the same `contents`. `near`: also the first kept completion of its prompt whose text
    is nearly the same. `off`: each stands for itself. Completions of different prompts are never duplicates."""
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
    first_of: dict[int, int] = {}  # the kept completion of each group
    for place, group in zip(kept, text_groups.of.tolist(), strict=True):
        like = [first_of[other] for other in (group, *text_groups.near(group)) if other in first_of]
        if like and texts[place].strip():
            of[place] = min(like)
        else:
            first_of[group] = place
    return np.asarray(of[of], dtype=np.int64)  # the stand-in of an equal text may itself have a near stand-in


def mass_thinned(weights: ArrayLike, of: Ints) -> float:
    """The share of the weight that is left out, which is the share of the accepted if each weighs 1. 0 if there is no
    weight."""
    w, kept = np.asarray(weights, dtype=np.float64), of == np.arange(len(of))
    total = float(w.sum())
    return float(w[~kept].sum()) / total if total > 0 else 0.0


def law_moved(weights: ArrayLike, of: Ints) -> float:
    """The total variation between the law of the set before and after, over the kept texts (each with all that it stands for):
    0 if every text occurred equally often, close to 1 if one of many texts made up nearly all."""
    w = np.asarray(weights, dtype=np.float64)
    if not w.sum() > 0:
        return 0.0
    before = np.bincount(of, w, minlength=len(of))
    after = np.where(of == np.arange(len(of)), w, 0.0)
    return 0.5 * float(np.abs(before / before.sum() - after / after.sum()).sum())


def in_words(summary: Mapping[str, Any]) -> str:
    """What de-duplication did to a curated set with this summary, as a sentence; empty if it left nothing out, or the set was
    made by an earlier version."""
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
