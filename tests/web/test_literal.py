"""Foreign text is drawn as text. The second half enforces it: everything that a page gives to Markdown is written in the
code, is a number, or goes through `literal`."""

from __future__ import annotations

import ast
import html
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import rsf_core.web
from rsf_core.project import Project
from rsf_core.web import session
from rsf_core.web.literal import figure_text, file_name, literal

WEB = Path(rsf_core.web.__file__).parent
HOSTILE = "![x](http://127.0.0.1:9/x.png) **b** :red[r] $x$ <img src=x> `c` :material/bolt: :smile: ~~s~~ | www.a.b"
NUMBERS = {
    "len",
    "sum",
    "int",
    "seconds",
    "size",
    "ago",
    "number",
    "fixed",
    "significant",
    "percent",
    "in_percent",
    "interval",
    "limits",
    "literal",
    "_percent",
}  # these return no foreign text


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
        ("rsf init DIR --task NAME at 12:34", "rsf init DIR --task NAME at 12:34"),  # a command that people copy
        ("", ""),
        (3, "3"),
    ],
)
def test_what_markdown_would_take_amiss_is_broken_and_the_rest_stays(text: object, shown: str) -> None:
    assert literal(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 1.5 % and a-b", "plain words, 1.5 % and a-b"),
        ("<a href='x'>b</a> &amp;", "&lt;a href='x'&gt;b&lt;/a&gt; &amp;amp;"),
        ("$x$", "&#36;x&#36;"),
        ("%{y:.2f} %{", "&#37;{y:.2f} &#37;{"),
        ("a<br>b\nc", "a&lt;br&gt;b c"),
        ("", ""),
        (3, "3"),
    ],
)
def test_what_a_figure_would_take_amiss_is_broken_and_the_rest_stays(text: object, shown: str) -> None:
    assert figure_text(text) == shown
    assert html.unescape(shown) == " ".join(str(text).split())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("reviews-c1-1.jsonl", "reviews-c1-1.jsonl"),
        ("../../etc/x", "etc_x"),
        ('a\r\nb: c"d.csv', "a_b_c_d.csv"),
        ("café 猫.jsonl", "café_猫.jsonl"),
        ("..", "file"),
    ],
)
def test_a_name_to_save_under_is_a_name_everywhere(text: str, name: str) -> None:
    assert file_name(text) == name


# -- the rule ------------------------------------------------------------------------------------------------------


def takes_markup() -> dict[str, dict[str, int | None]]:
    """The parameters that each Streamlit function draws as Markdown, by its own documentation, with their place (None: only by
    name). `write` takes anything, and the body of `html` and `latex` is markup too."""
    parameters: dict[str, dict[str, int | None]] = {"write": {"args": 0}, "html": {"body": 0}, "latex": {"body": 0}}
    for name in dir(st):
        function = getattr(st, name)
        document = inspect.getdoc(function) if callable(function) and not name.startswith("_") else None
        section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}|\Z)", document or "", re.DOTALL | re.MULTILINE)
        if section is None:
            continue
        places = {parameter: place for place, parameter in enumerate(inspect.signature(function).parameters)}
        parts = re.split(r"^(\w+)\s*:.*$", section[1], flags=re.MULTILINE)
        for parameter, text in zip(parts[1::2], parts[2::2], strict=True):
            if "arkdown" in text and parameter not in ("unsafe_allow_html", "menu_items", "pages"):
                parameters.setdefault(name, {})[parameter] = places.get(parameter)
    return parameters | {
        "choice_in_url": {"options": 1, "format_func": None, "help": None},
        "heading": {"title": 0},
    }  # of ui


TAKES = takes_markup()
NOT_STREAMLIT = {"project", "review_parts", "lost", "imports", "supervisor", "prompt_book", "re", "os"}


