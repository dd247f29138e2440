"""project.toml: read with errors that name file and field, changed without losing a person's comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain import settings_file
from rsf_core.domain.errors import NotAProjectError, SettingsError, StoreError
from rsf_core.domain.files import writable

TEXT = """\
# my project
task = "positive_reviews"  # bundled
seed = 5

[generate]
candidates = 8  # as many as I can read

[target]
# only good ones
constraints = [
    { scorer = "ended", at_least = 1 },  # no half sentences
]
rewards = { sentiment = 1.0 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project.toml").write_text(TEXT)
    return tmp_path


def test_a_changed_value_leaves_every_comment_and_the_rest_as_it_was(folder: Path) -> None:
    settings = settings_file.change(folder, "generate.candidates", "16")
    assert settings.generate.candidates == 16
    expected = TEXT.replace("candidates = 8 ", "candidates = 16 ")
    assert (folder / "project.toml").read_text() == expected
    assert settings_file.read(folder) == settings


@pytest.mark.parametrize(
    ("key", "text", "path"),
    [
        ("task", "arithmetic", ("task",)),
        ("model", "HuggingFaceTB/SmolLM2-135M", ("model",)),
        ("model", '/models/it\'s "mine"', ("model",)),
        ("generate.temperature", "0.7", ("generate", "temperature")),
        ("generate.seed", "3", ("generate", "seed")),
        ("target.beta", "0.5", ("target", "beta")),
        ("train.epochs", "7", ("train", "epochs")),  # a section that the file does not have yet
        ("accept.scope", "global", ("accept", "scope")),
        ("accept.weighted", "true", ("accept", "weighted")),
        ("target.rewards.length", "-0.01", ("target", "rewards", "length")),
    ],
)
def test_any_setting_can_be_changed_in_plain_words(folder: Path, key: str, text: str, path: tuple[str, ...]) -> None:
    settings_file.change(folder, key, text)
    value: object = settings_file.read(folder).model_dump(mode="json")
    for name in path:
        assert isinstance(value, dict)
        value = value[name]
    assert str(value) == {"true": "True"}.get(text, text)
    assert "# no half sentences" in (folder / "project.toml").read_text()


def test_a_list_or_table_is_given_as_toml(folder: Path) -> None:
    settings = settings_file.change(folder, "target.constraints", '[{ scorer = "words", at_most = 20 }]')
    assert [str(constraint) for constraint in settings.target.constraints] == ["words ≤ 20"]
    assert settings_file.change(folder, "target.rewards", "{}").target.rewards == {}


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("generate.candidates", "many", r"generate\.candidates: must be a whole number \(got 'many'\)"),
        ("generate.candidates", "-1", r"generate\.candidates: .*got -1"),
        (
            "generate.candidate",
            "8",
            r"generate\.candidate: there is no such name here .*did you mean generate\.candidates\?",
        ),
        ("nothing.here", "1", r"no setting 'nothing\.here'.*sections.*generate"),
        ("task.name", "x", r"no setting 'task\.name'"),
        ("candidates", "8", r"candidates: .*did you mean generate\.candidates\?"),
        ("generate", "8", r"generate: "),
        ("", "8", "there is no such name here"),
        ("generate.", "8", "there is no such name here"),
        (".", "8", "no setting '.'"),
        ("target.beta", "0", r"target\.beta: must be above 0"),
        ("target.beta", "nan", r"target\.beta: .*finite"),
        ("target.constraints", '[{ scorer = "ended" }]', r"target\.constraints\.0: .*at_least or at_most"),
    ],
)
def test_a_change_that_is_not_allowed_is_named_and_writes_nothing(
    folder: Path, key: str, text: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        settings_file.change(folder, key, text)
    assert (folder / "project.toml").read_text() == TEXT
    assert [entry.name for entry in folder.iterdir()] == ["project.toml"]


def test_a_mistake_made_by_hand_names_file_and_field(folder: Path) -> None:
    path = folder / "project.toml"
    path.write_text(TEXT.replace("candidates = 8", "candidates = 0"))
    with pytest.raises(SettingsError, match=r"project\.toml: generate\.candidates: .*got 0"):
        settings_file.read(folder)
    path.write_text(TEXT.replace("seed = 5", "seed = "))
    for use in (settings_file.read, lambda folder: settings_file.change(folder, "seed", "1")):
        with pytest.raises(SettingsError, match=r"project\.toml is not valid TOML: .*line 3"):
            use(folder)


def test_bytes_that_are_no_text_name_the_file(folder: Path) -> None:
    (folder / "project.toml").write_bytes(TEXT.encode() + b'\nmodel = "\xff"\n')
    for use in (settings_file.read, lambda folder: settings_file.change(folder, "seed", "1")):
        with pytest.raises(SettingsError, match=r"project\.toml is not"):
            use(folder)


def test_a_folder_that_is_no_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotAProjectError, match=r"is not an RSF Studio project \(it has no project\.toml\).*rsf init"):
        settings_file.read(tmp_path)
    with pytest.raises(NotAProjectError, match=r"gone does not exist: make a project with `rsf init"):
        settings_file.change(tmp_path / "gone", "seed", "1")


