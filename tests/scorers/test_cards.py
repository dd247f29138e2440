"""A scorer's card is read from its source: it agrees with the loaded scorer, and nothing is loaded for it."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import reading, registry
from rsf_core.scorers.card import REQUIRED, Option, ScorerCard

BUILT_IN = [point for points in registry._entry_points().values() for point in points if "rsf_core." in point.value]
OF_A_CLASS = """
import math
from elsewhere import Base, LENGTH
{before}
class Judge{bases}:
    name = "judge"
    description = "How well it reads, " "0 to 10"
    bounds = (0, 10)
{body}
    def score(self, batch):
        return [1.0 for _ in batch]
"""


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._card.cache_clear()
    yield tmp_path
    registry._card.cache_clear()
    for module in ("judges", "judge_checks"):
        sys.modules.pop(module, None)


def card(path: Path, body: str = "", bases: str = "", before: str = "") -> ScorerCard | None:
    (path / "judges.py").write_text(OF_A_CLASS.format(body=body, bases=bases, before=before))
    scorer_card = reading.card_of("judge", "judges", "Judge")
    assert "judges" not in sys.modules
    return scorer_card


@pytest.mark.parametrize("point", BUILT_IN, ids=lambda point: point.name)
def test_the_card_of_a_built_in_says_what_the_loaded_scorer_says(point: EntryPoint) -> None:
    known, kind = registry.card(point.name), point.load()
    assert not known.loaded and not known.problem
    assert (known.name, known.description, known.bounds) == (kind.name, kind.description, tuple(kind.bounds))
    options = [
        Option(name, REQUIRED if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(kind).parameters.items()
    ]
    assert list(known.options) == options
    assert known.reference == hasattr(kind, "reference_problem")
    if known.check:
        module, _, name = known.check.partition(":")
        check = getattr(sys.modules[module], name)
        assert issubclass(kind, check), "scorer and check must say the same of options and references"
        assert [*inspect.signature(check).parameters] == [option.name for option in options]


def test_a_class_that_says_what_it_is_in_plain_values_has_a_card(path: Path) -> None:
    assert card(path) == ScorerCard("judge", "How well it reads, 0 to 10", (0.0, 10.0))
    scorer_card = card(path, '    needs = ("torch",)\n    extra = "judges"\n    version = 3\n')
    assert scorer_card is not None and (scorer_card.needs, scorer_card.extra, scorer_card.version) == (
        ("torch",),
        "judges",
        "3",
    )
    judging = card(path, "    opinion = True\n    sends = True\n")
    assert judging is not None and judging.opinion and judging.sends
    options = card(path, "    def __init__(self, rubric, scale: int = -5, *, strict=True): pass\n")
    assert options is not None and options.required == ("rubric",)
    assert [str(option) for option in options.options] == ["rubric", "scale=-5", "strict=true"]
    any_option = card(path, "    def __init__(self, **options): pass\n")
    assert any_option is not None and any_option.takes_any
    reads = card(path, "    def reference_problem(self, reference): pass\n")
    assert reads is not None and reads.reference


@pytest.mark.parametrize(
    ("bounds", "read"),
    [
        ("(0.0, math.inf)", (0.0, math.inf)),
        ("(-math.inf, 0)", (-math.inf, 0.0)),
        ('[float("-inf"), float("inf")]', (-math.inf, math.inf)),
        ("(-1.5, +2)", (-1.5, 2.0)),
        ("(0, LENGTH)", None),
        ("(1, 0)", None),
        ("(0, 1, 2)", None),
        ("None", None),
    ],
)
def test_bounds_are_read_as_they_are_written_or_not_at_all(
    path: Path, bounds: str, read: tuple[float, float] | None
) -> None:
    scorer_card = card(path, f"    bounds = {bounds}\n")  # the last definition counts
    assert (None if scorer_card is None else scorer_card.bounds) == read


@pytest.mark.parametrize(
    ("body", "bases", "before"),
    [
        ('    description = f"up to {LENGTH}"\n', "", ""),
        ("    def __init__(self, scale=LENGTH): pass\n", "", ""),
        ("    def __init__(self, *words): pass\n", "", ""),
        ("", "(Base)", ""),
        ("", "(Base[int])", ""),
        ("", "(metaclass=Base)", ""),
        ("", "", "@Base"),
    ],
)
def test_what_is_computed_or_comes_from_elsewhere_has_to_be_loaded(
    path: Path, body: str, bases: str, before: str
) -> None:
    assert card(path, body, bases, before) is None


def test_what_a_class_inherits_in_its_module_is_read(path: Path) -> None:
    before = "class Scale:\n    version = 2\n    def __init__(self, scale=3): pass\n"
    scorer_card = card(path, bases="(Scale)", before=before)
    assert (
        scorer_card is not None and scorer_card.version == "2" and [str(o) for o in scorer_card.options] == ["scale=3"]
    )


@pytest.mark.parametrize("source", [b"class Judge(:", b"\x00", b"\xff\xfe", b"(" * 5000, b"x = 1"])
def test_an_invalid_source_has_no_card(path: Path, source: bytes) -> None:
    (path / "judges.py").write_bytes(source)
    assert reading.card_of("judge", "judges", "Judge") is None
    assert reading.card_of("judge", "no_such_module", "Judge") is None


def test_a_scorer_whose_module_is_missing_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path / "judges.py").write_text(
        OF_A_CLASS.format(body='    needs = ("no_such_package",)\n    extra = "judges"\n', bases="", before="")
    )
    point = EntryPoint("judge", "judges:Judge", registry.GROUP)
    monkeypatch.setattr(registry, "_entry_points", lambda: {"judge": [point]})
    (scorer_card,) = registry.cards()
    assert (
        scorer_card.problem
        == "the scorer 'judge' needs no_such_package, which is not installed: pip install 'rsf-studio[judges]'"
    )


def test_options_that_a_card_does_not_know_are_refused_without_loading() -> None:
    for reference, message in [
        ("contains", r"needs options: write contains\(text=…\)"),
        ('contains(text="a", ignore_cas=true)', "did you mean 'ignore_case'"),
        ('contains(text="a", ignore_case=1)', "must be true or false, not 1"),
        ('contains(text="")', "needs a text that is not empty"),
        ('regex(pattern="(")', "cannot read its pattern"),
        ('json_schema(schema={type="nothing"})', "the schema of the scorer 'json_schema' is not valid"),
    ]:
        with pytest.raises(ScorerError, match=message):
            registry.reference_problems([reference], [])


def test_bounds_that_depend_on_options_come_from_the_check(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = "class Check:\n    def __init__(self, scale=5):\n        self.bounds = (0.0, float(scale))\n"
    (path / "judge_checks.py").write_text(check)
    body = '    check = "judge_checks:Check"\n    def __init__(self, scale=5): pass\n'
    (path / "judges.py").write_text(OF_A_CLASS.format(body=body, bases="", before=""))
    point = EntryPoint("judge", "judges:Judge", registry.GROUP)
    monkeypatch.setattr(registry, "_entry_points", lambda: {"judge": [point]})
    assert registry.bounds("judge") == (0.0, 5.0) and registry.bounds("judge(scale=7)") == (0.0, 7.0)
    assert "judges" not in sys.modules