def test_the_rule_knows_what_streamlit_draws_as_markdown() -> None:
    for function in (
        "markdown",
        "caption",
        "error",
        "toast",
        "title",
        "button",
        "expander",
        "checkbox",
        "toggle",
        "dialog",
    ):
        assert 0 in TAKES[function].values(), function
    assert {"label", "value", "delta", "help"} <= TAKES["metric"].keys()
    assert {"label", "options", "format_func"} <= TAKES["segmented_control"].keys() & TAKES["pills"].keys()
    assert (
        {"tabs"} <= TAKES["tabs"].keys() and {"text"} <= TAKES["progress"].keys() and {"title"} <= TAKES["Page"].keys()
    )
    for widget in (
        "radio",
        "selectbox",
        "multiselect",
        "slider",
        "number_input",
        "text_input",
        "text_area",
        "file_uploader",
    ):
        assert {"label", "help"} <= TAKES[widget].keys(), widget
    assert "options" not in TAKES["selectbox"] and "options" not in TAKES["multiselect"]  # these show plain text
    assert "body" not in TAKES["text"] and "dataframe" not in TAKES and "code" not in TAKES


def findings(source: str) -> Iterator[str]:
    """The arguments given to Markdown that may hold foreign text."""
    tree = ast.parse(source)
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        # `(st.info if … else st.warning)(…)` as well
        attributes = [n for n in ast.walk(node.func) if isinstance(n, ast.Attribute)]
        owners = {n.id for n in ast.walk(node.func) if isinstance(n, ast.Name)}
        if owners & NOT_STREAMLIT:
            continue
        takes = {name: place for a in attributes for name, place in TAKES.get(a.attr, {}).items()}
        arguments = [node.args[place] for place in takes.values() if place is not None and place < len(node.args)]
        named = {k.arg: k.value for k in node.keywords if k.arg in takes}
        # the result of `format_func` is drawn in place of the options
        arguments += [value for name, value in named.items() if not (name == "options" and "format_func" in named)]
        if "format_func" in named and "options" in takes:
            arguments = [a for a in arguments if not (len(node.args) > 1 and a is node.args[1])]
        help_of_column = [k.value for k in node.keywords if k.arg == "help" and not takes]  # column_config's
        for argument in (*arguments, *help_of_column):
            if not _safe(argument, given):
                yield f"line {argument.lineno}: {ast.unparse(argument)}"


