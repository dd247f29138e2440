"""Measures the gain of the bundled tasks: each task's procedure replicated, and three rounds of its first seed, a JSON line
each in docs/results/tasks.jsonl. Results in that file are not measured again; interrupted runs continue.

python -m tests.measurements [--task NAME] [--seeds 3] [--rounds 3] [--work FOLDER] [--results FILE] [--table]
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from rsf_core.cli.job_progress import follow
from rsf_core.cli.terminal import of_gain, of_interval
from rsf_core.domain.access import person
from rsf_core.domain.words import SHARES, number, seconds
from rsf_core.evaluation.gauges import UNRELATED
from rsf_core.project import Project
from rsf_core.project.client import OwnConnection
from rsf_core.project.replicating import replicate
from rsf_core.prompts import tasks
from rsf_core.rounds import replicates
from rsf_core.rounds.replicates import Gain, Procedure, Replicate, RoundResult

SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=tasks.names(), action="append", help="one of them; all without it")
    parser.add_argument("--seeds", type=int, default=3, help="how many times round 1 is run")
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds of the first seed")
    parser.add_argument("--work", type=Path, default=Path("build/measurements"), help="where the projects are")
    parser.add_argument("--results", type=Path, default=Path("docs/results/tasks.jsonl"))
    parser.add_argument("--table", action="store_true", help="print what is measured, as Markdown, and run nothing")
    options = parser.parse_args()
    if options.table:
        print("\n".join(table(replicates.read(options.results))))
        return
    for task in options.task or tasks.names():
        measure(task, options.seeds, options.rounds, options.work, options.results)


def measure(task: str, seeds: int, rounds: int, work: Path, results: Path, model: str | None = None) -> None:
    """Measure one task, and remove its projects once all results are in the file: their models are large."""
    folder = work / Path(task).name
    results.parent.mkdir(parents=True, exist_ok=True)
    known = replicates.read(results)
    if not folder.exists() and len([one for one in known if one.task == Path(task).name]) >= seeds + (rounds > 1):
        return
    if not (folder / "project.toml").exists():
        Project.create(folder, task, model, what="measurements", seed=SEED).close()
    done = {one.key for one in known}
    for asked, count in ((seeds, 1), (1, rounds)):
        for one in replicate(folder, asked, count, person("measurements"), _wait, open_sealed=True, begins=_begin):
            if one.key not in done:
                replicates.append(results, one)
                done.add(one.key)
            print(
                f"{one.task}, replicate {one.replicate}, round {one.rounds}: {of_gain(one.gain, one.metric)}",
                flush=True,
            )
    shutil.rmtree(folder)


def _wait(connection: OwnConnection) -> None:
    follow(connection, quiet=False)  # Ctrl-C cancels the job; what is finished is kept


def _begin(number: int, seed: int, left: float | None) -> None:
    print(
        f"replicate {number} (seed {seed})" + ("" if left is None else f", {seconds(left)} left of these"), flush=True
    )


def table(runs: Iterable[Replicate]) -> list[str]:
    """Markdown rows: one for each replicate of round 1, one for the procedure if it ran more than once, and one for each round
    of the longer run."""
    columns = [
        *("task", "run", "reward / pass@1 %", "gain over the base", "random control over the base", "sealed gain"),
        *("accepted %", "truncated %", "distinct-2 %", "KL to base, nats", "forgotten, nats a token (control)"),
    ]
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    by_task: dict[str, list[Replicate]] = {}
    for one in runs:
        by_task.setdefault(one.task, []).append(one)
    for task, mine in sorted(by_task.items()):
        first = [one for one in mine if one.rounds == 1]
        rows += [_row(task, f"seed {one.replicate}, round 1", one, one.sealed) for one in first]
        rows += [_of_procedure(task, procedure) for procedure in replicates.procedures(first) if procedure.runs > 1]
        longer = [one for one in mine if one.rounds > 1]
        rows += [
            _row(task, f"seed {one.replicate}, round {r.round}", r) for one in longer for r in (*one.earlier[1:], one)
        ]
    return rows


def _row(task: str, run: str, result: RoundResult, sealed: Gain | None = None) -> str:
    shares = (  # words alone have no distinct pairs
        number(result.tuned[name], name) if name in result.tuned else "–" for name in ("truncated", "distinct-2")
    )
    values = (
        *(task, run, number(result.tuned[result.metric], result.metric)),
        *(of_gain(gain, result.metric) for gain in (result.gain, result.control, sealed)),
        *(number(result.acceptance_rate, SHARES[0]), *shares, f"{result.kl:.2f}", _forgotten(result)),
    )
    return _line(values)


def _forgotten(result: RoundResult) -> str:
    """The forgetting on unrelated prompts, of the tuned model and of its random control."""
    lost = (of[UNRELATED].value if UNRELATED in of else None for of in (result.forgotten, result.forgotten_control))
    tuned, control = ("–" if value is None else f"{value:.3f}" for value in lost)
    return f"{tuned} ({control})"


def _of_procedure(task: str, procedure: Procedure) -> str:
    gains = (of_interval(gain, procedure.metric) for gain in (procedure.gain, procedure.control, procedure.sealed))
    return _line((task, f"another run ({procedure.runs} seeds)", "", *gains, "", "", "", "", ""))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
