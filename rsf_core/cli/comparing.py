"""The commands that compare models on held-out prompts: evaluate, control, replicate, sealed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.job_progress import follow
from rsf_core.cli.output import err, say
from rsf_core.cli.terminal import comparison_table, replicate_line, replicates_table, sealed_text
from rsf_core.domain import Control
from rsf_core.domain.access import person
from rsf_core.domain.words import seconds
from rsf_core.project import replicating
from rsf_core.project.client import connect
from rsf_core.rounds import replicates


def evaluate(folder: Folder, as_json: Json = False) -> None:
    """Compare the models on the held-out prompts."""
    with connect(folder, "rsf evaluate") as connection:
        connection.call("evaluate")
        follow(connection, as_json)
        comparisons = connection.call("comparisons")
    say({"comparisons": comparisons}, as_json, lambda: comparison_table(comparisons))


def control(
    folder: Folder,
    round_number: Annotated[int | None, typer.Option("--round", help="The round; the newest by default.")] = None,
    kind: Annotated[
        Control,
        typer.Option(help="random: among all that was drawn; constraints: among what passes the constraints alone."),
    ] = Control.RANDOM,
    as_json: Json = False,
) -> None:
    """Fine-tune on a random selection of the same size: what selection gained over it."""
    with connect(folder, "rsf control") as connection:
        connection.call("train_control", {"author": who(), "round_number": round_number, "control": kind})
        follow(connection, as_json)
        comparisons = connection.call("comparisons")
    say({"comparisons": comparisons}, as_json, lambda: comparison_table(comparisons))


def replicate(
    folder: Folder,
    seeds: Annotated[int, typer.Option(min=1, help="Number of runs of the procedure, each with its own seed.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds in each run.")] = 1,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the runs and their results; DIR/replicates by default.")
    ] = None,
    delete_models: Annotated[
        bool,
        typer.Option(
            "--delete-models", help="Delete a run's tuned models once its results are written: they are large."
        ),
    ] = False,
    open_sealed: Annotated[
        bool,
        typer.Option(
            "--sealed",
            help="Open each run's sealed prompts at its end. Whoever sees the figures has then looked at "
            "these prompts.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the procedure of DIR again with other seeds, each in its own project, to estimate what another run would gain.
    Complete runs are not repeated, and DIR itself stays as it is."""
    results = []
    begins = partial(_begin_replicate, seeds, as_json)
    for one in replicating.replicate(
        folder,
        seeds,
        rounds,
        person(who()),
        lambda connection: follow(connection, as_json),
        out=out_folder,
        delete_models=delete_models,
        open_sealed=open_sealed,
        begins=begins,
    ):
        results.append(one)
        if not as_json:
            err.print(f"[green]✓[/] {replicate_line(one)}")
    procedure = replicates.procedure(results)
    say({"replicates": results, "procedure": procedure}, as_json, lambda: replicates_table(results, procedure))


def _begin_replicate(seeds: int, quiet: bool, number: int, seed: int, left: float | None) -> None:
    if not quiet:
        remaining = "" if left is None else f", about {seconds(left)} left for all"
        err.print(f"replicate [bold]{number}[/] of {seeds} (seed {seed}){remaining}", highlight=False)


def sealed(
    folder: Folder,
    open_them: Annotated[
        bool, typer.Option("--open", help="Open them, once: compare the chosen model, and record that permanently.")
    ] = False,
    model_id: Annotated[
        str | None, typer.Option("--model", help="The model; by default the one that would draw the next round.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show or open the sealed prompts, for which nothing is drawn until then: they give the figure to publish."""
    with connect(folder, "rsf sealed") as connection:
        if open_them:
            connection.call("open_sealed", {"author": who(), "model_id": model_id})
            follow(connection, as_json)
        report = connection.call("sealed")
    say(report, as_json, lambda: sealed_text(report))