def _safe(node: ast.expr, given: dict[str, list[ast.expr]]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr():
            return all(_safe(part, given) for part in node.values)
        case ast.FormattedValue():
            return node.format_spec is not None or _safe(node.value, given)  # a number format takes no text
        case ast.List() | ast.Tuple():
            return all(_safe(entry, given) for entry in node.elts)
        case ast.Starred():
            return _safe(node.value, given)
        case ast.Lambda():
            return _safe(node.body, given)
        case ast.BinOp(right=ast.Constant(value=int())):
            return True  # a number plus one
        case ast.BinOp():
            return _safe(node.left, given) and _safe(node.right, given)
        case ast.IfExp():
            return _safe(node.body, given) and _safe(node.orelse, given)
        case ast.BoolOp():
            return all(_safe(value, given) for value in node.values)
        case ast.Call(func=ast.Name(id="list"), args=[entries]):
            return _safe(entries, given)
        case ast.Call(func=ast.Name(id="plural"), args=[_, noun]):  # a count with its noun
            return _safe(noun, given)
        case ast.Call():
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return name in NUMBERS
        case ast.Subscript():  # a lookup in a table of words in the code
            return isinstance(node.value, ast.Name) and node.value.id.isupper()
        case ast.Attribute(value=ast.Name(id=table), attr="__getitem__"):
            return table.isupper()
        case ast.Attribute(attr=constant):  # a constant of another module
            return constant.isupper()
        case ast.Name():
            known = given.get(node.id, [])
            return (
                node.id == "literal"
                or node.id.strip("_").isupper()
                or (bool(known) and all(_safe(value, {}) for value in known))
            )
        case _:
            return False


# Arguments whose text is written in the code although the rule cannot see it, as they stand there.
WRITTEN = {
    "ui.py": {
        "title",
        "label",  # of the button of an empty state
        "options",
        "name.capitalize()",
        "f'{icon} {literal(message)}'",
        # HTML, escaped as HTML
        "f'<style>{document.styles()}</style>'",
        "f'<p class=\"rsf-lead\">{html.escape(sentence)}</p>'",
        'f\'<div class="rsf-text" dir="auto">{html.escape(content)}</div>\'',
    },
    "round_parts.py": {"words", 'f\'<div class="rsf-path" role="list">{steps}</div>\''},
    "shell.py": {"project", "title"},  # not Streamlit's button; titles of our pages
    "project_list.py": {"options", "_facts(entry)"},  # the words of the menu; HTML, escaped as HTML
    "about.py": {"f'{name} **{literal(value)}**'"},  # the names of the parts
    # drawn through format_func, with literal or the code's own words; the content of a file
    "task.py": {"names"},
    "prompts.py": {"views.__getitem__", "list(Layout)"},
    "steps.py": {"label"},
    "goal_form.py": {"label", "help_text", "list(Goal)"},
    "overview.py": {"label"},
    "generate.py": {"label"},
    "train.py": {"label"},
    "review_parts.py": {"list(actions)"},
    # the words of the table of stages
    "next_step.py": {"remedy.label", "label", "before.action(project.counts())", "remedy.hint"},
    "controls.py": {"label"},
    "room.py": {"f'<style>.st-key-{key} {{ {declared} }}</style>'"},  # the key of a card, and numbers
}


@pytest.mark.parametrize(
    "file",
    [*sorted(Path("pages").glob("*.py")), *sorted(WEB.rglob("*.py"))],
    ids=lambda file: f"{file.parent.name}/{file.name}",
)
def test_everything_given_to_markdown_is_written_in_the_code_a_number_or_literal(file: Path) -> None:
    violations = [
        one
        for one in findings(file.read_text(encoding="utf-8"))
        if one.split(": ", 1)[1] not in WRITTEN.get(file.name, ())
    ]
    assert violations == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('st.markdown("words")', 0),
        ('st.markdown(f"{n:,} words")', 0),
        ("st.markdown(f\"{plural(n, 'word')} in all\")", 0),
        ('st.markdown(f"{plural(n, word)} in all")', 1),
        ('st.error(f"{literal(error)}")', 0),
        ('st.error(f"{error}")', 1),
        ("st.caption(name)", 1),
        ("x = name\nst.caption(x)", 1),
        ("st.info(str(error))", 1),
        ('st.button("Go", help=f"{name}")', 1),
        ('(st.info if a else st.warning)("a" + name)', 1),
        ('st.text(f"{name}")', 0),
        ('st.text("a", help=name)', 1),
        ('left.toggle(f"{name}")', 1),
        ('st.tabs(["a", name])', 1),
        ('st.tabs(["a", "b"])', 0),
        ('st.metric("a", value)', 1),
        ('st.metric("a", f"{n:,}", delta=name)', 1),
        ('st.metric("a", f"{n:,}", limits(x))', 0),
        ('st.segmented_control("a", names)', 1),
        ('st.pills("a", list(WORDS), format_func=WORDS.__getitem__)', 0),
        ('st.pills("a", names, format_func=lambda name: literal(name))', 0),
        ('st.pills("a", names, format_func=lambda name: name)', 1),
        ('st.radio("a", options=[name])', 1),
        ('st.selectbox("a", names)', 0),
        ('st.selectbox(name, ["a"])', 1),
        ('st.number_input(f"Page of {pages:,}", 1)', 0),
        ("st.progress(0.5, text=name)", 1),
        ("st.toast(name)", 1),
        ("@st.dialog(name)\ndef f(): pass", 1),
        ('st.Page("x.py", title=name)', 1),
        ("st.column_config.Column(help=name)", 1),
        ("st.html(name)", 1),
        ("st.write(name)", 1),
        ("st.dataframe([{name: name}])", 0),
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
