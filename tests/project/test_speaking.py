"""Nobody speaks under a name that is nobody's, whichever way they come: whatever takes an author or a reviewer checks it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import Act, Action, ActKind, Scope, access
from rsf_core.domain.errors import AccessError
from rsf_core.project import Project
from rsf_core.project.commands import COMMANDS, execute
from rsf_core.project.imports import Imports
from rsf_core.project.invites import Invites
from rsf_core.project.prompt_book import PromptBook
from rsf_core.project.target_book import TargetBook
from rsf_core.prompts import PromptRow
from rsf_core.review.queue import Reviews
from rsf_core.rounds.autopilot import Autopilot
from rsf_core.rounds.lineage import Lineage
from rsf_core.store.acts import Acts
from tests.support.seeding import add_candidates, candidates, decide

PARTS = (Project, Autopilot, Imports, Invites, Lineage, PromptBook, Reviews, TargetBook, Acts)
# They say nothing: what somebody has said, or may say, is looked up.
READS = {
    "Lineage.ballot",
    "Reviews.queue",
    "Reviews.counts",
    "Reviews.candidates",
    "Reviews.page",
    "Reviews.can_walk",
    "Acts.standing",
    "Acts.depths",
}
NOBODYS = (
    "rule",
    "undo",
    "autopilot",
    "Auto-Pilot",
    "system",
    "",
    "   ",
    "...",
    "ｒｕｌｅ",
    "x" * 61,
    "rul\u0435",
    "a\u200bb",
)


def speaking() -> Iterator[tuple[str, Any]]:
    for part in PARTS:
        for name, function in inspect.getmembers(part, inspect.isfunction):
            if not name.startswith("_") and set(access.SPEAKERS) & set(inspect.signature(function).parameters):
                yield f"{part.__name__}.{name}", function


def test_whatever_names_a_speaker_checks_the_name_or_only_reads() -> None:
    found = dict(speaking())
    assert found.keys() >= READS, READS - found.keys()
    unchecked = {name for name, function in found.items() if not hasattr(function, "__wrapped__")}
    assert unchecked == READS
    assert {
        "Project.override",
        "Project.undo",
        "Project.set_threshold",
        "Lineage.vote",
        "Acts.say",
    } <= found.keys() - READS


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Iterator[Project]:
    with Project.create(tmp_path_factory.mktemp("said") / "project", str(small_task), seed=1) as project:
        rows = candidates(2, 2)
        add_candidates(project.store, rows)
        decide(project.store, rows, 0.0, 0.5)
        yield project


SAYS: dict[str, Callable[[Project, str], object]] = {
    "override": lambda project, name: project.override("1.1.0", Action.ACCEPT, reviewer=name),
    "override by place": lambda project, name: project.override("1.1.0", Action.ACCEPT, name),
    "the command override": lambda project, name: execute(
        project, "override", {"candidate_id": "1.1.0", "action": "accept", "reviewer": name}
    ),
    "undo": lambda project, name: project.undo(reviewer=name),
    "acts": lambda project, name: project.review.say(1, name, [Act("a", ActKind.NOTE, ("1.1.0",), value="x")]),
    "the store's acts": lambda project, name: project.store.add_override("uid", "1.1.0", Action.ACCEPT, name),
    "threshold": lambda project, name: project.set_threshold(0.3, Scope.GLOBAL, author=name),
    "undo threshold": lambda project, name: project.undo_threshold(author=name),
    "retire": lambda project, name: project.retire_prompts([1], name),
    "edit": lambda project, name: project.edit_prompt(1, PromptRow("Other?", None, None), name),
    "autopilot": lambda project, name: project.autopilot.start(1, True, name),
    "setting": lambda project, name: project.set("target.beta", "0.3", name),
    "target": lambda project, name: project.target_book.back(1, author=name),
    "invite": lambda project, name: project.invites.invite("bob", name),
    "vote": lambda project, name: project.store.add_vote("a", "b", 1, 0, "a", name, "digest"),
}


@pytest.mark.parametrize("way", SAYS)
def test_a_name_that_is_nobodys_is_refused_and_nothing_is_said(said: Project, way: str) -> None:
    def everything() -> list[object]:
        tables = (
            "target_versions",
            "overrides",
            "acts",
            "thresholds",
            "prompt_events",
            "flight_events",
            "links",
            "votes",
        )
        there = {row[0] for row in said.store._db._cursor().execute("SHOW TABLES").fetchall()}
        cursor = said.store._db._cursor()
        return [cursor.execute(f"SELECT count(*) FROM {t}").fetchone() for t in tables if t in there]

    before = everything()
    for name in NOBODYS:
        with pytest.raises(AccessError):
            SAYS[way](said, name)
    assert everything() == before


@pytest.mark.parametrize("value", [None, 5, ["ann"], {"name": "ann"}, True])
def test_what_is_no_text_is_no_name(said: Project, value: Any) -> None:
    with pytest.raises(AccessError, match="is no name"):
        execute(said, "override", {"candidate_id": "1.1.0", "action": "accept", "reviewer": value})


def test_a_person_and_python_without_a_name_are_kept_by_the_name_they_share_with_none(said: Project) -> None:
    assert said.override("1.1.0", Action.ACCEPT)
    assert said.override("1.1.0", Action.REJECT, "  Ａｎｎ  of Cleves ")
    assert {row.reviewer for row in said.store.overrides()} == {"local", "Ann of Cleves"}
    with pytest.raises(AccessError):
        said.override("1.1.0", Action.ACCEPT, "Local")


def test_every_command_that_names_a_speaker_gives_it_to_what_checks_it(project: Project) -> None:
    for name, function in COMMANDS.items():
        if not set(access.SPEAKERS) & set(inspect.signature(function).parameters):
            continue
        called = [path.split(".") for path in re.findall(r"project\.([\w.]+)\(", inspect.getsource(function))]
        methods = [reduce(getattr, path, project) for path in called]
        assert any(map(is_spoken, methods)), f"{name} calls {called}: none of it is spoken"


def is_spoken(method: Any) -> bool:
    """Whether `access.spoken` is around it, or around what it passes on to."""
    while method is not None and Path(method.__code__.co_filename) != Path(access.__file__):
        method = getattr(method, "__wrapped__", None)
    return method is not None
