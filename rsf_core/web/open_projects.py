"""The projects that this process has open, by name: opened by their first visitor, closed by a person or with the app.
Opening one does not delay the opening of another."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

from rsf_core.domain.errors import RsfError
from rsf_core.project import Project

ENDING = "the app is stopping: start it again to continue"


class OpenProjects:
    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._open: dict[str, Project] = {}
        self._closings: defaultdict[str, int] = defaultdict(int)
        self.ending = False

    def get(self, name: str) -> Project | None:
        """The project of this name, if it is open here."""
        return self._open.get(name)

    def closings(self, name: str) -> int:
        """How often it was closed here. A tab that holds something from before a closing cannot use it any more."""
        return self._closings[name]

    def open(self, name: str, opening: Callable[[], Project]) -> Project:
        """The project, opened by `opening` if it is not open yet. Raises RsfError while the app ends: a page that still
        runs must not open a project again."""
        with self._lock(name):
            if self.ending:
                raise RsfError(ENDING)
            if name not in self._open:
                self._open[name] = opening()
            return self._open[name]

    def close(self, name: str, then: Callable[[], object] = lambda: None) -> None:
        """Close the project, if it is open here; jobs continue. `then` runs before anybody can open it again."""
        with self._lock(name):
            project = self._open.pop(name, None)
            if project is not None:
                self._closings[name] += 1
                project.close()
            then()

    def end(self) -> None:
        """Close all projects at the same time, and open none from now on. An opening that has begun is waited for."""
        self.ending = True  # set before the locks are taken
        closing = [
            threading.Thread(target=self.close, args=(name,), name=f"closing {name}", daemon=True)
            for name in list(self._locks)
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def _lock(self, name: str) -> threading.Lock:
        return self._locks.setdefault(name, threading.Lock())
