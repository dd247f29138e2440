"""Calling a project's own scorer in a separate process (own_process.py), never in this one. If it hangs, exits, prints, forks
or takes too much memory, only that process is affected, and the candidate that it was called on gets no score."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsf_core.domain import trust
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.files import temporary_folder, writable
from rsf_core.scorers import own
from rsf_core.scorers.base import NoScore, Scored, Scorer
from rsf_core.scorers.own import OwnFile, OwnRef

if TYPE_CHECKING:
    from rsf_core.scorers.judge import LlmJudge

SECONDS = 10.0  # per candidate
START_SECONDS = 30.0  # for the imports of the code
MOST_ENDS = 3  # ends of its process after which it is not started again
LONGEST_ANSWER = 1 << 20  # bytes
KEPT = 2048  # answers, because a dict is asked for once per key
_SCRIPT = Path(__file__).with_name("own_process.py")
Arguments = tuple[str, str, str | None]
Answer = float | dict[str, float]


class Caller:
    """One scorer's file in a process that starts with the first call. `project` must be trusted by then."""

    def __init__(self, project: Path, path: Path, file: OwnFile, seconds: float) -> None:
        self._project, self._path, self._file, self._seconds = project, path, file, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._number = 0
        self._left = b""
        self._answers: OrderedDict[Arguments, Answer] = OrderedDict()
        self.ends = 0

    def call(self, arguments: Arguments, fresh: bool = False) -> Answer:
        """The result of the function for completion, prompt and reference; a cached one unless `fresh`. Raises ScorerError
        with the cause, without naming the scorer."""
        with self._lock:
            if not fresh and arguments in self._answers:
                self._answers.move_to_end(arguments)
                return self._answers[arguments]
            answer = self._request(arguments)
            self._answers[arguments] = answer
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
            return answer

    def close(self) -> None:
        """End its process and everything that it has started."""
        process, self._process, self._left = self._process, None, b""
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if self._scratch is not None:
            with contextlib.suppress(OSError):
                self._scratch.cleanup()
            self._scratch = None

    def _request(self, arguments: Arguments) -> Answer:
        if self.ends >= MOST_ENDS:
            raise ScorerError(f"its process ended {self.ends} times before, so it is not called again")
        if self._process is None:
            self._start()
        self._number += 1
        request = json.dumps({"id": self._number, "arguments": arguments}) + "\n"
        until = time.monotonic() + self._seconds
        answer = self._answer(self._number, until, request.encode())
        if "error" in answer:
            raise ScorerError(str(answer["error"]))
        score: Answer = answer["score"]
        return score

    def _answer(self, number: int, until: float, request: bytes = b"") -> dict[str, Any]:
        """The answer with this number. If it does not arrive by `until` (monotonic seconds), ends the process. Raises
        ScorerError."""
        began = time.monotonic()
        try:
            self._send(request, until)
            while (answer := json.loads(self._line(until)))["id"] != number:
                pass
        except TimeoutError:
            self._ended()
            raise ScorerError(f"it did not return within {until - began:.3g} s") from None
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise ScorerError(self._ended() or f"it gave no answer ({error})") from None
        result: dict[str, Any] = answer
        return result

    def _start(self) -> None:
        """Start its process and wait until the code is loaded. If that fails or takes too long, it is not tried again."""
        trust.check(self._project)
        with writable(temporary_folder()):
            self._scratch = tempfile.TemporaryDirectory(prefix="rsf-scorer-", ignore_cleanup_errors=True)
        words = [str(self._path), self._file.function, str(self._file.parameters), str(self._seconds)]
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            start_new_session=True,
            env={"OMP_NUM_THREADS": "1", **os.environ},
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        try:
            self._answer(0, time.monotonic() + START_SECONDS)
        except ScorerError as error:
            self.ends = MOST_ENDS
            raise ScorerError(f"it cannot be loaded: {error}") from None

    def _send(self, data: bytes, until: float) -> None:
        assert self._process is not None and self._process.stdin is not None
        pipe = self._process.stdin.fileno()
        while data:
            left = until - time.monotonic()
            if left <= 0 or not select.select([], [pipe], [], left)[1]:
                raise TimeoutError
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(pipe, data) :]

    def _line(self, until: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._left:
            left = until - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise TimeoutError
            more = os.read(pipe, 1 << 16)
            if not more:
                raise EOFError("it closed its pipe")
            self._left += more
            if len(self._left) > LONGEST_ANSWER:
                raise ValueError(f"more than {LONGEST_ANSWER:,} bytes")
        line, _, self._left = self._left.partition(b"\n")
        return line

    def _ended(self) -> str:
        """Count one more end of the process and close it. Returns how it ended by itself, "" if it did not."""
        self.ends += 1
        code = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(1.0)
        self.close()
        if code is None:
            return ""
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"its process was ended by the system ({signal.Signals(-code).name}): too much time or memory"
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return f"it ended its process ({how})"


class OwnScorer:
    """A project's own scorer behind the protocol of any other scorer."""

    def __init__(self, ref: OwnRef, file: OwnFile, caller: Caller) -> None:
        self.name, self.description, self.bounds = str(ref), file.description, file.bounds
        self._key, self._caller = ref.key, caller

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [self._one(scored) for scored in batch]

    def _one(self, scored: Scored) -> float | NoScore:
        try:
            answer = self._caller.call((scored.completion, scored.prompt.text, scored.prompt.reference))
            return picked(answer, self._key, self.name)
        except ScorerError as error:
            return NoScore(str(error))


def picked(answer: Answer, key: str | None, name: str) -> float:
    """The number under `key`, or the answer itself if `key` is None. Raises ScorerError if the answer does not have it."""
    if not isinstance(answer, dict):
        if key is None:
            return answer
        raise ScorerError(f"it returned a number, and no dict with {key!r}: name it without .{key}")
    if key is not None and key in answer:
        return answer[key]
    keys = ", ".join(answer) or "none"
    if key is not None:
        raise ScorerError(f"it returned a dict without {key!r}: it has {keys}")
    first = next(iter(answer), "KEY")
    plain = name.partition("@")[0]
    raise ScorerError(
        f"it returned a dict, in which each key is a score: name one, as in {plain}.{first} (it has {keys})"
    )


def get(ref: OwnRef) -> Scorer:
    """The scorer of a version that was read in this process. Raises ScorerError if there is none, or it cannot be used."""
    scorer = own.known(ref)
    if scorer is None:
        raise ScorerError(missing(ref))
    file, path = scorer
    if file.problem:
        raise ScorerError(file.problem)
    if file.judge is not None:
        return _judge(ref, file)
    return OwnScorer(ref, file, _caller(_project(path), path, file))


def missing(ref: OwnRef) -> str:
    return (
        f"there is no scorer {str(ref)!r}: {own.FOLDER}/{ref.name} of the project holds another version, and this one was "
        "not kept. Take it out of the target, or name it without its version"
    )


def _project(path: Path) -> Path:
    return path.parents[2] if path.parent.name == own.VERSIONS else path.parents[1]


@lru_cache(maxsize=16)
def _judge(ref: OwnRef, file: OwnFile) -> Scorer:
    """One object for the lifetime of the process, because it counts how often its endpoint has failed in a row."""
    if ref.key is not None:
        raise ScorerError(f"the scorer {ref.name!r} is a judge and gives one score: name it without .{ref.key}")
    return judge_of(file, str(ref))


def judge_of(file: OwnFile, name: str) -> LlmJudge:
    """The judge that a file defines, called `name` in its messages."""
    from rsf_core.scorers.judge import LlmJudge  # loaded only if there is a judge

    judge = LlmJudge(**(file.judge or {}))
    judge.name = name
    return judge


@lru_cache(maxsize=16)
def _caller(project: Path, path: Path, file: OwnFile) -> Caller:
    caller = Caller(project, path, file, SECONDS)
    atexit.register(caller.close)
    return caller
