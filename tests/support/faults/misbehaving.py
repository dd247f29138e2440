"""Real job processes that misbehave: started like any other, but without torch."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pyarrow as pa

from rsf_core.domain.specs import TrialSpec
from rsf_core.jobs.schemas import TRIALS
from rsf_core.jobs.worker import JobContext
from tests.support.faults import stand_in


def rows(context: JobContext[TrialSpec], unit: int) -> pa.Table:
    """The unit of a trial with one completion for each model."""
    row = {"job_id": context.spool.folder.name, "model_id": context.spec.models[unit].model_id, "k": 0}
    return pa.Table.from_pylist([row | {"completion": "x", "finish": "eos", "token_count": 1}], schema=TRIALS)


def _stopped(context: JobContext[TrialSpec]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _sleeps_in_c(context: JobContext[TrialSpec]) -> None:
    ctypes.CDLL(None).sleep(600)


def _holds_the_interpreter(context: JobContext[TrialSpec]) -> None:
    ctypes.PyDLL(None).sleep(600)  # no other thread runs meanwhile, not even the one that reports


def _loops(context: JobContext[TrialSpec]) -> None:
    while True:
        pass


def _does_not_hear(context: JobContext[TrialSpec]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def _waits_for_a_child(context: JobContext[TrialSpec]) -> None:
    _leaves_a_child(context)
    time.sleep(600)


def _leaves_a_thread(context: JobContext[TrialSpec]) -> None:
    threading.Thread(target=time.sleep, args=(600,), daemon=False).start()
    context.write_segment(1, rows(context, 1))


def _leaves_a_child(context: JobContext[TrialSpec]) -> None:
    """Start a child that ignores SIGTERM, and one in a session of its own."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    first = subprocess.Popen([sys.executable, "-S", "-c", deaf], stdout=subprocess.PIPE)
    assert first.stdout is not None and first.stdout.readline()
    second = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (context.spool.folder / "children").write_text(f"{first.pid} {second.pid}")
    context.write_segment(1, rows(context, 1))


def _exits(context: JobContext[TrialSpec]) -> None:
    os._exit(0)


def _calls_exit(context: JobContext[TrialSpec]) -> None:
    sys.exit(0)


BEHAVIOURS: dict[str, Callable[[JobContext[TrialSpec]], None]] = {
    "is stopped": _stopped,
    "sleeps in C": _sleeps_in_c,
    "holds the interpreter": _holds_the_interpreter,
    "loops": _loops,
    "hears no SIGTERM": _does_not_hear,
    "waits for a child": _waits_for_a_child,
    "leaves a thread": _leaves_a_thread,
    "leaves a child": _leaves_a_child,
    "exits": _exits,
    "calls sys.exit": _calls_exit,
}


def behave(context: JobContext[TrialSpec]) -> None:
    """Do one unit correctly, then misbehave as asked."""
    if 0 not in context.finished_units:
        context.start_counting(0, 2, "completions", "about to misbehave")
        context.write_segment(0, rows(context, 0))
    BEHAVIOURS[context.spec.text](context)


def main() -> None:
    stand_in.run(lambda kind: behave)
