"""A thousand settings and files that nobody should write: each fails with a readable message and changes nothing."""

# ruff: noqa: E501  (lists of wrong values)
from __future__ import annotations

import random
from pathlib import Path

import pytest

from rsf_core.domain import settings_file
from rsf_core.domain.errors import NotAProjectError, RsfError, SettingsError
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import parse

TEXT = """\
# my project
task = "positive_reviews"
[generate]
candidates = 8
[target]
rewards = { sentiment = 1.0, "my.scorer" = 0.5 }
"""
KEYS = [
    *(f"{section}.{name}" for section in settings_file.SECTIONS for name in getattr(Settings(task="t"), section).__class__.model_fields),
    *("task", "seed", "model", "task.x", "task.x.y", "model.name", "seed.0", "generate", "generate.candidates.x", "a", ""),
    *(".", "..", "generate.", ".generate", "generate..seed", " ", "\n", "a\nb", 'a"b', "a'b", '"a.b"', "'a'.b", "a]", "[a]", "[[a]]"),
    *("#", "=", "a = 1\nb", "\x00", "\x1b[31m", "\ud800", "é", "日本", "🎉", "a" * 10_000, "a." * 500 + "b", "target.rewards"),
    *("target.rewards.sentiment", 'target.rewards."my.scorer"', "target.rewards.my.scorer", 'target.rewards."a\\nb"'),
    *("target.rewards." + "a" * 1_000, "target.rewards.\x00", "target.rewards.", "target.constraints.0", "target.constraints.0.scorer"),
    *("__class__", "model_fields", "target.rewards.__class__", "inf", "nan", "1", "-1", "1979-05-27", "true"),
]  # fmt: skip
VALUES = [
    *("", " ", "0", "1", "-1", "1.5", "nan", "-nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "1e400", "9" * 300, "9" * 4_000),
    *("9" * 5_000, "-" + "9" * 5_000, "0x" + "f" * 5_000, "1e" + "9" * 500, "0b2", "1_000", "1__0", "00", "+1", "true", "false"),
    *("[" * 5_000 + "]" * 5_000, "[" * 50 + "]" * 50, "{a=" * 2_000 + "1" + "}" * 2_000, "{ sentiment = 1e308 }", "[]", "{}", "{", "["),
    *("{ a = 1, a = 2 }", '{ "a\\nb" = 1 }', "{ a.b = 1 }", "[1, 'a', {}]", '"text"', "'text'", '"\\ud800"', '"\\u0000"', '"""a"""'),
    *("1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "\x00", "a\x00b", "\x1b[31m", "a\nb", "\r", "\r\n[other]", "1\nseed = 2"),
    *("1 # c", "#", "=", "\ud800", "\udcff", "é", "日本", "🎉", "a" * 5_000, "a" * 300, "/" * 5_000, "~", "../..", "lora", "global"),
    *('[{ scorer = "ended", at_least = 1 }]', "[{ scorer = 1 }]", "[{ scorer = 'a' }]", "[[]]", "9223372036854775808", "2147483648"),
]  # fmt: skip
FILES = [
    *(b"", b"\xff", b"\x00" * 1_000, b"task", b"task = ", b"task = 't", b"task = 1", b"[task]", b"[[task]]", b"task = 't'\ntask = 't'"),
    *("task = 't'".encode("utf-16"), b"\xef\xbb\xbf\xef\xbb\xbftask = 't'", b"task = 't'\rseed = 1", b"a = " + b"[" * 10_000),
    *(b"seed = " + b"9" * 5_000, b"x = 1\n" * 3, b"[a]\n" * 2, b"#" * (2 << 20), b"task = 't'\n[generate.candidates]\nx = 1"),
    *(b"task = 't'\n[target.rewards]\n" + b"".join(b"k%d = 1\n" % i for i in range(2_000)), b"task='t'\ngenerate = 5", b"a.b.c = 1"),
    *(b"task = 't'\n[target]\nrewards.a = 1\n[target.rewards]\nb = 1", b"a" * 10_000 + b" = 1", b"task = 't'\ngenerate.x.y.z = []"),
    *(b"task = 't'\n" + b".".join([b"a"] * 3_000) + b" = 1", b"task = 't'\n[[target.constraints]]\nscorer = []", b'task = "\\ud800"'),
]  # fmt: skip


def test_a_thousand_settings_are_taken_or_refused_in_words(tmp_path: Path) -> None:
    """Whatever is set and unset, the file can be read afterwards; a refused change leaves it as it was."""
    dice = random.Random(13)
    file = tmp_path / "project.toml"
    file.write_text(TEXT)
    refused = 0
    for turn in range(1_000):
        if turn % 50 == 0:
            file.write_text(TEXT)
        key, value, before = dice.choice(KEYS), dice.choice(VALUES), file.read_bytes()
        if dice.random() < 0.2:
            value = "".join(dice.choice('a1.-"[]{}=,#\n\\ é\x00') for _ in range(dice.randint(1, 12)))
        try:
            if dice.random() < 0.75:
                settings_file.change(tmp_path, key, value)
            else:
                settings_file.unset(tmp_path, key)
        except RsfError as error:
            refused += 1
            message = str(error)
            assert file.read_bytes() == before and 0 < len(message) < 3_000
        settings_file.read(tmp_path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["project.toml"]
    assert 300 < refused < 1_000


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_a_file_that_nobody_should_write_is_named_in_words_and_left_as_it_is(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "project.toml"
    file.write_bytes(text)
    with pytest.raises(SettingsError, match=r"project\.toml"):
        settings_file.read(tmp_path)
    for use in (
        lambda: settings_file.change(tmp_path, "generate.candidates", "none"),
        lambda: settings_file.unset(tmp_path, "generate.nothing"),
    ):
        with pytest.raises(SettingsError):
            use()
    assert file.read_bytes() == text


def test_a_mark_in_front_and_line_ends_of_elsewhere_are_read_and_the_line_ends_kept(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert settings_file.read(tmp_path).generate.candidates == 8
    settings_file.change(tmp_path, "generate.candidates", "9")
    assert file.read_bytes() == TEXT.replace("= 8", "= 9").replace("\n", "\r\n").encode()


def test_something_else_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "project.toml").mkdir()
    with pytest.raises(NotAProjectError, match=r"project\.toml is not a file"):
        settings_file.read(tmp_path)
    (tmp_path / "project.toml").rmdir()
    (tmp_path / "project.toml").symlink_to("project.toml")
    with pytest.raises(NotAProjectError, match=r"project\.toml is not a file"):
        settings_file.change(tmp_path, "seed", "1")


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project.toml").write_text(TEXT)

    def refuse(self: Path, *arguments: object, **named: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SettingsError, match=r"project\.toml cannot be read: Permission denied"):
        settings_file.read(tmp_path)


def test_a_name_with_a_dot_is_quoted_as_in_toml(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text(TEXT)
    settings_file.change(tmp_path, 'target.rewards."my.scorer"', "2")
    assert settings_file.unset(tmp_path, "target.rewards.sentiment").target.rewards == {"my.scorer": 2.0}


@pytest.mark.parametrize("key", ["task.x", "nothing", "generate.nothing", "generate.candidates.x", "nothing.here", ""])
def test_what_is_no_setting_cannot_be_unset(tmp_path: Path, key: str) -> None:
    (tmp_path / "project.toml").write_text(TEXT)
    with pytest.raises(SettingsError, match="there is no setting"):
        settings_file.unset(tmp_path, key)


# -- repairing -----------------------------------------------------------------------------------------------------

BROKEN = TEXT.replace("1.0", "1e308").replace("= 8", "= 0") + "weird = 1\n[nonsense]\nx = 1\n[train]\nloss = 5\n"


def test_values_that_are_not_allowed_give_way_to_their_defaults_and_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text(BROKEN)
    settings, problems = settings_file.read_tolerantly(tmp_path)
    assert settings.generate.candidates == 8  # the default
    assert settings.target.rewards == {"my.scorer": 0.5}
    assert {problem.key for problem in problems} == {
        "generate.candidates", "target.rewards.sentiment", "target.weird", "nonsense", "train.loss",
    }  # fmt: skip
    messages = {problem.key: str(problem) for problem in problems}
    assert (
        "must be at most 1,000,000" in messages["target.rewards.sentiment"]
        and "1e+308" in messages["target.rewards.sentiment"]
    )


def test_they_are_mended_one_by_one_and_nothing_new_gets_in(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text(BROKEN)
    with pytest.raises(SettingsError, match=r"generate\.candidates: .*got -1"):
        settings_file.change(tmp_path, "generate.candidates", "-1")
    with pytest.raises(SettingsError, match=r"train\.epochs"):
        settings_file.change(tmp_path, "train.epochs", "many")
    settings_file.change(tmp_path, "generate.candidates", "16")
    settings_file.change(tmp_path, "target.rewards.sentiment", "2")
    for key in ("nonsense", "target.weird", "train.loss"):
        assert settings_file.read_tolerantly(tmp_path)[1] != []
        settings_file.unset(tmp_path, key)
    settings = settings_file.read(tmp_path)
    assert (settings.generate.candidates, settings.target.rewards["sentiment"]) == (16, 2.0)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"rewards": {"a": 1e308}}, r"target\.rewards\.a: .*1,000,000"),
        ({"rewards": {"a": -1e7}}, r"target\.rewards\.a: .*-1,000,000"),
        ({"rewards": {"a": 1.0}, "beta": 1e-300}, r"the weight of a / beta is 1 / 1e-300"),
        ({"beta": 1e7}, r"target\.beta: .*1,000,000"),
        ({"rewards": {"": 1.0}}, r"cannot be empty"),
        ({"rewards": {"a\nb": 1.0}}, r"has a character that it cannot have"),
        ({"rewards": {"a" * 201: 1.0}}, r"at most 200 characters"),
        ({"constraints": [{"scorer": "x" * 999, "at_least": 1}]}, r"target\.constraints\.0\.scorer: .*at most 200"),
    ],
)
def test_numbers_and_names_have_bounds(target: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse({"task": "t", "target": target}, "here")
