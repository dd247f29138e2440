"""The code of a completion runs against the reference's asserts, and nothing that it does disturbs the scoring process."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry, sandbox
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.sandbox import Limits, Statement
from rsf_core.scorers.unit_tests import code_of
from tests.support.scoring import scores

TESTS = "assert double(2) == 4\nassert double(-1) == -2\nassert double(0) == 0\nassert double('a') == 'aa'"
GOOD = "def double(x):\n    return x * 2\n"
FAST = "unit_tests(seconds=1.0)"


def score(completion: str, reference: str = TESTS, scorer: str = FAST) -> float:
    return scores(scorer, [Scored(Prompt(1, "?", reference), completion, 9, Finish.EOS)])[0]


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (GOOD, 1.0),
        (f"Here it is:\n```python\n{GOOD}```\nIt doubles.", 1.0),
        (f"```\n{GOOD}\n```\n```python\ndef double(x): return 0\n```", 1.0),
        (f"```py\n{GOOD}", 1.0),  # cut off before its end
        ("- So:\n  ```py\n  def double(x):\n      return 2 * x\n  ```", 1.0),
        ("def double(x):\n    return x + x if x != 0 else 1\n", 0.75),
        ("def double(x):\n    return 4\n", 0.25),
        ("def double(x) return x", 0.0),
        ("def twice(x):\n    return x * 2\n", 0.0),
        ("I can't do that.", 0.0),
        ("", 0.0),
        (GOOD + "raise ValueError('at the end')", 0.0),
        (GOOD + "if __name__ == '__main__':\n    raise ValueError\n", 1.0),
        (GOOD + "import math, re, json, itertools, collections, functools, datetime, random, statistics\n", 1.0),
    ],
)
def test_the_score_is_the_share_of_the_asserts_that_pass(completion: str, expected: float) -> None:
    assert score(completion) == expected


def test_with_whole_only_code_that_passes_all_counts() -> None:
    assert [score(code, scorer="unit_tests(whole=true)") for code in (GOOD, "def double(x): return 4")] == [1.0, 0.0]


def test_statements_between_the_asserts_prepare_those_after_them() -> None:
    reference = "assert double(1) == 2\nimport math\nhalf = 0.5\nassert double(half) == 1\nassert double(math.inf) > 1"
    assert score(GOOD, reference) == 1.0
    assert score(GOOD, "assert double(1) == 2\nraise ValueError\nassert double(1) == 2") == 0.5


DISTURBING = {
    "prints": "print('x' * 100_000)\nimport sys; sys.stderr.write('y' * 100_000)",
    "exits": "import sys; sys.exit(0)",
    "exits at once": "import os; os._exit(0)",
    "hangs": "while True: pass",
    "sleeps": "import time; time.sleep(600)",
    "reads what is typed": "input()",
    "takes all memory": "x = bytearray(8 << 30)",
    "forks": "import os\nwhile True: os.fork()",
    "starts a program": "import subprocess; subprocess.run(['sleep', '600'])",
    "starts by the shell": "import os; os.system('sleep 600')",
    "starts underneath": "import _posixsubprocess",
    "kills its group": "import os, signal; os.killpg(os.getpgid(0), signal.SIGKILL)",
    "kills its parent": "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
    "asks the network": "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
    "calls C": "import ctypes; ctypes.string_at(0)",
    "overflows the stack": "def f(): f()\nimport sys; sys.setrecursionlimit(10**9)\nf()",
    "writes a file without end": "f = open('big', 'wb')\nwhile True: f.write(b'x' * (1 << 20))",
    "deletes": "import os; os.remove(PRECIOUS)",
    "deletes a folder": "import shutil, os; shutil.rmtree(os.path.dirname(PRECIOUS))",
    "overwrites": "open(PRECIOUS, 'w').write('gone')",
    "overwrites underneath": "import os; os.truncate(PRECIOUS, 0)",
    "opens underneath": "import os; os.open(PRECIOUS, os.O_WRONLY | os.O_TRUNC)",
    "moves": "import os; os.rename(PRECIOUS, PRECIOUS + '.gone')",
    "goes elsewhere": "import os; os.chdir(os.path.dirname(PRECIOUS)); os.remove('precious')",
    "begins elsewhere": "import os; d = os.open(os.path.dirname(PRECIOUS), 0); os.remove('precious', dir_fd=d)",
    "opens from elsewhere": "import os; d = os.open('/', 0); os.open(PRECIOUS[1:], os.O_WRONLY | os.O_TRUNC, dir_fd=d)",
    "links to elsewhere": "import os; os.symlink(PRECIOUS, 'here'); open('here', 'w')",
    "goes by a database": "import sqlite3; sqlite3.connect(PRECIOUS).execute('create table t (a)')",
    "is not text": "\x00",
}


@pytest.mark.parametrize("name", DISTURBING)
def test_code_that_disturbs_scores_nothing_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("still here")
    before, folders = {child.pid for child in psutil.Process().children(recursive=True)}, _folders()
    code = DISTURBING[name].replace("PRECIOUS", repr(str(precious)))
    assert score(code + "\n" + GOOD) == (1.0 if name == "prints" else 0.0)
    assert precious.read_text() == "still here"
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before and _folders() <= folders


def _folders() -> set[str]:
    return {name for name in os.listdir(os.environ.get("TMPDIR", "/tmp")) if name.startswith("rsf-code-")}


def test_a_test_that_does_not_end_takes_those_after_it_and_no_others() -> None:
    stuck = "def double(x):\n    while x == 0: pass\n    return x * 2\n"
    assert score(stuck) == 0.5


def test_what_comes_out_of_a_completion_is_no_result() -> None:
    message = (
        "import os\nfor fd in range(3, 20):\n    try: os.write(fd, b'0\\n')\n    except OSError: pass\nos._exit(0)"
    )
    tests = [Statement("assert False", True)]
    assert sandbox.passed("print(0)\n", tests, Limits(1, 256 << 20)) == 0
    assert sandbox.passed(message, tests, Limits(1, 256 << 20)) in (0, 1)  # a cheat can succeed: docs/SECURITY.md


def test_a_sleeping_completion_is_ended_by_the_clock() -> None:
    limits, began = Limits(0.5, 256 << 20), time.process_time()
    assert sandbox.passed("import time; time.sleep(600)", [Statement("assert True", True)], limits) == 0
    assert time.process_time() - began < 5


def test_where_no_process_can_be_started_there_is_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError("too many processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    (score,) = registry.score(FAST, [Scored(Prompt(1, "?", TESTS), GOOD, 9, Finish.EOS)])
    assert isinstance(score, NoScore) and score.reason == "its code could not be run: too many processes"


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (None, "needs tests, assert statements of Python, as the reference, and there is none"),
        ("  ", "needs tests, assert statements of Python, as the reference, and there is none"),
        ("double(2) = 4", "needs tests in Python as the reference, and cannot read them: "),
        ("double(2) == 4", "needs at least one assert statement in the reference, not 'double(2) == 4'"),
    ],
)
def test_a_reference_without_tests_is_named_before_anything_is_drawn(reference: str | None, problem: str) -> None:
    assert (registry.reference_problem("unit_tests", reference) or "").startswith(problem)
    assert registry.reference_problem("unit_tests", TESTS) is None


@pytest.mark.parametrize("options", ["seconds=0.0", "seconds=21.0", "memory_mb=1", "memory_mb=1000000"])
def test_invalid_limits_are_refused(options: str) -> None:
    with pytest.raises(ScorerError, match="the scorer 'unit_tests' takes"):
        registry.get(f"unit_tests({options})")


@pytest.mark.parametrize(
    ("completion", "code"),
    [
        ("a", "a"),
        ("```\na\nb\n```", "a\nb"),
        ("x\n```python\r\na\n```\ny", "a"),
        ("```python\na", "a"),
        ("~~~\na\n~~~", "~~~\na\n~~~"),
        ("use `a` here", "use `a` here"),
        ("1. So:\n   ```python\n   if a:\n       b\n   ```", "if a:\n    b"),
        ("\tif a:\n\t\tb", "if a:\n\tb"),
        ("```\nif a:\n    b\n```", "if a:\n    b"),
        ('```\na = """\n  \n"""\n```', 'a = """\n  \n"""'),
    ],
)
def test_code_is_the_first_fenced_block_else_everything(completion: str, code: str) -> None:
    assert code_of(completion) == code
