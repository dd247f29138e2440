"""A backup: one zip file with the rows of every table, the settings file and, on request, the models' files.

Views and defaults are not in it: a restore runs the migrations up to the backup's own and inserts the rows; the project
migrates further when it is opened. So every later version reads a backup of any earlier one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from rsf_core.domain.errors import BackupError
from rsf_core.domain.files import is_full_disk, keep_private, writable, write_whole
from rsf_core.store.sql import migrations

FORMAT = 1
MANIFEST = "manifest.json"
SETTINGS = "project.toml"
DATABASE = "rsf.duckdb"
SCRATCH = ".backup-"
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 64 << 20  # bytes: a line for each file of a model
_MOST = 2**32  # rows of a table, or numbers of a sequence: a restore draws each number
_DAMAGED = (  # what reading a ZIP raises, also one locked by a password
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OSError
)  # fmt: skip
_CREATE_MIGRATIONS = (
    "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)"
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: `tables` by name with their number of rows, `sequences` with the last number each gave, `files`
    with their SHA-256; `models` are the folders of models that existed, whether or not their files are in it."""

    format: int
    migration: int
    tables: dict[str, int]
    sequences: dict[str, int]
    models: list[str]
    files: dict[str, str]


def save(connection: duckdb.DuckDBPyConnection, folder: Path, scratch: Path, file: Path, models: bool) -> Manifest:
    """Back up the database of the project in `folder`, as of this moment, to `file`, which is written whole or not at all.
    `scratch` is a folder the database may write to. Raises BackupError if `file` already exists."""
    if file.exists():
        raise BackupError(f"{file} already exists: choose another file for the backup")
    for left in scratch.glob(f"{SCRATCH}*"):  # by a killed backup
        shutil.rmtree(left, ignore_errors=True)
    with writable(scratch), tempfile.TemporaryDirectory(prefix=SCRATCH, dir=scratch) as temporary:
        rows, sequences, migration = _export(connection, Path(temporary))
        model_ids = sorted(path.name for path in (folder / "models").glob("*") if path.is_dir())
        content = {f"tables/{name}.parquet": Path(temporary) / f"{name}.parquet" for name in rows}
        if (folder / SETTINGS).is_file():
            content[SETTINGS] = folder / SETTINGS
        scorers = (
            path
            for path in (folder / "scorers").rglob("*")
            if path.suffix in (".py", ".toml") and path.is_file() and not path.is_symlink()
        )
        content |= {path.relative_to(folder).as_posix(): path for path in sorted(scorers)}
        if models:
            kept = (path for path in (folder / "models").rglob("*") if path.is_file() and not path.is_symlink())
            content |= {path.relative_to(folder).as_posix(): path for path in sorted(kept)}
        file.parent.mkdir(parents=True, exist_ok=True)
        made: list[Manifest] = []

        def write(beside: Path) -> None:
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
                hashes = {name: _pack(archive, name, path) for name, path in content.items()}
                made.append(Manifest(FORMAT, migration, rows, sequences, model_ids, hashes))
                archive.writestr(MANIFEST, json.dumps(asdict(made[0]), indent=1))

        write_whole(file, write)
    return made[0]


def restore(file: Path, folder: Path) -> Manifest:
    """Make the project in `folder`, which must be missing or empty, from a backup. It is built beside `folder` and moved
    into place at the end. Raises BackupError naming what is wrong with the backup; then nothing is left behind."""
    if folder.is_symlink() and not folder.exists():
        raise BackupError(f"{folder} is a link that leads nowhere: remove it, or name another folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is not empty: a backup is restored to a new folder")
    with _open_backup(file) as (archive, manifest):
        with writable(folder.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".restoring-", dir=folder.parent))
        try:
            with writable(folder.parent), tempfile.TemporaryDirectory(prefix=SCRATCH, dir=aside) as unpacked:
                for name, sha256 in manifest.files.items():
                    _unpack(archive, name, sha256, Path(unpacked), file)
                _import(aside / DATABASE, Path(unpacked), manifest, file)
                for name in ("spool", "models", "exports"):
                    (aside / name).mkdir(mode=0o700)
                for entry in Path(unpacked).iterdir():
                    if entry.name == SETTINGS:
                        entry.rename(aside / SETTINGS)
                    elif entry.name == "scorers":
                        entry.rename(aside / "scorers")
                    elif entry.name == "models":
                        (aside / "models").rmdir()
                        entry.rename(aside / "models")
            keep_private(aside)
            os.rename(aside, folder)  # takes the place of an empty folder
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return manifest


