"""A project's own scorer runs in a process of its own; whatever it does, the calling process continues and gets the reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rsf_core.domain import Finish, Prompt, trust
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import own, own_calls, registry
from rsf_core.scorers.base import Scored
from rsf_core.scorers.own_calls import Answer, Caller

Make = Callable[..., Caller]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a caller from the body of a `score` function, in a trusted project."""
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    folder = tmp_path / "project"
    folder.mkdir()
    trust.trust(folder)
    made: list[Caller] = []

    def made_of(body: str, seconds: float = 5.0, head: str = "") -> Caller:
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        file = own.save(folder, "mine", f"{head}\ndef score(completion, prompt, reference):\n{lines}")
        made.append(Caller(folder, folder / "scorers" / "mine.py", file, seconds))
        return made[-1]

    yield made_of
    for caller in made:
        caller.close()


def ask(caller: Caller, completion: str = "hello there") -> Answer:
    return caller.call((completion, "Say hello.", "hi"))


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return len(completion)", 11.0),
        ("return completion.startswith('hello')", 1.0),
        ("return len(prompt) + len(reference)", 12.0),
        ("import numpy\nreturn numpy.float32(0.5)", 0.5),
        ("return {'long': len(completion), 'polite': False}", {"long": 11.0, "polite": 0.0}),
        ("return {}", {}),
        ("print('a line', flush=True)\nimport sys\nsys.stderr.write('x' * 100_000)\nreturn 1", 1.0),
        ('import os\nos.write(1, b\'{"id": 1, "score": 9}\\n\')\nreturn 1', 1.0),
        ("import os\nreturn len(os.read(0, 10))", 0.0),
        ("import os\nos.fork()\nreturn 2", 2.0),
        ("import os\nif os.fork() == 0:\n    os._exit(3)\nreturn 3", 3.0),
        ("import threading\nthreading.Thread(target=lambda: 1 / 0).start()\nreturn 4", 4.0),
    ],
)
def test_what_it_returns_comes_back_whatever_it_does_beside(make: Make, body: str, answer: Answer) -> None:
    caller = make(body)
    assert ask(caller) == answer and ask(caller, "hello again") is not None
    assert caller.ends == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", "it returned None: a score must be a finite number"),
        ("return float('nan')", "it returned nan: a score must be a finite number"),
        ("return 10 ** 400", "a score must be a finite number"),
        ("return '0.5'", "it returned '0.5': a score must be a finite number"),
        ("return [1.0]", r"it returned \[1.0\]: a score must be"),
        ("return {'a b': 1}", "a dict with the key 'a b': keys are names"),
        ("return {'a': 'x'}", "it returned 'x'"),
        ("return 1 / 0", r"ZeroDivisionError: division by zero \(line 3\)"),
        ("raise SystemExit(3)", r"SystemExit: 3 \(line 3\)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return score(completion, prompt, reference)", "RecursionError"),
        ("class Odd(Exception):\n    def __str__(self):\n        1 / 0\nraise Odd", "Odd"),
        ("return 'x' * 2 ** 40", "it took too much memory"),
    ],
)
def test_its_errors_are_reported_with_the_line_and_it_goes_on(make: Make, body: str, message: str) -> None:
    caller = make(f"if completion == 'fine':\n    return 1\n{body}".replace("\n", "\n", 1))
    with pytest.raises(ScorerError, match=message.replace("line 3", "line 5")):
        ask(caller)
    assert ask(caller, "fine") == 1.0 and caller.ends == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("while True: pass", "it did not return within 0.5 s"),
        ("import time\ntime.sleep(1e6)", "it did not return within 0.5 s"),
        ("import re\nreturn bool(re.match('(a+)+$', 'a' * 60 + 'b'))", "it did not return within 0.5 s"),  # in C
        ("import os\nos._exit(3)", r"it ended its process \(exit status 3\)"),
        ("import os\nos.kill(os.getpid(), 11)", r"it ended its process \(SIGSEGV\)"),
        ("import os\nos.closerange(0, 100)\nreturn 1", "it gave no answer|it ended its process"),
    ],
)
def test_one_that_hangs_or_ends_is_started_again_and_at_last_left_alone(make: Make, body: str, message: str) -> None:
    caller = make(f"if completion == 'fine':\n    return 1\n{body}", seconds=0.5)
    assert ask(caller, "fine") == 1.0  # now loaded, so its start does not count below
    for number in range(own_calls.MOST_ENDS):
        with pytest.raises(ScorerError, match=message):
            ask(caller, f"hello {number}")
        if number + 1 < own_calls.MOST_ENDS:
            assert ask(caller, f"fine{''}") == 1.0
            assert caller.call(("fine", "", None), fresh=True) == 1.0
    with pytest.raises(ScorerError, match="ended 3 times before, so it is not called again"):
        ask(caller, "something else")


