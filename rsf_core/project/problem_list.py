"""The problems with the rows of a file, as a file for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from rsf_core.domain.files import write_whole
from rsf_core.prompts import Problem

NAME = "problems.csv"


def write_problems(path: Path, problems: Iterable[Problem]) -> None:
    """One line for each problem, in UTF-8 with a byte-order mark; the file is there whole or not at all."""

    def write(beside: Path) -> None:
        with beside.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(["line", "field", "read", "problem"])
            for problem in problems:
                # to a spreadsheet, a cell that begins like a formula is text if it has a quote in front
                formula = (problem.field or "").startswith(("=", "+", "-", "@", "\t"))
                field = f"'{problem.field}" if formula else problem.field
                writer.writerow([problem.line, field, "in part" if problem.kept else "no", problem.message])

    write_whole(path, write)
