"""The bundled tasks are what they claim to be, and a person's own task folder is checked line by line."""

from __future__ import annotations

import json
import re
import runpy
import tomllib
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rsf_core import prompts
from rsf_core.acceptance.target import passes, reward
from rsf_core.domain import Finish, Prompt, Split, bundled
from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings_reading import parse
from rsf_core.prompts import tasks
from rsf_core.prompts.near_duplicates import near_duplicate_pairs, normalise
from rsf_core.prompts.tasks import Task
from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored
from tests.support import scoring

NAMES = tasks.names()
FRENCH = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZàâçèéêëîïôùûüœæÀÂÇÉÈÊÎÔŒ '-,.?!")


@pytest.fixture(params=NAMES)
def task(request: pytest.FixtureRequest) -> Task:
    return tasks.load(request.param)


def texts(task: Task, split: Split) -> list[str]:
    return [row.whole for row in task.prompts if row.split is split]


def test_the_promised_tasks_are_bundled() -> None:
    assert set(NAMES) >= {"positive_reviews", "arithmetic", "sentiment_labels", "translation_en_fr", "dialogue"}
    assert set(NAMES) >= {"python_functions", "json_extraction"}


def test_there_are_enough_prompts_on_both_sides(task: Task) -> None:
    assert [len(texts(task, split)) >= least for split, least in zip(Split, (96, 48, 48), strict=True)] == [True] * 3


def test_no_prompt_occurs_twice_and_none_resembles_one_of_the_other_side(task: Task) -> None:
    keys = [normalise(row.text) for row in task.prompts]
    assert len(set(keys)) == len(keys)
    for one, other in combinations(Split, 2):
        assert prompts.check_disjoint(texts(task, one), texts(task, other)) == []


def test_settings_parse_and_name_scorers_that_exist(task: Task) -> None:
    settings = parse({**task.defaults, "task": task.name}, "task.toml")
    assert settings.target.scorers
    for scorer in settings.target.scorers:
        registry.get(scorer)
    assert task.title and len(task.description) > 20


def test_the_readme_says_origin_and_licence(task: Task) -> None:
    text = bundled.path("data", "tasks", task.name, "README.md").read_text(encoding="utf-8")
    assert "Origin:" in text and "Licence:" in text
    counts = [int(number) for number in re.findall(r"\b(\d+) (?:train|held-out|sealed)", text)]
    assert counts == [len(texts(task, split)) for split in Split]


@pytest.mark.parametrize("name", NAMES)
def test_prompts_are_what_their_script_makes(name: str, tmp_path: Path) -> None:
    """make.py writes into its own folder, so a copy of it is run."""
    folder = bundled.path("data", "tasks", name)
    copy = tmp_path / "make.py"
    copy.write_text((folder / "make.py").read_text(encoding="utf-8"), encoding="utf-8")
    runpy.run_path(str(copy), run_name="__main__")
    assert (tmp_path / "prompts.jsonl").read_bytes() == (folder / "prompts.jsonl").read_bytes()


def test_every_reference_of_arithmetic_is_the_sum_and_no_sum_is_on_both_sides() -> None:
    sums: dict[Split, set[frozenset[int]]] = {split: set() for split in Split}
    for row in tasks.load("arithmetic").prompts:
        match = re.fullmatch(r"What is (\d+) \+ (\d+)\? Answer with just the number\.", row.text)
        assert match is not None and row.split is not None, row.text
        a, b = int(match[1]), int(match[2])
        assert row.reference == str(a + b) and 0 < a < 50 and 0 < b < 50
        sums[row.split].add(frozenset((a, b)))
    assert not any(sums[one] & sums[other] for one, other in combinations(Split, 2))
    assert sum(map(len, sums.values())) == len(tasks.load("arithmetic").prompts)


def test_the_perfect_answer_to_every_labelled_sentence_is_accepted() -> None:
    task = tasks.load("sentiment_labels")
    target = parse({**task.defaults, "task": task.name}, "task.toml").target
    batch = [
        Scored(Prompt(i, row.text, row.reference), f"The sentence is {row.reference}. So it reads.", 9, Finish.EOS)
        for i, row in enumerate(task.prompts)
    ]
    scores = {name: np.array(scoring.scores(name, batch)) for name in target.scorers}
    assert passes(target, scores, len(batch)).all()


