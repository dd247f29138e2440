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
# Modules that import a module by a name which is known only when they run, each with whose name it is.
BY_NAME = {
    "jobs.worker": "the module of a kind of job, in a job",
    "scorers.registry": "a scorer or its check, which reads options without loading the scorer",
    "scorers.sandbox_tests": "a module that tested code asks for",
    "scorers.sandbox_values": "likewise",
    "web.application": "pandas and the pieces of pages, before anything is served",
}

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
    """`(module, inside a function)` of every import statement. In `from package import name` the name may be a module, too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and node.level == 0, "imports are absolute"
            yield from ((f"{node.module}.{alias.name}", inside) for alias in node.names)
        if not isinstance(node, ast.expr):
            yield from imports(node, inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def is_of(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def modules() -> Iterator[tuple[str, ast.Module]]:
    """All modules by their names within rsf_core: `jobs.worker`, `pages.review`, `app`."""
    for path, tree in (sources("rsf_core", "pages") | {"app.py": parsed(ROOT / "app.py")}).items():
        yield path.removeprefix("rsf_core/").removesuffix(".py").removesuffix("/__init__").replace("/", "."), tree


def outside() -> Iterator[tuple[str, ast.Module]]:
    """The modules that do not compute with models."""
    return ((module, tree) for module, tree in modules() if not is_of(module, COMPUTES))


def test_only_what_computes_with_models_imports_torch() -> None:
    wrong = {
        module
        for module, tree in outside()
        for name, inside in imports(tree)
        if name.split(".")[0] in HEAVY and not (module in LATE and inside) and module not in AT_ONCE
    }
    assert not wrong, f"torch belongs into a job process: move what needs it: {wrong}"


def test_what_computes_with_models_is_imported_by_nothing_else() -> None:
    """Not inside a function either: the function would load torch where it is called."""
    wrong = {
        (module, name)
        for module, tree in outside()
        for name, _ in imports(tree)
        if is_of(name.removeprefix("rsf_core."), COMPUTES)
    }
    assert not wrong, f"importing these loads torch: do it in a job: {wrong}"


def test_no_import_is_hidden_in_a_text() -> None:
    """No contract sees a module that is imported by a text."""
    calls = {
        (module, ast.unparse(node))
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
    }
    assert {module for module, _ in calls} == BY_NAME.keys(), calls
    assert not [call for _, call in calls if any(name in call for name in HEAVY)]


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
        if is_of(name, ("rsf_core.store", "duckdb")) and not is_of(name, tuple(STORE_MODULES))
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


# What pages may read of a project that asks nobody who acts. Anything else goes through `guarded`.
UNASKED = {"invites": "links are looked up before anybody is known", "settings": "of a draft, which is no project yet"}


@pytest.mark.parametrize("folder", ["pages", "rsf_core/web"])
def test_whoever_acts_on_a_page_is_asked_for_at_each_call(folder: str) -> None:
    """`session.open_project`, `session.project_of_tab` and `draft.project` return the project itself, which checks nobody."""
    wrong = []
    for path, tree in sources(folder).items():
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if (
                called not in ("session.open_project", "session.project_of_tab")
                and ast.unparse(node) != "draft.project"
            ):
                continue
            use = parents[node]
            if isinstance(use, ast.Lambda):  # opens it, or is called by guarded
                continue
            if isinstance(use, ast.Attribute) and use.attr in UNASKED:
                continue
            if not (isinstance(use, ast.Call) and ast.unparse(use.func) == "guarded"):
                wrong.append(f"{path}:{getattr(node, 'lineno', '?')}: {ast.unparse(use)}")
    assert not wrong, (
        "nobody is asked whether they may do this; use session.project(), project_of() or guarded():\n"
        + ("\n".join(wrong))
    )


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


# A name states what a value is, not how it was obtained: `round_record`, not `found`.
VAGUE = {"anew", "found", "opened", "said", "told", "wanted"}


def test_names_say_what_they_are() -> None:
    """Names of variables, parameters, fields, attributes, functions and classes."""
    vague = [
        f"{path}:{getattr(node, 'lineno', '?')}: {name}"
        for path, tree in sources("rsf_core", "pages", "tests").items()
        for node in ast.walk(tree)
        if (name := _named(node).strip("_")) in VAGUE
    ]
    assert not vague, "names that say how a value came and not what it is:\n" + "\n".join(vague)


def _named(node: ast.AST) -> str:
    """The name that this node gives a value, a function or a class; empty if it gives none."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return ""
