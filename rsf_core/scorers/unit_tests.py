"""Whether the code of a completion passes the prompt's tests. The code runs in a process of its own, with limits, and the
tests in another (`sandbox`)."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import lru_cache
from textwrap import dedent

from rsf_core.domain import Prompt
from rsf_core.scorers import sandbox
from rsf_core.scorers.base import NoScore, Scored, unreadable
from rsf_core.scorers.checks import UnitTestsCheck
from rsf_core.scorers.sandbox import Limits, Statement
from rsf_core.scorers.thoughts import answer_of

_FENCED = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_BATCH_SECONDS = 40.0  # wall time, below the default of score.timeout_seconds


class UnitTests(UnitTestsCheck):
    name = "unit_tests"
    description = (
        "Share of the reference's assert statements that the completion's Python code (its first fenced block, else "
        "all of it) passes, 0 to 1; with whole 1 or 0. This runs the code: see docs/SECURITY.md"
    )
    version = "3"
    bounds = (0.0, 1.0)
    check = "rsf_core.scorers.checks:UnitTestsCheck"
    reference = True

    def __init__(self, seconds: float = 2.0, memory_mb: int = 512, whole: bool = False) -> None:
        super().__init__(seconds, memory_mb, whole)
        self._limits = Limits(self._seconds, self._memory)
        self.most_at_once = max(1, int(_BATCH_SECONDS / self._limits.wall_seconds))

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [self._score(scored) for scored in batch]

    def _score(self, scored: Scored) -> float | NoScore:
        tests = self._tests(scored.prompt)
        try:
            passed = sandbox.passed(code_of(scored.completion), tests, self._limits)
        except OSError as error:
            return NoScore(f"its code could not be run: {error}")
        share = passed / sum(test.is_test for test in tests)
        return float(share == 1.0) if self._whole else share

    def _tests(self, prompt: Prompt) -> tuple[Statement, ...]:
        problem = self.reference_problem(prompt.reference)
        if problem is not None:
            raise unreadable(self.name, prompt, problem)
        return statements(prompt.reference or "")


def code_of(completion: str) -> str:
    """The code in the answer of a completion: its first fenced block, even if it is cut off before the closing fence, else the
    whole answer. A block in a list is indented as a whole, and that indent is removed."""
    answer = answer_of(completion)
    fenced = _FENCED.search(answer)
    code = fenced[1] if fenced else answer
    return dedent(code) if code.lstrip("\r\n").startswith((" ", "\t")) else code


@lru_cache(maxsize=4096)
def statements(reference: str) -> tuple[Statement, ...]:
    """The statements of a valid reference. Cached, because a prompt's candidates share it."""
    return tuple(Statement(ast.unparse(one), isinstance(one, ast.Assert)) for one in ast.parse(reference).body)
