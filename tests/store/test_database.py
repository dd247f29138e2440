"""The database file: promises about migrations, transactions, locking down and threads."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from rsf_core.domain.errors import StoreError
from rsf_core.store import backup as backups
from rsf_core.store import database
from rsf_core.store.backup import restore
from rsf_core.store.database import Database
from rsf_core.store.sql import migrations, queries

GOOD = (1, "first", "CREATE TABLE notes (id INTEGER, text VARCHAR);")
LATER = (2, "second", "CREATE TABLE more (id INTEGER); INSERT INTO more SELECT id FROM notes;")
FAILING = (2, "second", "CREATE TABLE more (id INTEGER); INSERT INTO notes VALUES (99, 'half'); SELECT nonsense;")
Migration = tuple[int, str, str]


def open_with(folder: Path, patch: pytest.MonkeyPatch, *known: Migration) -> Database:
    patch.setattr(database, "migrations", lambda: tuple(known))
    return Database(folder / "rsf.duckdb", folder / "exports")


def look(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """The rows that another program reads from the closed file."""
    with duckdb.connect(str(folder / "rsf.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def add_note(db: Database, number: int, text: str) -> None:
    with db.transaction("saving a note"):
        db.insert("notes", [{"id": number, "text": text}])


# -- migrations --------------------------------------------------------------------------------------------------


def test_migrations_run_once_and_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        open_with(tmp_path, monkeypatch, GOOD, LATER).close()
    assert look(tmp_path, "SELECT number, name FROM migrations ORDER BY number") == [(1, "first"), (2, "second")]


def test_the_shipped_migrations_have_numbers_of_their_own_from_one_on() -> None:
    numbers = [number for number, _, _ in migrations()]
    assert numbers[0] == 1 and numbers == sorted(set(numbers))


def test_failing_migration_rolls_back_with_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_with(tmp_path, monkeypatch, GOOD)
    add_note(db, 1, "kept")
    db.close()
    with pytest.raises(StoreError, match=r"migrating the database \(2, second\)"):
        open_with(tmp_path, monkeypatch, GOOD, FAILING)
    assert look(tmp_path, "SELECT number FROM migrations") == [(1,)]
    assert look(tmp_path, "SELECT id, text FROM notes") == [(1, "kept")]
    assert look(tmp_path, "SELECT table_name FROM duckdb_tables() WHERE table_name = 'more'") == []
    db = open_with(tmp_path, monkeypatch, GOOD, LATER)  # a repaired version migrates it
    db.close()
    assert look(tmp_path, "SELECT id FROM more") == [(1,)]


def test_a_newer_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_with(tmp_path, monkeypatch, GOOD, LATER).close()
    with pytest.raises(StoreError, match=r"newer version .*migration 2; this version knows 1.*update"):
        open_with(tmp_path, monkeypatch, GOOD)
    assert look(tmp_path, "SELECT max(number) FROM migrations") == [(2,)]


def test_a_later_migration_is_preceded_by_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_with(tmp_path, monkeypatch, GOOD)
    add_note(db, 1, "before")
    db.close()
    assert not list((tmp_path / "exports").iterdir())  # nothing to save before the first migration
    open_with(tmp_path, monkeypatch, GOOD, LATER).close()
    (backup,) = (tmp_path / "exports").iterdir()
    assert backup.name.endswith("before-migration-2.zip")
    monkeypatch.setattr(backups, "migrations", lambda: (GOOD, LATER))
    assert restore(backup, tmp_path / "restored").migration == 1
    assert look(tmp_path / "restored", "SELECT id, text FROM notes") == [(1, "before")]


def test_a_migration_shows_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_with(tmp_path, monkeypatch, GOOD).close()
    assert caplog.messages == []  # an empty database is not worth a message
    open_with(tmp_path, monkeypatch, GOOD, LATER, (3, "third", "CREATE TABLE last (id INTEGER);")).close()
    assert caplog.messages == [
        "migrating the database: 1 of 2 (2, second) …",
        "migrating the database: 2 of 2 (3, third) …",
    ]


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "rsf.duckdb").write_text("not a database at all, but long enough to be looked at " * 100)
    with pytest.raises(StoreError, match=r"cannot open the database .*rsf\.duckdb"):
        Database(tmp_path / "rsf.duckdb", tmp_path / "exports")


# -- the log -----------------------------------------------------------------------------------------------------


def test_a_log_of_many_commits_is_long_until_it_is_folded_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "REPLAYED_COMMITS", 3)
    db = open_with(tmp_path, monkeypatch, GOOD)
    db.checkpoint()
    for number in range(3):
        assert not db.has_long_log
        add_note(db, number, "said")
    assert db.has_long_log
    db.checkpoint()
    assert not db.has_long_log
    db.close()


def test_a_log_of_many_bytes_is_long_until_it_is_folded_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LONG_LOG_BYTES", 4096)
    db = open_with(tmp_path, monkeypatch, GOOD)
    db.checkpoint()
    add_note(db, 1, "said")
    assert not db.has_long_log
    add_note(db, 2, "said " * 2000)
    assert db.has_long_log
    db.checkpoint()
    assert not db.has_long_log
    db.close()


def test_a_log_that_an_owner_left_who_was_killed_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_with(tmp_path, monkeypatch, GOOD)
    add_note(db, 1, "said")
    killed = shutil.copytree(tmp_path, tmp_path.with_name("killed"))
    db.close()
    for folder, is_long in ((killed, True), (tmp_path, False)):
        db = open_with(folder, monkeypatch, GOOD)
        assert db.has_long_log is is_long
        db.close()
        assert look(folder, "SELECT id, text FROM notes") == [(1, "said")]


# -- transactions ------------------------------------------------------------------------------------------------


def test_a_failing_transaction_leaves_nothing_and_the_next_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = open_with(tmp_path, monkeypatch, GOOD)
    with pytest.raises(StoreError, match="saving two notes"):  # noqa: PT012
        with db.transaction("saving two notes"):
            db.insert("notes", [{"id": 1, "text": "half"}])
            db.insert("notes", [{"id": 2, "wrong": "column"}])
    add_note(db, 3, "whole")
    db.close()
    assert look(tmp_path, "SELECT id FROM notes") == [(3,)]


def test_an_inner_transaction_belongs_to_the_outer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_with(tmp_path, monkeypatch, GOOD)
    with pytest.raises(KeyError):  # noqa: PT012
        with db.transaction("outer"):
            add_note(db, 1, "inner, said to be saved")
            raise KeyError("a fault of the caller")
    assert db._cursor().execute("SELECT count(*) FROM notes").fetchone() == (0,)
    db.close()


def test_a_transaction_that_fails_at_its_very_end_leaves_the_database_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COMMIT itself can fail; here because another connection, outside the lock, inserted the same key first."""
    db = open_with(tmp_path, monkeypatch, (1, "first", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text VARCHAR);"))
    with pytest.raises(StoreError, match="saving a note"):  # noqa: PT012
        with db.transaction("saving a note"):
            db.insert("notes", [{"id": 1, "text": "slower"}])
            db._connection.cursor().execute("INSERT INTO notes VALUES (1, 'faster')")
    add_note(db, 2, "two")
    db.close()
    assert look(tmp_path, "SELECT id, text FROM notes ORDER BY id") == [(1, "faster"), (2, "two")]


# -- locked down ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "COPY notes TO '{outside}/out.csv'",
        "SELECT * FROM read_csv('{outside}/secret.csv')",
        "SELECT * FROM '{outside}/secret.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "ATTACH '{outside}/other.duckdb' AS other",
        "EXPORT DATABASE '{outside}/all'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ],
)
def test_sql_cannot_reach_files_outside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("a,b\n1,2\n")
    (tmp_path / "project").mkdir()
    db = open_with(tmp_path / "project", monkeypatch, GOOD)
    with pytest.raises(duckdb.Error):
        db._cursor().execute(sql.format(outside=outside))
    db.close()
    assert [entry.name for entry in outside.iterdir()] == ["secret.csv"]


