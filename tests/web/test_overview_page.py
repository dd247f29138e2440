"""The Overview page of a round without a figure to show."""

from __future__ import annotations

import pytest

from rsf_core.project import Project
from rsf_core.web import session
from tests.support.pages import page_of, words_of


@pytest.mark.parametrize("models", [["base", "m1-1"], ["m1-1"], ["base"]])
def test_held_out_completions_without_scores_leave_the_gain_unknown_and_every_page_whole(
    complete: Project, monkeypatch: pytest.MonkeyPatch, models: list[str]
) -> None:
    """As with a reward on people's answers, which held-out completions do not have."""
    tuned = complete.tuned_model(1)
    assert tuned is not None
    ids = [tuned.model_id if name == "m1-1" else name for name in models]
    complete.store._db._cursor().execute(
        "UPDATE evaluation_samples SET scores = MAP(map_keys(scores), list_resize([]::DOUBLE[], len(map_keys(scores)))) "
        "WHERE list_contains(?, model_id)",
        [ids],
    )
    comparison = complete.comparison(1)
    assert comparison is not None and comparison.headline == "reward"
    assert "reward" not in comparison.gain_over_base and comparison.together["tuned"] == {}
    assert "length" in comparison.gain_over_base
    assert complete.gains() == {}
    monkeypatch.setattr(session, "_project", complete)
    shown = words_of(page_of("overview"))
    assert ("its gain is unknown" in shown) == (tuned.model_id in ids)
    for page, query in (("train", {}), ("models", {"show": "Rounds"}), ("models", {"show": "Compare"}), ("target", {})):
        page_of(page, **query)
