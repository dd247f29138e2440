"""The score job computes missing scores, reports which scorer is being called, and ends if a scorer does not return."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from rsf_core.domain import JobState, Prompt
from rsf_core.domain.files import read_json, write_json
from rsf_core.jobs import calling, process, schemas
from rsf_core.jobs.spool import Spool, Status, now
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.jobs.units import prompts_table
from rsf_core.jobs.worker import work
from rsf_core.scorers import registry
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.seeding import add_candidates, add_scores, candidates

PLUGIN = """
import json, pathlib, time

class _Scorer:
    description = "A scorer of the tests"
    bounds = (0.0, 10.0)

class Watching(_Scorer):
    name = "watching"

    def score(self, batch):
        folder = pathlib.Path(FOLDER)
        (folder / "seen.txt").write_text(json.loads((folder / "status.json").read_text())["message"])
        return [1.0 for _ in batch]

class Sleeping(_Scorer):
    name = "sleeping"

    def score(self, batch):
        time.sleep(600)

class Holding(_Scorer):
    name = "holding"

    def score(self, batch):
        import ctypes
        ctypes.PyDLL(None).sleep(600)  # in C, and the interpreter is not given back

class Exiting(_Scorer):
    name = "exiting"

    def score(self, batch):
        import os
        os._exit(3)

class Failing(_Scorer):
    name = "failing"

    def score(self, batch):
        if any(scored.completion == "completion 1.2.1" for scored in batch):
            raise ValueError("no such word")
        return [1.0 for _ in batch]

class Leaving(_Scorer):
    name = "leaving"

    def score(self, batch):
        raise SystemExit(0)

class Wandering(_Scorer):
    name = "wandering"

    def score(self, batch):
        return [10.5 if scored.completion == "completion 1.2.1" else 10.0 for scored in batch]

class Saying(_Scorer):
    name = "saying"

    def score(self, batch):
        from rsf_core.scorers.base import NoScore
        return [NoScore("too short to say") if s.completion == "completion 1.2.1" else 1.0 for s in batch]

class Forking(_Scorer):
    name = "forking"

    def score(self, batch):
        import os
        os.fork()
        return [1.0 for _ in batch]

class Undecided(_Scorer):
    name = "undecided"

    def score(self, batch):
        return [float("nan") for _ in batch]

class Short(_Scorer):
    name = "short"

    def score(self, batch):
        return [1.0]
"""

Make = Callable[..., Path]


@pytest.fixture
def job(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes the folder of a score job over six candidates of two prompts, with the scorers of PLUGIN installed."""
    plugin = tmp_path / "plugin"
    info = plugin / "acme_hangs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-hangs\nVersion: 1.0\n")
    names = ("watching", "sleeping", "holding", "exiting", "failing", "leaving", "wandering", "undecided", "short",
             "saying", "forking")  # fmt: skip
    lines = "".join(f"{name} = acme_hangs:{name.title()}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{lines}")
    folder = tmp_path / "project" / "spool" / "r1-score-1"
    (plugin / "acme_hangs.py").write_text(PLUGIN.replace("FOLDER", repr(str(folder))))
    monkeypatch.syspath_prepend(str(plugin))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(plugin), *sys.path]))

    def made(*scorers: str, references: tuple[str | None, ...] = ("7", "8"), **spec: Any) -> Path:
        folder.parent.mkdir(parents=True, exist_ok=True)
        store_rows = store.candidates_to_score(1, scorers)
        prompts = [Prompt(i, f"What is {i}?", reference) for i, reference in enumerate(references, 1)]
        inputs = {"candidates": store_rows, "prompts": prompts_table(prompts), "siblings": store.siblings(1, [1, 2])}
        Spool.create(folder, specs.score(*scorers, **spec), inputs)
        return folder

    add_candidates(store, candidates(2, 3))
    registry._load.cache_clear()
    yield made
    registry._load.cache_clear()
    sys.modules.pop("acme_hangs", None)


def written(folder: Path) -> pa.Table:
    return pa.concat_tables(
        [Spool(folder).read_segment(path, schemas.SCORES)[1] for _, path in Spool(folder).segments()]
    )


def test_a_scorer_added_to_the_target_scores_every_candidate_once_and_nothing_else_is_scored_again(
    job: Make, store: Store
) -> None:
    add_scores(store, candidates(2, 3), {"words": 2.0, "ended": 1.0})
    folder = job("words", "ended", "length")
    assert work(folder) is JobState.DONE
    rows = written(folder)
    assert rows["scorer"].to_pylist() == ["length"] * 6
    assert sorted(rows["candidate_id"].to_pylist()) == [f"1.{prompt}.{k}" for prompt in (1, 2) for k in range(3)]
    assert store.commit_segment("r1-score-2", 0, "another", "scores", rows)
    assert store.candidates_to_score(1, ["words", "ended", "length"]).num_rows == 0
    assert store.round_scores(1).num_rows == 18


