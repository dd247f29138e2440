"""The cost of exporting a round of a million candidates: seconds of processor time and the peak memory of the process that
writes. Beside each export, in the same run, the cost of the usual way for the same rows: DuckDB's result as one pandas
DataFrame, written in one piece.

Prints a JSON line an export. From the repository root, one thread:
OMP_NUM_THREADS=1 PYTHONPATH=. python tests/benchmarks/exporting.py [--candidates N] [sft preference labels all]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.project.exporting.request import Format, Request, What
from tests.benchmarks import million
from tests.benchmarks.importing import measured

CANDIDATES, LIMIT_MB = 1_000_000, 1_500
_DECIDED = """SELECT p.text AS prompt, d.completion, d.accepted AS label, d.candidate_id, d.log_q, d.token_count, d.decision
    FROM decisions d JOIN prompts p USING (prompt_id) WHERE d.round = 1 ORDER BY d.prompt_id, d.k"""
_BY_HAND = {
    What.SFT: "SELECT prompt, completion, candidate_id, weight, decided_by FROM curated_samples ORDER BY prompt_id",
    What.PREFERENCE: f"""WITH d AS ({_DECIDED}) SELECT prompt, unnest(list_zip(
        list(completion) FILTER (label), list(completion) FILTER (NOT label))) AS pair FROM d GROUP BY prompt""",
    What.LABELS: _DECIDED,
    What.ALL: f"""WITH d AS ({_DECIDED}) SELECT d.*, s.scores, c.token_ids, c.prompt_token_ids FROM d
        JOIN candidates c USING (candidate_id)
        JOIN (SELECT candidate_id, list({{'scorer': scorer, 'score': score}}) AS scores FROM scores GROUP BY ALL) s
        USING (candidate_id)""",
}


def build(folder: Path, count: int) -> None:
    with million.build(folder, count) as project:
        project.freeze(person("ann"))


def write(folder: Path, request: Request, out: Path) -> None:
    progress: list[int] = []
    with Project.open(folder) as project:
        made = project.exports.write(request, out, lambda done, total: progress.append(done))
    assert len(progress) > 2, "no progress was reported"
    (folder.parent / "written.json").write_text(json.dumps([made.rows, made.size]))


def by_hand(folder: Path, request: Request, out: Path) -> None:
    with duckdb.connect(str(folder / "rsf.duckdb"), read_only=True) as database:
        database.execute("SET threads = 1")
        rows: pd.DataFrame = database.execute(_BY_HAND[request.what]).df()
    assert len(rows)
    if request.format is Format.JSONL:
        rows.to_json(out, orient="records", lines=True, force_ascii=False)
    elif request.format is Format.CSV:
        rows.to_csv(out, index=False)
    else:
        rows.to_parquet(out)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("what", nargs="*", type=What, default=list(What))
    asked.add_argument("--candidates", type=int, default=CANDIDATES)
    asked.add_argument("--formats", nargs="*", type=Format, default=[Format.JSONL, Format.PARQUET, Format.CSV])
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, at = Path(scratch) / "project", 0
        measured(build, folder, arguments.candidates)
        for what in arguments.what:
            for kind in arguments.formats:
                at += 1
                request = Request(what, kind)
                plain = measured(by_hand, folder, request, Path(scratch) / f"by-hand-{at}")
                figures = measured(write, folder, request, Path(scratch) / f"export-{at}")
                rows, size = json.loads((Path(scratch) / "written.json").read_text())
                shown = {"benchmark": "exporting", "what": what, "format": kind, "candidates": arguments.candidates}
                shown |= {"rows": rows, "file_mb": size // 10**6, **figures}
                shown |= {f"pandas_{name}": value for name, value in plain.items()}
                shown |= {
                    "cpu_to_pandas": round(figures["cpu_s"] / plain["cpu_s"], 2),
                    "peak_mb_to_pandas": round(figures["peak_mb"] / plain["peak_mb"], 2),
                    f"within_{LIMIT_MB}_mb": figures["peak_mb"] <= LIMIT_MB,
                }
                print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
