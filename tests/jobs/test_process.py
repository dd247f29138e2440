"""A job's process is recognized by the folder it works on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rsf_core.domain.files import write_json
from rsf_core.jobs import process


@pytest.fixture
def job(tmp_path: Path):
    """A folder, and a process that runs on it."""
    folder = tmp_path / "job"
    folder.mkdir()
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(folder)])
    write_json(folder / "process.json", {"pid": running.pid})
    yield folder, running
    running.kill()
    running.wait()


def test_it_is_alive_until_it_is_killed_also_through_another_path(job, tmp_path):
    folder, running = job
    (tmp_path / "link").symlink_to(folder)
    assert process.is_alive(folder) and process.is_alive(tmp_path / "link")
    process.kill(tmp_path / "link")
    os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its exit status is not collected
    assert not process.is_alive(folder)
    running.wait()
    assert not process.is_alive(folder)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="arguments are read from /proc")
def test_a_process_just_started_shows_its_owner():
    shown = []
    for _ in range(100):  # 4 in 10 show no arguments yet when Popen returns
        started = subprocess.Popen([sys.executable, "-S", "-c", "1"])
        process.wait_for_arguments(started)
        shown.append(Path(f"/proc/{started.pid}/cmdline").read_bytes() or started.poll() is not None)
        started.kill()
        started.wait()
    assert all(shown)


def test_a_copy_of_the_folder_has_no_process_and_cannot_kill_that_of_the_original(job, tmp_path):
    folder, running = job
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert not process.is_alive(copy)
    process.kill(copy)
    assert running.poll() is None and process.is_alive(folder)


def test_a_process_that_got_the_pid_later_is_not_the_job(job):
    folder, running = job
    other = folder.with_name("other")
    other.mkdir()
    write_json(other / "process.json", {"pid": running.pid})
    assert not process.is_alive(other)
    assert not process.is_alive(folder.with_name("never started"))
