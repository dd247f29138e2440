"""Calling a scorer from a job: it is named before it is called, and its job is ended if it does not return.

A scorer is foreign code: it may sleep for ever, or loop in C without giving the interpreter back. No thread can end that; the
timer of faulthandler needs no interpreter and ends the process. `calling.json` in the job's folder names the scorer being
called, so that the owner can report why the process is gone:

    {"scorer": …, "first": candidate, "last": candidate, "count": …, "seconds": limit, "until": …}, by spool.now
"""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rsf_core.domain.files import read_json, write_json
from rsf_core.domain.scorer_ref import label
from rsf_core.domain.specs import Scoring
from rsf_core.jobs.spool import now
from rsf_core.jobs.worker import JobContext

_NAME = "calling.json"
_STDERR = 2


@contextmanager
def limited(context: JobContext[Scoring], scorer: str, names: Sequence[str]) -> Iterator[None]:
    """While a scorer is called on the candidates `names`, the status names it; after the spec's `timeout_seconds` the process
    ends. A process that the scorer forked and that returns here ends: it is not the job."""
    process = os.getpid()
    seconds = context.spec.timeout_seconds
    call = {"scorer": scorer, "first": names[0], "last": names[-1], "count": len(names), "seconds": seconds}
    context.progress(message=f"scoring {_candidates(call)} with {label(scorer)!r}")
    write_json(context.spool.folder / _NAME, call | {"until": now() + seconds})
    faulthandler.dump_traceback_later(seconds, exit=True, file=_STDERR)
    began = time.monotonic()
    try:
        yield
        if os.getpid() == process:
            context.took(scorer, len(names), time.monotonic() - began)
    finally:
        if os.getpid() != process:
            os._exit(0)
        faulthandler.cancel_dump_traceback_later()
        forget(context.spool.folder)


def forget(folder: Path) -> None:
    """Note that the job in `folder` is calling no scorer."""
    (folder / _NAME).unlink(missing_ok=True)


def timed_out(folder: Path) -> str | None:
    """If the process of the job in `folder` ended because a scorer did not return: which scorer, and what to do; else None.
    Calling it again would end in the same way."""
    call = _read(folder)
    if call is None or now() < call["until"] - 1:
        return None
    return (
        f"the scorer {label(call['scorer'])!r} did not return within {call['seconds']:g} s from {_candidates(call)}: fix it, "
        "take it out of the target, or raise score.timeout_seconds (seconds a batch), and resume. Where it hung is in "
        f"{folder / 'log.txt'}"
    )


def during(folder: Path) -> str:
    """The scorer that the ended process in `folder` was calling, as the end of a sentence; "" if none."""
    call = _read(folder)
    return "" if call is None else f", while the scorer {label(call['scorer'])!r} was called on {_candidates(call)}"


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        call: dict[str, Any] | None = read_json(folder / _NAME)
        return (
            call
            if call is not None and {"scorer", "first", "last", "count", "seconds", "until"} <= call.keys()
            else None
        )
    except (ValueError, OSError, AttributeError):  # cut short, or not our file
        return None


def _candidates(call: dict[str, Any]) -> str:
    if call["count"] == 1:
        return f"candidate {call['first']}"
    return f"{call['count']} candidates ({call['first']} to {call['last']})"
