"""Milliseconds of processor time for each candidate, on one thread, of the scorers that need neither a reference nor a model:
`python -m tests.benchmarks.scorers [NAME …]`. Names may have options, so that scorers with a model can be measured too."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from rsf_core.domain import Finish, Prompt
from rsf_core.scorers import embedding, registry
from rsf_core.scorers.base import Scored
from rsf_core.scorers.preparing import Workplace

COUNT, SIBLINGS = 256, 8
SENTENCES = (
    "The hotel was lovely and the staff were kind.",
    "Breakfast came late, and the coffee was cold.",
    "A quiet room with a view of the harbour.",
)


def batch() -> list[Scored]:
    """Candidates of 40 words, all different, in prompts of SIBLINGS."""
    texts = [f"{i}. {' '.join(SENTENCES[(i + j) % 3] for j in range(4))} {i * i}" for i in range(COUNT)]
    return [
        Scored(
            Prompt(i // SIBLINGS, "Write about a hotel.", "The hotel was lovely."),
            text,
            60,
            Finish.EOS,
            earlier=tuple(texts[i - i % SIBLINGS : i]),
        )
        for i, text in enumerate(texts)
    ]


def measured(names: list[str]) -> Iterator[tuple[str, float]]:
    """(name, ms for each candidate), without the time to load."""
    candidates = batch()
    for name in names:
        registry.prepare([name], Workplace())
        registry.score(name, candidates[:SIBLINGS])
        embedding.vector.cache_clear()
        began = time.process_time()
        registry.score(name, candidates)
        yield name, 1000 * (time.process_time() - began) / len(candidates)


if __name__ == "__main__":
    scorer_names = sys.argv[1:] or [
        card.name for card in registry.cards() if not (card.problem or card.required or card.check)
    ]
    for scorer, milliseconds in measured([*scorer_names, *([] if sys.argv[1:] else ["similarity"])]):
        print(f"{scorer:<40} {milliseconds:8.3f} ms")
