"""Makes the project that this release leaves to later ones: see kept_projects.py.

    python -m tests.support.make_kept_project NAME     from the top of the tree of the release, e.g. NAME = baseline-19

It has two rounds with everything that people do to candidates, a control, and a third round whose job was drawing when owner
and job were killed. Run it with the code of the release; tests/project/test_kept_projects.py opens the result with the
current code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rsf_core.domain import Act, Action, ActKind, Scope
from rsf_core.domain.access import person
from rsf_core.jobs import process
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.store.records import CandidateRecord
from tests.support import small_task, tiny_models
from tests.support.kept_projects import BASE, BASE_FOLDER, FOLDER, JOB, shown
from tests.support.waiting import until

PER_PROMPT = 16  # two prompts make a unit, so that round 3 has several
TREE = Path(__file__).parents[2]


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary).resolve()
        os.environ |= {"HOME": str(top / "home"), "HF_HUB_OFFLINE": "1"}  # before a job is started
        tiny_models.build(top / BASE_FOLDER)
        task = small_task.write(top / "task")
        with Project.create(top / "project", str(task), BASE, seed=7) as project:
            first_round(project)
            second_round(project)
            expected = shown(project, rounds=2) | {"next_proposal": project.next_proposal()}
            settle(project)
        subprocess.run([sys.executable, "-m", __spec__.name, "--die", str(top / "project")], cwd=TREE, check=False)
        expected["running"] = drawn_so_far(top / "project")
        tidy(top / "project")
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        with tarfile.open(FOLDER / f"{name}.tar.xz", "w:xz", preset=9) as archive:
            for part in (BASE_FOLDER, "project"):
                archive.add(top / part, part, filter=anonymous)


def first_round(project: Project) -> None:
    """Draw and score the round, choose M by hand twice, let two people decide, and train, with its random control."""
    project.set("target.rewards", "{ sentiment = 1.0, words = 0.3 }")
    project.set("train.learning_rate", "0.03")  # so that something differs
    project.generate()
    project.wait()
    threshold = project.threshold()
    assert threshold is not None
    project.set_threshold(threshold.log_m + 0.1, Scope.PROMPT, author=person("ann"))
    project.set_threshold(threshold.log_m - 0.2, Scope.PROMPT, author=person("ben"), reason="more of them")
    project.undo_threshold(author=person("ann"))
    people(project, 1)
    project.train(person("ann"))
    project.wait()
    project.train_control(person("ann"))
    project.wait()
    ballot = project.lineage.ballot("base", "m1-1", person("ann"))
    for key, preferred in zip(ballot.left, ("m1-1", "", "base"), strict=False):
        project.lineage.vote(ballot, key, preferred, person("ann"))


def second_round(project: Project) -> None:
    """Draw from the tuned model, at another rate, after a prompt was edited and another retired; people override few
    decisions of the rule."""
    project.edit_prompt(2, PromptRow("Review three jazz records."), person("ben"))
    project.retire_prompts([7], person("ann"))
    project.set("accept.rate", "0.4")
    project.draw_next_round()
    project.wait()
    people(project, 2)
    project.train(person("ben"))
    project.wait()


def people(project: Project, number: int) -> None:
    """People's acts on a round's candidates: accept, reject, back to automatic, undo, redo, two who disagree and one who
    settles it, an edit, a note, a flag, tags."""
    candidates = [
        c for prompt in project.prompts_in_round(number) for c in project.candidates(prompt.prompt_id, number)
    ]
    accepted = [c for c in candidates if c.accepted]
    others = [c for c in candidates if not c.accepted]
    done = 0

    def say(reviewer: str, kind: ActKind, *names: CandidateRecord, **what: Any) -> None:
        nonlocal done
        done += 1
        ids = tuple(candidate.candidate_id for candidate in names)
        (outcome,) = project.review.say(number, person(reviewer), [Act(f"{number}-{done}", kind, ids, **what)])
        assert outcome.refused is None, outcome.refused

    say("ann", ActKind.DECIDE, accepted[0], action=Action.REJECT)
    say("ann", ActKind.DECIDE, others[0], action=Action.ACCEPT)
    say("ann", ActKind.DECIDE, accepted[1], action=Action.REJECT)
    say("ann", ActKind.DECIDE, accepted[1], action=Action.AUTO)
    say("ben", ActKind.DECIDE, accepted[2], action=Action.REJECT)
    say("ben", ActKind.UNDO)
    say("ben", ActKind.DECIDE, others[1], action=Action.ACCEPT)
    say("ben", ActKind.UNDO)
    say("ben", ActKind.REDO)
    say("ann", ActKind.DECIDE, accepted[3], action=Action.ACCEPT)
    say("ben", ActKind.DECIDE, accepted[3], action=Action.REJECT)
    say("ann", ActKind.ADJUDICATE, accepted[3], action=Action.REJECT)
    say("ann", ActKind.EDIT, accepted[4], value="A kettle that sings. I love it.")
    say("ben", ActKind.NOTE, accepted[4], value="corrected by hand")
    say("ben", ActKind.FLAG, others[0], value="1")
    say("ann", ActKind.TAGS, accepted[5], value="odd, short")
    say("ann", ActKind.NOTE, others[2], value="taken back")
    say("ann", ActKind.UNDO)
    if number == 1:
        project.override(accepted[6].candidate_id, Action.REJECT, person("ben"))
        project.undo(1, person("ben"))


def settle(project: Project) -> None:
    """Let round 3 draw so slowly that it can be killed in the middle; the write-ahead log is checkpointed first."""
    project.set("generate.candidates", str(PER_PROMPT))
    project.set("generate.batch_size", "1")
    project.store.checkpoint()


def die(folder: Path) -> None:
    """Open round 3 and draw, save only the first segment, and be killed together with the job."""
    project = Project.open(folder, "rsf app")
    job_id = project.draw_next_round()
    spool = folder / "spool" / job_id
    assert job_id == JOB

    def segments() -> int:
        return len(list(spool.glob("*.parquet")))

    until(segments)
    worker = int(json.loads((spool / "process.json").read_text())["pid"])
    os.kill(worker, signal.SIGSTOP)
    until(lambda: project.store.committed_units(job_id))
    project.supervisor.stop()
    os.kill(worker, signal.SIGCONT)
    before = segments()
    until(lambda: segments() > before)
    process.kill(spool)
    os.kill(os.getpid(), signal.SIGKILL)


def drawn_so_far(folder: Path) -> dict[str, Any]:
    """What the job had finished, from its segments: these candidates must not be drawn again."""
    spool = folder / "spool" / JOB
    assert json.loads((spool / "status.json").read_text())["state"] == "running"
    assert (folder / "rsf.duckdb.wal").stat().st_size > 0  # the owner's last writes have to be replayed
    paths = sorted(spool.glob("*.parquet"))
    rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
    assert len(paths) >= 2 and len(rows) < PER_PROMPT * 7
    kept = ("completion", "log_q", "log_model", "u", "finish")
    return {
        "segments": [path.name for path in paths],
        "candidates": {row["candidate_id"]: {name: row[name] for name in kept} for row in rows},
    }


def tidy(folder: Path) -> None:
    """Remove the logs of the jobs, which are not part of the project."""
    for log in (folder / "spool").glob("*/log.txt"):
        log.write_text("")


def anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


if __name__ == "__main__":
    if sys.argv[1] == "--die":
        die(Path(sys.argv[2]))
    else:
        main(sys.argv[1])
