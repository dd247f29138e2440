"""Running a procedure again: each replicate in a project of its own, from the draw to the comparison with its control.

Complete replicates are not run again. An interrupted one continues as a project does: finished units, checkpoints and models
are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rsf_core.domain import JobState, Split, settings_file
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import NotAProjectError, ReplicateError
from rsf_core.domain.files import writable
from rsf_core.project import Project
from rsf_core.project.client import OwnConnection, connect
from rsf_core.project.commands import execute
from rsf_core.project.owner import OwnerLock
from rsf_core.prompts import PromptRow
from rsf_core.rounds import stages
from rsf_core.rounds.replicates import FOLDER, RESULTS, Gain, Replicate, Template, append, read, round_result
from rsf_core.rounds.state import BASE_ID
from rsf_core.sampling.streams import child_seed
from rsf_core.store.database import utc_now

WHAT = "rsf replicate"
Follow = Callable[[OwnConnection], None]


def template_of(folder: Path) -> Template:
    """The template from which the replicates of a project are made; the project is only read."""
    with connect(folder, WHAT) as connection:
        template = connection.call("replicate_template")
    prompts = tuple((*prompt[:4], tuple(prompt[4])) for prompt in template["prompts"])
    return Template(template["settings"], prompts, template["seed"], template["version"], template["digest"])


def replicate(
    folder: Path,
    seeds: int,
    rounds: int,
    author: Actor,
    follow: Follow,
    *,
    out: Path | None = None,
    delete_models: bool = False,
    open_sealed: bool = False,
    begins: Callable[[int, int, float | None], None] = lambda number, seed, left: None,
) -> Iterator[Replicate]:
    """Yields the replicates 1 to `seeds` of `rounds` rounds each, with their random controls, as each is complete.

    They lie in `out`, by default the project's own folder of replicates, beside a results file with one line for each.
    `follow` waits for the jobs of a replicate and raises JobError if one did not end well; `begins` is called with the
    number, the seed and the seconds left (None: not known yet) before a replicate is run. With `open_sealed`, each opens its
    sealed prompts for its last model: nothing in the run depends on them, but whoever sees the figures has looked at these
    prompts. With `delete_models`, the files of a replicate's tuned models are deleted once its line is written: it cannot
    continue with more rounds then. Raises ReplicateError if the project has no held-out prompts, or a replicate's project was
    changed by hand; ProjectLockedError if another process uses it.
    """
    if min(seeds, rounds) < 1:
        raise ReplicateError(f"{seeds} seeds of {rounds} rounds make no replicate: give at least 1 of each")
    made_from = template_of(folder)
    if all(split != Split.HELD_OUT for _, _, _, split, _ in made_from.prompts):
        raise ReplicateError("there are no held-out prompts, so no replicate could be compared: add some first")
    home = (out or folder / FOLDER).absolute()
    if (home / settings_file.NAME).exists():
        raise NotAProjectError(f"{home} is a project: choose a folder of its own for the replicates")
    with writable(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = OwnerLock(home, WHAT)
    try:
        known = {one.key: one for one in read(home / RESULTS)}
        keys = [(made_from.digest, rounds, number) for number in range(1, seeds + 1)]
        for at, key in enumerate(keys):
            if key not in known:
                number, seed = key[2], child_seed(made_from.seed, f"replicate {key[2]}")
                begins(number, seed, _left([known[k] for k in keys if k in known], keys[at:], known))
                with _project_of(home / f"{made_from.digest}-{number}", made_from, seed) as connection:
                    _run(connection, rounds, author, follow)
                    if open_sealed:
                        _open_sealed(connection, author, follow)
                    known[key] = _result(connection.project, made_from, number, rounds)
                    append(home / RESULTS, known[key])
                    if delete_models:
                        _delete_models(connection.project, author)
            yield known[key]
    finally:
        lock.release()


def _left(
    done: list[Replicate], keys: list[tuple[str, int, int]], known: dict[tuple[str, int, int], Replicate]
) -> float | None:
    """The seconds left, estimated from the complete replicates."""
    if not done:
        return None
    each = sum(one.seconds + sum(r.seconds for r in one.earlier) for one in done) / len(done)
    return each * sum(key not in known for key in keys)


@contextmanager
def _project_of(folder: Path, made_from: Template, seed: int) -> Iterator[OwnConnection]:
    """The project of a replicate, created if it does not exist or is incomplete; other processes can connect to it."""
    if settings_file.is_new(folder):
        rows = [
            PromptRow(text, reference, system, Split(split), earlier=earlier)
            for text, system, reference, split, earlier in made_from.prompts
        ]
        settings = made_from.settings | {"seed": seed}
        project = Project.make(folder, settings, rows, f"replicate of {made_from.digest}", WHAT)
    else:
        project = Project.open(folder, WHAT)
    with OwnConnection(project) as connection:
        template = project.replicate_template()
        if (template.digest, template.seed) != (made_from.digest, seed):
            raise ReplicateError(
                f"{folder} was changed since it was made: it is no longer a replicate. Move it away and run the command again"
            )
        project.serve(lambda name, arguments: execute(project, name, arguments))
        yield connection


def _run(connection: OwnConnection, last_round: int, author: Actor, follow: Follow) -> None:
    """Continue from the project's current state until `last_round` and the random control of each round are compared."""
    project = connection.project
    follow(connection)  # jobs that the previous owner left running, or that start when the project is opened
    while True:
        if not stages.complete(project.stages()):
            project.advance(author)
        elif not connection.call("has_control"):
            project.train_control(author)
        elif project.current_round < last_round:
            project.advance(author)
        else:
            return
        follow(connection)


