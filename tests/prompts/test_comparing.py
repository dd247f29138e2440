"""A prompt is compared with all others, here or in a process of its own, and only its requester waits for the comparison."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from rsf_core import prompts
from rsf_core.domain import Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import PromptError
from rsf_core.project import Project
from rsf_core.prompts import PromptRow, comparing

TEXTS = ("a bakery", "a kettle", "a lighthouse", "a bicycle lamp", "the night train", "a dentist", "an umbrella")


@pytest.fixture
def many(project: Project) -> Project:
    """A project with prompts on both sides of the split; one is retired and one is edited."""
    rows = [PromptRow(f"Say {i} words of {text}.", split=list(Split)[i % 2]) for i, text in enumerate(TEXTS)]
    project.import_prompts(rows, "made up")
    newest = project.prompt_book.version()[0]
    project.retire_prompts([newest], person("ann"))
    project.edit_prompt(newest - 1, PromptRow("Say nothing of a dentist, please."), person("ann"))
    return project


ROWS = (
    PromptRow("Say 0 words of a bakery."),
    PromptRow("say 0 WORDS of a bakery", split=Split.HELD_OUT),
    PromptRow("Of a kettle, say 1 words.", "42", "Be brief.", line=3),
    PromptRow("Write a poem on the sea.", split=Split.TRAIN, line=4),
    PromptRow("Say 6 words of an umbrella."),
    PromptRow("¿Qué hay de नया?"),
)


def test_a_process_of_its_own_places_as_the_full_comparison_does(
    many: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    existing, entries = many.store.prompt_book.entries(), many.prompts(retired=True)
    used = {prompt.prompt_id for prompt in many.prompts()}
    sides: list[list[tuple[str, Split, str | None]]] = [[], []]
    for prompt in entries:
        sides[prompt.prompt_id not in used].append((prompt.text, prompt.split, prompt.system))
    full = prompts.place(sides[0], ROWS, 0.4, 7, sides[1])
    assert comparing.place(existing, ROWS, 0.4, 7) == full
    monkeypatch.setattr(comparing, "AT_ONCE", 0)
    assert comparing.place(existing, ROWS, 0.4, 7) == full
    assert full[0] and full[1]


def test_a_process_of_its_own_finds_the_same_likeness(many: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    existing = many.store.prompt_book.entries()
    cases = [(PromptRow(row.text, None, row.system, split), same) for row in ROWS for split in Split for same in (0, 1)]
    here = [comparing.likeness(existing, 1, row, bool(same)) for row, same in cases]
    assert len(set(here)) > 3
    monkeypatch.setattr(comparing, "AT_ONCE", 0)
    for (row, same), placement in list(zip(cases, here, strict=True))[::5]:
        assert comparing.likeness(existing, 1, row, bool(same)) == placement


def test_a_process_of_its_own_finds_the_same_near_duplicates(many: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [PromptRow("Say 3 words of a bicycle lamp!"), PromptRow("Say 5 more of the dentist.", split=Split.SEALED)]
    many.import_prompts(rows, "more")
    existing = many.store.prompt_book.entries()
    used = [prompt for prompt in many.prompts(retired=True) if prompt.split is not Split.SEALED]
    lists = [[prompt.prompt_id] for prompt in used] + [[used[-1].prompt_id, used[1].prompt_id], [used[3].prompt_id, 2]]
    expected = []
    for some in lists:
        moved = [next(prompt for prompt in used if prompt.prompt_id == one) for one in some]
        others = [prompt for prompt in used if prompt.prompt_id not in some]
        pairs = prompts.check_disjoint([prompt.text for prompt in moved], [prompt.text for prompt in others])
        expected.append((moved[pairs[0][0]].prompt_id, others[pairs[0][1]].prompt_id) if pairs else None)
    alike = [comparing.nearly_the_same(existing, some) for some in lists]
    assert alike == expected and None in alike and len(set(alike)) > 2
    monkeypatch.setattr(comparing, "AT_ONCE", 0)
    assert comparing.nearly_the_same(existing, lists[-1]) == expected[-1]
    monkeypatch.setattr(comparing, "PART_ROWS", 2)
    monkeypatch.setattr(comparing, "AT_ONCE", 2_000)
    assert [comparing.nearly_the_same(existing, some) for some in lists] == expected


def test_others_write_while_an_edit_is_compared_and_it_is_refused_where_they_changed_prompts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = comparing.likeness
    before = project.prompts()

    def while_somebody_writes(*arguments: Any) -> comparing.Likeness:
        other = threading.Thread(target=project.retire_prompts, args=([2], person("ben")))
        other.start()
        other.join(20)
        assert not other.is_alive(), "an edit that is being compared keeps others from writing"
        return find(*arguments)

    monkeypatch.setattr(comparing, "likeness", while_somebody_writes)
    with pytest.raises(PromptError, match="have changed while they were compared"):
        project.edit_prompt(1, PromptRow("Review a butcher."), person("ann"))
    assert project.prompts() == [prompt for prompt in before if prompt.prompt_id != 2]
    monkeypatch.setattr(comparing, "likeness", find)
    assert project.edit_prompt(1, PromptRow("Review a butcher."), person("ann")) == before[-1].prompt_id + 1


@pytest.mark.parametrize("what", ["seal", "restore"])
def test_others_write_while_prompts_are_compared_to_be_sealed_or_put_back(
    project: Project, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    (held_out, *_), (train, other, *_) = (
        [p.prompt_id for p in project.prompts(split)] for split in (Split.HELD_OUT, Split.TRAIN)
    )
    project.retire_prompts([train], person("ann"))
    name = "nearly_the_same" if what == "seal" else "in_use"
    find = getattr(comparing, name)

    def while_somebody_writes(*arguments: Any) -> Any:
        monkeypatch.setattr(comparing, name, find)
        thread = threading.Thread(target=project.retire_prompts, args=([other], person("ben")))
        thread.start()
        thread.join(20)
        assert not thread.is_alive(), "prompts that are being compared keep others from writing"
        return find(*arguments)

    def act() -> object:
        if what == "seal":
            return project.seal_prompts([held_out], person("ann"))
        return project.restore_prompts([train], person("ann"))

    monkeypatch.setattr(comparing, name, while_somebody_writes)
    with pytest.raises(PromptError, match="have changed while they were compared"):
        act()
    assert not project.prompts(Split.SEALED) and train not in {p.prompt_id for p in project.prompts()}
    act()
    assert len(project.prompts(Split.SEALED)) == (what == "seal")


def test_what_was_compared_with_other_prompts_is_not_added(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    place = comparing.place

    def while_somebody_adds(*arguments: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        monkeypatch.setattr(comparing, "place", place)
        project.import_prompts([PromptRow("Review a butcher.")], "ben's")
        return place(*arguments)

    monkeypatch.setattr(comparing, "place", while_somebody_adds)
    with pytest.raises(PromptError, match="have changed while they were compared"):
        project.import_prompts([PromptRow("Review a butcher.")], "ann's")
    assert [prompt.text for prompt in project.prompts()].count("Review a butcher.") == 1


def test_a_comparison_that_is_broken_off_or_takes_too_long_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "AT_ONCE", 0)
    version = project.prompt_book.version()
    monkeypatch.setattr(comparing, "LIMIT_SECONDS", 0.001)
    with pytest.raises(PromptError, match=r"ended after 0\.001 s: try again"):
        project.edit_prompt(1, PromptRow("Review a butcher."), person("ann"))
    monkeypatch.setattr(comparing, "LIMIT_SECONDS", 60.0)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(PromptError, match=r"was interrupted .*: try again"):
        project.import_prompts([PromptRow("Review a butcher.")], "ann's")
    assert project.prompt_book.version() == version
