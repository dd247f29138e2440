"""Foreign text is drawn as text. The second half holds the code to it: whatever a page gives to Markdown is either written in
the code, a number, or goes through `literal`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import rsf_core.web
from rsf_core.project import Project
from rsf_core.web import session
from rsf_core.web.literal import literal

WEB = Path(rsf_core.web.__file__).parent
HOSTILE = "![x](http://127.0.0.1:9/x.png) **b** :red[r] $x$ <img src=x> `c` :material/bolt: :smile: ~~s~~ | www.a.b"
DRAWS = {"markdown", "caption", "info", "warning", "error", "success", "write", "title", "header", "subheader", "toast"}
LABELS = {
    "button",
    "checkbox",
    "expander",
    "metric",
    "popover",
    "form_submit_button",
    "download_button",
    "spinner",
    "badge",
}
NUMBERS = {"len", "sum", "int", "seconds", "number", "interval", "limits", "literal"}  # these give no foreign text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 1.5 and a-b", "plain words, 1.5 and a-b"),
        ("**b** _i_ `c` ~~s~~", r"\*\*b\*\* \_i\_ \`c\` \~\~s\~\~"),
        ("[a](b) ![a](b)", r"\[a\]\(b\) \!\[a\]\(b\)"),
        ("<b>&lt;", r"\<b\>\&lt;"),
        ("$x$ a|b {c}", r"\$x\$ a\|b \{c\}"),
        ("# title", r"\# title"),
        ("1. first", "1\\. first"),
        ("- item", r"\- item"),
        ("a\n\n# b\tc", "a # b c"),
        (":red[r]", ":\u2060red\\[r\\]"),
        (":material/bolt: :smile:", ":\u2060material/bolt: :\u2060smile:"),
        ("http://a.b www.c.d e@f.g", "http:\u2060//a.b www.\u2060c.d e@\u2060f.g"),
        ("C:\\x", "C:\\\\x"),
        ("rsf init DIR --task NAME at 12:34", "rsf init DIR --task NAME at 12:34"),  # to be copied
        ("", ""),
        (3, "3"),
    ],
)
def test_what_markdown_would_take_amiss_is_broken_and_the_rest_stays(text: object, shown: str) -> None:
    assert literal(text) == shown


# -- the rule ------------------------------------------------------------------------------------------------------


def findings(source: str) -> Iterator[str]:
    """Where something is given to Markdown that may hold foreign text."""
    tree = ast.parse(source)
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        # `(st.info if … else st.warning)(…)` as well
        names = [n.attr for n in ast.walk(node.func) if isinstance(n, ast.Attribute)]
        if not DRAWS.union(LABELS).intersection(names):
            continue
        for argument in (*node.args[:1], *(k.value for k in node.keywords if k.arg in ("label", "help", "body"))):
            if not _safe(argument, given):
                yield f"line {argument.lineno}: {ast.unparse(argument)}"


def _safe(node: ast.expr, given: dict[str, list[ast.expr]]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr():
            return all(_safe(part, given) for part in node.values)
        case ast.FormattedValue():
            return node.format_spec is not None or _safe(node.value, given)  # a number's format takes no text
        case ast.BinOp(right=ast.Constant(value=int())):
            return True  # a number plus one
        case ast.BinOp():
            return _safe(node.left, given) and _safe(node.right, given)
        case ast.IfExp():
            return _safe(node.body, given) and _safe(node.orelse, given)
        case ast.BoolOp():
            return all(_safe(value, given) for value in node.values)
        case ast.Call():
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return name in NUMBERS
        case ast.Subscript():  # of a table of words in the code, by their key
            return isinstance(node.value, ast.Name) and node.value.id.isupper()
        case ast.Name():
            known = given.get(node.id, [])
            return node.id.isupper() or (bool(known) and all(_safe(value, {}) for value in known))
        case _:
            return False


# What is written in the code, where the rule does not see it: the argument as it stands there.
WRITTEN = {
    "ui.py": {"title", "said", "f'{icon} {literal(message)}'"},
    "shell.py": {"project"},  # not Streamlit's button
    "overview.py": {"label"},
    "generate.py": {"label"},
    "train.py": {"label"},
}


@pytest.mark.parametrize(
    "file",
    [*sorted(Path("pages").glob("*.py")), *sorted(WEB.glob("*.py"))],
    ids=lambda file: f"{file.parent.name}/{file.name}",
)
def test_everything_given_to_markdown_is_written_in_the_code_a_number_or_literal(file: Path) -> None:
    found = [
        one
        for one in findings(file.read_text(encoding="utf-8"))
        if one.split(": ", 1)[1] not in WRITTEN.get(file.name, ())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('st.markdown("words")', 0),
        ('st.markdown(f"{n:,} words")', 0),
        ('st.error(f"{literal(error)}")', 0),
        ('st.error(f"{error}")', 1),
        ("st.caption(name)", 1),
        ("x = name\nst.caption(x)", 1),
        ("st.info(str(error))", 1),
        ('st.button("Go", help=f"{name}")', 1),
        ('(st.info if a else st.warning)("a" + name)', 1),
        ('st.text(f"{name}")', 0),
    ],
)
def test_the_rule_finds_what_it_is_for(source: str, count: int) -> None:
    assert len(list(findings(source))) == count


# -- on the pages ----------------------------------------------------------------------------------------------------


def test_hostile_names_reach_every_page_as_text(
    tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    with Project.create(folder, str(small_task), seed=1) as project:
        project.set("task", HOSTILE)
        project.supervisor.problem = HOSTILE
        monkeypatch.setattr(session, "_project", project)
        for query in ("regex", "tag", "tokens", "flagged", "by"):
            app = AppTest.from_file(str(WEB / "shell.py"), default_timeout=60)
            app.query_params[query] = HOSTILE
            app.run()
            assert not app.exception
            elements = (*app.error, *app.caption, *app.markdown, *app.warning, *app.info)
            drawn = [str(element.value) for element in elements]
            assert any(literal(HOSTILE) in text for text in drawn)
            assert not any("![x]" in text or "**b**" in text or ":red[r]" in text or "$x$" in text for text in drawn)
