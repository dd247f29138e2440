"""A round as one reviewer sees it: gold items look like any candidate, whatever others have answered to them. Who marked an
item sees its decision as the word that settles it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rsf_core.domain import K_BITS, place
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt, said_of
from rsf_core.review.gold_mix import as_seen
from rsf_core.review.index import ReviewIndex
from rsf_core.review.live_round import Heard, LiveRound
from rsf_core.review.opinions import Word


@dataclass(frozen=True, slots=True)
class Seen:
    """`words` has what the reviewer is told of each gold item, by place, `heard` all that is said of it."""

    reviewer: str
    index: ReviewIndex
    words: Mapping[int, Sequence[Word]]
    heard: Mapping[int, Heard]

    def show(self, prompts: Iterable[ReviewPrompt]) -> tuple[ReviewPrompt, ...]:
        """Prompts as the reviewer sees them; those without a gold item are the same."""
        asked = {where >> K_BITS for where in self.words}
        return tuple(self._shown(prompt) if prompt.prompt_id in asked else prompt for prompt in prompts)

    def _shown(self, prompt: ReviewPrompt) -> ReviewPrompt:
        return replace(prompt, candidates=tuple(map(self._candidate, prompt.candidates)))

    def _candidate(self, candidate: ReviewCandidate) -> ReviewCandidate:
        where = place(candidate.prompt_id, candidate.k)
        row = self.index.table.row_of([where])[0] if where in self.words else -1
        if row < 0:
            return candidate
        words, (_, notes, answers) = self.words[where], self.heard[where]
        speak = {self.reviewer, *(word.reviewer for word in words)}
        shown = tuple(answer for answer in answers if answer.reviewer in speak)
        return said_of(candidate, bool(self.index.accepted[row]), words, notes, shown)


def seen_by(live: LiveRound, reviewer: str, overlap: int) -> Seen:
    """The round as it stands now. A candidate wants `overlap` opinions."""
    index = live.index()
    heard = live.answered([where for where, mark in live.gold.items() if mark.author != reviewer])
    if not heard:
        return Seen(reviewer, index, {}, {})
    words = as_seen({where: said for where, (said, *_) in heard.items()}, reviewer, overlap)
    return Seen(reviewer, index.as_told(words, reviewer, live.guides(words)), words, heard)