def test_quotes_and_sql_in_text_stay_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        "'; DROP TABLE notes; --",
        '"quoted"',
        "it''s",
        "$name",
        "?",
        "\\x00",
        "nul \x00 inside",
        "line\nline",
        "日本 🎉",
        "",
    ]
    db = open_with(tmp_path, monkeypatch, GOOD)
    for number, text in enumerate(texts):
        add_note(db, number, text)
    db.close()
    assert look(tmp_path, "SELECT text FROM notes ORDER BY id") == [(text,) for text in texts]


def test_a_folder_with_a_quote_in_its_name_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "it's mine"
    folder.mkdir()
    db = open_with(folder, monkeypatch, GOOD)
    assert db.backup("by-hand").is_file()
    db.close()


# -- threads -------------------------------------------------------------------------------------------------------


def test_threads_read_and_write_at_once_without_wrong_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread appends pairs of rows that belong together while another thread reads them."""
    db = open_with(tmp_path, monkeypatch, GOOD)
    monkeypatch.setattr(
        database, "queries", lambda: {"mine": "SELECT id, text FROM notes WHERE text LIKE $mine ORDER BY id"}
    )
    start = threading.Barrier(8)

    def work(thread: int) -> None:
        start.wait()
        for turn in range(25):
            with db.transaction("saving two notes"):
                db.append("notes", pa.table({"id": [2 * turn, 2 * turn + 1], "text": [f"thread {thread}"] * 2}))
            mine = db.rows("mine", {"mine": f"thread {thread}"})
            assert mine == [{"id": i, "text": f"thread {thread}"} for i in range(2 * turn + 2)]
            others = db.arrow("mine", {"mine": f"thread {(thread + 1) % 8}"})
            assert others["id"].to_pylist() == list(range(others.num_rows)) and others.num_rows % 2 == 0

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, thread) for thread in range(8)]:
            done.result()
    db.close()
    assert look(tmp_path, "SELECT count(*), count(DISTINCT (id, text)) FROM notes") == [(400, 400)]


def test_closing_lets_go_of_the_file_whatever_threads_have_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that lives on, such as one of a web server, keeps its cursor; the next opening must still succeed."""
    db = open_with(tmp_path, monkeypatch, GOOD)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(add_note, db, 1, "from a thread that lives on").result()
        db.close()
        again = open_with(tmp_path, monkeypatch, GOOD)
        add_note(again, 2, "after reopening")
        again.close()
    assert look(tmp_path, "SELECT id FROM notes ORDER BY id") == [(1,), (2,)]


