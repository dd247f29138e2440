"""A new database as a copy of one that has run every migration. Running the migrations is most of the cost of a new project
and gives the same file each time; tests/store tests that they run, with databases that have their own migrations."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsf_core.store import database, sql


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[None]:
    """Within this context, a new database is such a copy. If it cannot be copied, the product's own code meets the
    obstacle."""
    begin = database.Database.__init__

    making, ready = threading.Lock(), folder / "rsf.duckdb"

    def copy(path: Path) -> None:
        with making:
            if not ready.exists():
                begin(made := database.Database.__new__(database.Database), ready, folder / "exports")
                made.close()
        shutil.copyfile(ready, path)

    def begin_with_a_copy(self: database.Database, path: Path, backups: Path) -> None:
        as_shipped = vars(database)["migrations"] is sql.migrations  # a test may have put others there
        if as_shipped and not path.exists():
            try:
                copy(path)
            except OSError:
                path.unlink(missing_ok=True)
        begin(self, path, backups)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database.Database, "__init__", begin_with_a_copy)
        yield
