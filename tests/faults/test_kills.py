"""Owner and job killed again and again, in every stage of several rounds: acknowledged acts are kept, nothing is there
twice, and the project opens at once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from rsf_core.domain import JobKind, JobState
from rsf_core.domain.files import read_json
from rsf_core.jobs import process
from rsf_core.jobs.supervisor import RESTARTS
from rsf_core.project import Project
from rsf_core.rounds.stages import complete
from tests.support.faults import owner, quick_work, stand_in
from tests.support.faults.share import WHOLE
from tests.support.waiting import until

KILLS = int(os.environ.get("RSF_KILLS", 200 if WHOLE else 6))
OPENING_SECONDS = 1.0  # processor time


# The killed owners are separate processes, forked from one that has already imported the product: two seconds of imports per
# owner would be the largest cost of a kill.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.faults.owner"])


class Owner:
    """A process that owns the project, and the messages it has sent."""

    def __init__(self, folder: Path, interpreter: Path, rounds: int) -> None:
        heard, to = FORKS.Pipe(duplex=False)
        self._folder = folder
        self.process = FORKS.Process(target=owner.own, args=(str(folder), str(interpreter), rounds, to))
        self.process.start()
        to.close()
        self.openings: list[tuple[float, float]] = []  # processor seconds, and seconds by the clock
        self.acts: list[str] = []
        self.failed: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(heard,), daemon=True)
        self._reader.start()

    def _read(self, heard: Connection) -> None:
        with heard, os.fdopen(os.dup(heard.fileno())) as lines:
            for line in lines:
                if line.endswith("\n"):
                    what, _, rest = line.strip().partition(" ")
                    if what == "open":
                        processor, clock = map(float, rest.split())
                        self.openings.append((processor, clock))
                    elif what == "said":
                        self.acts.append(rest)
                    elif what == "failed":
                        self.failed.append(rest)

    @property
    def ended(self) -> bool:
        return self.process.exitcode is not None

    def is_ready(self) -> bool:
        """Whether the project is open, or the process has ended."""
        return bool(self.openings) or self.ended

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def wait(self) -> None:
        try:
            until(lambda: self.ended, 280)
        except AssertionError:
            self._say_what_it_does()
            raise
        self._reader.join(30)

    def _say_what_it_does(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGUSR1)
        time.sleep(1)
        self.process.kill()
        self.process.join(30)
        print(Path(f"{self._folder}.stacks").read_text(), self.failed[-5:])
        with Project.open(self._folder) as project:
            print(project.current_round, *project.stages(), sep="\n")
            for job in project.jobs()[-6:]:
                print(job.job_id, *project.store.job_events(job.job_id), sep="\n  ")


def at_work(folder: Path, mine: Owner) -> bool:
    """Whether a job runs, or the owner has ended."""
    return mine.ended or any(process.is_alive(job) for job in (folder / "spool").iterdir())


def running(folder: Path) -> list[int]:
    """The pids of the job processes of a project."""
    pids = []
    for other in psutil.process_iter():
        try:
            if other.environ().get(process.FOLDER, "").startswith(os.path.realpath(folder) + os.sep):
                pids.append(other.pid)
        except psutil.Error:
            continue
    return pids


@pytest.mark.timeout(5400 if WHOLE else 300)
def test_whatever_is_killed_nothing_acknowledged_is_lost_and_nothing_is_there_twice(
    tmp_path: Path, small_task: Path
) -> None:
    folder, chance = tmp_path / "project", random.Random(1)
    with Project.create(folder, str(small_task), "quick", seed=7) as project:
        project.set("target.reference", "proposal")  # otherwise the second round would load the base for scoring
    interpreter = stand_in.interpreter(tmp_path, quick_work)
    acts: list[str] = []
    openings: list[tuple[float, float]] = []
    kills: dict[str, int] = {}
    stages: dict[str, int] = {}
    rounds = 1
    mine = Owner(folder, interpreter, rounds)
    try:
        while sum(kills.values()) < KILLS:
            until(mine.is_ready)
            if mine.ended:  # all rounds are complete, so another one starts
                mine.wait()
                acts, openings, rounds = acts + mine.acts, openings + mine.openings, rounds + 1
                mine = Owner(folder, interpreter, rounds)
                continue
            what = chance.choice(["owner", "job", "both"])
            if what != "owner":
                until(partial(at_work, folder, mine))
            time.sleep(chance.uniform(0.0, 1.5))
            jobs = running(folder)
            if what == "job" and not jobs:
                continue  # the job has ended meanwhile
            for stage in {_stage(folder, pid) for pid in jobs}:
                stages[stage] = stages.get(stage, 0) + 1
            if what in ("owner", "both"):
                mine.kill()
                acts += mine.acts
                openings += mine.openings
            if what in ("job", "both"):
                for pid in jobs:
                    _kill(pid)
            kills[what] = kills.get(what, 0) + 1
            if what in ("owner", "both"):
                mine = Owner(folder, interpreter, rounds)
        mine.wait()
        assert mine.process.exitcode == 0
        acts += mine.acts
        openings += mine.openings
    finally:
        mine.kill()
        for pid in running(folder):
            _kill(pid)
    assert stages, "no job was there to be killed"
    assert stages.keys() >= {*quick_work.WORK} or not WHOLE
    processor, clock = (max(seconds) for seconds in zip(*openings, strict=True))
    print(
        f"{kills} in {stages} over {rounds} rounds; {len(acts)} acts; opened {len(openings)} times in at most "
        f"{processor:.2f} s of the processor, {clock:.2f} s; load {os.getloadavg()}"
    )
    expect_whole(folder, acts, rounds)
    assert processor <= OPENING_SECONDS


def expect_whole(folder: Path, acts: list[str], rounds: int) -> None:
    with Project.open(folder) as project:
        kept = {row.uid for row in project.store.overrides()}
        assert acts and set(acts) <= kept
        cursor = project.store._db._cursor()
        for table, key in (
            ("candidates", "candidate_id"),
            ("scores", "candidate_id, scorer"),
            ("evaluation_samples", "evaluation_key, model_id, prompt_id, k"),
            ("overrides", "uid"),
            ("models", "model_id"),
            ("segments", "job_id, unit"),
            ("metrics", "job_id, step, name"),
        ):
            twice = cursor.execute(f"SELECT {key}, count(*) FROM {table} GROUP BY ALL HAVING count(*) > 1").fetchall()
            assert twice == [], table
        assert len(project.rounds()) == rounds
        for round_record in project.rounds():
            assert complete(project.stages(round_record.round))
            counts = project.counts(round_record.round)
            assert (counts.candidates, counts.decided) == (32, 32)
        jobs = project.jobs()
        done = [job.kind for job in jobs if job.state is JobState.DONE]
        assert min(done.count(JobKind.GENERATE), done.count(JobKind.FINETUNE)) >= rounds
        # A job killed for the third time after its last unit stays failed; its stage has all its rows.
        broken_off = [(job.kind, job.state, job.message) for job in jobs if job.state is not JobState.DONE]
        for _, state, message in broken_off:
            assert state is JobState.FAILED and message.endswith(f"started again {RESTARTS} times"), broken_off


def _stage(folder: Path, pid: int) -> str:
    """The stage that the job process works on."""
    for job in (folder / "spool").iterdir():
        if (read_json(job / "process.json") or {}).get("pid") == pid:
            return job.name.split("-")[1]
    return "starting"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
