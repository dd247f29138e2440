"""A thousand prompt files of all formats, encodings and kinds of damage give rows or a readable message, never a raw exception
or more memory than the file justifies, and leave the project as it was."""

from __future__ import annotations

import csv
import io
import json
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.project import Project
from rsf_core.prompts import Problem, PromptRow, identity, parse, place, recognise
from rsf_core.prompts.parsing import Columns

FILES = 1_000
MOST_MEMORY = 256 << 10  # kB above the memory before; the files have a few kB
WORDS = [
    "What",
    "is",
    "2+2?",
    "Äpfel",
    "कला",
    "C#",
    "C++",
    "½",
    "😀",
    "été",
    "Über",
    '"so"',
    "a,b",
    "c;d",
    "e\tf",
    "g|h",
    "####",
]
VALUES: list[Any] = [
    None,
    "",
    " ",
    "NaN",
    float("nan"),
    float("inf"),
    0,
    -1.5,
    10**30,
    True,
    [],
    {},
    ["a"],
    {"a": 1},
    "#### 18",
]
FORMS = ["plain", "alpaca", "chat", "export", "turns", "labels", "split", "nested"]
KINDS = [  # of Parquet columns
    *(pa.date32(), pa.time32("s"), pa.timestamp("s"), pa.timestamp("ns", "Europe/Berlin"), pa.duration("s")),
    *(pa.int64(), pa.bool_(), pa.date64()),
]
CODECS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "cp1251",
    "shift_jis",
    "latin-1",
]


def text(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(0, 12))) + rng.choice(
        ["", "", "\n", "\r\nmore", "\0", "\u2028", "\ufeff"]
    )


def value(rng: random.Random) -> Any:
    return text(rng) if rng.random() < 0.8 else rng.choice(VALUES)


def turns(rng: random.Random) -> Any:
    roles = rng.choices(["system", "user", "assistant", "human", "gpt", "tool", "", "USER"], k=rng.randint(0, 5))
    names = rng.choice([("role", "content"), ("from", "value"), ("who", "what")])
    return [dict(zip(names, (role, value(rng)), strict=True)) for role in roles]


def row(rng: random.Random, form: str) -> dict[str, Any]:
    match form:
        case "plain":
            names = rng.choice([("text", "reference", "split"), ("id", "prompt", "answer"), ("n", "x", "y")])
            return {name: value(rng) for name in names}
        case "alpaca":
            return {"instruction": value(rng), "input": value(rng), "output": value(rng)}
        case "chat":
            return {"id": rng.random(), "messages": turns(rng), "system": value(rng)}
        case "export":
            return {"prompt": turns(rng), "completion": turns(rng), "weight": 1.0}
        case "labels":
            return {"prompt": value(rng), "completion": value(rng), "label": rng.choice([True, False, None])}
        case "split":
            side = rng.choice(["train", "Test", "validation", "", "held-out", "fold 3", None, 1])
            return {"Question": value(rng), "answer": rng.choice([True, *VALUES]), "split": side}
        case "nested":
            return {"id": "1", "data": {"text": value(rng)}, "annotations": [{"result": [{"value": turns(rng)}]}]}
        case _:
            return {"question_id": 1, "turns": [value(rng) for _ in range(rng.randint(0, 3))], "reference": value(rng)}


