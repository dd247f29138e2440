"""A real llama.cpp server in a process of its own: `python -m tests.support.llama_server MODEL.gguf` prints its address."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 120.0


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """The address at which `model` answers chat completions; its process is ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(model)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    alarm = threading.Timer(START_SECONDS, process.kill)
    alarm.start()
    try:
        lines = iter(process.stdout.readline, "")
        address = next((line.split()[1] for line in lines if line.startswith("listening ")), None)
        alarm.cancel()
        assert address is not None, "the server did not start"
        yield address
    finally:
        alarm.cancel()
        process.kill()
        process.wait(30)
        process.stdout.close()


def _serve(model: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 4096
    params.n_parallel = 2
    params.port = 0
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _serve(sys.argv[1])
