"""A component's script, made of the ES modules in its folder.

Streamlit takes a script as one text, which the browser loads from a blob, where a relative import does not work. The
alternative, files under an `asset_dir`, needs the pyproject.toml of an installed distribution, which Streamlit does not find
for a checkout. Neither way may need node. So each module becomes a function that returns the module's exports; each is called
once, in the order of the imports (docs/decisions/0010)."""

from __future__ import annotations

import re
from pathlib import Path

_IMPORT = re.compile(r'^import \{([\w$,\s]+)\} from "(\.{1,2}/[\w./-]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|(?:async )?function|class) ([\w$]+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*|.*\bimport(?:\.meta|\().*", re.MULTILINE)


def script(entry: Path) -> str:
    """The module `entry`, whose default export is the component, with all that it imports, as one module.

    Raises ValueError for an import or export in any form but `import { a, b } from "./file.js";` and `export` before a const,
    function or class; for a name that is imported but not exported; and for circular imports."""
    numbers: dict[Path, int] = {}
    exported: dict[Path, tuple[str, ...]] = {}
    parts: list[str] = []

    def add(path: Path, importers: tuple[Path, ...]) -> None:
        if path in importers:
            raise ValueError(f"{' imports '.join(p.name for p in (*importers, path))}: a circle of modules")
        if path in exported:
            return
        text = path.read_text(encoding="utf-8")
        for names, file in _IMPORT.findall(text):
            target = (path.parent / file).resolve()
            add(target, (*importers, path))
            for name in _names(names):
                if name not in exported[target]:
                    raise ValueError(f"{path.name} imports {name}, which {target.name} does not export")
        body = _IMPORT.sub(
            lambda match: (
                f"const {{ {', '.join(_names(match[1]))} }} = $m{numbers[(path.parent / match[2]).resolve()]};"
            ),
            text,
        )
        exported[path] = tuple(_EXPORT.findall(body))
        body = _EXPORT.sub("", body)
        left = _OTHER.search(_DEFAULT.sub("", body) if not importers else body)
        if left:
            raise ValueError(f"{path.name}: {left[0].strip()!r} is not understood; see {Path(__file__).name}")
        if not importers:
            parts.append(f"// {path.name}\n{body}")
            return
        numbers[path] = len(numbers)
        returned = f"return {{ {', '.join(exported[path])} }};"
        parts.append(f"// {path.name}\nconst $m{numbers[path]} = (() => {{\n{body}{returned}\n}})();\n")

    add(entry.resolve(), ())
    return "\n".join(parts)


def _names(listed: str) -> list[str]:
    """The names between the braces of an import. Raises ValueError for one under another name."""
    names = [name.strip() for name in listed.split(",") if name.strip()]
    for name in names:
        if re.search(r"\s", name):
            raise ValueError(f"import {{ {name} }} is not understood: import it under its own name")
    return names
