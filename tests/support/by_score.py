"""People who decide as a scorer would: they accept completions above the median."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rsf_core.domain import Action, candidate_id
from rsf_core.domain.access import person
from rsf_core.project import Project
from tests.support.seeding import add_scores

SCORER = "words"


def scored(project: Project) -> list[str]:
    """Give each candidate of round 1 a different score by SCORER; returns their ids."""
    rows = project.store.review_table(1)
    pairs = zip(rows["prompt_id"].to_pylist(), rows["k"].to_pylist(), strict=True)
    names = [candidate_id(1, prompt_id, k) for prompt_id, k in pairs]
    table = pa.table({"candidate_id": names, "round": pa.array([1] * len(names), pa.int32())})
    if SCORER not in project.scorers(1):
        add_scores(project.store, table, {SCORER: (np.arange(len(names)) * 7) % len(names)}, "r1-score-9")
    return names


def decide(project: Project) -> list[str]:
    """Ann accepts the half of round 1 with the higher scores and rejects the rest; returns the ids of all."""
    names = scored(project)
    column = project.store.score_column(1, SCORER, everywhere=True)
    for name, accept in zip(names, column > np.median(column), strict=True):
        project.override(name, Action.ACCEPT if accept else Action.REJECT, person("Ann"))
    return names
