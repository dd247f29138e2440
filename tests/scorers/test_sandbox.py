"""Code runs where it reaches neither the tests nor their results: honest code passes as in one process, code that cheats does
not."""

from __future__ import annotations

import ast

import pytest

from rsf_core.scorers import sandbox
from rsf_core.scorers.sandbox import Limits
from rsf_core.scorers.unit_tests import statements
from tests.support.sandbox_cheats import CHEATS, EVERY, TESTS
from tests.support.sandbox_honest import HONEST

LIMITS = Limits(2.0, 512 << 20)


def passed(code: str, tests: str) -> int:
    return sandbox.passed(code, statements(tests), LIMITS)


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_passes(name: str) -> None:
    code, tests = HONEST[name]
    count = sum(isinstance(one, ast.Assert) for one in ast.parse(tests).body)
    assert count and passed(code, tests) == count
    assert passed("unrelated = 1", tests) < count, "without the code they do not pass"


@pytest.mark.parametrize("name", CHEATS)
def test_code_that_cheats_passes_nothing(name: str) -> None:
    assert passed(CHEATS[name].replace("EVERY", EVERY), TESTS) == 0


def test_a_cheat_of_one_test_does_not_help_with_the_others() -> None:
    honest = "def double(x):\n    return x * 2\n"
    assert passed(honest, TESTS) == 11
    assert passed("class I(int):\n    __eq__ = lambda s, o: True\ndef double(x): return I(4)", TESTS) == 2, (
        "2 is doubled"
    )


UNITTEST = """\
import io, unittest
class OfAdd(unittest.TestCase):
    def test_sum(self): self.assertEqual(add(1, 2), 3)
suite = unittest.defaultTestLoader.loadTestsFromTestCase(OfAdd)
assert unittest.TextTestRunner(stream=io.StringIO()).run(suite).wasSuccessful()
"""
HELPER = """\
class Helper:
    def holds(self): return add(1, 2) == 3
assert Helper().holds()
"""


@pytest.mark.parametrize("tests", [UNITTEST, HELPER])
def test_a_class_of_the_tests_that_tests_is_not_run_by_the_code(tests: str) -> None:
    assert passed("def add(a, b): return a + b", tests) == 1
    assert passed("def add(a, b): return 9", tests) == 0
    assert passed(EVERY + "def add(a, b): return E()", tests) == 0


def test_a_context_of_the_code_does_not_end_what_the_tests_assert() -> None:
    tests = (
        "def holds():\n    with Context() as one:\n        assert one.number() == 1\n    return True\nassert holds()"
    )
    code = "class Context:\n  def __enter__(s): return s\n  def __exit__(s,*a): return True\n  def number(s): return "
    assert passed(code + "1", tests) == 1
    assert passed(code + "2", tests) == 0
