"""Counting the examples of a round on arrays: the same counts as from rsf_core/project/exporting/pairing.py for each prompt,
for a million candidates in about the time of a sort. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.project.exporting.request import Pairing, What


@dataclass(frozen=True, slots=True)
class Candidates:
    """Usable candidates in the order of their prompts, (candidates,) each: `text` is equal for equal texts, `by_people` is
    whether people decided, `reward` is −∞ if P is 0 and NaN if it is not known."""

    prompt: Ints
    text: NDArray[np.uint64]
    accepted: Bools
    by_people: Bools
    reward: Floats

    def __len__(self) -> int:
        return len(self.prompt)

    def at(self, places: Ints) -> Candidates:
        """The candidates at `places`, in this order."""
        return Candidates(
            self.prompt[places], self.text[places], self.accepted[places], self.by_people[places], self.reward[places]
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of texts accepted and rejected, of candidates equal to another, of texts that people both accepted and
    rejected, and of rows of the export; and the prompts that have rows."""

    accepted: int
    rejected: int
    repeated: int
    contradictory: int
    rows: int
    prompts: frozenset[int]


def tally(candidates: Candidates, what: What, pairing: Pairing) -> Tally:
    """The counts for an export of labels, or of pairs by `pairing`."""
    texts, contradictory = _each_once(candidates)
    prompts, prompt = np.unique(texts.prompt, return_inverse=True)
    accepted = np.bincount(prompt[texts.accepted], minlength=len(prompts))
    rejected = np.bincount(prompt[~texts.accepted], minlength=len(prompts))
    if what is What.LABELS:
        rows = accepted + rejected
    elif pairing is Pairing.ALL:
        rows = accepted * rejected
    elif pairing is Pairing.RANDOM:
        rows = np.minimum(accepted, rejected)
    else:
        rows = _by_reward(texts, prompt, len(prompts))
    return Tally(
        int(accepted.sum()),
        int(rejected.sum()),
        len(candidates) - len(texts) - contradictory,
        contradictory,
        int(rows.sum()),
        frozenset(prompts[rows > 0].tolist()),
    )


def _each_once(candidates: Candidates) -> tuple[Candidates, int]:
    """Each text of a prompt once, as `pairing.sides` chooses it, in the order of their first candidates; and how many are left
    out because people decided them both ways."""
    if not len(candidates):
        return candidates, 0
    order = np.lexsort((candidates.text, candidates.prompt))  # equal texts in their order
    prompt, text = candidates.prompt[order], candidates.text[order]
    first = np.flatnonzero(np.concatenate([[True], (prompt[1:] != prompt[:-1]) | (text[1:] != text[:-1])]))
    of = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(order))))
    people, accepted = candidates.by_people[order], candidates.accepted[order]
    any_people = np.logical_or.reduceat(people, first)
    deciding = people | ~any_people[of]
    yes = np.logical_or.reduceat(deciding & accepted, first)
    no = np.logical_or.reduceat(deciding & ~accepted, first)
    of_kept, at = np.unique(of[kept := np.flatnonzero(deciding & (accepted == yes[of]))], return_index=True)
    single = ~(any_people & yes & no)[of_kept]
    chosen = order[kept[at]][single][np.argsort(order[first][single], kind="stable")]
    return candidates.at(chosen), int((~single).sum())


def _by_reward(texts: Candidates, prompt: Ints, prompts: int) -> Ints:
    """The number of pairs of each prompt whose accepted one has the higher reward, or of which people decided one."""
    ordered = np.where(np.isnan(texts.reward), -np.inf, texts.reward)
    best = _ranked(np.flatnonzero(texts.accepted), prompt, -ordered)
    worst = _ranked(np.flatnonzero(~texts.accepted), prompt, ordered)
    _, one, other = np.intersect1d(best[1], worst[1], assume_unique=True, return_indices=True)
    one, other = best[0][one], worst[0][other]
    kept = (texts.reward[one] > texts.reward[other]) | texts.by_people[one] | texts.by_people[other]
    return np.bincount(prompt[one[kept]], minlength=prompts)


def _ranked(which: Ints, prompt: Ints, key: Floats) -> tuple[Ints, Ints]:
    """The rows `which` sorted by prompt and `key`, and for each a number that is unique for its prompt and rank."""
    order = which[np.lexsort((key[which], prompt[which]))]
    of = prompt[order]
    rank = np.arange(len(of)) - np.searchsorted(of, of, side="left")
    return order, of * (len(prompt) + 1) + rank
