"""One DuckDB file: opening, locking down, migrating, transactions. The queries are in store.py.

A connection shared by threads returns wrong rows without an exception, so every thread has its own cursor; one lock
serialises writers. The `.duckdb` file is never opened, copied or hashed here a second time: closing that second
handle would drop the process's POSIX lock on it.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from rsf_core.domain.errors import OutOfSpaceError, RefusedRowsError, StoreError
from rsf_core.domain.files import NOT_WRITABLE, cannot_write
from rsf_core.store.backup import Manifest, save
from rsf_core.store.fair_lock import FairLock
from rsf_core.store.sql import migrations, queries

log = logging.getLogger(__name__)

Params = Mapping[str, Any]
ROOM_BYTES = 8 << 20  # of free space that a checkpoint needs, besides twice the log
REPLAYED_COMMITS = 1_000  # in the log: the next opening replays them, 0.15 ms of processor time each
LONG_LOG_BYTES = 32 << 20  # ten segments of 10,000 candidates: folding them keeps reviewers waiting for 0.2 s
FEW = 64  # rows up to which writing values is quicker than going through Arrow
AT_ONCE = 256  # keys of one look-up
KEPT_STATEMENTS = 512  # parsed, a few kB each: an insert or a look-up of each number of rows is a statement of its own
_WRITES = re.compile(r"\b(?:INSERT INTO|DELETE FROM|UPDATE) (\w+)")


def utc_now() -> datetime:
    """Now, in UTC and without a zone, as the database stores times."""
    return datetime.now(UTC).replace(tzinfo=None)


def problem_of(path: Path) -> str | None:
    """Why a file cannot be the database of a project, as far as can be seen without opening it, or None. DuckDB would start
    an empty database if the file is missing or has 0 bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError:
        problem = "is missing"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    else:
        if head[8:] == b"DUCK":
            return None
        problem = "is not a DuckDB database"
    return f"{path} {problem}: put it back as it was, or restore a backup with `rsf restore FILE DIR`"


