"""A command line that cannot be read is JSON like any other error where JSON is asked for, and explained elsewhere."""

from __future__ import annotations

import json
import sys

import pytest

from rsf_core.cli.main import main

WRONG = [
    (["nope"], "No such command 'nope'", "rsf"),
    (["--nope"], "No such option: --nope", "rsf"),
    (["status"], "Missing argument 'DIR'", "rsf status"),
    (["status", "x", "--nope"], "No such option: --nope", "rsf status"),
    (["status", "x", "y"], "Got unexpected extra argument", "rsf status"),
    (["run", "x", "--rounds", "0"], "Invalid value for '--rounds': ", "rsf run"),
    (["import", "x", "y", "--what", "z"], "Invalid value for '--what': ", "rsf import"),
]


def ended(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit code of `rsf` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["rsf", *arguments])
    with pytest.raises(SystemExit) as ending:
        main()
    return ending.value.code


@pytest.mark.parametrize(("arguments", "message", "command"), WRONG)
def test_a_command_line_that_cannot_be_read_is_json_where_json_is_asked_for(
    arguments: list[str],
    message: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended([*arguments, "--json"], monkeypatch) == 1
    captured = capsys.readouterr()
    problem = json.loads(captured.out)
    assert problem["kind"] == "CommandLineError" and captured.err == ""
    assert problem["error"].startswith(message)
    assert problem["error"].endswith(f"`{command} --help` explains the command")


@pytest.mark.parametrize(("arguments", "message", "command"), WRONG)
def test_without_json_it_is_explained_on_standard_error(
    arguments: list[str],
    message: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert ended(arguments, monkeypatch) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "Usage: rsf" in captured.err and f"{command} --help" in captured.err


def test_help_and_the_version_are_no_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(["status", "--help", "--json"], monkeypatch) == 0
    assert "Show the state of the newest round" in capsys.readouterr().out
    assert ended(["--version"], monkeypatch) == 0
