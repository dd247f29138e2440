"""The target of a project: saved whole and as a version, with author and reason; earlier versions can be restored.

Decisions stay as they are until new ones are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsf_core.acceptance.decisions import retarget
from rsf_core.acceptance.preview import Draft
from rsf_core.domain import JobKind, JobState, Scope
from rsf_core.domain.access import person
from rsf_core.domain.errors import AccessError, ScorerError, SettingsError, StageError, TargetError
from rsf_core.domain.settings import Accept, Target
from rsf_core.project import Project
from rsf_core.project.commands import execute
from rsf_core.store import database
from rsf_core.store.sql import migrations
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.decided_round import TILTED, round_record, settings
from tests.support.seeding import add_candidates, add_scores, candidates


@pytest.fixture
def scored(tmp_path: Path, small_task: Path) -> Iterator[Project]:
    """A project whose first round is drawn and scored by two scorers, and decided."""
    with Project.create(tmp_path / "project", str(small_task), seed=1) as project:
        rows = candidates(8, 4, log_q=np.linspace(-5, -1, 32), log_model=np.linspace(-4, -2, 32))
        add_candidates(project.store, rows)
        rng = np.random.default_rng(1)
        add_scores(project.store, rows, {"sentiment": rng.uniform(-1, 1, 32), "ended": (rng.random(32) < 0.7) * 1.0})
        assert project.score() is None
        yield project


def edited(project: Project, **target: Any) -> Draft:
    now = project.target_book.draft()
    return Draft(Target.model_validate(now.target.model_dump() | target), now.accept)


def accepted(project: Project) -> list[bool]:
    by_rule: list[bool] = project.store.drawn(1)["accepted"].to_pylist()
    return by_rule


def written(project: Project) -> str:
    return (project.folder / "project.toml").read_text()


def test_a_new_project_has_the_first_version(scored: Project) -> None:
    (version,) = scored.target_book.versions()
    assert (version.number, version.target, version.accept) == (1, scored.settings.target, scored.settings.accept)
    assert version.reason == "as the project was made" and "sentiment" in version.what and version.changed == ""


def test_a_target_is_saved_as_one_with_who_and_why_and_decides_nothing_until_asked(scored: Project) -> None:
    before, decided_by = accepted(scored), scored.target()
    draft = edited(scored, beta=0.05, constraints=[{"scorer": "ended", "at_least": 1}])
    draft = Draft(draft.target, Accept(scope=Scope.GLOBAL, rate=0.25))
    assert scored.target_book.use(draft, "shorter", author=person("ann")) is None
    assert (scored.settings.target, scored.settings.accept) == (draft.target, draft.accept)
    newest = scored.target_book.versions()[0]
    assert (newest.number, newest.author, newest.reason) == (2, "ann", "shorter")
    assert newest.changed.split("; ")[:2] == ["β 0.5 → 0.05", "must have 1 ≤ ended"]
    assert accepted(scored) == before and scored.target() == decided_by
    assert scored.target_book.use(draft, decide=True, author=person("ann")) is None  # no score is missing
    assert accepted(scored) != before and scored.target() == draft.target
    assert len(scored.target_book.versions()) == 2


def test_what_is_looked_at_is_what_is_decided(scored: Project) -> None:
    draft = Draft(Target(reference="proposal", rewards={"sentiment": -1.0}, beta=0.2), Accept(rate=0.5))
    preview = scored.target_book.preview(draft, 1)
    assert preview is not None and preview.gained.any() and preview.lost.any()
    scored.target_book.use(draft, decide=True)
    assert accepted(scored) == preview.after.tolist()
    again = scored.target_book.preview(draft, 1)
    assert again is not None and not again.gained.any() and not again.lost.any()
    now = scored.target_book.reward_now(1)
    assert now is not None
    np.testing.assert_allclose(now, again.reward)


def test_going_back_is_one_more_version_with_the_earlier_decisions(scored: Project) -> None:
    scored.set_threshold(0.4, Scope.GLOBAL, author=person("ann"))
    before, file = accepted(scored), written(scored)
    draft = edited(scored, beta=5.0)
    scored.target_book.use(draft, decide=True, author=person("ann"))
    assert accepted(scored) != before
    scored.target_book.back(1, decide=True, author=person("bob"))
    versions = scored.target_book.versions()
    assert [(v.number, v.author, v.reason) for v in versions[:2]] == [(3, "bob", "back to version 1"), (2, "ann", "")]
    assert versions[0].target == versions[2].target and versions[0].changed == "β 5 → 0.5"
    assert accepted(scored) == before and written(scored) == file
    with pytest.raises(TargetError, match="there is no version 9"):
        scored.target_book.back(9)


def test_one_setting_and_a_change_by_hand_are_versions_too(scored: Project) -> None:
    scored.set("target.beta", "0.25", person("ann"))
    scored.set("train.epochs", "2", person("ann"))  # not a part of the target
    path = scored.folder / "project.toml"
    path.write_text(path.read_text().replace("beta = 0.25", "beta = 0.125"))
    newest = scored.target_book.versions()[0]
    assert (newest.number, newest.reason, newest.changed) == (None, "changed in project.toml", "β 0.25 → 0.125")
    scored.set("accept.rate", "0.1", person("bob"))
    versions = [(v.number, v.author, v.reason, v.changed) for v in scored.target_book.versions()]
    assert versions[:3] == [
        (4, "bob", "accept.rate was set", "share accepted 50 % → 10 %"),
        (3, "local", "changed in project.toml", "β 0.25 → 0.125"),
        (2, "ann", "target.beta was set", "β 0.5 → 0.25"),
    ]


def refused(project: Project, draft: Draft, error: type[Exception], message: str, **more: Any) -> None:
    before = written(project), len(project.target_book.versions()), accepted(project)
    with pytest.raises(error, match=message):
        project.target_book.use(draft, **more)
    assert (written(project), len(project.target_book.versions()), accepted(project)) == before


def test_what_cannot_be_saved_changes_nothing(scored: Project) -> None:
    now = scored.target_book.draft()
    refused(scored, now, TargetError, "this is the target already")
    other = edited(scored, beta=3.0)
    refused(scored, other, TargetError, "changed in the meantime", based_on=edited(scored, beta=9.0))
    refused(scored, edited(scored, rewards={"nobodys": 1.0}), ScorerError, "no scorer 'nobodys'")
    refused(scored, other, AccessError, "does not say who acts", author="rule")
    refused(scored, other, TargetError, "reason has 501 characters", reason="x" * 501)
    constructed = now.target.model_copy(update={"beta": -1.0})
    refused(scored, Draft(constructed, now.accept), SettingsError, "target.beta")
    scored.supervisor.stop()
    scored.store.add_job("r1-score-1", specs.score(), ())
    refused(scored, other, StageError, "a job draws or scores", decide=True)
    scored.store.add_job_event("r1-score-1", JobState.DONE, "done")


def test_missing_scores_are_computed_by_a_job(scored: Project) -> None:
    scored.supervisor.stop()
    draft = edited(scored, constraints=[{"scorer": "repetition", "at_most": 0.2}])
    preview = scored.target_book.preview(draft, 1)
    assert preview is not None and [m.name for m in preview.missing] == ["repetition"]
    job_id = scored.target_book.use(draft, decide=True)
    assert job_id is not None and scored.store.job(job_id).kind is JobKind.SCORE
    assert scored.target_book.fate().running


def test_a_round_without_candidates_cannot_be_decided_and_shows_nothing(project: Project) -> None:
    draft = edited(project, beta=3.0)
    assert project.target_book.preview(draft, 1) is None and project.target_book.reward_now(1) is None
    with pytest.raises(StageError, match="no candidates to decide"):
        project.target_book.use(draft, decide=True)
    assert project.target_book.use(draft) is None and project.settings.target.beta == 3.0


def test_a_frozen_set_stays_as_it_is(scored: Project) -> None:
    curated = scored.freeze(person("ann"))
    samples = scored.curated_samples(curated.curated_id)
    scored.target_book.use(edited(scored, beta=9.0), decide=True)
    assert scored.curated_sets() == [curated] and scored.curated_samples(curated.curated_id).equals(samples)
    assert scored.target_book.fate().curated == 1


def test_the_commands_tell_and_go_back(scored: Project) -> None:
    scored.target_book.use(edited(scored, beta=9.0), "try", author=person("ann"))
    answer = execute(scored, "target", {})
    assert [v["number"] for v in answer["versions"]] == [2, 1] and not answer["decided_by_this"]
    execute(scored, "target_back", {"version": 1, "decide": False, "author": "ann"})
    answer = execute(scored, "target", {})
    assert answer["versions"][0]["number"] == 3 and answer["decided_by_this"]


def test_a_project_of_an_earlier_version_has_the_targets_of_its_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tuple(migration for migration in migrations() if migration[0] < 18)
    with monkeypatch.context() as patch:
        patch.setattr(database, "migrations", lambda: older)
        store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
        rows = candidates(2, 2)
        add_candidates(store, rows)
        add_scores(store, rows, {"s": [1, 2, 3, 4]})
        for target in (TILTED, TILTED | {"beta": 2.0}):
            retarget(store, settings(target), round_record(), "base")
        store.close()
    store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
    versions = store.target_versions.all()
    store.close()
    assert [(v.version, v.spec["beta"], v.accept, v.reason) for v in versions] == [
        (2, 2.0, None, "a round was decided by it"),
        (1, 0.5, None, "a round was decided by it"),
    ]
