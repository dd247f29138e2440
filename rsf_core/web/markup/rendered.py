"""Texts rendered for the review card: each once, however many people read it, and within limits of time."""

from __future__ import annotations

import atexit
import hashlib
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from rsf_core.domain.helper_process import HelperEndedError, HelperProcess

KEPT = 2**24  # characters of trees and reasons
AT_ONCE = 4  # requests that wait for the process: more are to ask again, so that decisions find a thread
SECONDS = 4.0  # for one request: it is to ask again for what is not rendered by then
CPU_SECONDS = 1.0  # for one text: a long one takes a twentieth of it
WALL_SECONDS = 20.0  # for one text, including the start of the process
LATER = {"later": True}
Answer = dict[str, str] | dict[str, bool]


class Rendered:
    """The trees that the process has made of texts, by content. Threads may share it."""

    def __init__(self, helper: HelperProcess, kept: int = KEPT) -> None:
        self._helper = helper
        self._room = kept
        self._kept: OrderedDict[bytes, dict[str, str]] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(AT_ONCE)

    def of(self, texts: Sequence[str]) -> list[Answer]:
        """For each text: `tree`, the JSON of its tree (null if it reads the same unrendered); or `why` there is none; or
        `later`, if there was no time for it now."""
        names = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        known = {name: self._known(name) for name in names}
        if not all(known.values()) and self._waiting.acquire(blocking=False):
            try:
                end = time.monotonic() + SECONDS
                for name, text in zip(names, texts, strict=True):
                    if not known[name] and time.monotonic() < end:
                        known[name] = self._known(name) or self._make(name, text)
            finally:
                self._waiting.release()
        return [known[name] or dict(LATER) for name in names]

    def stop(self) -> None:
        self._helper.stop()

    def _known(self, name: bytes) -> dict[str, str] | None:
        with self._lock:
            tree = self._kept.get(name)
            if tree is not None:
                self._kept.move_to_end(name)
            return tree

    def _make(self, name: bytes, text: str) -> dict[str, str]:
        try:
            made: dict[str, str] = self._helper.ask({"text": text})
        except HelperEndedError:
            made = {"why": "it takes too long or too much memory"}
        with self._lock:
            if name not in self._kept:
                self._kept[name] = made
                self._room -= _size(made)
            while self._room < 0 and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._room += _size(oldest)
        return made


def _size(made: dict[str, str]) -> int:
    return 100 + sum(map(len, made.values()))


def helper(cpu_seconds: float = CPU_SECONDS, wall_seconds: float = WALL_SECONDS) -> HelperProcess:
    """The process that renders, not started yet."""
    return HelperProcess(
        lambda: [sys.executable, "-m", "rsf_core.web.markup.worker", str(cpu_seconds)],
        wall_seconds,
    )


rendered = Rendered(helper())
atexit.register(rendered.stop)
