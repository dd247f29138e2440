"""A job process: `python -m rsf_core.jobs FOLDER`. Not `-m rsf_core.jobs.worker`: that would load the module twice, and
one copy would not catch the Cancelled of the other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rsf_core.domain import JobState
from rsf_core.jobs.worker import work

state = work(Path(sys.argv[1]))
sys.stdout.flush()
sys.stderr.flush()
# not sys.exit: a thread left behind would keep the process for ever
os._exit(0 if state in (JobState.DONE, JobState.CANCELLED) else 1)