def _export(connection: duckdb.DuckDBPyConnection, temporary: Path) -> tuple[dict[str, int], dict[str, int], int]:
    """Write every table as Parquet, all of one moment. Returns the numbers of rows, the last numbers of the sequences and the
    migration."""
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    try:
        names = _column(
            cursor, "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY 1"
        )
        rows = {}
        for name in names:
            cursor.execute(f'COPY "{name}" TO {_quoted(temporary / f"{name}.parquet")} (FORMAT parquet)')
            rows[name] = _column(cursor, f'SELECT count(*) FROM "{name}"')[0]
        sequences = cursor.execute("SELECT sequence_name, last_value FROM duckdb_sequences() ORDER BY 1").fetchall()
        migration = _column(cursor, "SELECT coalesce(max(number), 0) FROM migrations")[0]
    finally:
        cursor.execute("ROLLBACK")
        cursor.close()
    return rows, {name: last for name, last in sequences if last is not None}, migration


def _import(database: Path, unpacked: Path, manifest: Manifest, file: Path) -> None:
    """Make the database: its schema by the migrations, its rows from the backup."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("BEGIN")
        connection.execute(_CREATE_MIGRATIONS)
        for number, _, sql in migrations():
            if number <= manifest.migration:
                connection.execute(sql)
        made = set(_column(connection, "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary"))
        if made != set(manifest.tables):
            differ = ", ".join(sorted(made ^ set(manifest.tables)))
            raise BackupError(f"{file} does not hold the tables of migration {manifest.migration}: see {differ}")
        for name, count in manifest.tables.items():
            source = unpacked / "tables" / f"{name}.parquet"
            if not source.is_file():
                raise BackupError(f"{file} is damaged: the table {name} is missing")
            connection.execute(f'DELETE FROM "{name}"')
            try:
                connection.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM read_parquet({_quoted(source)})')
            except duckdb.Error as error:
                raise BackupError(f"{file} is damaged: the table {name} cannot be read ({error})") from error
            if _column(connection, f'SELECT count(*) FROM "{name}"')[0] != count:
                raise BackupError(f"{file} is damaged: the table {name} has not the {count:,} rows it should have")
        for name, last in manifest.sequences.items():
            now = _column(
                connection, f"SELECT coalesce(last_value, 0) FROM duckdb_sequences() WHERE sequence_name = '{name}'"
            )
            if not now:
                raise BackupError(f"{file} names a sequence {name} that migration {manifest.migration} does not make")
            connection.execute(f"SELECT max(nextval('{name}')) FROM range({last - now[0]})").fetchall()
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")


@contextlib.contextmanager
def _open_backup(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    try:
        archive = zipfile.ZipFile(file)
    except FileNotFoundError as error:
        raise BackupError(f"there is no file {file}") from error
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise BackupError(f"{file} is not a backup, or is damaged or cut off: {error}") from error
    with archive:
        yield archive, _manifest(archive, file)


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise ValueError(f"it has more than {_LARGEST_MANIFEST:,} bytes")
        manifest = Manifest(**json.loads(archive.read(MANIFEST)))
        if not all(type(number) is int for number in (manifest.format, manifest.migration)):
            raise TypeError("format and migration are whole numbers")
        names = [*manifest.tables, *manifest.sequences]
        sound = all(name.isidentifier() for name in names) and all(map(_is_inside, manifest.files))
        sound = sound and all(isinstance(sha256, str) for sha256 in manifest.files.values())
        sound = sound and all(
            type(n) is int and 0 <= n < _MOST for n in (*manifest.tables.values(), *manifest.sequences.values())
        )
    except (KeyError, TypeError, AttributeError, RecursionError, *_DAMAGED) as error:
        raise BackupError(f"{file} is not a backup, or is damaged: its manifest cannot be read ({error})") from error
    if manifest.format != FORMAT or manifest.migration > max(number for number, _, _ in migrations()):
        raise BackupError(f"{file} was written by a newer version of RSF Studio: update RSF Studio")
    if not sound:
        raise BackupError(f"{file} is damaged: its manifest names what no backup holds")
    return manifest


def _is_inside(name: str) -> bool:
    """Whether a file of the archive stays inside the folder it is unpacked to and is of a kind that a backup holds."""
    parts = PurePosixPath(name).parts
    return name == SETTINGS or (
        len(parts) > 1 and parts[0] in ("tables", "models", "scorers") and ".." not in parts and "\\" not in name
    )


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _unpack(archive: zipfile.ZipFile, name: str, sha256: str, folder: Path, file: Path) -> None:
    digest = hashlib.sha256()
    target = folder / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, target.open("wb") as out:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
    except (KeyError, *_DAMAGED) as error:
        if is_full_disk(error):
            raise
        raise BackupError(f"{file} is damaged: {name} cannot be read ({error})") from error
    if digest.hexdigest() != sha256:
        raise BackupError(f"{file} is damaged: {name} is not as it was written")


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return [row[0] for row in connection.execute(sql).fetchall()]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
