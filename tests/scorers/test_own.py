"""A project's own scorers: files that are read and never run, with versions given by their contents."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.settings import Target
from rsf_core.scorers import own
from rsf_core.scorers.own import OwnRef

SHORT = (
    'def score(completion, prompt, reference):\n    """How short it is\n\n    More."""\n    return -len(completion)\n'
)


def test_a_function_with_a_sentence_is_a_scorer() -> None:
    scorer_file = own.read("short", SHORT)
    assert (scorer_file.problem, scorer_file.function, scorer_file.parameters) == ("", "score", 3)
    assert scorer_file.description == "How short it is" and scorer_file.bounds == (-math.inf, math.inf)
    assert len(scorer_file.version) == 8 and own.read("short", SHORT + "#").version != scorer_file.version


def test_a_decorated_function_says_its_bounds() -> None:
    for decorator in ("@scorer(bounds=(0, 1))", "@rsf_core.scorer(bounds=(0, 1), description='Polite')", "@scorer"):
        source = (
            f"import rsf_core\nfrom rsf_core import scorer\n{decorator}\ndef polite(completion):\n    '''Is polite'''\n"
        )
        scorer_file = own.read("polite", source)
        assert (scorer_file.problem, scorer_file.function, scorer_file.parameters) == ("", "polite", 1)
        assert scorer_file.bounds == ((0.0, 1.0) if "bounds" in decorator else (-math.inf, math.inf))
        assert scorer_file.description == ("Polite" if "Polite" in decorator else "Is polite")


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("Short", SHORT, "a name has small letters"),
        ("a-b", SHORT, "a name has small letters"),
        ("../up", SHORT, "a name has small letters"),
        ("a" * 41, SHORT, "a name has small letters"),
        ("short", "def score(completion:", "it is not Python"),
        ("short", "import re\n\nretrun 0", "it is not Python: line 3: invalid syntax"),
        ("short", "\0", "it is not Python"),
        ("short", "(" * 10_000, "it is not Python"),
        ("short", "", "no function `score"),
        ("short", "score = len", "no function `score"),
        ("short", "class A:\n    def score(self): pass", "no function `score"),
        ("short", "async def score(a): pass", "no function `score"),
        ("short", "def score(): pass", "cannot need nothing"),
        ("short", "def score(a, b, c, d): pass", "cannot need anything else"),
        ("short", "def score(a, *, key): pass", "cannot need anything else"),
        ("short", "@scorer\ndef a(x): pass\n@scorer\ndef b(x): pass", "only one function"),
        ("short", "@scorer(bounds=(1, 0))\ndef a(x): pass", "no score lies in"),
        ("short", "@scorer(bounds=LIMITS)\ndef a(x): pass", "the scorer 'short'"),
        ("short", f"def score(a): return {'1' * 200_001}", "more than 200,000 bytes"),
    ],
)
def test_what_is_no_scorer_says_why(name: str, source: str, message: str, tmp_path: Path) -> None:
    assert message in own.read(name, source).problem
    with pytest.raises(ScorerError, match="scorer"):
        own.save(tmp_path, name, source)
    assert not (tmp_path / "scorers").exists()


@pytest.mark.parametrize("parameters", ["c", "c, p", "c, p, r", "c, p, r, more=1", "*all", "c, p=1", "c, /, p, *, x=2"])
def test_it_takes_as_many_of_the_three_as_it_wants(parameters: str) -> None:
    scorer_file = own.read("short", f"def score({parameters}): return 1")
    expected = {"c": 1, "c, p": 2, "c, p=1": 2, "c, /, p, *, x=2": 2}.get(parameters, 3)
    assert (scorer_file.problem, scorer_file.parameters) == ("", expected)


def test_reading_a_file_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    scorer_file = own.read(
        "short", f"open({str(mark)!r}, 'w')\n@scorer(bounds=(0, 1))\ndef a(x, y=open({str(mark)!r}, 'w')): pass"
    )
    assert not scorer_file.problem and not mark.exists()


@pytest.mark.parametrize(
    ("name", "ref"),
    [
        ("short", OwnRef("short")),
        ("short.words", OwnRef("short", "words")),
        ("short@0a1b2c3d", OwnRef("short", None, "0a1b2c3d")),
        ("short.words@0a1b2c3d", OwnRef("short", "words", "0a1b2c3d")),
        ("contains(text='a')", None),
        ("short@1", None),
        ("Short", None),
        ("short.a.b", None),
        ("", None),
    ],
)
def test_names_say_file_key_and_version(name: str, ref: OwnRef | None) -> None:
    assert own.reference(name) == ref and (ref is None or str(ref) == name)


def test_a_target_means_the_file_of_now_unless_it_names_a_version(tmp_path: Path) -> None:
    taken = lambda: frozenset({"length"})  # noqa: E731
    target = Target(
        rewards={"short": 2.0, "short.words": 1.0, "length": 1.0, "gone": 1.0, "short@00000000": 3.0},
        constraints=({"scorer": "short", "at_least": 1},),
    )
    assert own.pinned(tmp_path, target, taken) is target
    version = own.save(tmp_path, "short", SHORT).version
    own.save(tmp_path, "length", SHORT)  # the target means the installed one
    pinned_target = own.pinned(tmp_path, target, taken)
    assert list(pinned_target.rewards) == [
        f"short@{version}",
        f"short.words@{version}",
        "length",
        "gone",
        "short@00000000",
    ]
    assert pinned_target.constraints[0].scorer == f"short@{version}" and pinned_target.constraints[0].at_least == 1
    changed = own.save(tmp_path, "short", SHORT + "\n# changed").version
    assert changed != version and next(iter(own.pinned(tmp_path, target, taken).rewards)) == f"short@{changed}"
    both = Target(rewards={"short": 2.0, f"short@{changed}": 3.0})
    assert own.pinned(tmp_path, both, taken).rewards == {f"short@{changed}": 2.0}


def test_a_file_that_is_changed_by_hand_is_another_version_and_the_old_one_is_kept(tmp_path: Path) -> None:
    old = own.save(tmp_path, "short", SHORT)
    (tmp_path / "scorers" / "short.py").write_text(SHORT.replace("short", "brief"))
    (new,) = own.files(tmp_path)
    assert new.version != old.version and new.description == "How brief it is"
    own.keep(tmp_path, (str(new.ref), "length", "gone@00000000"))
    own._files.clear()
    own.remember(tmp_path)
    for file in (old, new):
        scorer_file = own.known(file.ref)
        assert scorer_file is not None and scorer_file[0] == file
    assert own.known(OwnRef("short")) is None and own.known(OwnRef("short", None, "00000000")) is None


def test_a_kept_version_that_was_changed_is_not_trusted(tmp_path: Path) -> None:
    old = own.save(tmp_path, "short", SHORT)
    own.save(tmp_path, "short", SHORT + "# new")
    (tmp_path / "scorers" / "versions" / f"short@{old.version}.py").write_text("def score(a): return 7")
    own._files.clear()
    own.remember(tmp_path)
    assert own.known(old.ref) is None


def test_invalid_files_keep_no_other_from_being_listed(tmp_path: Path) -> None:
    own.save(tmp_path, "short", SHORT)
    folder = tmp_path / "scorers"
    (folder / "broken.py").write_bytes(b"\xff\xfe def")
    (folder / "large.py").write_text("#" * 300_000)
    (folder / "folder.py").mkdir()
    (folder / ".hidden.py").write_text(SHORT)
    (folder / "notes.txt").write_text("no scorer")
    problems = {file.name: bool(file.problem) for file in own.files(tmp_path)}
    assert problems == {"short": False, "broken": True, "large": True}


@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_as_an_editor_of_windows_writes_it_is_a_scorer(tmp_path: Path, mark: str, end: str) -> None:
    (tmp_path / own.FOLDER).mkdir()
    (tmp_path / own.FOLDER / "short.py").write_bytes((mark + SHORT).replace("\n", end).encode())
    scorer_file = own.file(tmp_path, "short")
    assert scorer_file is not None and (scorer_file.problem, scorer_file.description) == ("", "How short it is")
