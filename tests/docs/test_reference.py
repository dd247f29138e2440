"""docs/REFERENCE.md lists every setting, command, option, scorer and stage as it is in the code."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command

from rsf_core.cli.main import app
from tests.support import reference
from tests.support.documents import ROOT

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def test_it_is_what_the_code_says() -> None:
    text = reference.standing()
    assert reference.rendered(text) == text, "run `make docs`"


def test_every_row_says_what_it_is() -> None:
    """After `make docs` has made the row of a new setting or stage, a person writes its last column."""
    empty = [line for line in reference.standing().splitlines() if line.startswith("|") and line.endswith("|  |")]
    assert not empty, f"write the last column of these rows in docs/REFERENCE.md: {empty}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_a_help_text(name: str) -> None:
    assert COMMANDS[name].help
    assert not [parameter.name for parameter in COMMANDS[name].params if not parameter.help]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_row_in_the_readme(name: str) -> None:
    rows = [
        line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `rsf ")
    ]
    assert any(re.search(rf"`rsf {name}[ `]", row) for row in rows), (
        f"write what `rsf {name}` does into the table of commands in README.md"
    )


def test_what_is_written_by_hand_is_kept() -> None:
    text = reference.rendered(reference.standing())
    changed = text.replace("completions for each prompt of a round, K", "how many are drawn")
    assert changed != text and reference.rendered(changed) == changed


def test_a_default_that_is_no_longer_true_is_put_right() -> None:
    text = reference.rendered(reference.standing())
    wrong = text.replace("| `generate.candidates` | 8 |", "| `generate.candidates` | 9 |")
    assert wrong != text and reference.rendered(wrong) == text


def test_every_setting_that_can_be_set_is_there() -> None:
    keys = set(reference.descriptions(reference.standing()))
    assert {"task", "seed", "generate.candidates", "target.constraints[].at_least", "autopilot.max_kl"} <= keys