def content(rng: random.Random, suffix: str) -> bytes:
    rows = [row(rng, rng.choice(FORMS)) for _ in range(1)]
    form = rng.choice(FORMS)
    rows += [row(rng, form) for _ in range(rng.randint(0, 20))]
    if suffix == ".parquet":
        sink = io.BytesIO()
        plain = [{name: v if isinstance(v, str) else None for name, v in r.items()} for r in rows]
        table = pa.Table.from_pylist(plain)
        kind = rng.choice(KINDS)
        far = pa.array(
            [rng.choice([None, 0, 1, 2**30]) for _ in plain], pa.int32() if kind.bit_width == 32 else pa.int64()
        )
        pq.write_table(
            table.append_column(rng.choice(["answer", "text", "at"]), far.cast(kind)) if plain else table, sink
        )
        return sink.getvalue()
    if suffix in (".csv", ".tsv"):
        out = io.StringIO()
        names = list(dict.fromkeys(name for r in rows for name in r)) + rng.choice(
            [[], [""], ["", ""], ["text", "text"]]
        )
        writer = csv.writer(out, delimiter=rng.choice(",;\t|"), lineterminator=rng.choice(["\n", "\r\n", "\r"]))
        if rng.random() < 0.9:  # otherwise the first row is where the names should be
            writer.writerow(names)
        writer.writerows([["" if r.get(n) is None else str(r.get(n)) for n in names] for r in rows])
        written = rng.choice(["", "", "sep=;\n", "# a comment\n"]) + out.getvalue()
        written = written.replace(',"', ', "') if rng.random() < 0.2 else written
    elif suffix == ".json":
        written = json.dumps(rng.choice([rows, rows, {"data": rows}, rows[:1][0]]), indent=rng.choice([None, 1]))
        written = rng.choice([written, written, written.replace("}]", "},]"), "// made by hand\n" + written])
    else:
        written = "\n".join(json.dumps(r, ensure_ascii=rng.random() < 0.5) for r in rows)
    return written.encode(rng.choice(CODECS), errors="replace")


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The data truncated, with bytes changed, repeated or zeroed, with an open quote or bracket, or unchanged."""
    if not data:
        return data
    at = rng.randrange(len(data))
    hurt: list[Callable[[], bytes]] = [
        lambda: data,
        lambda: data,
        lambda: data[:at],
        lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
        lambda: data[:at] + rng.randbytes(9) + data[at:],
        lambda: data[at:] + data,
        lambda: data[:at] + b"\0" * 40 + data[at:],
        lambda: data[:at] + b'"' + data[at:],
        lambda: data[:at] + b"[" * 3_000 + data[at:],
        lambda: data[:at] + b"\n" * 500 + data[at:],
    ]
    return rng.choice(hurt)()


def try_out(path: Path, where: str) -> list[PromptRow]:
    """Read the file as the page does, and again with the wrong columns. Returns the rows."""
    try:
        file_format = recognise(path)
        if file_format.text is None:
            assert parse(path, "text").rows == ()
            return []
        rows: list[PromptRow] = []
        for reference in {file_format.reference, file_format.columns[-1]}:
            parsed = parse(path, file_format.text, reference, file_format.system, file_format.split)
            lines = [r.line for r in parsed.rows] + [p.line for p in parsed.problems if not p.kept]
            assert file_format.layout.kind == "JSON" or len(set(lines)) == len(lines), (
                where
            )  # a list may be on one line
            assert all(isinstance(p, Problem) and p.message for p in parsed.problems), where
            rows = list(parsed.rows)
        for read in rows:
            assert read.text.strip(), where
            for part in (read.text, read.reference or "", read.system or ""):
                part.encode()  # it can be stored
    except PromptFileError:
        return []
    return rows


@pytest.mark.timeout(600)
def test_a_thousand_generated_files_give_rows_or_words_for_the_person(tmp_path: Path) -> None:
    read, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(FILES):
        rng = random.Random(seed)
        suffix = rng.choice([".jsonl", ".json", ".csv", ".tsv", ".ndjson", ".parquet"])
        path = tmp_path / f"f{suffix}"
        path.write_bytes(damaged(rng, content(rng, suffix)))
        rows = try_out(path, f"seed {seed}")
        if seed % 10 == 0:
            placed, problems = place([], rows, 0.25, seed)
            assert len(placed) + len(problems) == len(rows)
            assert len({identity(r.text, r.system) for r, _ in placed}) == len(placed)
        read += bool(rows)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY
    assert read > FILES / 3  # otherwise the test would not cover rows


def test_a_file_that_fails_leaves_the_project_as_it_was(project: Project) -> None:
    before = project.prompts(), project.store.prompt_book.version()
    for seed in range(40):
        rng = random.Random(seed)
        suffix = rng.choice([".jsonl", ".json", ".csv", ".parquet"])
        upload = project.imports.keep(f"f{suffix}", damaged(rng, content(rng, suffix)))
        try:
            file_format = project.imports.format(upload)
        except PromptFileError:
            continue
        if file_format.text is not None:
            placing = project.imports.start(upload, Columns(file_format.text, file_format.reference), 0.25)
            give_up = time.monotonic() + 60
            while project.imports.state(upload, placing).running:
                assert time.monotonic() < give_up
                time.sleep(0.01)
    assert (project.prompts(), project.store.prompt_book.version()) == before
