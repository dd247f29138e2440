"""Models and Overview explain what an interval is about, and show that of the procedure beside it if there are replicates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.project import Project
from rsf_core.rounds import replicates
from rsf_core.rounds.replicates import Gain, Replicate, RoundResult
from rsf_core.web import runs, session
from tests.support.pages import page_of, words_of


def line(project: Project, number: int, gain: float) -> Replicate:
    """A replicate of the project's current round, with one gain for each of four prompts."""
    comparison = project.comparison(1)
    assert comparison is not None
    result = replicates.round_result(project.store, comparison)
    gained = Gain(value=gain, low=0.0, high=1.0, by_prompt={p: gain + 0.01 * p for p in range(4)})
    figures = {name: getattr(result, name) for name in RoundResult.model_fields} | {"gain": gained}
    return Replicate(
        **figures,
        task="small_reviews",
        model="tiny",
        version="1",
        procedure=project.replicate_template().digest,
        replicate=number,
        rounds=1,
        seed=number,
        finished_at=datetime(2026, 1, 1),
    )


def test_a_round_whose_control_has_no_score_is_a_result_without_a_control(complete: Project) -> None:
    comparison = complete.comparison(1)
    assert comparison is not None
    together = comparison.together["tuned"]
    controlled = replace(
        comparison,
        control=comparison.base,
        control_over_base=comparison.gain_over_base,
        selection=comparison.gain_over_base,
        together={"tuned": together, "control": dict.fromkeys(together, 0.0)},
    )
    result = replicates.round_result(complete.store, controlled)
    assert result.control is not None and result.selection is not None
    assert result.selection.by_prompt == result.gain.by_prompt == together
    unscored = {name: value for name, value in comparison.gain_over_base.items() if name != comparison.headline}
    without = replace(
        controlled, control_over_base=unscored, selection=unscored, together={"tuned": together, "control": {}}
    )
    result = replicates.round_result(complete.store, without)
    assert result.control is None and result.selection is None and result.gain.by_prompt == together


def page_of_runs(page: str) -> AppTest:
    return page_of(page, show="Rounds")


def test_overview_and_models_say_that_the_interval_is_of_one_tuned_model(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    for page in ("overview", "models"):
        assert words_of(page_of_runs(page)).count(runs.ONE_MODEL) == 1


def test_models_show_the_interval_of_the_procedure_beside_it(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    home = complete.folder / replicates.FOLDER
    home.mkdir()
    for number, gain in ((1, 0.1), (2, 0.3)):
        replicates.append(home / replicates.RESULTS, line(complete, number, gain))
    (procedure,) = complete.replicated()
    app = page_of_runs("models")
    shown = next(table.value for table in app.dataframe if "procedure" in table.value)
    assert shown["procedure"].tolist() == ["current"] and shown["runs"].tolist() == [2]
    low, high = f"{procedure.gain.low:.2f}", f"{procedure.gain.high:.2f}"
    assert low.lstrip("-") in shown["gain over the base"][0] and high in shown["gain over the base"][0]
    assert "changed since" not in words_of(app)
    complete.set("target.beta", "0.7")
    app = page_of_runs("models")
    shown = next(table.value for table in app.dataframe if "procedure" in table.value)
    assert "earlier" in shown["procedure"][0] and "changed since" in words_of(app)
    (home / replicates.RESULTS).write_text("no line\n")
    assert "line 1 is not a replicate" in words_of(page_of_runs("models"))
