"""`rsf import`: prompts, or candidates made elsewhere, from a file."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from rsf_core.cli.arguments import Folder, Json, who
from rsf_core.cli.job_progress import POLL_SECONDS
from rsf_core.cli.output import err, escape, say
from rsf_core.domain.errors import PromptFileError
from rsf_core.domain.words import plural
from rsf_core.project.client import Connection, connect
from rsf_core.prompts import hub


class Imported(StrEnum):
    PROMPTS = "prompts"
    CANDIDATES = "candidates"


def import_file(
    folder: Folder,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="JSONL, JSON, CSV, TSV, Parquet or Excel, a data set's folder, or hub:ID of one (needs the extra datasets).",
        ),
    ],
    what: Annotated[
        Imported,
        typer.Option(
            help="prompts, or candidates: completions made elsewhere, with their prompts, for people to decide."
        ),
    ] = Imported.PROMPTS,
    source: Annotated[
        str | None,
        typer.Option(
            help="candidates: where they were made, e.g. a model's name; by default the file's name without its ending."
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART=NAME",
            help="A column that is not recognised, e.g. reference=iso; again for another. PART: prompt, reference, system or "
            "split; of candidates also completion, log_q, token_count or source.",
        ),
    ] = None,
    held_out: Annotated[
        float, typer.Option(min=0, max=0.9, help="prompts: the held-out share of rows without a split.")
    ] = 0.25,
    config: Annotated[str | None, typer.Option(help="hub: the data set's configuration.")] = None,
    split: Annotated[str | None, typer.Option(help="hub: the split; train by default.")] = None,
    problems: Annotated[Path | None, typer.Option(help="Write what is wrong with rows to this CSV file.")] = None,
    as_json: Json = False,
) -> None:
    """Add prompts, or candidates made elsewhere, from a file. Importing the same file again adds nothing.

    A prompt that is already there keeps its reference, and the result says how many rows bring another: `rsf prompts DIR edit`
    changes it, or retire the prompt and import its row again.
    """
    if problems is not None and problems.exists():
        raise PromptFileError(f"{problems} already exists: choose another file for the problems of rows")
    if problems is not None and not problems.absolute().parent.is_dir():
        raise PromptFileError(
            f"there is no folder {problems.parent}: create it, or choose another file for the problems of rows"
        )
    place = file if file.startswith(hub.PREFIX) else str(Path(file).absolute())
    source_of_rows = {"what": what, "file": place, "source": source or Path(file).stem, "held_out": held_out}
    source_of_rows |= {"config": config, "split": split}
    source_of_rows |= {"columns": _named(column)} if column else {}
    with connect(folder, "rsf import") as connection:
        begun = connection.call("import_start", source_of_rows)
        try:
            _wait(connection, begun)
        except KeyboardInterrupt:
            connection.call("import_cancel", begun)
            raise
        wrong = connection.call("import_problems", begun)
        if problems is not None and wrong:
            problems.write_text(wrong, encoding="utf-8-sig", newline="")
        added = connection.call("import_add", {**begun, "author": who()})
    say(added, as_json, lambda: _summary(added, what))


def _named(column: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in column]
    wrong = [part + sign + name for part, sign, name in pairs if not (part and name)]
    if wrong:
        raise PromptFileError(f"--column {wrong[0]} names no column: write it as in --column reference=answer")
    return {part: name for part, _, name in pairs}


def _wait(connection: Connection, begun: dict[str, Any]) -> None:
    """Wait until the file is read, showing the progress. Raises PromptFileError if that fails."""
    with err.status("starting") as progress:
        while (state := connection.call("import_state", begun))["preview"] is None:
            if state["problem"] is not None:
                raise PromptFileError(state["problem"])
            progress.update(escape(state["message"]))
            time.sleep(POLL_SECONDS)


def _summary(added: dict[str, Any], what: Imported) -> str:
    if what is Imported.PROMPTS:
        parts = [f"[green]✓[/] {plural(added['prompts'], 'prompt')} added"]
    else:
        parts = [f"[green]✓[/] {plural(added['candidates'], 'candidate')} added"]
        parts += [f"{plural(added['new_prompts'], 'new prompt')}"] if added["new_prompts"] else []
        parts += [f"{added['there']:,} were there already"] if added["there"] else []
    parts += [f"{plural(added['left_out'], 'row')} left out"] if added["left_out"] else []
    lines = [", ".join(parts), *(f"  {escape(line)}" for line in (*added["problems"], *added.get("notes", ())))]
    if added.get("unread_columns"):
        others = ", ".join(added["unread_columns"])
        lines.append(
            f"  Not read: {escape(others)}. If the references are there, --column reference=NAME takes them in."
        )
    if what is Imported.CANDIDATES and added["candidates"]:
        lines.append("  The rule does not decide them: accept or reject them on the Review page or with rsf override.")
    return "\n".join(lines)