def test_each_candidate_is_scored_by_what_it_lacks_alone(job: Make, store: Store) -> None:
    rows = candidates(2, 3)
    add_scores(store, rows.slice(0, 2), {"words": 2.0}, "r1-score-8")
    add_scores(store, rows.slice(4), {"ended": 0.0}, "r1-score-9")
    missing = {
        row["candidate_id"]: row["missing"] for row in store.candidates_to_score(1, ["words", "ended"]).to_pylist()
    }
    assert missing == {
        "1.1.0": ["ended"], "1.1.1": ["ended"], "1.1.2": ["words", "ended"],
        "1.2.0": ["words", "ended"], "1.2.1": ["words"], "1.2.2": ["words"],
    }  # fmt: skip
    folder = job("words", "ended")
    assert work(folder) is JobState.DONE
    pairs = [(row["candidate_id"], row["scorer"]) for row in written(folder).to_pylist()]
    assert sorted(pairs) == sorted((candidate, scorer) for candidate, lacks in missing.items() for scorer in lacks)


def test_a_scorer_of_siblings_sees_those_that_were_scored_before_and_none_that_came_later(
    job: Make, store: Store
) -> None:
    """The completions are `completion 1.1.0` and so on; the first of a prompt is new, whatever comes after it."""
    add_scores(store, candidates(2, 3).slice(0, 2), {"novelty": 0.5})
    folder = job("novelty", "words")
    assert work(folder) is JobState.DONE
    novelty = {row["candidate_id"]: row["score"] for row in written(folder).to_pylist() if row["scorer"] == "novelty"}
    assert sorted(novelty) == ["1.1.2", "1.2.0", "1.2.1", "1.2.2"]
    assert novelty["1.2.0"] == 1.0 and all(0 <= novelty[name] < 1 for name in ("1.1.2", "1.2.1", "1.2.2"))


def test_a_job_of_the_version_before_scores_all_it_was_given(job: Make) -> None:
    folder = job("words")
    inputs = Spool(folder).input("candidates").drop_columns(["missing"])
    Spool.create(
        folder.with_name("r1-score-5"),
        Spool(folder).spec(),
        {"candidates": inputs, "prompts": Spool(folder).input("prompts")},
    )
    assert work(folder.with_name("r1-score-5")) is JobState.DONE
    assert written(folder.with_name("r1-score-5")).num_rows == 6


def test_a_project_with_two_rows_of_a_score_reads_one(store: Store) -> None:
    rows = candidates(1, 2)
    add_candidates(store, rows)
    add_scores(store, rows, {"words": 2.0}, "r1-score-1")
    add_scores(store, rows, {"words": 2.0}, "r1-score-2")
    assert store.round_scores(1)["score"].to_pylist() == [2.0, 2.0]
    assert store.round_counts(1).scored == 2
    assert store.score_column(1, "words", everywhere=True).tolist() == [2.0, 2.0]
    assert store.candidates_to_score(1, ["words"]).num_rows == 0


def test_the_status_names_the_scorer_and_its_candidates_before_it_is_called(job: Make) -> None:
    folder = job("watching")
    assert work(folder) is JobState.DONE
    assert (folder / "seen.txt").read_text() == "scoring 6 candidates (1.1.0 to 1.2.2) with 'watching'"
    assert calling.during(folder) == "" and calling.timed_out(folder) is None


@pytest.mark.parametrize("scorer", ["sleeping", "holding"])
def test_a_scorer_that_does_not_come_back_ends_its_job_by_name(job: Make, scorer: str) -> None:
    folder = job("words", scorer, timeout_seconds=1.0)
    ended = subprocess.run([sys.executable, "-m", "rsf_core.jobs", str(folder)], capture_output=True, timeout=120)
    assert ended.returncode == 1 and b"in score" in ended.stderr
    problem = calling.timed_out(folder) or ""
    assert f"the scorer '{scorer}' did not return within 1 s from 6 candidates (1.1.0 to 1.2.2)" in problem
    assert "raise score.timeout_seconds" in problem
    assert Spool(folder).status().message == f"scoring 6 candidates (1.1.0 to 1.2.2) with '{scorer}'"


def test_a_scorer_that_ends_the_process_is_named_and_is_no_time_out(job: Make) -> None:
    folder = job("exiting")
    ended = subprocess.run([sys.executable, "-m", "rsf_core.jobs", str(folder)], capture_output=True, timeout=120)
    assert ended.returncode == 3 and calling.timed_out(folder) is None
    assert calling.during(folder) == ", while the scorer 'exiting' was called on 6 candidates (1.1.0 to 1.2.2)"


