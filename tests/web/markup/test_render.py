"""Markdown, code and formulas become a tree of harmless elements, whatever the text contains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from rsf_core.web import components
from rsf_core.web.markup import cleaning
from rsf_core.web.markup.cleaning import ATTRIBUTES, CLASSES, MATH, REL, TEXT, Node, TooMuchError, clean, tree
from rsf_core.web.markup.render import LONGEST, HiddenError, render
from tests.support.node import node

CARD = components.FOLDER / "review_card"


def elements(nodes: list[Node] | None) -> Iterator[list[Any]]:
    for one in nodes or ():
        if isinstance(one, list):
            yield one
            yield from elements(one[2:])


def words(nodes: list[Node] | None) -> str:
    return "".join(one if isinstance(one, str) else words(one[2:]) for one in nodes or ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**a** *b* `c`", [["p", {}, ["strong", {}, "a"], " ", ["em", {}, "b"], " ", ["code", {}, "c"]]]),
        ("~~a~~", [["p", {}, ["s", {}, "a"]]]),
        ("# a", [["h1", {}, "a"]]),
        ("- a\n- b", [["ul", {}, ["li", {}, "a"], ["li", {}, "b"]]]),
        ("3. a", [["ol", {"start": "3"}, ["li", {}, "a"]]]),
        ("> a", [["blockquote", {}, ["p", {}, "a"]]]),
        ("a\n***", [["p", {}, "a"], ["hr", {}]]),
        ("**a**\nb", [["p", {}, ["strong", {}, "a"], ["br", {}], "b"]]),
        (r"a\*b", [["p", {}, "a*b"]]),
        ("&lt;", [["p", {}, "<"]]),
        ("```\na\n\n  b\n```", [["pre", {}, ["code", {}, "a\n\n  b\n"]]]),
        ("```text\na\n```", [["pre", {}, ["code", {}, "a\n"]]]),
        ("```python\n# a\n```", [["pre", {}, ["code", {}, ["span", {"class": "comment"}, "# a"], "\n"]]]),
        ("    a", [["pre", {}, ["code", {}, "a\n"]]]),
    ],
)  # fmt: skip
def test_markdown_becomes_a_tree(text: str, expected: list[Node]) -> None:
    assert render(text) == expected


def test_a_table_keeps_the_sides_of_its_cells() -> None:
    made = render("|a|b|c|\n|:-|-:|:-:|\n|1|2|3|")
    cells = [(e[0], e[1].get("align"), words(e[2:])) for e in elements(made) if e[0] in ("th", "td")]
    assert cells == [
        *[("th", "left", "a"), ("th", "right", "b"), ("th", "center", "c")],
        *[("td", "left", "1"), ("td", "right", "2"), ("td", "center", "3")],
    ]


def test_code_has_its_words_in_classes_and_stays_as_it_is() -> None:
    code = 'def f(x):\n    """d"""\n    return 1 + len(x)  # c\n'
    made = render(f"```python\n{code}```")
    kinds = {words(e[2:]): e[1]["class"] for e in elements(made) if e[0] == "span"}
    assert kinds == {
        "def": "keyword", "f": "name", '"""d"""': "string", "return": "keyword", "1": "number", "len": "builtin",
        "# c": "comment",
    }  # fmt: skip
    assert words(made) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "one\ntwo\n\nthree",
        "  spaced  out  ",
        "costs $5 and $6, or $5-$6",
        "a < b > c",
        "<script>alert(1)</script>",
        "a * b",
        "snake_case_name",
        "100 % [sic]",
    ],
)
def test_a_text_that_reads_as_it_is_written_is_not_rendered(text: str) -> None:
    assert render(text) is None


@pytest.mark.parametrize(
    ("text", "display", "tags"),
    [
        ("$x^2$", "inline", {"msup", "mi", "mn"}),
        (r"\(\frac{a}{b}\)", "inline", {"mfrac", "mi"}),
        ("$$x$$", "block", {"mi"}),
        ("$$\nx\n\n- 1\n$$", "block", {"mi", "mo", "mn"}),
        (r"\[\sqrt{2}\]", "block", {"msqrt", "mn"}),
        (r"\begin{align}a&=b\\c&=d\end{align}", "block", {"mtable", "mtr", "mtd", "mi", "mo"}),
        (r"$$\begin{aligned}a&=b\end{aligned}$$", "block", {"mtable", "mtr", "mtd", "mi", "mo"}),
        (r"$\begin{bmatrix}1&2\\3&4\end{bmatrix}$", "inline", {"mo", "mtable", "mtr", "mtd", "mn"}),
        (r"a **b** $5\text{ < 6 \& }7$", "inline", {"mn", "mtext"}),
    ],
)
def test_formulas_become_mathml(text: str, display: str, tags: set[str]) -> None:
    made = render(text)
    (formula,) = [e for e in elements(made) if e[0] == "math"]
    assert formula[1] == {"display": display}
    assert tags <= {e[0] for e in elements([formula])} <= tags | {"math", "mrow"}


@pytest.mark.parametrize(
    "formula",
    [
        r"\foo{x}",
        r"\includegraphics{http://203.0.113.9/x.png}",
        r"\input{/etc/passwd}",
        r"\frac",
        "a^",
        "x_1_2",
        r"\left(",
        "{" * 1_000,
        r"\begin{nonesuch}a&b\end{nonesuch}",
        r"\require{html}\class{x}{y}",
    ],
)
def test_a_formula_that_is_not_understood_whole_stays_as_it_is_written(formula: str) -> None:
    made = render(f"${formula}$")
    assert [e[0] for e in elements(made)] == ["p", "code"] and words(made) == f"${formula}$"


FOREIGN = "http://203.0.113.9/x.png"
HOSTILE = [
    "<script>document.title='owned'</script> **a**",
    "<SCRIPT SRC=//203.0.113.9></SCRIPT> **a**",
    f"<img src={FOREIGN} onerror=alert(1)> **a**",
    f"**a** <svg><image href={FOREIGN} /></svg>",
    "**a** <iframe srcdoc='<script>x</script>'></iframe>",
    f"**a** <style>@import '{FOREIGN}'; * {{ display: none }}</style>",
    f"**a** <div style='background: url({FOREIGN})'>b</div>",
    f"**a** <link rel=stylesheet href={FOREIGN}> <base href=//203.0.113.9>",
    f"**a** <form action={FOREIGN}><input autofocus onfocus=alert(1)>",
    f"**a** <video src={FOREIGN}></video> <audio src={FOREIGN}></audio> <object data={FOREIGN}></object>",
    f"**a** <meta http-equiv=refresh content='0;url={FOREIGN}'>",
    "**a** <!-- c --> <![CDATA[<script>]]> <?php ?>",
    "**a** <math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "**a** <noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    f"![a]({FOREIGN})",
    f"![a]({FOREIGN} 'title')",
    f"![a][r]\n\n[r]: {FOREIGN}",
    f"[![a]({FOREIGN})]({FOREIGN})",
    "[a](javascript:alert(1)) **b**",
    "[a](JaVaScRiPt:alert(1)) **b**",
    "[a](&#106;avascript:alert(1)) **b**",
    "[a](java\tscript:alert(1)) **b**",
    "[a](vbscript:x) [b](data:text/html;base64,PHNjcmlwdD4=) **c**",
    "[a](file:///etc/passwd) [b](//203.0.113.9) [c](/api/review/say) [d](#x) **e**",
    "[a](blob:http://x/y) [b](ws://x) [c](mailto:x@y) [d](tel:1) **e**",
    "<javascript:alert(1)> **a**",
    '[a](http://x "\\"><script>alert(1)</script>") **b**',
    '[a](<http://x" onmouseover="alert(1)>) **b**',
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```html"><script>alert(1)</script>\na\n```',
    "```html\n<script>alert(1)</script><img src=x>\n```",
    "`<img src=x onerror=alert(1)>` `a`",
    "|<img src=x>|b|\n|-|-|\n|<script>x</script>|[a](javascript:x)|",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\href{http://203.0.113.9}{x}$",
    r"$\style{background:url(http://203.0.113.9)}{x}$",
    r"$\style{position:fixed;inset:0}{x}$",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$\text{</mtext></math><script>alert(1)</script>}$",
    r"$\mbox{<style>*{display:none}</style>}$",
    r"$\textbf{<a href=javascript:x>}$",
    r"$<script>alert(1)</script>$",
    r"$\color{url(http://203.0.113.9)}{x}$",
    r"$\textcolor{red;background:url(//203.0.113.9)}{x}$",
    r"$\class{focus}{x} \id{a}{y}$",
    r"$\hspace{100000em}x$",
    r"$\unicode{x3c}script$",
    r"$\operatorname{<script>}$",
    r"$\begin{matrix}<script>&</script>\end{matrix}$",
    r"$\data{x=y}{z}$",
    "\u202e**a**\u202c \u200b*b*",
    "**\x00a\x1b[31m**",
    "**\ud800a**",
    ">" * 100 + "a **b**",
    "- " * 100 + "a **b**",
    "**" * 1_000,
    "[" * 1_000 + "a](b) **c**",
    "[a]: http://x\n[a]: javascript:x\n\n[a] **b**",
    "a **b**\n\n" + "\u0300" * 2_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_hostile_text_runs_or_asks_for_anything(text: str) -> None:
    try:
        made = render(text)
    except HiddenError:  # the text is shown as it was drawn
        assert text.startswith((">", "- "))
        return
    for tag, attributes, *_ in elements(made):
        assert tag in TEXT | MATH
        for name, value in attributes.items():
            assert name in ATTRIBUTES.get(tag, set()) | ({"rel"} if tag == "a" else set()), (tag, name)
            if name == "href":
                assert value.startswith(("http://", "https://")) and attributes["rel"] == REL
            elif name == "class":
                assert value in CLASSES
            elif name not in ("title", "rel"):
                assert re.fullmatch(r"[\w. %-]{0,42}", value) and len(value.split("em")[0]) < 42
        assert float(re.sub(r"[^\d.]", "", attributes.get("width", "")) or 0) < 100
    json.dumps(made, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("text", [text for text in HOSTILE if "![a" in text])
def test_an_image_is_described_and_never_fetched(text: str) -> None:
    made = render(text)
    assert FOREIGN in words(made) and "![a]" in words(made)
    assert {e[0] for e in elements(made)} <= {"p", "span", "a"}


def test_the_address_of_a_link_is_beside_it_unless_the_link_shows_it() -> None:
    assert words(render("[my bank](https://evil.example/x)")) == "my bank (https://evil.example/x)"
    assert words(render("<https://a.example>")) == "https://a.example"
    assert (
        words(render("[https://good.example](https://evil.example)")) == "https://good.example (https://evil.example)"
    )


def test_words_are_all_there() -> None:
    assert words(render("**<b>** &amp; `<i>` <u>c</u>")) == "<b> & <i> <u>c</u>"


@pytest.mark.parametrize(
    "text",
    [
        "a **b**\n\n[x]: http://e.example 'unseen'",
        "a **b**\n\n[x]: http://e.example\n[x]: unseen",
        "> [x]: unseen\n\na [y][x]",
        "[a](http://e.example 'unseen')",
        "![a](http://e.example 'unseen')",
        "```python unseen\na\n```",
        "```unseen\na\n```",
        "~~~\tunseen words ~~~\na\n~~~",
        "# **a** # unseen #",
        "<!-- unseen --> **a**",
        "1. a\n1. unseen",
        "**a** &unseen; &lt;",
        *(f"**a** ${formula}$" for formula in (
            "x % unseen", r"\phantom{unseen}x", r"\hphantom{unseen}", r"\vphantom{unseen}", r"\href{unseen}{x}",
            r"\mathop{unseen}_x", r"\smash[unseen]{x}", r"\hspace{unseen}x", r"\textcolor{unseen}{x}", r"\mathop{unseen}",
        )),
    ],
)  # fmt: skip
def test_what_markdown_would_leave_out_is_shown_beside(text: str) -> None:
    made = render(text)
    assert "unseen" in words([n for n in made or () if n[0] != "math"]) and not any(
        e[0] == "mphantom" for e in elements(made)
    )


@pytest.mark.parametrize(
    "text",
    [
        "|a|\n|-|\n|b|unseen|",
        "- " * 30 + "unseen",
        "> " * 25 + "unseen **a**",
        "\n".join("  " * d + "- a" for d in range(40)),
    ],
)
def test_a_text_of_which_something_would_be_out_of_sight_is_shown_as_it_was_drawn(text: str) -> None:
    with pytest.raises(HiddenError, match="part of it would not be seen"):
        render(text)


@pytest.mark.parametrize(
    "text",
    [
        "[a][b] and [c][], [B]\n\n[b]: http://x.example/%C3%A4?q=1 'T'\n[c]: <http://y.example/ä>",
        "10. a\n11. b\n    1) c",
        "&eacute;&amp;&#x1F600; `&amp;` **a** snake_case_name _b_ c__d__e",
        "|a|b|\n|-|-:|\n|`1|2`|\n|é|ß|",
        "```c++\nint a;\n```\n\n    b\n\n* [ ] c\n\nd\\\ne  \nf\n\n<https://z.example/a_b>",
        r"$\mathbb{R}^{10}$, $\mathbf{x}_1$, $a\hspace{1em}b$, $$\begin{array}{c|c} a & b \\[2pt] c \end{array}$$ $\sin 2x$",
        r"\begin{align*} \mathcal{L}(\theta) &= \sum_{i=1}^{n} \log p(y_i \mid x_i) \\ &\le \tfrac{1}{2}\!\!x' \end{align*}",
        r"$\text{größer als } 3{,}5\,\mathrm{km}$ and $\boxed{42}$, $\overline{AB} \parallel \vec{v}$, $x \notin \{1, 2\}$",
    ],
)
def test_what_writes_a_thing_in_another_way_hides_nothing(text: str) -> None:
    made = render(text)
    assert not [e for e in elements(made) if e[0] == "code" and "$" in words(e[2:])]


@pytest.mark.parametrize(
    ("spaces", "tag"),
    [(r"\!\!", "math"), (r"\hspace{-1em}" * 2, "math"), (r"\kern-3em ", "code"), (r"\hspace{-1em}" * 3, "code")],
)
def test_a_formula_does_not_cover_what_comes_before_it(spaces: str, tag: str) -> None:
    assert [e[0] for e in elements(render(f"not $a{spaces}b$"))][1] == tag


@pytest.mark.parametrize(
    "markup",
    [
        "<p onclick=x>a</p>",
        "<math><annotation-xml encoding='text/html'><script>x</script></annotation-xml></math>",
        "<math href='javascript:x'><mi xlink:href='javascript:x'>a</mi></math>",
        "<table><td background=http://x>a</td></table>",
        "<a href='http://x' ping='http://y' rel=opener target=_top>a</a>",
        "<span class='focus' style='x' id='y'>a</span>",
        "<svg><desc><script>x</script></desc></svg>",
        "<mi mathvariant='bold\" onclick='>a</mi>",
    ],
)
def test_cleaning_is_the_last_word_whatever_wrote_the_markup(markup: str) -> None:
    for tag, attributes, *_ in elements(tree(markup)):
        assert tag in TEXT | MATH
        assert set(attributes) <= {"href", "rel"}
        assert attributes.get("rel", REL) == REL
    assert "script" not in clean(markup) and "javascript" not in clean(markup)


def test_a_text_of_too_many_parts_or_too_deep_or_too_long_is_refused() -> None:
    for text in ("# a\n" * 9_500, "$" + r"\sqrt{" * 200 + "x" + "}" * 200 + "$", "*a" * LONGEST):
        with pytest.raises(TooMuchError, match=r"parts|deep|longer than 40,000 characters"):
            render(text)


def test_the_card_allows_what_the_server_does_and_nothing_else() -> None:
    script = (CARD / "tree.js").read_text(encoding="utf-8")
    listed = re.findall(r"const (TEXT|MATH|ATTRIBUTES|CLASSES) = names\(([^)]*)\)", script)
    sets = {name: set("".join(re.findall(r'"([^"]*)"', body)).split()) for name, body in listed}
    assert sets["TEXT"] == TEXT and sets["MATH"] == MATH and sets["CLASSES"] == CLASSES
    assert sets["ATTRIBUTES"] == {name for names in ATTRIBUTES.values() for name in names} - {"href", "class"}
    assert REL in script
    assert f"const LONGEST = {LONGEST:_};" in (CARD / "rendered.js").read_text(encoding="utf-8")
    assert {"http", "https"} == cleaning.SCHEMES


def test_what_the_card_does_not_ask_for_reads_as_it_is_written() -> None:
    lines = [
        *(
            "a",
            "- a",
            "+ a",
            "* a",
            "1. a",
            "9) a",
            "# a",
            "=",
            "===",
            "---",
            "    a",
            "\ta",
            "  \ta",
            "> a",
            "a|b",
            "-|-",
        ),
        *(
            "$a$",
            r"\(a\)",
            "~~a~~",
            "~~~",
            "```",
            "`a`",
            "_a_",
            "a_b",
            "<a@b.c>",
            "<http://a>",
            "&amp;",
            "&",
            "[a]",
            "[a](b)",
        ),
        *("[a]: b", "a  ", "", "(a)", "1.a", "-a", "“a” – 3 % / 4 = 5: 'x'; y!", "\0", "  a"),
    ]
    texts = [*lines, *(f"{first}\n{second}" for first in lines for second in lines)]
    script = f"""
        const {{ mayDiffer }} = await import({json.dumps((CARD / "rendered.js").as_uri())});
        console.log(JSON.stringify({json.dumps(texts)}.map(mayDiffer)));
    """
    may = json.loads(node("--input-type=module", "-", script=script).stdout)
    asked = [text for text, differs in zip(texts, may, strict=True) if differs]
    assert [text for text, differs in zip(texts, may, strict=True) if not differs and render(text) is not None] == []
    assert 0 < len(asked) < len(texts)
