"""A backup of any version of the database restores the same rows, and a damaged one is refused with the name of the damage."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rsf_core.cli import main
from rsf_core.domain.errors import BackupError
from rsf_core.project import Project
from rsf_core.store import database
from rsf_core.store.backup import MANIFEST, restore
from rsf_core.store.database import Database
from rsf_core.store.sql import migrations
from tests.support.seeding import add_candidates, add_scores, candidates, decide

VERSIONS = [number for number, _, _ in migrations()]
ROWS = 3
VALUES: dict[str, Callable[[int], Any]] = {
    "INTEGER": lambda row: row + 1,
    "BIGINT": lambda row: row + 1,
    "VARCHAR": lambda row: f'{row} it\'s "é"\n日本',
    "DOUBLE": lambda row: (row + 1) / 10,
    "BOOLEAN": lambda row: row % 2 == 0,
    "TIMESTAMP": lambda row: f"2026-01-0{row + 1} 12:34:56.789",
    "INTEGER[]": lambda row: list(range(row)),
    "VARCHAR[]": lambda row: [f'{word} it\'s "é"\n日本' for word in range(row)] if row else None,
    "MAP(VARCHAR, DOUBLE)": lambda row: {"sentiment": float("-inf"), "length": row / 3},
}


def fill(path: Path) -> None:
    """Insert some rows into every table, whatever its columns are."""
    with duckdb.connect(str(path)) as connection:
        tables = connection.execute("SELECT table_name, sql FROM duckdb_tables()").fetchall()
        for place, (table, sql) in enumerate(of_schema for of_schema in tables if of_schema[0] != "migrations"):
            allowed = {
                name: re.findall(r"'([^']*)'", one) for name, one in re.findall(r'"?(\w+)"? IN \(([^)]*)\)', sql)
            }
            columns = [
                (name, kind, nullable)
                for name, kind, default, nullable in connection.execute(
                    "SELECT column_name, data_type, column_default, is_nullable FROM duckdb_columns() WHERE table_name = ?",
                    [table],
                ).fetchall()
                if not str(default).startswith("nextval")
            ]
            unknown = {kind for _, kind, _ in columns} - VALUES.keys()
            assert not unknown, f"{table} has columns of {unknown}: say in VALUES which values they take"
            named, marks = ", ".join(f'"{name}"' for name, _, _ in columns), ", ".join("?" * len(columns))
            inserted: list[Any] = []
            for row in range(ROWS):
                values = [
                    allowed[name][row % len(allowed[name])] if name in allowed else VALUES[kind](row)
                    for name, kind, _ in columns
                ]
                values = [
                    [] if value is None and not nullable else value
                    for value, (_, _, nullable) in zip(values, columns, strict=True)
                ]
                moment = [f"{place:03}" if kind == "TIMESTAMP" else None for _, kind, _ in columns]  # no two are equal
                inserted += [value + unique if unique else value for value, unique in zip(values, moment, strict=True)]
            connection.execute(f'INSERT INTO "{table}" ({named}) VALUES {", ".join([f"({marks})"] * ROWS)}', inserted)


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The sorted rows of every table, the last value of each sequence, and the definitions of tables, views and indexes. Two
    databases with the same content show the same rows in every view, and migrate to the same content."""
    with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        rows_by_table = {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall() for (name,) in names
        }
        for kind, query in (
            ("sequences", "SELECT sequence_name, last_value FROM duckdb_sequences() ORDER BY 1"),
            ("tables", "SELECT table_name, sql FROM duckdb_tables() ORDER BY 1"),
            ("views", "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY 1"),
            ("indexes", "SELECT index_name, sql FROM duckdb_indexes() ORDER BY 1"),
        ):
            rows_by_table[kind] = connection.execute(query).fetchall()
    rows_by_table["migrations"] = [row[:2] for row in rows_by_table["migrations"]]  # the times of the migrations differ
    return rows_by_table


