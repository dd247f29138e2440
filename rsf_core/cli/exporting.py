"""`rsf export`: candidates and decisions as files for other tools."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rsf_core.cli.arguments import Folder, Json
from rsf_core.cli.job_progress import POLL_SECONDS
from rsf_core.cli.output import err, escape, say
from rsf_core.domain.errors import ExportError
from rsf_core.domain.words import plural
from rsf_core.project.client import connect
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What


class Rounds(StrEnum):
    ALL = "all"


def export(
    folder: Folder,
    what: Annotated[
        What,
        typer.Option(
            help="sft: a curated set; preference: accepted against rejected completions; labels: each completion with "
            "yes or no; all: every candidate with its numbers and everybody's decisions."
        ),
    ],
    kind: Annotated[
        Format, typer.Option("--format", help="datasets: a folder of Parquet files laid out as on the hub.")
    ] = Format.JSONL,
    shape: Annotated[
        Shape | None,
        typer.Option(
            help="chat: lists of messages; messages: one list (sft); plain: texts. By default chat; csv: plain."
        ),
    ] = None,
    round_number: Annotated[int | None, typer.Option("--round", help="The round; the newest by default.")] = None,
    rounds: Annotated[
        Rounds | None, typer.Option("--rounds", help="all: one set of all rounds, with the round in each row.")
    ] = None,
    curated_id: Annotated[
        str | None, typer.Option("--set", help="sft: the curated set; the newest by default.")
    ] = None,
    pairing: Annotated[
        Pairing,
        typer.Option(
            help="preference: the best with the worst by reward; at random; every accepted with every rejected; as "
            "people compared or ranked."
        ),
    ] = Pairing.REWARD,
    seed: Annotated[int, typer.Option(min=0, help="preference: the seed of random pairing.")] = 0,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="A new folder for the export; by default one in DIR/exports.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Export candidates and decisions as files for other tools, with a card. The same set gives the same bytes."""
    choices = {"what": what, "format": kind, "shape": shape, "round_number": round_number, "curated_id": curated_id}
    choices |= {"pairing": pairing, "seed": seed, "all_rounds": rounds is Rounds.ALL}
    Request.parse(choices)  # a request that makes no sense is refused before the project is opened
    with connect(folder, "rsf export") as connection:
        place = None if out_folder is None else str(out_folder.absolute())
        export_id = connection.call("export_start", {"request": choices, "out": place})
        try:
            with err.status("starting") as progress:
                while (export_state := connection.call("export_state", {"export_id": export_id}))["export"] is None:
                    if export_state["problem"] is not None:
                        raise ExportError(export_state["problem"])
                    progress.update(escape(export_state["message"]))
                    time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            connection.call("export_cancel", {"export_id": export_id})
            raise
    export = export_state["export"]
    say(
        export,
        as_json,
        lambda: (
            f"[green]✓[/] {escape(export['folder'])}: {plural(export['rows'], 'row')} in "
            f"{escape(', '.join(name for name, _ in export['files'] if name != 'README.md'))}, with a card"
        ),
    )