def test_a_statement_is_parsed_once_and_of_many_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "KEPT_STATEMENTS", 8)
    db = open_with(tmp_path, monkeypatch, GOOD)
    parsed: list[str] = []
    cursor = db._cursor()

    class Counting:
        def extract_statements(self, sql: str) -> list[duckdb.Statement]:
            parsed.append(sql)
            return cursor.extract_statements(sql)

        def __getattr__(self, name: str) -> object:
            return getattr(cursor, name)

    monkeypatch.setattr(db, "_cursor", Counting)
    for number in range(5):
        add_note(db, number, f"note {number}")
    assert len(parsed) == 1 and "VALUES" in parsed[0]
    with db.transaction("saving many"):
        for rows in range(1, 30):  # each number of rows is a statement of its own
            db.insert("notes", [{"id": 100 * rows + i, "text": "many"} for i in range(rows)])
            assert len(db._statements) <= 8
    add_note(db, 99, "the last")
    figures = cursor.execute("SELECT count(*), count(DISTINCT id), max(text) FROM notes").fetchall()
    assert figures == [(5 + sum(range(1, 30)) + 1, 5 + sum(range(1, 30)) + 1, "the last")]
    db.close()


def test_every_query_is_one_statement() -> None:
    """Only the first statement of a parsed text runs; a second one would be left out."""
    with duckdb.connect() as connection:
        for name, sql in queries().items():
            assert len(connection.extract_statements(sql.replace("$keys", "(?)"))) == 1, name
