"""A component's modules become one, each with names of its own; unknown syntax is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.web.components import modules
from tests.support.node import node


def write(folder: Path, **texts: str) -> Path:
    """Write modules with these names; the path of the first."""
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(texts))}.js"


def run(entry: Path) -> str:
    """The output of the joined module, run as in the browser: from one text, with no file to import."""
    done = node("--input-type=module", "-", script=modules.script(entry))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_modules_that_import_each_other_become_one(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        entry='import { twice } from "./double.js";\nimport { BASE } from "./base.js";\nconsole.log(twice(BASE));\n',
        double='import { BASE } from "./base.js";\nexport function twice(n) {\n  return 2 * n + BASE;\n}\n',
        base="export const BASE = 5;\n",
    )
    assert run(entry) == "15"


def test_each_module_keeps_its_own_names_and_runs_once(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        entry='import { a } from "./one.js";\nimport { b } from "./two.js";\nconst own = 0;\nconsole.log(a(), b(), own);\n',
        one='import { count } from "./shared.js";\nconst own = "one";\nexport const a = () => own + count();\n',
        two='import { count } from "./shared.js";\nconst own = "two";\nexport const b = () => own + count();\n',
        shared="let times = 0;\nexport function count() {\n  return ++times;\n}\n",
    )
    assert run(entry) == "one1 two2 0"


def test_a_long_list_of_imports_and_every_kind_of_export_is_read(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        entry='import {\n  A,\n  f,\n  g,\n  K,\n} from "./parts.js";\nconsole.log(A, f(), await g(), new K().name);\n',
        parts="export const A = 1;\nexport function f() {\n  return 2;\n}\nexport async function g() {\n  return 3;\n}\n"
        'export class K {\n  name = "K";\n}\n',
    )
    assert run(entry) == "1 2 3 K"


def test_a_module_of_another_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "component").mkdir()
    write(tmp_path / "shared", words='export const WORD = "shared";\n')
    entry = write(
        tmp_path / "component", entry='import { WORD } from "../shared/words.js";\nconsole.log(WORD);\n', words=""
    )
    assert run(entry) == "shared"


def test_the_default_export_of_the_first_module_stays(tmp_path: Path) -> None:
    entry = write(tmp_path, entry="export default function () {}\n")
    assert "\nexport default function () {}" in modules.script(entry)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('import { missing } from "./part.js";', "imports missing, which part.js does not export"),
        ('import { there as here } from "./part.js";', "under its own name"),
        ('import part from "./part.js";', "import part from"),
        ('import * as part from "./part.js";', "import \\* as part"),
        ('import "./part.js";', 'import "./part.js"'),
        ('import { there } from "part";', 'from "part"'),
        ('import { there } from "/part.js";', 'from "/part.js"'),
        ('const part = await import("./part.js");', "await import"),
        ("const here = import.meta.url;", "import.meta"),
        ("export let changing = 1;", "export let changing"),
        ("export { there };", "export { there }"),
        ('export * from "./part.js";', "export \\*"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, line: str, words: str) -> None:
    entry = write(tmp_path, entry=f"const there = 1;\n{line}\n", part="export const there = 1;\n")
    with pytest.raises(ValueError, match=words):
        modules.script(entry)


def test_a_default_export_inside_is_refused(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        entry='import { there } from "./part.js";\n',
        part="export const there = 1;\nexport default there;\n",
    )
    with pytest.raises(ValueError, match=r"part\.js: 'export default there;'"):
        modules.script(entry)


def test_a_circle_is_refused(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        entry='import { a } from "./a.js";\n',
        a='import { b } from "./b.js";\nexport const a = 1;\n',
        b='import { a } from "./a.js";\nexport const b = 1;\n',
    )
    with pytest.raises(ValueError, match=r"entry.js imports a.js imports b.js imports a.js"):
        modules.script(entry)