@pytest.mark.parametrize(
    ("scorer", "reason", "others"),
    [
        ("failing", "ValueError: no such word", 1.0),
        ("wandering", "it returned 10.5, outside its bounds [0, 10]", 10.0),
        ("saying", "too short to say", 1.0),
    ],
)
def test_a_candidate_that_a_scorer_fails_on_has_no_score_and_the_others_have_theirs(
    job: Make, store: Store, scorer: str, reason: str, others: float
) -> None:
    folder = job("words", scorer)
    assert work(folder) is JobState.DONE
    rows = written(folder).filter(pc.equal(written(folder)["scorer"], scorer)).to_pylist()
    assert {row["candidate_id"]: (row["score"], row["reason"]) for row in rows} == {
        f"1.{p}.{k}": (None, reason) if (p, k) == (2, 1) else (others, None) for p in (1, 2) for k in range(3)
    }
    note = f"done. 1 candidate has no score of '{scorer}': {reason} (1.2.1)."
    assert Spool(folder).result().note == note

    assert store.commit_segment("r1-score-1", 0, "sha", "scores", written(folder))
    assert store.candidates_to_score(1, ["words", scorer]).num_rows == 0
    again = store.candidates_to_score(1, ["words", scorer], again=True)
    assert again.select(["candidate_id", "missing"]).to_pylist() == [{"candidate_id": "1.2.1", "missing": [scorer]}]
    assert store.round_scores(1, ["words"])["candidate_id"].to_pylist().count("1.2.1") == 1
    assert "1.2.1" not in store.round_scores(1, ["words", scorer])["candidate_id"].to_pylist()


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("undecided", "it returned nan: a score must be a finite number (1.1.0)"),
        ("leaving", "SystemExit: 0 (1.1.0)"),
    ],
)
def test_a_scorer_that_fails_on_most_stops_the_job_with_its_reasons_and_leaves_nothing(
    job: Make, scorer: str, message: str
) -> None:
    folder = job("words", scorer)
    assert work(folder) is JobState.FAILED
    assert (
        Spool(folder)
        .status()
        .message.startswith(
            f"the scorer '{scorer}' has no score for 6 of 6 candidates, which is most: {message}. Fix it, or take it out"
        )
    )
    assert not list(Spool(folder).segments())


def test_what_is_no_list_of_scores_fails_the_job_by_name(job: Make) -> None:
    folder = job("words", "short")
    assert work(folder) is JobState.FAILED
    assert Spool(folder).status().message == "the scorer 'short' returned 1 scores for 6 completions"


def test_a_process_that_a_scorer_forks_is_not_the_job(job: Make) -> None:
    folder = job("forking")
    ended = subprocess.run([sys.executable, "-m", "rsf_core.jobs", str(folder)], capture_output=True, timeout=120)
    assert ended.returncode == 0 and Spool(folder).status().state is JobState.DONE
    assert written(folder)["score"].to_pylist() == [1.0] * 6


def test_a_score_stored_outside_the_bounds_of_its_scorer_stays_and_is_not_scored_again(store: Store) -> None:
    rows = candidates(1, 2)
    add_candidates(store, rows)
    add_scores(store, rows, {"sentiment": 7.0})
    assert store.candidates_to_score(1, ["sentiment"]).num_rows == 0
    assert store.score_column(1, "sentiment", everywhere=True).tolist() == [7.0, 7.0]


def test_every_prompt_whose_reference_cannot_be_read_is_named_before_anything_is_scored(job: Make) -> None:
    folder = job("words", "numeric_match", references=("many", None))
    assert work(folder) is JobState.FAILED
    assert not list(Spool(folder).segments())
    message = Spool(folder).status().message
    assert message.startswith(
        "2 of 2 prompts have a reference that a scorer cannot read: prompt 1: 'numeric_match' needs a"
    )
    assert (
        "not 'many'; prompt 2: 'numeric_match'" in message and "Edit these prompts' references, retire them" in message
    )


@pytest.mark.parametrize(("over", "state"), [(5.0, JobState.FAILED), (-500.0, JobState.RUNNING)])
def test_a_time_out_fails_the_job_and_another_death_starts_it_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: float, state: JobState
) -> None:
    class Dead:
        returncode = 1

        def wait(self, timeout: float | None = None) -> int:
            return 1

        def poll(self) -> int:
            return 1

    def spawn(folder: Path) -> Dead:
        call = {"scorer": "slow", "first": "1.1.0", "last": "1.1.0", "count": 1, "seconds": 60.0}
        write_json(folder / "calling.json", call | {"until": now() - over})
        Spool(folder).write_status(Status(JobState.RUNNING, "scoring"))
        return Dead()

    monkeypatch.setattr(process, "spawn", spawn)
    monkeypatch.setattr(process, "is_alive", lambda folder: False)
    (tmp_path / "spool").mkdir()
    supervisor = JobSupervisor(store, tmp_path / "spool")
    job_id = supervisor.submit(specs.score("slow"), {"candidates": NO_CANDIDATES})
    supervisor.tick()
    supervisor.tick()
    job = store.job(job_id)
    assert job.state is state and "the scorer 'slow'" in job.message, job.message
    assert ("did not return within 60 s from candidate 1.1.0" in job.message) is (state is JobState.FAILED)


NO_CANDIDATES = pa.table({"candidate_id": pa.array([], pa.string()), "prompt_id": pa.array([], pa.int32())})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"scorer": "x"}', "null"])
def test_a_damaged_note_of_who_is_called_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "calling.json").write_text(content)
    assert calling.timed_out(tmp_path) is None and calling.during(tmp_path) == ""
    calling.forget(tmp_path)
    calling.forget(tmp_path)
    assert read_json(tmp_path / "calling.json") is None