def test_labels_are_even_on_both_sides_also_among_the_first_of_them() -> None:
    for split in Split:
        labels = [row.reference for row in tasks.load("sentiment_labels").prompts if row.split is split]
        for count in (48, len(labels)):
            assert Counter(labels[:count]) == dict.fromkeys(("positive", "negative", "neutral"), count // 3)


def test_no_labelled_sentence_occurs_twice() -> None:
    sentences = [row.text.split('"')[1] for row in tasks.load("sentiment_labels").prompts]
    assert near_duplicate_pairs(sentences) == []


def test_every_translation_is_french_and_no_reference_is_on_both_sides() -> None:
    """The references have French words that the English sentences lack, and end with the same punctuation mark."""
    task = tasks.load("translation_en_fr")
    references: dict[Split, list[str]] = {split: [] for split in Split}
    for row in task.prompts:
        request, _, english = row.text.partition("\n\n")
        french = row.reference or ""
        assert "into French" in request and row.split is not None
        assert french[0].isupper() and french[-1] == english[-1] and french[-1] in ".?!", french
        assert (french[-2] == " ") == (french[-1] in "?!") and "  " not in french, french  # French puts a space there
        assert unicodedata.is_normalized("NFC", french) and set(french) <= FRENCH, french
        assert scoring.scores("chrf", [Scored(Prompt(1, row.text, french), french, 9, Finish.EOS)]) == [1.0]
        assert scoring.scores("chrf", [Scored(Prompt(1, row.text, french), english, 9, Finish.EOS)])[0] < 0.6, french
        references[row.split].append(french)
    for one, other in combinations(Split, 2):
        assert prompts.check_disjoint(references[one], references[other]) == []


def test_a_dialogue_asks_for_one_of_two_things_mentioned_before_and_nothing_is_on_both_sides() -> None:
    task = tasks.load("dialogue")
    target = parse({**task.defaults, "task": task.name}, "task.toml").target
    assert {1 + len(row.earlier) // 2 for row in task.prompts} == {2, 3, 4}
    things: dict[Split, set[str]] = {split: set() for split in Split}
    batch, wrong = [], []
    for number, row in enumerate(task.prompts):
        (thing,) = re.findall(r"\bmy (\w+)\??", row.text)
        facts = re.findall(r"(?:My|I)[^.?]*\bmy \w+[^.?]*\.|My \w+ is \w+\.", " ".join(row.earlier))
        (about,) = [fact for fact in facts if re.search(rf"\b{thing}\b", fact)]
        (other,) = [fact for fact in facts if fact != about]
        assert row.reference is not None and re.search(rf"\b{row.reference}\b", about), (about, row)
        assert not re.search(rf"\b{row.reference}\b", other) and row.split is not None, (other, row)
        things[row.split].add(thing)
        things[row.split].add(re.findall(r"\bmy (\w+)", other, re.IGNORECASE)[0])
        prompt = Prompt(number, row.text, row.reference)
        batch.append(Scored(prompt, f" {row.reference.capitalize()}.", 3, Finish.EOS))
        wrong.append(Scored(prompt, about, 9, Finish.EOS))
    assert not any(things[one] & things[other] for one, other in combinations(Split, 2))
    for answers, right in ((batch, True), (wrong, False)):
        scores = {name: np.array(registry.score(name, answers)) for name in target.scorers}
        assert (passes(target, scores, len(answers)) == right).all()


def test_every_function_has_a_solution_that_passes_its_tests_and_no_constant_does() -> None:
    made = runpy.run_path(str(bundled.path("data", "tasks", "python_functions", "make.py")), run_name="made")
    functions = {one[0]: one for kind in made["families"]() for one in kind}
    rows = tasks.load("python_functions").prompts
    assert len(functions) == len(rows)
    for row in rows:
        name = re.findall(r"`(\w+)\(", row.text)[0]
        asserts = (row.reference or "").split("\n")
        assert len(asserts) >= 3 and registry.reference_problem("unit_tests", row.reference) is None
        assert all(line.startswith(f"assert {name}(") for line in asserts), row
        assert len({line.rpartition(" == ")[2] for line in asserts}) > 1, row  # no constant passes
        namespace: dict[str, object] = {}
        exec(made["solution"](functions[name]), namespace)
        exec(row.reference or "", namespace)


def test_a_function_is_accepted_by_its_tests_alone() -> None:
    task = tasks.load("python_functions")
    target = parse({**task.defaults, "task": task.name}, "task.toml").target
    made = runpy.run_path(str(bundled.path("data", "tasks", "python_functions", "make.py")), run_name="made")
    functions = {one[0]: one for kind in made["families"]() for one in kind}
    chosen = [row for split in Split for row in [one for one in task.prompts if one.split is split][:2]]
    for right in (True, False):
        batch = []
        for number, row in enumerate(chosen):
            name, arguments = re.findall(r"`(\w+)\((.*?)\)`", row.text)[0]
            wrong = f"def {name}({arguments}):\n    return None\n"
            code = made["solution"](functions[name]) if right else wrong
            batch.append(Scored(Prompt(number, row.text, row.reference), f"```python\n{code}```", 30, Finish.EOS))
        scores = {name: np.array(scoring.scores(name, batch)) for name in target.scorers}
        assert (passes(target, scores, len(batch)) == right).all()


def test_the_right_json_of_every_note_is_accepted_and_no_fact_is_on_two_sides() -> None:
    task = tasks.load("json_extraction")
    target = parse({**task.defaults, "task": task.name}, "task.toml").target
    facts: dict[Split, set[str]] = {split: set() for split in Split}
    right, wrong = [], []
    for number, row in enumerate(task.prompts):
        expected = json.loads(row.reference or "")
        assert row.split is not None and list(expected) == ["item", "count", "customer", "city"]
        note = row.text.rpartition("Note: ")[2]
        assert all(re.search(rf"\b{value}\b", note) for value in expected.values()), row
        facts[row.split] |= {expected["item"], expected["customer"], expected["city"]}
        prompt = Prompt(number, row.text, row.reference)
        right.append(Scored(prompt, f"```json\n{json.dumps(expected, indent=2)}\n```", 30, Finish.EOS))
        other = expected | {"count": expected["count"] + 1} if number % 2 else expected | {"note": note}
        wrong.append(Scored(prompt, json.dumps(other), 30, Finish.EOS))
    assert not any(facts[one] & facts[other] for one, other in combinations(Split, 2))
    for answers, accepted in ((right, True), (wrong, False)):
        scores = {name: np.array(scoring.scores(name, answers)) for name in target.scorers}
        whole = passes(target, scores, len(answers)) & (reward(target, scores, len(answers)) == 1)
        assert (whole == accepted).all()


def test_what_a_task_says_beside_its_settings_is_known(task: Task) -> None:
    """A section outside of [settings] would have no effect."""
    text = bundled.path("data", "tasks", task.name, "task.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) <= {"title", "description", "settings"}


# -- a folder of one's own -------------------------------------------------------------------------------------------


def make(folder: Path, toml: str, *rows: object) -> str:
    (folder / "task.toml").write_text(toml)
    (folder / "prompts.jsonl").write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows))
    return str(folder)


def test_a_task_folder_loads_by_its_path(tmp_path: Path) -> None:
    row = {"text": "Hi", "split": "train", "reference": "1", "system": "S"}
    task = tasks.load(make(tmp_path, "[settings.train]\nepochs = 9\n", row))
    assert (task.name, task.title, task.defaults) == (tmp_path.name, tmp_path.name, {"train": {"epochs": 9}})
    assert [(p.text, p.reference, p.system, p.split) for p in task.prompts] == [("Hi", "1", "S", Split.TRAIN)]


def test_the_current_folder_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make(tmp_path, "", {"text": "Hi", "split": "train"}))
    assert tasks.load(".").name == tmp_path.name


