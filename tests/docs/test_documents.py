"""README, CONTRIBUTING and docs/: every path, function, link and layer that they name exists."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

from tests.simulations.__main__ import SIMULATIONS
from tests.support import documents
from tests.support.documents import DOCUMENTS, ROOT

EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=documents.name)
FUNCTIONS = re.compile(r"`([\w/]+\.py): ([\w., ]+)`")


@EACH
def test_every_path_is_there(document: Path) -> None:
    missing = [path for path in documents.paths(document) if not (ROOT / path).exists()]
    assert not missing


@EACH
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in documents.links(document):
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), f"{documents.name(document)}: {target}"
        assert not anchor or anchor in documents.anchors(file), f"{documents.name(document)}: no heading for {target}"


@lru_cache
def defined(path: str) -> set[str]:
    """The names of all functions, classes and methods of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@EACH
def test_every_function_is_in_the_file_that_is_named(document: Path) -> None:
    for path, names in FUNCTIONS.findall(documents.prose(document)):
        assert set(names.split(", ")) <= defined(path), f"{path}: {names}"


def test_the_mathematics_names_its_functions() -> None:
    assert len(FUNCTIONS.findall((ROOT / "docs" / "MATH.md").read_text(encoding="utf-8"))) > 50


def test_what_checks_each_number_with_limits_names_every_simulation() -> None:
    text = (ROOT / "docs" / "STATISTICS.md").read_text(encoding="utf-8")
    section = text.partition("## What is shown, and what checks it\n")[2].partition("\n## ")[0]
    assert [name for name in SIMULATIONS if f"`{name}`" not in section] == []


def test_the_code_names_headings_that_are_there() -> None:
    headings = {heading: document for document in DOCUMENTS for heading in documents.headings(document)}
    named = []
    for source in (ROOT / "rsf_core").rglob("*.py"):
        text = re.sub(r"\s+", " ", source.read_text(encoding="utf-8"))
        for path, heading in re.findall(r'(docs/[\w/.-]+\.md)(?:, "([^"]+)")?', text):
            assert (ROOT / path).exists(), f"{source}: {path}"
            assert not heading or headings.get(heading) == ROOT / path, f"{source}: {path} has no {heading!r}"
            named.append(path)
    assert len(named) >= 5


def test_every_document_is_reached_from_the_readme() -> None:
    """By links and by paths in code; a folder counts as all documents in it."""
    reached, left = set(), [ROOT / "README.md"]
    while left:
        document = left.pop()
        if document in reached:
            continue
        reached.add(document)
        named = [(document.parent / target.partition("#")[0]).resolve() for target in documents.links(document)]
        named += [ROOT / path for path in documents.paths(document)]
        for path in named:
            left += [path] if path.suffix == ".md" else sorted(path.glob("*.md")) if path.is_dir() else []
    assert set(DOCUMENTS) <= reached


def layers() -> dict[str, int]:
    """The layer of each package in the import contract, counted from 1."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract: list[str] = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return {
        package.strip().removeprefix("rsf_core."): len(contract) - place
        for place, packages in enumerate(contract)
        for package in re.split(r"[|:]", packages)
    }


def test_the_readme_names_every_package_with_its_layer() -> None:
    (tree,) = (block.code for block in documents.blocks("") if block.code.startswith("app.py"))
    named: dict[str, int] = {}
    for names, number in re.findall(r"^  ((?:\w+/ )+) +(\d)  ", tree, re.MULTILINE):
        named |= {one.strip("/"): int(number) for one in names.split()}
    assert named == {package: place for package, place in layers().items() if package != "pages"}


def test_the_architecture_names_every_package_with_its_layer() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", text, re.MULTILINE)
    assert {name: int(number) for number, names in rows for name in re.findall(r"`(\w+)`", names)} == layers()