def test_what_it_has_started_ends_with_it(make: Make, tmp_path: Path) -> None:
    caller = make(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "return child.pid"
    )
    pid = int(ask(caller))  # type: ignore[arg-type]
    assert psutil.pid_exists(pid)
    caller.close()
    until = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_file_that_cannot_be_loaded_says_why_at_each_candidate(make: Make) -> None:
    caller = make("return 1", head="import no_such_module")
    for _ in range(2):
        with pytest.raises(ScorerError, match=r"cannot be loaded: ModuleNotFoundError: .*no_such_module.*\(line 1\)"):
            ask(caller)


def test_nothing_runs_in_a_project_that_is_not_trusted(make: Make, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    caller = make(f"open({str(mark)!r}, 'w')\nreturn 1", head=f"open({str(mark)!r}, 'w')")
    trust.distrust(tmp_path / "project")
    with pytest.raises(ScorerError, match="may not run here"):
        ask(caller)
    assert not mark.exists()


def test_it_is_called_once_for_all_the_keys_of_what_it_returns(make: Make) -> None:
    caller = make("global n\nn += 1\nreturn {'calls': n, 'length': len(completion)}", head="n = 0")
    assert [ask(caller), ask(caller), ask(caller, "b")] == [
        {"calls": 1.0, "length": 11.0},
        {"calls": 1.0, "length": 11.0},
        {"calls": 2.0, "length": 1.0},
    ]
    assert own_calls.picked(ask(caller), "length", "mine.length@00000000") == 11.0
    with pytest.raises(ScorerError, match=r"each key is a score: name one, as in mine.calls \(it has calls, length\)"):
        own_calls.picked(ask(caller), None, "mine@00000000")
    with pytest.raises(ScorerError, match="a dict without 'polite': it has calls, length"):
        own_calls.picked(ask(caller), "polite", "mine.polite")
    with pytest.raises(ScorerError, match=r"name it without \.polite"):
        own_calls.picked(1.0, "polite", "mine.polite")


def test_the_registry_calls_it_like_any_other_and_names_the_candidate(make: Make, tmp_path: Path) -> None:
    make("return {'hello': 1, 'bye': 0.5}.get(completion) or 1 / 0")
    name = str(own.files(tmp_path / "project")[0].ref)
    batch = [
        Scored(Prompt(7, "Say it."), text, 1, Finish.EOS, f"1.7.{k}") for k, text in enumerate(("hello", "x", "bye"))
    ]
    first, why, last = registry.score(name, batch)
    assert (first, last) == (1.0, 0.5) and str(why) == "ZeroDivisionError: division by zero (line 3)"
    assert registry.card(name).own and registry.bounds(name) == (-float("inf"), float("inf"))
    own_calls._caller.cache_clear()


def test_one_that_hangs_while_it_is_loaded_is_not_loaded_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_calls, "START_SECONDS", 1.0)
    caller = make("return 1", head="while True: pass")
    with pytest.raises(ScorerError, match="cannot be loaded: it did not return within 1 s"):
        ask(caller)
    with pytest.raises(ScorerError, match="is not called again"):
        ask(caller)
