"""The process of a placing: reads the prompts of an uploaded file and places them in the placing's folder (imports.py)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rsf_core.domain import Split
from rsf_core.domain.files import write_json
from rsf_core.project import import_steps
from rsf_core.project.problem_list import NAME as PROBLEMS
from rsf_core.project.problem_list import write_problems
from rsf_core.project.prompt_placing import Rules, place
from rsf_core.prompts import PromptRow, parse, row_file
from rsf_core.prompts.files import Reading
from rsf_core.prompts.parsing import Columns

_SHOWN = 2_000  # characters of a text in the preview


def work(folder: Path) -> None:
    """Do what request.json in the folder of a placing asks for. An error that is meant for a person becomes its outcome."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    write_json(folder / "summary.json", import_steps.outcome(request["file"], lambda: _place_rows(folder, request)))


def _place_rows(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Read and place the rows as the request in the folder of a placing asks; returns the summary."""
    columns, read = Columns(**request["columns"]), folder / "read.parquet"
    try:
        with row_file.RowFile(read) as kept:
            parsed = parse(
                folder.parent / request["file"],
                columns.text,
                columns.reference,
                columns.system,
                columns.split,
                reading=Reading(**request["reading"]),
                on_row=import_steps.row_counter(folder, "{:,} rows read"),
                keep=kept.extend,
            )
        existing = pq.read_table(folder / "existing.parquet")
        import_steps.report_progress(folder, f"comparing {kept.count + existing.num_rows:,} prompts")
        rules = Rules(request["share"], request["seed"], tuple(request["scorers"]), request.get("unsealed", False))
        placed = place(read, existing, rules, import_steps.SHOWN_ROWS, folder / "rows.parquet")
    finally:
        read.unlink(missing_ok=True)
    problems = sorted((*parsed.problems, *placed.problems), key=lambda problem: (problem.kept, problem.line or 0))
    in_part = sum(problem.kept for problem in problems)
    if problems:
        write_problems(folder / PROBLEMS, problems)
    return {
        "train": placed.counts[Split.TRAIN],
        "held_out": placed.counts[Split.HELD_OUT],
        "sealed": placed.counts[Split.SEALED],
        "left_out": len(problems) - in_part,
        "in_part": in_part,
        "rows": [_short(row) for row in placed.shown],
        "problems": [asdict(problem) for problem in problems[: import_steps.SHOWN_PROBLEMS]],
        "references_not_taken": placed.references,
        "notes": [*parsed.notes, *([references_kept(placed.references)] if placed.references else [])],
    }


def references_kept(count: int) -> str:
    """What to do where a file brings references for prompts that the project has."""
    whose = "1 row is a prompt" if count == 1 else f"{count:,} rows are prompts"
    return (
        f"{whose} of the project with a reference that is not the project's: it was not taken, because an import changes no "
        "prompt. To use the file's, retire these prompts and import the file again, or edit their references."
    )


def _short(row: PromptRow) -> dict[str, Any]:
    fields = asdict(row)
    fields["earlier"] = [turn[:_SHOWN] for turn in row.earlier]
    return {name: value[:_SHOWN] if isinstance(value, str) else value for name, value in fields.items()}


if __name__ == "__main__":
    import_steps.main(work)