def _open_sealed(connection: OwnConnection, author: Actor, follow: Follow) -> None:
    """Open the sealed prompts for the newest tuned model, if there are any that were not opened; an interrupted comparison
    continues."""
    project = connection.project
    tuned, job = project.tuned_model(), project.sealed_job()
    if tuned is not None and project.prompts(Split.SEALED) and (job is None or job.state is not JobState.DONE):
        project.open_sealed(author, tuned.model_id)
        follow(connection)


def _result(project: Project, made_from: Template, number: int, rounds: int) -> Replicate:
    """The line of a replicate. Raises ReplicateError if a round was not compared."""
    results = []
    for round_number in range(1, rounds + 1):
        comparison = project.comparison(round_number)
        if comparison is None or not comparison.together.get("tuned"):
            raise ReplicateError(
                f"round {round_number} of {project.folder} could not be compared on its held-out prompts: open it with "
                f"`rsf app {project.folder}` and see why"
            )
        results.append(round_result(project.store, comparison))
    settings, opening, on_sealed = project.settings, project.sealed_opening(), project.sealed_comparison()
    sealed = None  # also if no completion on the sealed prompts has a score
    if opening is not None and on_sealed is not None and opening.round == rounds and on_sealed.together.get("tuned"):
        sealed = Gain.of(on_sealed.gain_over_base[on_sealed.headline], by_prompt=on_sealed.together["tuned"])
    return Replicate(
        **dict(results[-1]),
        earlier=tuple(results[:-1]),
        task=settings.task,
        model=settings.model,
        version=made_from.version,
        procedure=made_from.digest,
        replicate=number,
        rounds=rounds,
        seed=settings.seed,
        finished_at=utc_now(),
        sealed=sealed,
    )


def _delete_models(project: Project, author: Actor) -> None:
    """Delete the files of all tuned models; their candidates and results stay."""
    gone = project.store.deleted_models()
    for model in project.models():
        if model.model_id != BASE_ID and model.model_id not in gone:
            # First: half-deleted files must not look whole.
            project.store.add_model_deletion(model.model_id, author.name)
            shutil.rmtree(project.folder / model.folder, ignore_errors=False)
