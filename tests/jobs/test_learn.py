"""From decisions to a scorer: learned by a job, kept as a version, called as any other, previewed and put into the target."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain import Act, Action, ActKind, JobKind, Shown, Split, Verdict, place
from rsf_core.domain.access import person
from rsf_core.domain.errors import ScorerError, StageError
from rsf_core.domain.scorer_ref import ScorerRef
from rsf_core.jobs.work import learn as work
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.project import Project
from rsf_core.project.taste_book import Use
from rsf_core.proposals import making
from rsf_core.scorers import registry, tastes


def candidates(project: Project) -> list[tuple[str, str]]:
    """The names and completions of the candidates of round 1."""
    records = [c for p in project.prompts_in_round(1) for c in project.candidates(p.prompt_id, 1)]
    return [(candidate.candidate_id, candidate.completion) for candidate in records]


def decide(project: Project, most: int | None = None) -> int:
    """Accept the shorter half and reject the rest, one by one; how many were decided."""
    rows = candidates(project)
    middle = sorted(len(text) for _, text in rows)[len(rows) // 2]
    for name, text in rows[:most]:
        project.override(name, Action.ACCEPT if len(text) < middle else Action.REJECT, person("ann"))
    return len(rows[:most])


@pytest.fixture(scope="module")
def learned_folder(complete_folder: Path, tmp_path_factory: pytest.TempPathFactory, jobs_in_threads: None) -> Path:
    """A project with its first round decided by a person, and learned from. It is closed: copy it."""
    folder = shutil.copytree(complete_folder, tmp_path_factory.mktemp("learned") / "p")
    with Project.open(folder) as project:
        decide(project)
        project.taste.learn(person("ann"))
        project.wait()
        project.wait()  # the newest round is scored by the new scorer
    return folder


@pytest.fixture
def learned(learned_folder: Path, tmp_path: Path, jobs_in_threads: None) -> Iterator[Project]:
    with Project.open(shutil.copytree(learned_folder, tmp_path / "project")) as copy:
        yield copy


def test_too_few_decisions_are_counted_and_nothing_is_started(complete: Project) -> None:
    decide(complete, 12)
    decisions = complete.taste.decisions()
    assert decisions.count == 12 and "18 more decisions" in decisions.lacking
    with pytest.raises(StageError, match=r"decided 12 candidates one by one .*it takes 18 more decisions"):
        complete.taste.learn(person("ann"))


def test_what_was_decided_as_part_of_the_random_audit_is_known_as_that(complete: Project) -> None:
    (first, _), (second, _), (third, _) = candidates(complete)[:3]
    words = [
        Act("audit", ActKind.DECIDE, (first,), Action.ACCEPT, shown=Shown(first, "boundary", True)),
        Act("in turn", ActKind.DECIDE, (second,), Action.REJECT, shown=Shown(second, "boundary", False)),
        Act("by hand", ActKind.DECIDE, (third,), Action.REJECT),
    ]
    complete.store.acts.say(words, 1, "ann")
    decided = complete.store.tastes.decided()
    assert dict(zip(decided["candidate_id"].to_pylist(), decided["audit"].to_pylist(), strict=True)) == {
        first: True,
        second: False,
        third: False,
    }


def test_only_what_people_say_of_one_candidate_at_a_time_is_learned_from(complete: Project) -> None:
    rows = candidates(complete)
    round_1 = complete.store.acts
    numbers = [name.split(".") for name, _ in rows]
    by_prompt = [(int(prompt), int(k)) for _, prompt, k in numbers]
    round_1.bulk("all", by_prompt, Action.ACCEPT, 1, "ann")
    assert complete.taste.decisions().count == 0
    complete.override(rows[0][0], Action.ACCEPT, person("ann"))
    complete.override(rows[1][0], Action.REJECT, person("ben"))
    complete.override(rows[2][0], Action.ACCEPT, person("ann"))
    complete.override(rows[2][0], Action.AUTO, person("ann"))
    complete.override(rows[3][0], Action.ACCEPT, person("ann"))
    complete.undo(1, person("ann"))
    round_1.say([Act("edit", ActKind.EDIT, (rows[4][0],), value="Another text.")], 1, "ann")
    complete.override(rows[4][0], Action.ACCEPT, person("ann"))
    decided = complete.store.tastes.decided()
    # ann accepted the second in bulk; ben's newer decision on it alone rejects it
    assert dict(zip(decided["candidate_id"].to_pylist(), decided["accepted"].to_pylist(), strict=True)) == {
        rows[0][0]: True,
        rows[1][0]: False,
    }


def test_it_is_kept_as_a_version_with_its_figures_and_the_round_is_scored_by_it(learned: Project) -> None:
    (one,) = learned.taste.versions()
    rows = candidates(learned)
    assert one.scorer == f'taste(version="{one.version}")' and one.author == "ann"
    assert (
        one.report.decisions == len(rows)
        and 0 <= one.report.auc.low <= one.report.auc.value <= one.report.auc.high <= 1
    )
    assert one.report.curve[-1].decisions <= len(rows)
    assert one.report.calibration == () and one.report.prompts == 8, "too few to tell"
    assert learned.taste.scored(one.version) == (len(rows), len(rows)) and learned.taste.current() == one.version
    assert learned.threshold(1) is not None and learned.target(1) == learned.settings.target, "nothing is decided by it"
    with pytest.raises(StageError, match=f"version {one.version} was learned from exactly the current decisions"):
        learned.taste.learn(person("ann"))


def test_its_score_is_the_calibrated_log_odds_of_what_is_kept(learned: Project) -> None:
    (one,) = learned.taste.versions()
    body = json.loads((learned.folder / tastes.FOLDER / f"{one.version}.json").read_text())
    rows = candidates(learned)
    score = dict(zip([name for name, _ in sorted(rows)], [0.0] * len(rows), strict=True))
    for prompt in learned.prompts_in_round(1):
        for candidate in learned.candidates(prompt.prompt_id, 1):
            score[candidate.candidate_id] = candidate.scores[one.scorer]
            states = learned.features.of([candidate.candidate_id])[0].astype(float)
            z = float(states @ np.array(body["hidden"])) + body["intercept"]
            token_count = candidate.token_count
            values = {
                tastes.TOKENS: np.log1p(token_count),
                tastes.ENDED: float(candidate.finish == "eos"),
                **candidate.scores,
            }
            for other in body["others"]:
                value = values.get(other["name"], other["mean"])
                z += other["weight"] * (value - other["mean"]) / other["deviation"]
            assert candidate.scores[one.scorer] == pytest.approx(float(np.clip(z, -8, 8)), abs=1e-3)
    assert len(set(score.values())) > 1


def test_it_comes_into_the_target_as_a_new_version_that_was_previewed_and_counts_in_the_comparison(
    learned: Project,
) -> None:
    (one,) = learned.taste.versions()
    draft = learned.taste.draft(one.version)
    assert draft.target.rewards[one.scorer] == pytest.approx(draft.target.beta)
    constraint = learned.taste.draft(one.version, Use.CONSTRAINT).target.constraints[-1]
    assert (constraint.scorer, constraint.at_least) == (one.scorer, 0.0)
    scores = learned.target_book.scores(one.scorer, 1)
    least = learned.taste.draft(one.version, Use.BEST_THIRD).target.constraints[-1].at_least
    assert least is not None and np.count_nonzero(scores >= least) == -(-len(scores) // 3)
    preview = learned.target_book.preview(draft, 1)
    assert preview is not None and not preview.missing
    versions = len(learned.target_book.versions())
    learned.target_book.use(draft, "learned", learned.target_book.draft(), decide=True, author=person("ann"))
    learned.wait()
    assert len(learned.target_book.versions()) == versions + 1
    assert ScorerRef.parse(one.scorer).name == "taste" and one.scorer in learned.settings.target.rewards
    learned.draw_next_round()  # new candidates get their features when they are scored
    learned.wait()
    learned.wait()
    assert learned.counts(2).decided > 0 and learned.counts(2).undecided == 0
    assert learned.features.counts().missing == 0
    learned.train(person("ann"))
    learned.wait()
    learned.wait()
    comparison = learned.comparison(2)
    assert comparison is not None, "held-out completions are scored by it too"


def test_later_decisions_give_another_version_and_the_earlier_one_stays(learned: Project) -> None:
    (first,) = learned.taste.versions()
    learned.target_book.use(learned.taste.draft(first.version), author=person("ann"))
    learned.override(candidates(learned)[0][0], Action.ACCEPT, person("ann"))
    learned.override(candidates(learned)[1][0], Action.REJECT, person("ann"))
    learned.override(candidates(learned)[2][0], Action.ACCEPT, person("ann"))
    assert learned.taste.current() is None, "other decisions are another version"
    learned.taste.learn(person("ann"))
    learned.wait()
    learned.wait()
    second, earlier = learned.taste.versions()
    assert earlier.version == first.version != second.version == learned.taste.current()
    for _ in range(3):
        learned.undo(1, person("ann"))
    assert learned.taste.current() == first.version, "the later decisions were undone"
    with pytest.raises(StageError, match=f"version {first.version} was learned from exactly"):
        learned.taste.learn(person("ann"))
    draft = learned.taste.draft(second.version)
    assert first.scorer not in draft.target.rewards and second.scorer in draft.target.rewards


def test_pairs_that_were_compared_give_another_version_which_knows_how_many_it_saw(learned: Project) -> None:
    (first,) = learned.taste.versions()
    assert (first.report.pairs, learned.taste.decisions().pairs) == (0, 0)
    by_prompt: dict[str, list[str]] = {}
    for name, _ in candidates(learned):
        by_prompt.setdefault(name.split(".")[1], []).append(name)
    for left, right, *_ in by_prompt.values():
        learned.comparing.say(1, left, right, Verdict.LEFT, person("ann"))
        learned.comparing.say(1, right, left, Verdict.TIE, person("ben"))
    count = 2 * len(by_prompt)
    assert learned.taste.current() is None and learned.taste.decisions().pairs == count
    version = learned.taste._version_now()
    first_three = next(names[:3] for names in by_prompt.values() if len(names) > 2)
    learned.ranking.say(1, [[name] for name in first_three], person("ann"))
    count += 2  # ann had already compared one of its three pairs
    assert (learned.taste.decisions().pairs, learned.taste.decisions().rankings) == (count, 1)
    assert learned.taste._version_now() != version
    learned.taste.learn(person("ann"))
    learned.wait()
    learned.wait()
    newest = learned.taste.versions()[0]
    assert newest.version != first.version and newest.report.pairs == count
    assert newest.report.decisions == first.report.decisions and learned.taste.current() == newest.version
    learned.comparing.undo(1, person("ben"))
    assert learned.taste.current() is None


def test_features_that_decided_and_compared_candidates_lack_are_computed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(*prompts: int) -> pa.Table:
        return pa.table(
            {
                "round": [1] * len(prompts),
                "prompt_id": list(prompts),
                "k": [0] * len(prompts),
                "prompt_token_ids": [[1]] * len(prompts),
                "token_ids": [[prompt] for prompt in prompts],
            }
        )

    loads = []

    def loaded(*_: object) -> SimpleNamespace:
        loads.append(1)
        return SimpleNamespace(hidden_states=lambda pairs: np.array([[ids[0], 0] for _, ids in pairs], np.float32))

    def nothing(*_: object, **__: object) -> None: ...

    monkeypatch.setattr(work, "locate", nothing)
    monkeypatch.setattr(work, "placed", nothing)
    monkeypatch.setattr(making, "loaded", loaded)
    context: Any = SimpleNamespace(
        spool=SimpleNamespace(folder=Path("learn-1")),
        spec=SimpleNamespace(model=None),
        progress=nothing,
        start_counting=nothing,
        check_cancelled=nothing,
    )
    files = FeatureFiles(tmp_path, "model")
    work._embed_missing(context, files, [rows(7, 8), rows(8, 9), rows(5, 6)])
    names = [f"1.{prompt}.0" for prompt in (5, 6, 7, 8, 9)]
    assert files.of(names)[:, 0].tolist() == [5, 6, 7, 8, 9] and loads == [1]


def test_prompts_that_are_nearly_the_same_are_as_one(learned: Project) -> None:
    def table(**texts: str) -> pa.Table:
        return pa.table({"prompt_id": [int(name[1:]) for name in texts], "prompt": list(texts.values())})

    texts = {
        "p9": "Tell of a volcano that sings at night",
        "p3": "Describe the harbour of an old town",
        "p7": "Tell of the volcano that sings at night!",
        "p5": "What is 17 + 25?",
        "p8": "What is 17 + 26?",
    }
    alike = work._alike([table(**texts), table(p4="tell of volcano that sings at nihgt", p3=texts["p3"])])
    assert alike == {3: 3, 4: 4, 5: 5, 7: 4, 8: 8, 9: 4}
    assert work._prompts(pa.table({"prompt_id": [9, 3, 9, 8]}), alike).tolist() == [4, 3, 4, 8]
    assert work._alike([table(p9=texts["p9"]).drop(["prompt"])]) == {}, "of a job that an earlier version began"
    (job,) = [job for job in learned.jobs() if job.kind is JobKind.LEARN]
    given = pq.read_table(learned.folder / "spool" / job.job_id / "inputs" / "decided.parquet")
    prompts = {prompt.prompt_id: prompt.text for prompt in learned.prompts(Split.TRAIN)}
    assert given["prompt"].to_pylist() == [prompts[number] for number in given["prompt_id"].to_pylist()]


def test_a_backup_brings_what_was_learned_back(learned: Project, tmp_path: Path) -> None:
    (one,) = learned.taste.versions()
    learned.backup(tmp_path / "backup.zip")
    from rsf_core.store.backup import restore

    restore(tmp_path / "backup.zip", tmp_path / "restored")
    with Project.open(tmp_path / "restored") as restored:
        assert restored.taste.versions() == [one]
        assert (tmp_path / "restored" / tastes.FOLDER / f"{one.version}.json").is_file()
        assert restored.features.counts().embedded == 0


def test_a_version_that_is_not_there_is_refused_before_anything_is_started(complete: Project) -> None:
    with pytest.raises(ScorerError, match=r"nothing was learned as version 'ffffffff'.*rsf learn DIR"):
        registry.bounds('taste(version="ffffffff")')
    with pytest.raises(ScorerError, match="needs options"):
        registry.bounds("taste")


def test_where_it_and_the_rule_differ_is_shown_with_the_surest_first(learned: Project) -> None:
    (one,) = learned.taste.versions()
    accepted, rejected = learned.taste.disagreements(one.version, most=100)
    assert all(candidate.chance < 0.5 and candidate.rule_accepts for candidate in accepted)
    assert all(candidate.chance > 0.5 and not candidate.rule_accepts for candidate in rejected)
    assert [candidate.chance for candidate in accepted] == sorted(candidate.chance for candidate in accepted)
    assert [candidate.chance for candidate in rejected] == sorted(
        (candidate.chance for candidate in rejected), reverse=True
    )
    effective = {
        c.candidate_id: c.accepted for p in learned.prompts_in_round(1) for c in learned.candidates(p.prompt_id, 1)
    }
    assert all(effective[candidate.candidate_id] for candidate in accepted)


def test_features_of_the_round_are_kept_once_whatever_job_computed_them(learned: Project) -> None:
    rows = candidates(learned)
    ids = np.array([[int(part) for part in name.split(".")] for name, _ in rows])
    assert learned.features.has(1, place(ids[:, 1], ids[:, 2])).all()
    assert learned.features.start() is None
