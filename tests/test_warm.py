"""A process that starts warm ends as a started one does: with the same exit status and output, after its threads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import warm

ENDINGS = {
    "its end": "print('done')",
    "a status": "import sys; sys.exit(3)",
    "a negative status": "import sys; sys.exit(-1)",
    "none": "import sys; sys.exit(None)",
    "a message": "import sys; sys.exit('no such thing')",
    "an exception": "raise ValueError('spoilt')",
    "Ctrl-C": "raise KeyboardInterrupt",
    "a signal": "import os; os.kill(os.getpid(), 9)",
    "a thread": "import threading, time\nthreading.Timer(0.2, lambda: print('from the thread')).start()",
    "an exit function": "import atexit\natexit.register(lambda: print('at the end'))\nprint('first')",
    "an exit function after an exception": "import atexit\natexit.register(lambda: print('at the end'))\nraise OSError",
    "an output that is closed": "import sys; print('before'); sys.stdout.close()",
}


@pytest.mark.parametrize("code", ENDINGS.values(), ids=ENDINGS)
def test_it_ends_as_a_started_process_does(code: str) -> None:
    forked = warm.run([sys.executable, "-c", code], timeout=60)
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_apps_have_secret_keys_of_their_own() -> None:
    show = (
        "from rsf_core.web import api, cursors, session\n"
        "print(*(key.hex() for key in (session._key, cursors._KEY, *api._signer.secret_keys)))"
    )
    first, second = (warm.run([sys.executable, "-c", show], timeout=60).stdout.split() for _ in range(2))
    assert len({*first, *second}) == 6
