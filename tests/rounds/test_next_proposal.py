"""The next round draws from the model that the last one tuned, unless a person chose another or it is worse."""

from __future__ import annotations

import pytest

from rsf_core.domain.access import person
from rsf_core.domain.errors import StageError
from rsf_core.project import Project
from rsf_core.rounds import guardrails
from rsf_core.rounds.lineage import StaleProposal


def test_the_next_round_draws_from_what_a_person_chose(complete: Project) -> None:
    assert complete.next_proposal() == "m1-1"
    with pytest.raises(StageError, match="there is no model 'm9-9'"):
        complete.set_proposal("m9-9")
    assert complete.lineage.stale_proposal() == StaleProposal(1, "base", "m1-1", trained=True)
    complete.set_proposal("base", author=person("ann"))
    assert complete.lineage.stale_proposal() is None
    assert complete.start_round().model_id == "base"
    with pytest.raises(StageError, match="has not tuned a model"):
        complete.next_proposal()  # the choice was for one round only
    complete.set_proposal("m1-1", author=person("ann"))
    assert complete.lineage.stale_proposal() is None  # nothing has been drawn from the base yet
    complete.generate()
    complete.wait()
    assert complete.lineage.stale_proposal() == StaleProposal(2, "base", "m1-1", trained=False)
    complete.draw_next_round()
    complete.wait()
    assert complete.rounds()[-1].model_id == "m1-1" and complete.lineage.stale_proposal() is None


def test_a_tuned_model_that_is_worse_than_its_proposal_does_not_become_the_next(complete: Project, monkeypatch) -> None:
    monkeypatch.setattr(guardrails, "is_worse", lambda comparison: comparison.round == 1)
    assert complete.next_proposal() == "base"
    assert complete.start_round().model_id == "base"


def test_it_is_known_to_be_worse_also_after_other_settings(complete: Project, monkeypatch) -> None:
    monkeypatch.setattr(guardrails, "is_worse", lambda comparison: True)
    complete.set("generate.temperature", "0.5")
    assert complete.next_proposal() == "base"
