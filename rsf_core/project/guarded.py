"""A project as one person may use it: every attribute is checked against the table of `access`, every act is recorded under
that person's name, whatever name was passed, and gold items look to a reviewer like any other candidates."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from types import MethodType
from typing import Any, cast

from rsf_core.domain import access
from rsf_core.domain.access import Actor, Role
from rsf_core.domain.files import writable
from rsf_core.project import Project

ONLOOKER = "onlooker"  # the parameter with the name of the reviewer who asks; None for an owner
_PARTS = (
    "answers",
    "autopilot",
    "candidate_imports",
    "comparing",
    "exports",
    "features",
    "gold",
    "guide_book",
    "imports",
    "invites",
    "lineage",
    "own_scorers",
    "prompt_book",
    "prompt_lengths",
    "progress",
    "question_book",
    "ranking",
    "review",
    "scorer_book",
    "store",
    "supervisor",
    "target_book",
    "taste",
)


def guarded(project: Project, who: Callable[[], Actor]) -> Project:
    """`project` for the actor that `who` returns at each call: when a link ends, every reference stops working too."""
    return cast(Project, _Guarded(project, who, ""))


class _Guarded:
    __slots__ = ("_prefix", "_target", "_who")

    def __init__(self, target: Any, who: Callable[[], Actor], prefix: str) -> None:
        self._target, self._who, self._prefix = target, who, prefix

    def __getattr__(self, name: str) -> Any:
        if not self._prefix and name in _PARTS:
            return _Guarded(getattr(self._target, name), self._who, f"{name}.")
        action = self._prefix + name
        if inspect.isfunction(inspect.getattr_static(type(self._target), name, None)):
            return _checked(getattr(self._target, name), self._who, action)
        access.check(self._who(), action)
        return getattr(self._target, name)


def _checked(method: MethodType, who: Callable[[], Actor], action: str) -> Callable[..., Any]:
    """`method`, checked when it is called: a button may be clicked long after it was drawn."""

    def call(*args: Any, **kwargs: Any) -> Any:
        actor = who()
        access.check(actor, action)
        speakers: dict[str, Actor | str | None] = dict.fromkeys(_speakers(method.__func__), actor)
        signature = _signature(method.__func__)
        if ONLOOKER in signature.parameters:
            speakers[ONLOOKER] = actor.name if actor.role is Role.REVIEWER else None
        with writable("the project's folder"):
            if not speakers:
                return method(*args, **kwargs)
            bound = signature.bind(method.__self__, *args, **kwargs)
            bound.arguments.update(speakers)
            return method.__func__(*bound.args, **bound.kwargs)

    return call


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


@cache
def _speakers(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name for name in _signature(function).parameters if name in access.SPEAKERS)
