"""Names: which are allowed, and for whom. Roles: what each may do."""

from __future__ import annotations

import inspect

import pytest

from rsf_core.domain import access
from rsf_core.domain.access import Actor, ActorKind, Role
from rsf_core.domain.errors import AccessError


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("ann", "ann"),
        ("  Ann   of  Cleves ", "Ann of Cleves"),
        ("Ａｎｎ", "Ann"),
        ("Jose\u0301", "José"),
        ("Дмитрий", "Дмитрий"),
        ("李 明", "李 明"),
        ("محمد", "محمد"),
        ("O'Brien-7", "O'Brien-7"),
        ("Анна Smith", "Анна Smith"),  # two words in two scripts
        ("ruler", "ruler"),
        ("Undine", "Undine"),
        ("x" * 60, "x" * 60),
    ],
)
def test_a_name_is_kept_as_a_person_writes_it(typed, name):
    assert access.person_name(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        "rule",
        "undo",
        "Rule",
        " UNDO ",
        "r u l e",
        "rule.",
        "ｒｕｌｅ",
        "autopilot",
        "Auto-Pilot",
        "local",
        "random",
        "RSF",
        "auto",
    ],
)
def test_a_name_of_the_system_is_nobodys(typed):
    with pytest.raises(AccessError, match="reserved for the system"):
        access.person_name(typed)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "not a valid name"),
        ("   ", "not a valid name"),
        ("...", "not a valid name"),
        ("😀", "not a valid name"),
        ("x" * 61, "at most 60"),
        ("ﷺ" * 60, "at most 60"),  # one character that becomes 18
        ("x" * 1_000_000, "at most 60"),
        ("an\u200bn", "invisible character .U.200B"),
        ("ann\u202egro.live", "invisible character .U.202E"),
        ("an\u00adn", "invisible character"),
        ("a\nb", "invisible character"),
        ("a\x00b", "invisible character"),
        ("a\ud800b", "invisible character"),
        ("rul\u0435", "mixes Cyrillic and Latin"),
        ("\u03b1nn", "mixes Greek and Latin"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(typed, why):
    with pytest.raises(AccessError, match=why):
        access.person_name(typed)


def test_names_that_look_the_same_to_a_reader_are_alike():
    assert access.alike_name("Ann-Marie") == access.alike_name("ann marie") == access.alike_name("ＡＮＮＭＡＲＩＥ")
    assert access.alike_name("Ann") != access.alike_name("Anna")


def test_who_runs_the_process_must_have_a_name_too(monkeypatch):
    monkeypatch.setenv("RSF_REVIEWER", "rule")
    with pytest.raises(AccessError, match="RSF_REVIEWER"):
        access.usual_name()
    monkeypatch.setenv("RSF_REVIEWER", " ann ")
    assert access.usual_name() == "ann"


@pytest.mark.parametrize("kind", [ActorKind.RULE, ActorKind.AUTOPILOT])
@pytest.mark.parametrize("action", ["open_sealed", "draw_until", "set", "override", "lineage.delete", "of tomorrow"])
def test_what_acts_by_itself_does_not_do_what_is_for_people(kind: ActorKind, action: str) -> None:
    with pytest.raises(AccessError, match=f"the {kind} does not do this by itself"):
        access.check(Actor("ann", Role.OWNER, kind=kind), action)
    access.check(Actor("ann", Role.OWNER), action)


def test_an_autopilot_starts_stages_and_the_rule_asks_for_nothing() -> None:
    for action in ("start_stage", "freeze", "train_control"):
        access.check(Actor("ann", Role.OWNER, kind=ActorKind.AUTOPILOT), action)
        with pytest.raises(AccessError):
            access.check(access.RULE, action)


def test_a_person_goes_by_a_name_that_is_checked() -> None:
    assert access.person("  Ann  ") == Actor("Ann", Role.OWNER) and access.person(access.NOBODY).name == "local"
    assert access.person("ann").kind is ActorKind.PERSON and access.person("ann").role is Role.OWNER
    for name in ("rule", "", None, 5):
        with pytest.raises(AccessError):
            access.person(name)


@pytest.mark.parametrize("kind", [ActorKind.PERSON, ActorKind.AUTOPILOT])
@pytest.mark.parametrize("name", ["rule", "", "x" * 61, "a\u200bb"])
def test_nobody_acts_under_a_name_that_is_nobodys(kind: ActorKind, name: str) -> None:
    with pytest.raises(AccessError):
        Actor(name, Role.REVIEWER, kind=kind)


def test_an_actor_has_the_given_role_and_none_by_default() -> None:
    assert Actor(" Ann  Lee ", Role.REVIEWER).name == "Ann Lee"
    assert inspect.signature(Actor).parameters["role"].default is inspect.Parameter.empty
    assert access.person(access.NOBODY) == access.LOCAL
