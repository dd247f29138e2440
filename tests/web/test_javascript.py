"""The JavaScript of the components: its own tests, and checks that need Python."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rsf_core.web import components
from rsf_core.web.components import modules
from rsf_core.web.components.m_tuner import steps
from tests.support.node import node

ROOT = Path(__file__).parents[2]
TESTS = sorted(Path(__file__).with_name("js").glob("*.test.mjs"))
SOURCES = sorted(components.FOLDER.rglob("*.js"))
# calls that turn a text into markup or a program, however written: completions are untrusted
MARKUP = re.compile(
    r"(?:inner|outer|Adjacent)HTML|HTMLUnsafe|setHTML|srcdoc|ContextualFragment|DOMParser|document\W+write|javascript:"
)
PROGRAM = re.compile(r"\beval\b|\bFunction\b|set(?:Timeout|Interval)\(\s*[\"'`]|\bimport\(|\bimportScripts\b")
COMPONENTS = [path.parent.name for path in sorted(components.FOLDER.glob("*/__init__.py"))]


@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.name)
def test_its_own_tests_hold(file: Path) -> None:
    done = node("--test", "--test-reporter=tap", file)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout
    assert int(passed[1]) > 1, done.stdout  # a file without a test counts as one


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_one_module_whose_default_export_is_a_function(name: str) -> None:
    whole = modules.script(components.FOLDER / name / f"{name}.js")
    names = "Object.keys(loaded).join()"
    load = f"""
        globalThis.localStorage = globalThis.sessionStorage = undefined;
        const loaded = await import("data:text/javascript," + encodeURIComponent({json.dumps(whole)}));
        console.log(typeof loaded.default, {names});
    """
    done = node("--no-experimental-webstorage", "--input-type=module", "-", script=load)
    assert done.stdout.split() == ["function", "default"], done.stderr


@pytest.mark.parametrize("file", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_text_never_becomes_markup_or_a_program(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert MARKUP.findall(text) == []
    assert PROGRAM.findall(text) == []


@pytest.mark.parametrize(
    "line",
    [
        'element.innerHTML = "x";',
        'element["outerHTML"] = "x";',
        'Object.assign(element, { innerHTML: "x" });',
        'element.insertAdjacentHTML("beforeend", "x");',
        'document.write("x");',
        'document["write"]("x");',
        "element.setHTMLUnsafe(x);",
        "new DOMParser();",
        'eval("1");',
        'window["eval"]("1");',
        'new Function("a");',
        'setTimeout("a()", 1);',
        'await import("./x.js");',
    ],
)
def test_the_rule_sees_the_ways_to_do_so(line: str) -> None:
    assert MARKUP.search(line) or PROGRAM.search(line)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("undeclared();", "noUndeclaredVariables"),
        ("const unused = 1;", "noUnusedVariables"),
        ('import { unused } from "./x.js";', "noUnusedImports"),
        ("export const f = (unused) => 1;", "noUnusedFunctionParameters"),
        ("export const f = (a) => a == 1;", "noDoubleEquals"),
        ("export  const f = 1", "format"),
        ("export const f = 1;", None),
    ],
)
def test_the_linter_sees_what_is_wrong(tmp_path: Path, line: str, rule: str | None) -> None:
    shutil.copy(ROOT / "biome.json", tmp_path)
    file = tmp_path / "rsf_core" / "x.js"
    file.parent.mkdir()
    file.write_text(f"{line}\n", encoding="utf-8")
    biome = Path(sys.executable).with_name("biome")
    arguments = [str(biome), "check", "--error-on-warnings", "--colors=off"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode == 0) == (rule is None), done.stdout + done.stderr
    assert rule is None or rule in done.stdout + done.stderr


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_module_of_a_component_is_used(name: str) -> None:
    folder = components.FOLDER / name
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}
    imported: set[tuple[str, str]] = set()
    for text in texts.values():
        for names, file in re.findall(r'^import \{([^}]+)\} from "\./([\w.]+)";', text, re.MULTILINE):
            imported |= {(file, part.strip()) for part in names.split(",") if part.strip()}
    assert {file for file, _ in imported} == set(texts) - {f"{name}.js"}
    for file, text in texts.items():
        inside = re.findall(r"^export (?:const|(?:async )?function|class) ([\w$]+)", text, re.MULTILINE)
        unused = {export for export in inside if (file, export) not in imported}
        assert {export for export in unused if len(re.findall(rf"\b{export}\b", text)) == 1} == set(), file


@pytest.mark.parametrize(
    "accepted",
    [
        [[3, 3, 1, 0]],
        [[0, 0, 0, 0], [5, 5, 5, 5]],  # nothing, and candidates that people accept at every M
        [[10_000, 9_999, 2, 2], [1, 0, 0, 0], [0, 0, 0, 0]],
        np.sort(np.random.default_rng(0).integers(0, 5_000, (96, 481)), axis=1)[:, ::-1].tolist(),
    ],
    ids=["one", "none and all", "several", "a whole page"],
)
def test_the_tuner_reads_the_counts_that_python_tells_by_their_falls(accepted: list[list[int]]) -> None:
    counts: NDArray[np.int64] = np.array(accepted)
    curves = (components.FOLDER / "m_tuner" / "curves.js").as_uri()
    read = f"""
        const {{ counts }} = await import({json.dumps(curves)});
        console.log(JSON.stringify(counts({json.dumps(steps(counts))}, {counts.shape[1]})));
    """
    done = node("--input-type=module", "-", script=read)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == accepted