class Database:
    def __init__(self, path: Path, backups: Path) -> None:
        self.path = path
        self._backups = backups
        # A killed owner leaves a log of unknown length.
        self._logged = REPLAYED_COMMITS if self._log_bytes() else 0  # commits since the log was folded into the file
        try:
            self._connection = duckdb.connect(str(path), config={"checkpoint_threshold": "256MB"})
        except duckdb.Error as error:
            raise StoreError(f"cannot open the database {path}: {error}") from error
        self._local = threading.local()
        self._write_lock = FairLock()
        self._depth = 0
        self.doing = ""  # what is being written, to show to those who wait
        self._written: set[str] = set()  # the tables that the transaction has written, as far as known
        self._versions: Counter[str] = Counter()
        self._keeping = threading.Lock()
        self._statements: dict[str, duckdb.Statement] = {}
        backups.mkdir(exist_ok=True)
        for setting in (
            f"allowed_directories = ['{str(backups).replace(chr(39), chr(39) * 2)}']",
            "enable_external_access = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")
        self._migrate()

    def close(self) -> None:
        with self._write_lock:
            self._connection.close()

    @property
    def has_long_log(self) -> bool:
        """Whether the write-ahead log is so long that replaying it, or folding it later, would be noticed."""
        return self._logged >= REPLAYED_COMMITS or self._log_bytes() >= LONG_LOG_BYTES

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file; called when idle, or when the log is long. Raises OutOfSpaceError or
        StoreError before it begins if there is no room for it or the folder cannot be written: a checkpoint that fails
        half-way makes DuckDB refuse everything after it."""
        with self._write_lock, self.guard("tidying the database"):
            needed = ROOM_BYTES + 2 * self._log_bytes()
            if shutil.disk_usage(self.path.parent).free < needed:
                raise OutOfSpaceError(
                    f"the disk of {self.path.parent} is nearly full: free {needed >> 20} MB; saved data stays"
                )
            probe = self.path.with_name(f"{self.path.name}.probe")
            try:
                probe.touch()
                probe.unlink()
            except OSError as error:
                raise StoreError(cannot_write(self.path.parent, error)) from error
            self._cursor().execute("CHECKPOINT")
            self._logged = 0

    def _log_bytes(self) -> int:
        """The size of the write-ahead log; another thread's checkpoint may remove it at any time."""
        try:
            return self.path.with_name(self.path.name + ".wal").stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def transaction(self, doing: str) -> Iterator[None]:
        """All writes inside happen together or not at all. Nested transactions join the outer one. `doing` names in error
        messages what was being written."""
        with self._write_lock, self.guard(doing):
            if self._depth:
                yield
                return
            cursor = self._cursor()
            cursor.execute(self._parsed("BEGIN"))
            self._depth, self.doing = 1, doing
            self._written = set()
            try:
                yield
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            else:
                cursor.execute(self._parsed("COMMIT"))
                self._versions.update(self._written or {"any"})
                self._logged += 1
            finally:
                self._depth, self.doing = 0, ""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nobody else writes meanwhile; transactions inside are separate."""
        with self._write_lock:
            yield

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction."""
        return self._write_lock.mine and self._depth > 0

    def version(self, *tables: str) -> tuple[int, ...]:
        """Differs after every commit that wrote to one of `tables`. Ask before reading: what is read may be newer."""
        return (self._versions["any"], *(self._versions[table] for table in tables))

    def changes(self, table: str) -> None:
        """Mark `table` as changed by this transaction, though nothing is written to it: what is read of it differs."""
        self._written.add(table)

    def run(self, name: str, params: Params | None = None) -> None:
        """Run the named writing query (inside a transaction)."""
        self._written.update(_WRITES.findall(queries()[name]))
        self._execute(queries()[name], dict(params or {}))

    def append(self, table: str, rows: pa.Table) -> None:
        """Append Arrow rows to `table`, columns matched by name (inside a transaction)."""
        self._written.add(table)
        cursor = self._cursor()
        columns = ", ".join(f'"{name}"' for name in rows.column_names)
        cursor.register("incoming", rows)
        cursor.execute(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM incoming')
        cursor.unregister("incoming")  # not after a failure: the rollback has already removed the view

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]], returning: str | None = None) -> list[Any]:
        """Append rows given as dictionaries, all with the same keys (inside a transaction). Returns the column `returning`
        of the new rows, nothing for more than `FEW` rows."""
        if len(rows) > FEW:
            self.append(table, pa.Table.from_pylist([dict(row) for row in rows]))
        elif rows:
            self._written.add(table)
            columns = ", ".join(f'"{name}"' for name in rows[0])
            one = f"({', '.join('?' * len(rows[0]))})"
            sql = f'INSERT INTO "{table}" ({columns}) VALUES {", ".join([one] * len(rows))}'
            sql += f' RETURNING "{returning}"' if returning else ""
            made = self._execute(sql, [row[name] for row in rows for name in rows[0]])
            return [returned[0] for returned in made.fetchall()] if returning else []
        return []

    def rows(self, name: str, params: Params | None = None) -> list[dict[str, Any]]:
        cursor = self._execute(queries()[name], dict(params or {}))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def look_up(self, name: str, keys: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows of the named query for `keys`, which stand as `IN $keys` in it: as constants, so that DuckDB uses an index
        or the statistics of each part of the table; for a joined list it would read the whole table."""
        looked_up: list[dict[str, Any]] = []
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            sql = queries()[name].replace("$keys", f"({', '.join('?' * len(part))})")
            cursor = self._execute(sql, list(part))
            names = [column[0] for column in cursor.description or ()]
            looked_up += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return looked_up

    def arrow(self, name: str, params: Params | None = None) -> pa.Table:
        return self._cursor().sql(queries()[name], params=dict(params or {})).to_arrow_table()

    def _execute(self, sql: str, values: list[Any] | dict[str, Any]) -> duckdb.DuckDBPyConnection:
        """Run one statement. It is parsed once: for a few rows parsing takes longer than all the rest."""
        return self._cursor().execute(self._parsed(sql), values)

    def _parsed(self, sql: str) -> duckdb.Statement:
        statement = self._statements.get(sql)
        if statement is None:
            (statement,) = self._cursor().extract_statements(sql)
            with self._keeping:
                while len(self._statements) >= KEPT_STATEMENTS:
                    del self._statements[next(iter(self._statements))]
                self._statements[sql] = statement
        return statement

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
        return cursor

    @contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Turn what the database raises into errors that name what was being done."""
        try:
            yield
        except duckdb.ConstraintException as error:
            raise RefusedRowsError(f"{doing}: {error}") from error
        except duckdb.FatalException as error:
            raise StoreError(
                f"{doing}: the database has stopped ({error}). Nothing already saved is lost: fix that problem, close "
                "the project (end the app) and open it again"
            ) from error
        except (duckdb.Error, pa.ArrowException) as error:
            if "No space left" in str(error) or "space left on device" in str(error):
                raise OutOfSpaceError(
                    f"the disk of {self.path.parent} is full while {doing}: free some space and try again; "
                    "nothing already saved is touched"
                ) from error
            if any(os.strerror(number) in str(error) for number in NOT_WRITABLE):
                raise StoreError(
                    f"{self.path.parent} cannot be written while {doing}: mount it writable, or give yourself write "
                    "access, and try again; nothing already saved is touched"
                ) from error
            raise StoreError(f"{doing}: {error}") from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise OutOfSpaceError(f"the disk of {self.path.parent} is full while {doing}") from error
            raise

    def _migrate(self) -> None:
        cursor = self._cursor()
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)"
        )
        done = {row[0] for row in cursor.execute("SELECT number FROM migrations").fetchall()}
        known = {number for number, _, _ in migrations()}
        if done - known:
            raise StoreError(
                f"{self.path} was written by a newer version of RSF Studio (migration {max(done)}; this version knows "
                f"{max(known)}): update RSF Studio"
            )
        pending = [migration for migration in migrations() if migration[0] not in done]
        if not pending:
            return
        if done:
            self.backup(f"before-migration-{pending[0][0]}")
        for place, (number, name, sql) in enumerate(pending, start=1):
            if done:  # to standard error, unless logging is set up: the person waits for it
                log.warning("migrating the database: %d of %d (%d, %s) …", place, len(pending), number, name)
            with self.transaction(f"migrating the database ({number}, {name})"):
                cursor.execute(sql)
                cursor.execute("INSERT INTO migrations VALUES (?, ?, ?)", [number, name, utc_now()])
        cursor.execute("CHECKPOINT")

    def backup(self, label: str) -> Path:
        """Back up the project, without the models' files, beside the exports. Returns the file, for `rsf restore`."""
        file = self.new_backup(label)
        self.back_up_to(file, models=False)
        return file

    def new_backup(self, label: str) -> Path:
        """A path beside the exports that no backup has yet, whatever the clock reads; the time in it is for people."""
        stem = f"{utc_now():%Y%m%dT%H%M%S}-{label}"
        names = (f"{stem}-{at}.zip" if at else f"{stem}.zip" for at in itertools.count())
        return next(self._backups / name for name in names if not (self._backups / name).exists())

    def back_up_to(self, file: Path, models: bool) -> Manifest:
        """Back up the project as it is at this moment; writing goes on meanwhile. Raises BackupError."""
        with self.guard("backing up the database"):
            return save(self._connection, self.path.parent, self._backups, file, models)
