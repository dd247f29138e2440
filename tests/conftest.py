"""Fixtures for all tests: a tiny model built once, a task of twelve prompts, and a project with both."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from rsf_core.project import Project
from rsf_core.store.store import Store
from tests.support import quick, ready_database, warm
from tests.support import small_task as small_task_of
from tests.support.job_threads import end_in, in_threads

MEMORY = "/dev/shm"
ROOM_BYTES = 6 * 2**30  # what a whole run in two processes may hold at a time

OUTPUT = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE", "TERMINAL_WIDTH", "GITHUB_ACTIONS")
KEPT = (
    "RSF_CACHE",
    "RSF_FAULTS",
    "RSF_KILLS",
    "RSF_TEST_WARM",
)  # where the converted model lies, and what is the tests' own


def _as_everywhere() -> None:
    """Take out of the environment what a person has set for their terminal, their projects and their network: what commands
    print would have other colours and widths, pages other reviewers, and requests to this machine would go to a proxy."""
    for name in list(os.environ):
        if name in OUTPUT or (name.startswith("RSF_") and name not in KEPT):
            del os.environ[name]
    os.environ["COLUMNS"] = "80"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


_as_everywhere()
os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub; job processes inherit it
# several processes with two spinning threads each on two cores are ten times slower than with one
os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("beside others", deadline=None)  # the time of an example means nothing on a busy machine
settings.load_profile("beside others")
# Imported modules stay to the end, with millions of objects of torch, transformers and hypothesis, which the garbage collector
# would walk repeatedly for nothing. They are created without it and then frozen.
gc.disable()


def _keep_in_memory() -> None:
    """Keep the folders of tests in memory, where nothing waits for a disk: a project is megabytes and some syncs, thousands of
    times. They stay on the disk if there is little memory, or if programs may not be started from there."""
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    place = os.statvfs(MEMORY)
    if place.f_bavail * place.f_frsize >= ROOM_BYTES and not place.f_flag & os.ST_NOEXEC:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = MEMORY


_keep_in_memory()


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """How tests are distributed over several processes: those of a file go to one, for its fixtures, and all browser tests go
    to one, because two browsers and two servers on two cores make each other wait."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/e2e/") else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Together:
    gc.enable()  # this process collects no tests
    return _Together(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="without browser, real model and what tests/support/slow.txt names"
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    if "streamlit" in sys.modules:
        from tests.support import installed_components

        installed_components.found_once()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)  # new objects: ten times the default, some megabytes
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    gc.unfreeze()  # DuckDB complains of what is left at the end


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        quick.leave_out(config, items)


def pytest_configure(config: pytest.Config) -> None:
    """Start jobs, owners and commands as forks; within `warm.cold()` they start as a user's do. If tests run in several
    processes, these share the templates of the process that started them."""
    if hasattr(config, "workerinput"):
        warm.start_jobs_warm()
        return
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    stack.enter_context(warm.shared(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rsf-warm-")))))


@pytest.fixture(scope="session", autouse=True)
def _ready_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with ready_database.copied(tmp_path_factory.mktemp("database")):
        yield


@pytest.fixture(autouse=True)
def _own_main_module() -> Iterator[None]:
    """Restore `__main__`: Streamlit's AppTest replaces it by the page that it runs, which later processes would run too."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """pytest's tmp_path, which is deleted if the test passes: the test's jobs are stopped first, so that none writes there."""
    yield tmp_path
    end_in(tmp_path)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a causal model that generates in milliseconds."""
    from tests.support.tiny_models import build  # imports torch: only for the tests that need it

    return build(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an encoder-decoder that generates in milliseconds."""
    from tests.support.tiny_models import build_encoder_decoder

    return build_encoder_decoder(tmp_path_factory.mktemp("models") / "tiny_encoder_decoder")


@pytest.fixture(scope="session", params=["tiny_model", "tiny_encoder_decoder"])
def any_model(request: pytest.FixtureRequest) -> Path:
    """Each of the two models in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture(scope="session")
def small_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task folder like the bundled ones: 8 train and 4 held-out prompts, few tokens, sentiment as reward."""
    return small_task_of.write(tmp_path_factory.mktemp("tasks") / "small_reviews")


@pytest.fixture
def project(tmp_path: Path, small_task: Path, tiny_model: Path) -> Iterator[Project]:
    """A new project on the small task and the tiny model; closed at the end."""
    with Project.create(tmp_path / "project", str(small_task), str(tiny_model), seed=7) as made:
        yield made


@pytest.fixture(scope="session")
def complete_folder(tmp_path_factory: pytest.TempPathFactory, small_task: Path, tiny_model: Path) -> Path:
    """The folder of a project with its first round complete, made once and closed; tests copy it and never open it."""
    folder = tmp_path_factory.mktemp("complete") / "made_once"
    with in_threads(), Project.create(folder, str(small_task), str(tiny_model), seed=7) as made:
        made.run(1)
    return folder


@pytest.fixture
def complete(jobs_in_threads: None, complete_folder: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of the project with its first round complete; its jobs run in threads."""
    with Project.open(shutil.copytree(complete_folder, tmp_path / "project")) as copy:
        yield copy


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file of its own."""
    opened_store = Store(tmp_path / "rsf.duckdb", tmp_path / "exports")
    yield opened_store
    opened_store.close()


@pytest.fixture(scope="module")
def jobs_in_threads() -> Iterator[None]:
    """Run jobs in this process, which has loaded torch already: starting a process takes seconds. For tests of what follows
    from jobs; test_project, test_recovery and the browser tests run them as separate processes."""
    with in_threads():
        yield
