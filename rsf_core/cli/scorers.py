"""The commands of scorers: list them, allow a project's own to run here, and allow judges to send keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rsf_core.cli.arguments import Folder, Json
from rsf_core.cli.output import escape, say
from rsf_core.domain import sent_keys, settings_file
from rsf_core.domain import trust as consent
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import own, registry
from rsf_core.scorers.judge_check import JudgeCheck


def list_scorers(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A project, to include its own scorers.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the scorers that a target may use, and what each measures."""
    descriptions = registry.available()
    if folder is not None:
        settings_file.check_folder(folder)
        descriptions |= {file.name: file.problem or file.description for file in own.files(folder)}
    say(
        {"scorers": descriptions},
        as_json,
        lambda: "\n".join(f"[bold]{name}[/] {escape(description)}" for name, description in descriptions.items()),
    )


def trust(
    folder: Folder,
    revoke: Annotated[bool, typer.Option("--revoke", help="Withdraw the permission.")] = False,
    as_json: Json = False,
) -> None:
    """Allow code of a project (its scorers/*.py) to run on this machine, in jobs, as you: read it first."""
    settings_file.check_folder(folder)
    (consent.distrust if revoke else consent.trust)(folder.absolute())
    names = [file.name for file in own.files(folder) if file.judge is None]
    text = "may not run here any more" if revoke else f"may run here: {', '.join(names) or 'it has none so far'}"
    say({"trusted": not revoke, "scorers": names}, as_json, lambda: f"Code of {escape(str(folder))} {escape(text)}")


def allow_key(
    variable: Annotated[str, typer.Argument(metavar="VARIABLE", help="The environment variable that holds the key.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The endpoint, as a judge names it.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Withdraw the permission.")] = False,
    as_json: Json = False,
) -> None:
    """Allow judges of every project on this machine to send the value of VARIABLE to ADDRESS, and nowhere else, as its key."""
    key = JudgeCheck(address, "any", "any", key=variable).sent_key
    if key is None:
        raise ScorerError("name the environment variable that holds the key, such as OPENAI_API_KEY")
    (sent_keys.withdraw if revoke else sent_keys.allow)(key)
    outcome = "may not be sent any more" if revoke else "may be sent"
    say(
        {"allowed": not revoke, "variable": key.variable, "address": key.url},
        as_json,
        lambda: f"{escape(str(key)[:1].upper() + str(key)[1:])} {outcome}",
    )
