"""`rsf autopilot`: rounds that run unattended."""

from __future__ import annotations

from typing import Annotated

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.job_progress import await_next, follow
from rsf_core.cli.output import say
from rsf_core.project.client import Connection, connect


def autopilot(
    folder: Folder,
    rounds: Annotated[int, typer.Option(help="Number of rounds, including the open one.")] = 1,
    pause: Annotated[bool, typer.Option("--pause", help="Wait for a review before each fine-tuning.")] = False,
    control: Annotated[
        bool | None,
        typer.Option(help="Also train the random control of each round; without this option, as last time."),
    ] = None,
    constraints: Annotated[
        bool | None,
        typer.Option(
            "--constraints-control/--no-constraints-control",
            help="Also train the constraints-only control; without this option, as last time.",
        ),
    ] = None,
    go_on: Annotated[bool, typer.Option("--go-on", help="Continue after the review.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the autopilot.")] = False,
    as_json: Json = False,
) -> None:
    """Let rounds run by themselves in the app that has the project open, with guardrails."""
    with connect(folder, "rsf autopilot") as connection:
        if stop or go_on:
            connection.call("autopilot_stop" if stop else "autopilot_go_on", {"author": who()})
        else:
            for key, value in (("control", control), ("constraints_control", constraints)):
                if value is not None:
                    setting = {"key": f"autopilot.{key}", "value": str(value).lower(), "author": who()}
                    connection.call("set_value", setting)
            connection.call("autopilot", {"rounds": rounds, "pause": pause, "author": who()})
        _follow_autopilot(connection, as_json)
        run = connection.call("status")["autopilot"]
    say(run, as_json, lambda: f"autopilot {run['state']}: {run['reason']}")


def _follow_autopilot(connection: Connection, quiet: bool) -> None:
    """Follow the jobs of the autopilot until its run waits or ends."""

    def running() -> bool:
        return bool(connection.call("status")["autopilot"]["state"] == "running")

    while True:
        follow(connection, quiet)
        if not running():
            return
        await_next(connection, lambda: not running())
