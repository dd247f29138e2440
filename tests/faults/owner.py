"""An owner that runs rounds and, beside them, says one decision after the other: started as a process, to be killed.

It prints, a line each: `open SECONDS` (of the processor) once the project is open, `said UID` once a decision is saved."""

from __future__ import annotations

import random
import sys
import threading
import time
import uuid
from types import SimpleNamespace

from rsf_core.domain import Action, Split
from rsf_core.errors import JobError, StoreError
from rsf_core.jobs import process, units
from rsf_core.project import Project
from rsf_core.rounds import complete


def decide(project: Project, over: threading.Event) -> None:
    prompts = [prompt.prompt_id for prompt in project.prompts(Split.TRAIN)]
    while not over.is_set():
        uid = uuid.uuid4().hex
        name = f"{project.current_round}.{random.choice(prompts)}.{random.randrange(4)}"
        try:
            project.override(name, random.choice([Action.ACCEPT, Action.AUTO]), "ann", uid)
        except StoreError:  # it is not drawn yet
            time.sleep(0.02)
            continue
        print(f"said {uid}", flush=True)
        time.sleep(0.02)


def main() -> None:
    folder, interpreter, rounds = sys.argv[1:]
    process.sys = SimpleNamespace(executable=interpreter)  # type: ignore[assignment, attr-defined]
    units.GENERATED = units.SCORED = units.EVALUATED = 4
    began = time.process_time()
    project = Project.open(folder, what="an owner to be killed")
    print(f"open {time.process_time() - began}", flush=True)
    over = threading.Event()
    speaking = threading.Thread(target=decide, args=(project, over), daemon=True)
    speaking.start()
    while project.current_round < int(rounds) or not complete(project.stages()):
        try:
            project.run(1)
        except JobError as error:  # killed three times: it is resumed
            print(f"failed {error}", flush=True)
    over.set()
    speaking.join(60)
    project.close()


if __name__ == "__main__":
    main()
