"""What the documents ask a person to type works: Python runs, `rsf` lines are current commands, `make` lines are targets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from rsf_core import Project
from rsf_core.cli.main import app
from tests.support import documents
from tests.support.documents import DOCUMENTS, ROOT, Block

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PLACEHOLDERS = {"N": "2"}  # stand-ins for numbers


def lines(block: Block) -> list[list[str]]:
    """The words of each line; a line that ends with a backslash continues on the next."""
    text = block.code.replace("\\\n", " ")
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


def parse(words: list[str]) -> None:
    """Parses the words as `rsf` would, without running the command. Raises a usage error."""
    name, *arguments = [PLACEHOLDERS.get(word, word) for word in words]
    COMMANDS[name].make_context(f"rsf {name}", arguments)


@pytest.mark.parametrize("block", documents.blocks("sh"), ids=str)
def test_what_is_typed_in_a_shell_is_there(block: Block) -> None:
    for program, *words in lines(block):
        if program == "rsf":
            parse(words)
        elif program == "make":
            assert words[0] in TARGETS
        else:
            assert program in ("pip", "git", "cd"), f"{program}: let the test know what it is"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("run DIR --rounds", "requires an argument"),
        ("run DIR --around 3", "--around"),
        ("run DIR --rounds 0", "greater than or equal to 1"),
        ("gone DIR", "gone"),
        ("init DIR", "--task|task"),
        ("status", "DIR|folder"),
    ],
)
def test_a_line_that_is_no_command_of_today_is_found(line: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        parse(line.split())


SPANS = sorted({(documents.name(d), s) for d in DOCUMENTS for s in documents.code_spans(d) if s.startswith("rsf ")})


@pytest.mark.parametrize(("document", "span"), SPANS)
def test_a_command_in_a_sentence_has_the_options_that_are_named(document: str, span: str) -> None:
    """`[--open]`, `accept|reject` and the like are usage notation, so these spans are not parsed as commands."""
    words = re.split(r"[\s\[\]]+", span)
    command = COMMANDS[words[1]] if not words[1].startswith("-") else None
    known = (
        {"--version", "--help"}
        if command is None
        else {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
    )
    assert {word for word in words if word.startswith("--")} <= known, f"{document}: {span}"


# test_contributing.py follows those of CONTRIBUTING, each in a file of its own.
PYTHON = [block for block in documents.blocks("python") if block.document != "CONTRIBUTING.md"]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs(
    block: Block,
    jobs_in_threads: None,
    small_task: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In an empty folder. Projects use the tests' task and model instead of the bundled ones, which take minutes."""
    create = Project.create

    def quick(folder: str, task: str, *rest: Any, **named: Any) -> Project:
        return create(folder, str(small_task), str(tiny_model), *rest, **named)

    monkeypatch.setattr(Project, "create", quick)
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "block.py"  # a project's own scorer is stored by its source
    script.write_text(block.code, encoding="utf-8")
    exec(compile(block.code, str(script), "exec"), {"__name__": "__main__"})