@pytest.mark.parametrize("version", VERSIONS)
def test_a_backup_of_every_version_gives_the_same_rows_and_migrates_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    original, restored = tmp_path / "original", tmp_path / "restored"
    original.mkdir()
    (original / "project.toml").write_text('task = "t"\n')
    known = tuple(migration for migration in migrations() if migration[0] <= version)
    with monkeypatch.context() as patch:
        patch.setattr(database, "migrations", lambda: known)
        Database(original / "rsf.duckdb", original / "exports").close()
        fill(original / "rsf.duckdb")
        owner = Database(original / "rsf.duckdb", original / "exports")
        file = owner.backup("by-hand")
        owner.close()
    manifest = restore(file, restored)
    assert manifest.migration == version
    assert all(count in (ROWS, len(known)) for count in manifest.tables.values())
    assert content(restored / "rsf.duckdb") == content(original / "rsf.duckdb")
    assert (restored / "project.toml").read_text() == 'task = "t"\n'
    Database(restored / "rsf.duckdb", restored / "exports").close()
    with duckdb.connect(str(restored / "rsf.duckdb"), read_only=True, config={"threads": 1}) as connection:
        assert connection.execute("SELECT number FROM migrations ORDER BY 1").fetchall() == [(n,) for n in VERSIONS]
        for (view,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
            connection.execute(f'SELECT * FROM "{view}"').fetchall()
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


@pytest.fixture(scope="module")
def reviewed_once(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Path:
    """A project with candidates, decisions and overrides, and a model folder. Copy it; never open it."""
    folder = tmp_path_factory.mktemp("once") / "reviewed"
    with Project.create(folder, str(small_task), seed=1) as project:
        rows = candidates(3, 4)
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": 0.5})
        decide(project.store, rows, 0.0, 0.5)
        (folder / "models" / "m1-1").mkdir()
        (folder / "models" / "m1-1" / "weights.safetensors").write_bytes(b"\x00" * 1_000)
    return folder


@pytest.fixture
def reviewed(reviewed_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(reviewed_once, tmp_path / "reviewed"))


@pytest.fixture(scope="module")
def kept_once(reviewed_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of such a project. Copy it."""
    return backed_up(Path(shutil.copytree(reviewed_once, tmp_path_factory.mktemp("backed up") / "reviewed")))


@pytest.fixture
def kept(kept_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(kept_once, tmp_path / "kept.zip"))


def backed_up(folder: Path, models: bool = False) -> Path:
    with Project.open(folder) as project:
        return Path(project.backup(models=models)["file"])


@pytest.mark.parametrize("models", [False, True])
def test_a_restored_project_is_the_project(tmp_path: Path, reviewed: Path, models: bool) -> None:
    file = backed_up(reviewed, models)
    manifest = restore(file, tmp_path / "restored")
    assert manifest.models == ["m1-1"]
    assert (tmp_path / "restored" / "models" / "m1-1" / "weights.safetensors").is_file() == models
    assert content(tmp_path / "restored" / "rsf.duckdb") == content(reviewed / "rsf.duckdb")
    with Project.open(tmp_path / "restored") as again, Project.open(reviewed) as before:
        assert again.settings == before.settings
        assert again.counts(1) == before.counts(1)
        assert again.prompts() == before.prompts()


def test_a_backup_and_a_restore_by_command(
    tmp_path: Path, reviewed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the project is open elsewhere, such as in the app, the command is forwarded."""
    from rsf_core.project.commands import execute

    def rsf(*arguments: str) -> Any:
        monkeypatch.setattr("sys.argv", ["rsf", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return ended.value.code, json.loads(capsys.readouterr().out)

    with Project.open(reviewed) as project:
        project.serve(lambda name, arguments: execute(project, name, arguments))
        code, answer = rsf("backup", str(reviewed), str(tmp_path / "kept.zip"))
        assert code == 0 and answer["file"] == str(tmp_path / "kept.zip")
        code, answer = rsf("backup", str(reviewed), str(tmp_path / "kept.zip"))
        assert code == 1 and "already exists" in answer["error"]
    code, answer = rsf("restore", str(tmp_path / "kept.zip"), str(tmp_path / "again"))
    assert code == 0 and answer["missing_models"] == ["m1-1"]
    code, answer = rsf("restore", str(tmp_path / "kept.zip"), str(tmp_path / "again"))
    assert code == 1 and "is not empty" in answer["error"]


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Rewrite a zip with changed content; the zip's own checksums stay right."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)


def without_a_table(members: dict[str, bytes]) -> None:
    del members["tables/prompts.parquet"]


def another_table(members: dict[str, bytes]) -> None:
    members["tables/prompts.parquet"] = members["tables/scores.parquet"]


def without_a_manifest(members: dict[str, bytes]) -> None:
    del members[MANIFEST]


def nested_too_deeply(members: dict[str, bytes]) -> None:
    members[MANIFEST] = b"[" * 100_000


def changed(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | values).encode()

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_a_table, "prompts.parquet cannot be read"),
        (another_table, "prompts.parquet is not as it was written"),
        (without_a_manifest, "its manifest cannot be read"),
        (changed(migration=10_000), "newer version"),
        (changed(migration=1), "does not hold the tables of migration 1"),
        (changed(format=2), "newer version"),
        (changed(tables={}), "does not hold the tables"),
        (changed(tables={"a; DROP TABLE prompts": 1}), "names what no backup holds"),
        (changed(files={"../evil": "x"}), "names what no backup holds"),
        (changed(files={"models/../../evil": "x"}), "names what no backup holds"),
        (changed(files={"/etc/evil": "x"}), "names what no backup holds"),
        (changed(sequences={"nothing_seq": 5}), "names a sequence nothing_seq"),
        (changed(files=5), "cannot be read"),
        (changed(extra=5), "cannot be read"),
        (changed(files=["tables/prompts.parquet"]), "cannot be read"),
        (changed(files={"tables/prompts.parquet": 5}), "names what no backup holds"),
        (changed(files={"tables/prompts.parquet\0": "x"}), "cannot be read"),
        (changed(files={"models/" + "x" * 300: "x"}), "cannot be read"),
        (changed(files={"models/a": "x", "models/a/b": "x"}), "cannot be read"),
        (changed(migration="10"), "its manifest cannot be read"),
        (changed(migration=None), "its manifest cannot be read"),
        (changed(format=True), "its manifest cannot be read"),
        (changed(tables=None), "its manifest cannot be read"),
        (changed(tables={"prompts": 1.5}), "names what no backup holds"),
        (changed(sequences={"act_seq": 2**40}), "names what no backup holds"),
        (changed(sequences=[1]), "its manifest cannot be read"),
        (nested_too_deeply, "its manifest cannot be read"),
    ],
)
def test_a_backup_that_is_not_whole_is_refused_by_name_and_leaves_nothing(
    tmp_path: Path, kept: Path, change: Callable[[dict[str, bytes]], None], message: str
) -> None:
    rewritten(kept, change)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupError, match=message) as refused:
        restore(kept, tmp_path / "restored")
    assert str(kept) in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", [MANIFEST, "tables/prompts.parquet"])
@pytest.mark.parametrize("damage", ["locked", "inflated"])
def test_an_entry_that_is_locked_or_packed_wrongly_is_named(tmp_path: Path, kept: Path, name: str, damage: str) -> None:
    content = bytearray(kept.read_bytes())
    with zipfile.ZipFile(kept) as archive:
        local = archive.getinfo(name).header_offset
    listed = content.rindex(name.encode()) - 46  # the entry in the directory at the end
    for at, flags, method in ((local, 6, 8), (listed, 8, 10)):
        if damage == "locked":
            content[at + flags] |= 1
        else:
            content[at + method] = zipfile.ZIP_DEFLATED
    kept.write_bytes(content)
    with pytest.raises(BackupError, match="cannot be read"):
        restore(kept, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_folder_with_the_longest_name_is_restored_to_and_a_link_to_nowhere_is_not(tmp_path: Path, kept: Path) -> None:
    restore(kept, tmp_path / ("x" * 255))
    assert (tmp_path / ("x" * 255) / "rsf.duckdb").is_file()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BackupError, match="a link that leads nowhere"):
        restore(kept, tmp_path / "link")


def test_a_cut_off_file_and_any_changed_byte_are_refused(tmp_path: Path, reviewed: Path) -> None:
    whole = backed_up(reviewed).read_bytes()
    file = tmp_path / "kept.zip"
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :]):
            file.write_bytes(damaged)
            try:
                restore(file, tmp_path / "restored")
            except BackupError:
                assert not (tmp_path / "restored").exists()
            else:  # the byte has no meaning for the content, such as a time
                assert content(tmp_path / "restored" / "rsf.duckdb") == content(reviewed / "rsf.duckdb")
                shutil.rmtree(tmp_path / "restored")
    with pytest.raises(BackupError, match="there is no file"):
        restore(tmp_path / "none.zip", tmp_path / "restored")


def test_what_a_killed_backup_leaves_does_not_look_like_one(reviewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    with Project.open(reviewed) as project:
        with monkeypatch.context() as patch:
            patch.setattr(zipfile.ZipFile, "writestr", killed)  # the manifest comes last
            with pytest.raises(KeyboardInterrupt):
                project.backup()
        assert list((reviewed / "exports").glob("*.zip")) == []
        file = Path(project.backup()["file"])
        assert [entry for entry in (reviewed / "exports").iterdir() if entry.name.startswith(".")] == []
    assert zipfile.is_zipfile(file)
