"""An owner that runs rounds and meanwhile saves one decision after another: a separate process that tests kill.

It writes one line for each event: `open PROCESSOR_SECONDS SECONDS` once the project is open, `said UID` once a decision is
saved."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import threading
import time
import uuid
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import TextIO

from rsf_core.domain import Action, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError, StoreError
from rsf_core.jobs import process, units
from rsf_core.project import Project
from rsf_core.rounds.stages import complete


def decide(project: Project, over: threading.Event, events: TextIO) -> None:
    prompts = [prompt.prompt_id for prompt in project.prompts(Split.TRAIN)]
    while not over.is_set():
        uid = uuid.uuid4().hex
        name = f"{project.current_round}.{random.choice(prompts)}.{random.randrange(4)}"
        try:
            project.override(name, random.choice([Action.ACCEPT, Action.AUTO]), person("ann"), uid)
        except StoreError:  # it is not drawn yet
            time.sleep(0.02)
            continue
        print(f"said {uid}", file=events, flush=True)
        time.sleep(0.02)


def own(folder: str, interpreter: str, rounds: int, to: Connection) -> None:
    """Run until `rounds` rounds are complete. Events are written to `to` line by line: a kill truncates at most the last."""
    stacks = open(f"{folder}.stacks", "w")  # noqa: SIM115 (as long as the process)
    faulthandler.register(signal.SIGUSR1, stacks)
    process.sys = SimpleNamespace(executable=interpreter)  # type: ignore[assignment, attr-defined]
    units.GENERATED = units.SCORED = units.EVALUATED = 4
    with os.fdopen(os.dup(to.fileno()), "w") as events:
        to.close()
        began, clock = time.process_time(), time.monotonic()
        project = Project.open(folder, what="an owner to be killed")
        print(f"open {time.process_time() - began} {time.monotonic() - clock}", file=events, flush=True)
        over = threading.Event()
        speaking = threading.Thread(target=decide, args=(project, over, events), daemon=True)
        speaking.start()
        while True:
            try:
                project.wait()  # for a job that an owner before started: should it complete the round, none is to be added
                if project.current_round >= rounds and complete(project.stages()):
                    break
                project.run(1)
            except JobError as error:  # killed three times: it is resumed
                print(f"failed {error}", file=events, flush=True)
        over.set()
        speaking.join(60)
        project.close()
