"""No act is recorded under a name that cannot be a person's: every method that takes an author or a reviewer checks it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

import rsf_core.project
import rsf_core.review
import rsf_core.rounds
import rsf_core.store
from rsf_core.domain import Act, Action, ActKind, Scope, access
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import AccessError
from rsf_core.project import Project
from rsf_core.project.commands import COMMANDS, execute
from rsf_core.prompts import PromptRow
from tests.support.seeding import add_candidates, candidates, decide

PACKAGES = (rsf_core.project, rsf_core.rounds, rsf_core.review, rsf_core.store)
# They record nothing: they look up what somebody has recorded, or may record.
READS = {
    "Acts.depths",
    "Acts.standing",
    "Comparing.count",
    "Comparing.undoable",
    "Comparing.upcoming",
    "GoldBook.decisions",
    "GuideBook.unread",
    "Guides.last_read",
    "Lineage.ballot",
    "Models.votes",
    "Ranking.count",
    "Ranking.undoable",
    "Ranking.upcoming",
    "ReviewProgress.mine",
    "ReviewProgress.with_others",
    "Reviews.can_walk",
    "Reviews.candidates",
    "Reviews.counts",
    "Reviews.page",
    "Reviews.queue",
    "Store.votes",
}
# They also take the rule as an author, and may apply again what a person set under a name that an earlier version accepted.
INNER = {"ActBatch.add", "ActBatch.walk"}  # called by Acts.say alone, which has checked the name
RULED = {"Decided.add_threshold", "Decided.target_id", "Store.add_threshold", "Store.target_id"}
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


def parts() -> Iterator[type]:
    """The classes that `Project` is made of, its store included."""
    for package in PACKAGES:
        for module_info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(module_info.name)
            yield from (
                kind
                for name, kind in inspect.getmembers(module, inspect.isclass)
                if kind.__module__ == module.__name__ and not name.startswith("_")
            )


def in_store(part: type) -> bool:
    """Whether the class writes to the database; a log only mirrors it in memory."""
    return part.__module__.startswith("rsf_core.store.") and not part.__name__.endswith("Log")


def speaking() -> dict[str, Any]:
    """The methods that take an Actor, and those of the store that take a name."""
    return {
        f"{part.__name__}.{name}": method
        for part in parts()
        for name, method in inspect.getmembers(part, inspect.isfunction)
        if not name.startswith("_")
        for parameter in [inspect.signature(method).parameters.get(speaker) for speaker in access.SPEAKERS]
        if parameter is not None and (in_store(part) or "Actor" in str(parameter.annotation))
    }


def test_whatever_names_a_speaker_checks_the_name_or_only_reads() -> None:
    methods = speaking()
    assert methods.keys() >= READS, READS - methods.keys()
    unchecked = {name for name, method in methods.items() if not checks_the_actor(method)}
    assert unchecked == READS | RULED | INNER, (
        f"{unchecked ^ (READS | RULED | INNER)}: put @requires_actor around it, in the store @checks_name, or into READS "
        "where it only reads"
    )
    assert {
        "Project.override",
        "Project.undo",
        "Project.set_threshold",
        "Lineage.vote",
        "Acts.say",
        "Guides.add",
        "Links.revoke",
        "Prompts.say",
        "Store.add_autopilot_event",
    } <= methods.keys() - READS


@pytest.mark.parametrize(
    "part", [Project, *(kind for kind in parts() if kind.__module__.startswith("rsf_core.project."))]
)
def test_no_part_of_a_project_takes_a_bare_name(part: type) -> None:
    for name, method in inspect.getmembers(part, inspect.isfunction):
        for speaker in access.SPEAKERS:
            parameter = inspect.signature(method).parameters.get(speaker)
            bare = parameter is not None and "Actor" not in str(parameter.annotation)
            assert not bare or name.startswith("_"), f"{part.__name__}.{name} takes {parameter}: let it be an Actor"


@pytest.fixture(scope="module")
def scored_project(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Iterator[Project]:
    with Project.create(tmp_path_factory.mktemp("scored") / "project", str(small_task), seed=1) as project:
        rows = candidates(2, 2)
        add_candidates(project.store, rows)
        decide(project.store, rows, 0.0, 0.5)
        yield project


# the calls that take a name: a command as JSON from another process, and the store
BY_NAME: dict[str, Callable[[Project, str], object]] = {
    "the command override": lambda project, name: execute(
        project, "override", {"candidate_id": "1.1.0", "action": "accept", "reviewer": name}
    ),
    "the store's acts": lambda project, name: project.store.add_override("uid", "1.1.0", Action.ACCEPT, name),
    "vote": lambda project, name: project.store.add_vote("a", "b", 1, 0, "a", name, "digest"),
    "the store's guide": lambda project, name: project.store.guides.add("be kind", name, ""),
    "the store's prompts": lambda project, name: project.store.prompt_book.say([1], "retire", name),
    "the store's links": lambda project, name: project.store.links.revoke(["a"], name),
    "the store's runs of rounds": lambda project, name: project.store.add_autopilot_event(
        1, "started", 1, 2, False, name, "2 rounds"
    ),
}
# the calls that take an Actor, each with the table and column that keep the name
BY_ACTOR: dict[str, tuple[Callable[[Project, Any], object], str]] = {
    "override": (lambda project, who: project.override("1.1.0", Action.ACCEPT, reviewer=who), "overrides.reviewer"),
    "override by place": (lambda project, who: project.override("1.1.0", Action.REJECT, who), "overrides.reviewer"),
    "undo": (lambda project, who: project.undo(reviewer=who), "overrides.reviewer"),
    "acts": (
        lambda project, who: project.review.say(1, who, [Act("a", ActKind.NOTE, ("1.1.0",), value="x")]),
        "acts.reviewer",
    ),
    "threshold": (lambda project, who: project.set_threshold(0.3, Scope.GLOBAL, author=who), "thresholds.author"),
    "undo threshold": (lambda project, who: project.undo_threshold(author=who), "thresholds.author"),
    "retire": (lambda project, who: project.retire_prompts([1], who), "prompt_events.author"),
    "restore": (lambda project, who: project.restore_prompts([1], who), "prompt_events.author"),
    "setting": (lambda project, who: project.set("target.beta", "0.3", who), "target_versions.author"),
    "target": (lambda project, who: project.target_book.back(1, author=who), "target_versions.author"),
    "guide": (lambda project, who: project.guide_book.save("be kind", "why", who), "guide_versions.author"),
    "question": (
        lambda project, who: project.question_book.put(
            {"name": "clear", "kind": "rating", "text": "Clear?", "points": 5}, author=who
        ),
        "question_versions.author",
    ),
    "goal": (lambda project, who: project.progress.set_goal(5, None, who), "review_goals.reviewer"),
    "another's goal": (lambda project, who: project.progress.set_goal_of("bob", 5, None, who), "review_goals.author"),
    "gold": (lambda project, who: project.gold.mark("1.1.1", Action.ACCEPT, who), "gold_marks.author"),
    "invite": (lambda project, who: project.invites.invite("bob", who), "links.created_by"),
    "edit": (lambda project, who: project.edit_prompt(2, PromptRow("Other?", None, None), who), "prompt_events.author"),
}


def everything(project: Project) -> dict[str, object]:
    """How many rows each table and view has."""
    cursor = project.store._db._cursor()
    tables = [row[0] for row in cursor.execute("SHOW TABLES").fetchall()]
    counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
    return dict(cursor.execute(counts).fetchall())


@pytest.mark.parametrize("way", BY_NAME)
def test_an_invalid_name_is_refused_and_nothing_is_saved(scored_project: Project, way: str) -> None:
    before = everything(scored_project)
    for name in NOBODYS:
        with pytest.raises(AccessError):
            BY_NAME[way](scored_project, name)
    assert everything(scored_project) == before


@pytest.mark.parametrize("way", BY_ACTOR)
@pytest.mark.parametrize("who", ["ann", "rule", "", None, ("ann", Role.OWNER), access.RULE], ids=repr)
def test_an_act_without_an_actor_is_refused_and_nothing_is_saved(
    scored_project: Project, way: str, who: object
) -> None:
    before = everything(scored_project)
    with pytest.raises(AccessError):
        BY_ACTOR[way][0](scored_project, who)
    assert everything(scored_project) == before


def test_the_name_of_who_acts_is_what_is_kept_whatever_role_or_link_they_have(tmp_path: Path, small_task: Path) -> None:
    actors = (
        Actor("Ann of Cleves", Role.OWNER),
        Actor("Ann of Cleves", Role.REVIEWER, "a link"),
        person(" Ａｎｎ  of Cleves"),
    )
    for number, who in enumerate(actors):
        with Project.create(tmp_path / str(number), str(small_task), seed=1) as project:
            rows = candidates(2, 2)
            add_candidates(project.store, rows)
            decide(project.store, rows, 0.0, 0.5)
            for way, (do, kept_in) in BY_ACTOR.items():
                do(project, who)
                table, _, column = kept_in.partition(".")
                cursor = project.store._db._cursor().execute(f"SELECT {column} FROM {table}")
                assert ("Ann of Cleves",) in cursor.fetchall(), (way, kept_in)


@pytest.mark.parametrize("value", [None, 5, ["ann"], {"name": "ann"}, True])
def test_what_is_no_text_is_no_name(scored_project: Project, value: Any) -> None:
    with pytest.raises(AccessError, match="is not a valid name"):
        execute(scored_project, "override", {"candidate_id": "1.1.0", "action": "accept", "reviewer": value})


def test_a_person_and_python_without_a_name_are_kept_by_the_name_they_share_with_none(scored_project: Project) -> None:
    assert scored_project.override("1.1.0", Action.ACCEPT)
    assert scored_project.override("1.1.0", Action.REJECT, person("  Ａｎｎ  of Cleves "))
    assert {row.reviewer for row in scored_project.store.overrides()} == {"local", "Ann of Cleves"}
    with pytest.raises(AccessError):
        scored_project.override("1.1.0", Action.ACCEPT, person("Local"))


def test_every_command_that_names_a_speaker_gives_it_to_what_checks_it(project: Project) -> None:
    for name, function in COMMANDS.items():
        if not set(access.SPEAKERS) & set(inspect.signature(function).parameters):
            continue
        called = [path.split(".") for path in re.findall(r"project\.([\w.]+)\(", inspect.getsource(function))]
        methods = [reduce(getattr, path, project) for path in called]
        assert any(map(checks_the_actor, methods)), f"{name} calls {called}: none of it checks the actor"


def checks_the_actor(method: Any) -> bool:
    """Whether `access.requires_actor` wraps the method, or a function that the method wraps."""
    while method is not None and Path(method.__code__.co_filename) != Path(access.__file__):
        method = getattr(method, "__wrapped__", None)
    return method is not None
