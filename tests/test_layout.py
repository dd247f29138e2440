"""Project rules that the import contract in pyproject.toml cannot express: who may import torch and when, that the owner
never does, that imports form no cycle, and that pages use the project and not its store."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

import rsf_core
from rsf_core.domain.version import VERSION

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "peft"}
# Packages and modules that compute with models: only job processes import them.
COMPUTES = ("jobs.work", "proposals", "training", "model_scorers", "models.forward", "models.log_probs")
# Modules that import one of them inside a function, or run in a process of their own, each with its reason.
LATE = {
    "models.library": "converts the embedded model once, in a job",
    "models.loading": "loads weights, in a job",
    "models.placement": "asks torch for the devices there are, in a job",
}
AT_ONCE = {"models.template_process": "runs in a process of its own, which renders untrusted templates"}

# Modules of the store that pages, their pieces and the CLI may import.
STORE_MODULES = {
    "rsf_core.store.records": "frozen rows, to name the types of what Project returns",
    "rsf_core.store.review_records": "likewise",
    "rsf_core.store.backup": "`rsf restore` makes a folder that no project owns yet",
}


def sources(*folders: str) -> dict[str, ast.Module]:
    """The parsed files below these folders of the checkout, by their path in it."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): parsed(path) for path in paths}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """`(module, inside a function)` of every import statement."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, inside
        if not isinstance(node, ast.expr):
            yield from imports(node, inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def is_of(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def torch_imports() -> Iterator[tuple[str, bool]]:
    for path, tree in sources("rsf_core").items():
        module = path.removeprefix("rsf_core/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, inside in imports(tree):
            if name.split(".")[0] in HEAVY:
                yield module, inside


def test_only_what_computes_with_models_imports_torch() -> None:
    wrong = {
        module
        for module, inside in torch_imports()
        if not is_of(module, COMPUTES) and not (module in LATE and inside) and module not in AT_ONCE
    }
    assert not wrong, "torch belongs into a job process: import it inside a function there, or move what needs it"


def test_no_page_imports_torch() -> None:
    assert not {name for tree in sources("pages").values() for name, _ in imports(tree) if name.split(".")[0] in HEAVY}


@pytest.fixture(scope="module")
def owner() -> dict[str, Any]:
    """The report of a process with the owner, its pages and commands; a separate process, because this one has torch. It lists
    the number of built-in scorers, those loaded after it read each scorer's card and bounds and checked its options and
    references, and the loaded packages that compute with models."""
    code = (
        "import json, sys\n"
        "import rsf_core.project.project, rsf_core.web.application, rsf_core.cli.main\n"
        "from importlib.metadata import entry_points\n"
        "from rsf_core.domain import Prompt\n"
        "from rsf_core.scorers import registry\n"
        "points = [p for p in entry_points(group=registry.GROUP) if p.value.startswith('rsf_core.')]\n"
        "available = list(registry.available())\n"
        "for one in registry.cards():\n"
        "    assert not one.loaded, one\n"
        "    if not one.required and not one.problem:\n"
        "        registry.bounds(one.name)\n"
        "        if one.check or not one.reference:\n"
        "            registry.reference_problems([one.name], [Prompt(1, 'How many?', '7')])\n"
        "scorers = {p.value.partition(':')[0] for p in points} | {'vaderSentiment', 'sacrebleu', 'jsonschema'}\n"
        f"heavy = {HEAVY!r}\n"
        "loaded = {'scorers': sorted(scorers & set(sys.modules)), 'heavy': sorted(heavy & set(sys.modules))}\n"
        "print(json.dumps(loaded | {'built in': len(points), 'available': len(available)}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_the_owner_never_loads_torch_scorers_included(owner: dict[str, Any]) -> None:
    assert owner["available"] >= 10 and owner["heavy"] == []


def test_the_owner_knows_every_built_in_scorer_without_loading_it(owner: dict[str, Any]) -> None:
    assert owner["built in"] >= 10
    assert owner["scorers"] == [], "what the owner asks belongs into the scorer's card or its check"


def without_ends(imported: dict[str, set[str]]) -> dict[str, set[str]]:
    """The modules in a cycle or between two: repeatedly removes the modules that import none of the others."""
    while ends := {module for module, below in imported.items() if not below & imported.keys()}:
        imported = {module: below for module, below in imported.items() if module not in ends}
    return imported


def test_imports_make_no_circle() -> None:
    graph = grimp.build_graph("rsf_core", "pages", cache_dir=None)
    imported = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    importers = {module: set(graph.find_modules_that_directly_import(module)) for module in graph.modules}
    circle = without_ends(imported).keys() & without_ends(importers).keys()
    assert len(imported) > 200 and not circle, "these modules import one another: move what they share below both"


def test_pages_import_no_module_that_knows_sql() -> None:
    wrong = {
        (path, name)
        for path, tree in sources("pages", "rsf_core/web", "rsf_core/cli").items()
        for name, _ in imports(tree)
        if is_of(name, ("rsf_core.store", "duckdb")) and name not in STORE_MODULES
    }
    assert not wrong, (
        f"ask the project, or, where a module holds nothing but frozen rows, add it to STORE_MODULES: {wrong}"
    )


@pytest.mark.parametrize("folder", ["pages", "rsf_core/web", "rsf_core/cli"])
def test_pages_ask_the_project_and_not_its_store(folder: str) -> None:
    for path, tree in sources(folder).items():
        attributes = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "store"
        }
        assert not attributes, f"{path}: give Project a method for it"


def test_the_version_is_that_of_the_package() -> None:
    packaged = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert rsf_core.__version__ == VERSION == packaged


# A module has one job. The formatter decides where lines break, and the linter refuses two statements on one line.
MOST_LINES = 450


def test_no_module_is_longer_than_one_job_takes() -> None:
    files = [ROOT / "app.py", *(ROOT / path for path in sources("rsf_core", "pages"))]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    too_long = {path: length for path, length in lengths.items() if length > MOST_LINES}
    assert len(lengths) > 200 and not too_long, (
        f"give what is another job a module of its own, named by a noun: {too_long}, and {MOST_LINES} lines are the most"
    )


# r"""…""" is missing where a docstring names \boxed or \frac: Python reads \b as a backspace and \f as a form feed.
CONTROL = {chr(number) for number in range(32)} - {"\n"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_no_docstring_holds_a_control_character() -> None:
    damaged = [
        f"{path}: {getattr(node, 'name', 'the module')}"
        for path, tree in sources("rsf_core", "pages", "tests").items()
        for node in ast.walk(tree)
        if isinstance(node, DOCUMENTED) and CONTROL.intersection(ast.get_docstring(node, clean=False) or "")
    ]
    assert not damaged, "docstrings with a control character, which must be raw:\n" + "\n".join(damaged)


# A name states what a value is, not how it was obtained: `round_record`, not `found`. `wanted` is stored or sent in SPOKEN.
VAGUE = {"anew", "found", "opened", "said", "told", "wanted"}
SPOKEN = {
    "rsf_core/domain/specs.py",
    "rsf_core/project/commands.py",
    "rsf_core/project/round_book.py",
    "rsf_core/rounds/drawing.py",
}


def test_variables_say_what_they_hold() -> None:
    vague = [
        f"{path}:{getattr(node, 'lineno', '?')}: {name}"
        for path, tree in sources("rsf_core", "pages", "tests").items()
        for node in ast.walk(tree)
        if (name := _bound(node)) in VAGUE and not (name == "wanted" and path in SPOKEN)
    ]
    assert not vague, "names that say how a value came and not what it is:\n" + "\n".join(vague)


def _bound(node: ast.AST) -> str | None:
    """The name that this node gives a value; None if it gives none, or the name is a field of a class or an object."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else None