def test_a_task_folder_without_prompts_names_the_choices(tmp_path: Path) -> None:
    (tmp_path / "task.toml").touch()
    with pytest.raises(SettingsError, match=r"no task '.*': .* a folder with task\.toml and prompts\.jsonl"):
        tasks.load(str(tmp_path))


def test_an_unknown_task_names_the_choices(tmp_path: Path) -> None:
    for name in ("poems", str(tmp_path)):
        with pytest.raises(
            SettingsError, match=r"no task '.*': choose one of arithmetic, .*positive_reviews.* or a folder"
        ):
            tasks.load(name)


@pytest.mark.parametrize(
    ("toml", "row", "message"),
    [
        ("a = 1\ntitle = \n", {"text": "Hi", "split": "train"}, r"task\.toml is not valid TOML: .*line 2"),
        ("settings = 3", {"text": "Hi", "split": "train"}, r"task\.toml: .* settings a table"),
        ("title = 5", {"text": "Hi", "split": "train"}, r"task\.toml: title .* must be text"),
        ("", "broken", r"prompts\.jsonl, line 2: is not JSON"),
        ("", {"text": "Hi"}, r"prompts\.jsonl, line 2: split must be train, held_out or sealed"),
        ("", {"text": "Hi", "split": "later"}, r"prompts\.jsonl, line 2, split: is 'later'"),
        ("[settings.train]\nepochs = 0", {"text": "Hi", "split": "train"}, r"task\.toml: train\.epochs: .*got 0"),
        ("[settings.tarin]\nepochs = 1", {"text": "Hi", "split": "train"}, r"task\.toml: tarin: "),
    ],
)
def test_a_mistake_in_a_task_folder_is_named(tmp_path: Path, toml: str, row: object, message: str) -> None:
    folder = make(tmp_path, toml, {"text": "Good", "split": "train"}, row)
    with pytest.raises(SettingsError, match=message):
        tasks.load(folder)
