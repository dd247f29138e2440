"""`rsf run` and the commands of one stage: draw, score, freeze, fine-tune, and override decisions in between."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.job_progress import await_next, follow
from rsf_core.cli.output import err, escape, say
from rsf_core.cli.terminal import agreement_words, comparison_table, status_panel, until_line
from rsf_core.domain import Action, Control
from rsf_core.domain.errors import StageError
from rsf_core.domain.words import plural
from rsf_core.project.client import connect
from rsf_core.rounds.drive import last_round


def run(
    folder: Folder,
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds to complete.")] = 1,
    control: Annotated[bool, typer.Option("--control", help="Also train the random control of each round.")] = False,
    constraints: Annotated[
        bool,
        typer.Option(
            "--constraints-control",
            help="Also train the constraints-only control, where the constraints leave a choice; can be combined with "
            "--control.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run whole rounds: generate, score, accept, freeze, fine-tune, evaluate."""
    with connect(folder, "rsf run") as connection:
        last = last_round(connection.call("status")["round"], rounds, connection.call("round_complete"))
        while connection.call("status")["round"] < last or not connection.call("round_complete"):
            connection.call("advance", {"author": who()})
            follow(connection, as_json)
            for kind in [*([Control.RANDOM] if control else []), *([Control.CONSTRAINTS] if constraints else [])]:
                if connection.call("round_complete") and not connection.call("has_control", {"control": kind}):
                    arguments = {"author": who(), "round_number": None, "control": kind}
                    connection.call("train_control", arguments)
                    follow(connection, as_json)
        comparisons = connection.call("comparisons")
    say(
        {"comparisons": comparisons},
        as_json,
        lambda: (
            comparison_table(comparisons)
            if comparisons
            else "Complete, but not compared: there are no held-out prompts"
        ),
    )


def generate(
    folder: Folder,
    starving: Annotated[
        bool, typer.Option("--starving", help="Draw more for prompts without an accepted candidate.")
    ] = False,
    until_accepted: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Draw and score, some prompts at a time, until N more are accepted."),
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=1, help="With --until-accepted: for at most this many prompts; all by default.")
    ] = None,
    log_m: Annotated[
        float | None,
        typer.Option(help="With --until-accepted: log M in nats, fixed beforehand; the M in force by default."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the candidates of the newest round."""
    if until_accepted is None:
        if most is not None or log_m is not None:
            raise StageError("--most and --log-m go with --until-accepted N")
        _stage(folder, "generate", as_json, {"starving": starving})
        return
    if starving:
        raise StageError("--starving and --until-accepted are two ways to draw: give one of them")
    with connect(folder, "rsf generate") as connection:
        arguments = {"goal": until_accepted, "most": most, "log_m": log_m, "author": who()}
        connection.call("draw_until", arguments)
        while True:
            follow(connection, as_json)
            so_far = connection.call("drawn_until")
            if not as_json:
                err.print(until_line(so_far), highlight=False)
            if so_far["end"] is not None:
                break
            await_next(connection, lambda: connection.call("drawn_until")["end"] is not None)
    say(so_far, as_json, lambda: f"[green]✓[/] {so_far['end']}")


def score(
    folder: Folder,
    again: Annotated[
        bool, typer.Option("--again", help="Try again on candidates that a scorer had no score for.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="SCORER",
            help="Score with this scorer only, whether or not it is in the target: nothing is decided, and its "
            "agreement with people is shown.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score the candidates and derive the decisions."""
    if by is None:
        _stage(folder, "score", as_json, {"again": again})
        return
    with connect(folder, "rsf score") as connection:
        job_id = connection.call("score_by", {"scorer": by, "again": again})
        follow(connection, as_json)
        agreement = connection.call("judging", {"scorer": by})
    say(agreement | {"job_id": job_id}, as_json, lambda: f"[green]✓[/] {escape(agreement_words(agreement))}")


def freeze(folder: Folder, as_json: Json = False) -> None:
    """Freeze the effective decisions into a curated set."""
    with connect(folder, "rsf freeze") as connection:
        curated = connection.call("freeze", {"author": who()})
    summary = curated["summary"]
    say(
        curated,
        as_json,
        lambda: (
            f"[green]✓[/] curated set {curated['curated_id']}: {plural(summary['samples'], 'sample')} of "
            f"{summary['accepted']} accepted, from {plural(summary['prompts'], 'prompt')} ({curated['content_hash'][:12]})"
        ),
    )


def finetune(folder: Folder, as_json: Json = False) -> None:
    """Fine-tune the proposal on the newest curated set."""
    _stage(folder, "finetune", as_json)


def status(folder: Folder, as_json: Json = False) -> None:
    """Show the state of the newest round."""
    with connect(folder, "rsf status") as connection:
        state = connection.call("status") | {"active": connection.call("active_job")}
    say(state, as_json, lambda: status_panel(state))


def override(
    folder: Folder,
    candidate: Annotated[str, typer.Argument(help="A candidate: round.prompt.k, e.g. 1.17.3.")],
    action: Annotated[Action, typer.Argument(help="The decision; auto returns to the rule's.")],
    as_json: Json = False,
) -> None:
    """Accept or reject a candidate by hand, or return it to the rule."""
    arguments = {"candidate_id": candidate, "action": str(action), "reviewer": who()}
    with connect(folder, "rsf override") as connection:
        connection.call("override", arguments)
    say(arguments, as_json, lambda: f"[green]✓[/] {candidate}: {action} by {escape(who())}")


def _stage(folder: Path, command: str, as_json: bool, arguments: dict[str, Any] | None = None) -> None:
    with connect(folder, f"rsf {command}") as connection:
        job_id = connection.call(command, arguments or {})
        follow(connection, as_json)
        state = connection.call("status")
    say(state | {"job_id": job_id}, as_json, lambda: status_panel(state))