def test_a_new_file_says_what_it_is_and_reads_back(tmp_path: Path) -> None:
    data = {"task": "t", "seed": 4, "target": {"constraints": [{"scorer": "ended", "at_least": 1}]}}
    settings = settings_file.create(tmp_path, data)
    assert settings_file.read(tmp_path) == settings
    assert (tmp_path / "project.toml").read_text().startswith("# An RSF Studio project.")
    with pytest.raises(SettingsError, match=r"train\.epochs"):
        settings_file.create(tmp_path / "other", {"task": "t", "train": {"epochs": 0}})


def test_unsetting_goes_back_to_the_default_and_keeps_the_comments(folder: Path) -> None:
    settings_file.change(folder, "train.epochs", "9")
    before = (folder / "project.toml").read_text()
    assert settings_file.unset(folder, "train.epochs").train.epochs == 3
    assert settings_file.unset(folder, "train.growth_bound").train.growth_bound is None  # nothing to remove
    after = (folder / "project.toml").read_text()
    assert "epochs" not in after and before.split("[train]")[0] == after.split("[train]")[0]


def test_a_section_written_as_a_whole_keeps_what_is_the_same_with_its_comments(folder: Path) -> None:
    now = settings_file.read(folder)
    settings = settings_file.replace(folder, {"target": now.target, "accept": now.accept})
    assert settings == now and (folder / "project.toml").read_text() == TEXT
    other = now.target.model_copy(update={"beta": 0.25, "reference": "proposal"})
    accept = now.accept.model_copy(update={"rate": 0.5})
    settings = settings_file.replace(folder, {"target": other, "accept": accept})
    text = (folder / "project.toml").read_text()
    assert (settings.target, settings.accept) == (other, accept) == (settings_file.read(folder).target, accept)
    assert "# no half sentences" in text and "# only good ones" in text and "scope" not in text
    settings = settings_file.replace(folder, {"target": type(now.target)(), "accept": now.accept})
    assert settings.target == type(now.target)() and "sentiment" not in (folder / "project.toml").read_text()


def test_a_section_that_is_not_allowed_is_not_written(folder: Path) -> None:
    target = settings_file.read(folder).target.model_copy(update={"beta": -1.0})
    with pytest.raises(SettingsError, match=r"target\.beta"):
        settings_file.replace(folder, {"target": target})
    assert (folder / "project.toml").read_text() == TEXT


def test_a_whole_section_mends_what_was_wrong_in_it(folder: Path) -> None:
    (folder / "project.toml").write_text(TEXT + "beta = -3\n")
    tolerated, problems = settings_file.read_tolerantly(folder)
    assert problems
    settings_file.replace(folder, {"target": tolerated.target})
    assert settings_file.read_tolerantly(folder)[1] == []
    (folder / "project.toml").write_text("task = 't'\ntarget = 3\n")
    assert settings_file.replace(folder, {"target": tolerated.target}).target == tolerated.target


@pytest.mark.parametrize("name", ["x" * 300, "x\0y", "~nobody/x"])
def test_a_folder_that_cannot_be_is_no_project_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAProjectError, match="does not exist"):
        settings_file.check_folder(tmp_path / name)


def test_a_name_too_long_for_the_disk_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="too long a name"), writable(tmp_path / ("x" * 300)):
        (tmp_path / ("x" * 300)).mkdir()
