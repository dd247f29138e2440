"""Whatever the names and texts of tasks, files, people and models are, every page draws them as text. Each element of each
page is checked as it is sent to the browser: no field that is read as markup holds foreign text unescaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest

from rsf_core.acceptance.outcomes import Outcomes
from rsf_core.acceptance.preview import Shifts
from rsf_core.domain import Act, Action, ActKind, ChosenBy, JobKind, JobState, Scope, Split, settings_file
from rsf_core.domain.access import person
from rsf_core.project import Project
from rsf_core.project.summary import Gain, Running, Summary
from rsf_core.project.workspace import Entry
from rsf_core.prompts.parsing import Columns
from rsf_core.rounds.comparisons import Comparison
from rsf_core.rounds.curation import freeze
from rsf_core.sampling.intervals import Interval
from rsf_core.store.database import utc_now
from rsf_core.store.records import ModelRecord
from rsf_core.web import charts, navigation, session
from tests.support import specs
from tests.support.pages import SHELL
from tests.support.seeding import add_candidates, add_scores, candidates, decide

HOSTILE = (
    "![x](http://127.0.0.1:9/x.png) [l](http://127.0.0.1:9/l) **bb** :red[r] $x$ <img src=x onerror=y> <a href=z>z</a> `c` "
    ":material/bolt: %{y}"
)
SHORT = "[l](x) **bb** :red[r] $x$ <img src=x> `c`"  # a name has at most 60 characters
# None of these may reach a field that is read as markup; `literal` puts a backslash or a joiner in between.
MARKUP = re.compile(
    r"(?<!\\)!\[x|(?<!\\)\[l\]|(?<!\\)\*\*bb|:red\[|(?<!\\)\$x\$|(?<!\\)<(img|a )|(?<!\\)`c`|:material/bolt:.*%"
)
IN_FIGURES = re.compile(r"<img|<a |\$x\$|%\{y\}")
IN_HTML = re.compile(r"<img|<a ")
# Fields that Streamlit shows as plain text: text, field values, list options (its documentation says where they are Markdown).
PLAIN = {
    "text.body",
    "text_input.value",
    "text_input.default",
    "text_area.value",
    "text_area.default",
    "selectbox.options",
    "selectbox.raw_value",
    "selectbox.default",
    "code.code_text",
    "exception.message",
    "download_button.url",
}
PAGES: dict[str, list[dict[str, str]]] = {
    "overview": [{}],
    "prompts": [{}, {"import": "kept"}],
    "scorers": [
        {},
        {"show": "Installed"},
        {"show": "Your own"},
        {"show": "Your own", "file": "mine"},
        {"scorer": HOSTILE},
        {"show": HOSTILE},
    ],
    "target": [{}],
    "generate": [{}],
    "acceptance": [{}],
    "guide": [{}, {"compared": "1"}, {"compared": HOSTILE}],
    "review": [
        {},
        {"show": "Table", "view": "all"},
        {"show": "Agreement"},
        {"show": "Compare"},
        *(
            {name: HOSTILE}
            for name in ("text", "regex", "tag", "by", "tokens", "flagged", "view", "show", "order", "at")
        ),
    ],
    "train": [{}],
    "export": [
        *({"what": what} for what in ("sft", "preference", "labels", "all")),
        {"what": "all", "format": "csv"},
        {"set": HOSTILE, "shape": HOSTILE, "pairing": HOSTILE, "format": HOSTILE},
    ],
    "models": [
        {},
        {"show": "Compare"},
        {"show": "Blind vote"},
        {"show": "Rounds"},
        {"models": HOSTILE, "show": HOSTILE},
    ],
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Iterator[Project]:
    """A project in which every name and text is hostile."""
    with Project.create(tmp_path_factory.mktemp("hostile") / "**bb** [l](x) $x$", str(small_task), seed=1) as project:
        store = project.store
        project.supervisor.stop()
        project.set("task", repr(HOSTILE))
        settings_file.change(project.folder, "model", repr(HOSTILE))
        store.add_prompts(
            [(HOSTILE, HOSTILE, HOSTILE, Split.TRAIN), (f"{HOSTILE} too", None, None, Split.HELD_OUT)], HOSTILE
        )
        rows = candidates(8, 4, completions=[f"{HOSTILE} {i}" for i in range(32)])
        add_candidates(store, rows)
        add_scores(store, rows, {HOSTILE: np.linspace(-1, 1, 32), "sentiment": np.linspace(-1, 1, 32)})
        ratios = decide(store, rows, np.linspace(-1, 1, 32), 0.2)
        target = store.target_id({"reference": "proposal", "beta": 0.5, "rewards": {HOSTILE: 1.0}}, HOSTILE)
        store.replace_log_ratios(1, target, ratios)
        store.add_threshold(1, target, 0.1, Scope.GLOBAL, HOSTILE, HOSTILE, ChosenBy.PERSON)
        for text in (HOSTILE, f"{HOSTILE} **bb**"):
            project.guide_book.save(text, HOSTILE, person(SHORT))
        for k, action in enumerate((Action.ACCEPT, Action.REJECT)):
            for reviewer in (SHORT, "ann"):
                act = Act(f"{k} {reviewer}", ActKind.DECIDE, (f"1.1.{k}",), action)
                store.acts.say([act], 1, reviewer)
        for kind, value in (
            (ActKind.NOTE, HOSTILE),
            (ActKind.TAGS, HOSTILE),
            (ActKind.EDIT, HOSTILE),
            (ActKind.FLAG, "1"),
        ):
            store.acts.say([Act(f"an {kind}", kind, ("1.1.0",), value=value)], 1, "ann")
        made = (HOSTILE, HOSTILE, HOSTILE)
        store.add_model(ModelRecord("base", *made, None, 0, None, utc_now()))
        store.add_model(ModelRecord("m1-1", *made, "base", 1, None, utc_now()))
        store.add_proposal_choice("m1-1", 1, SHORT, HOSTILE)
        for job in (JobKind.GENERATE, JobKind.FINETUNE, JobKind.EVALUATE):
            store.add_job(f"r1-{job}-1", specs.of_kind(job), ())
            store.add_job_event(f"r1-{job}-1", JobState.FAILED, HOSTILE)
        store.add_autopilot_event(1, "stopped", 1, 3, False, SHORT, HOSTILE)
        freeze(store, project.settings, 1, HOSTILE)
        project.own_scorers.save("mine", f"def score(completion):\n    {HOSTILE!r}\n    return 1")
        (project.folder / "scorers" / "**bb** [l](x).py").write_text("def score(completion): pass")
        project.own_scorers.use("mine", 1.0)
        project.supervisor.problem = HOSTILE
        yield project


def comparison(number: int = 1) -> Comparison:
    numbers = {name: Interval(0.5, 0.4, 0.6, 4) for name in ("reward", f"score: {HOSTILE}")}
    metrics: Any = dict.fromkeys(
        ("base", "before", "after", "gain", "gain_over_base", "control", "control_over_base", "selection"), numbers
    )
    return Comparison(round=number, before_id="base", after_id="m1-1", prompts=4, completions=8, **metrics)


def strings(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a message to the browser, with the path of its field."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}" if path else field.name
        values = value if field.is_repeated else [value]
        for one in values:
            if isinstance(one, Message):
                yield from strings(one, name)
            elif isinstance(one, str):
                yield name, one


def drawn(app: AppTest, beside: bool = True) -> Iterator[tuple[str, str]]:
    """The texts of every element and container of a page, by `kind.field`; with `beside`, those of the sidebar too."""
    waiting = list(app._tree.children.values()) if beside else [app.main]
    while waiting:
        node: Any = waiting.pop()
        waiting += list(getattr(node, "children", {}).values())
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(proto).__name__).lower()
            yield from ((f"{kind}.{path}", text) for path, text in strings(proto))


def amiss(where: str, text: str) -> bool:
    """Whether this field is read as markup and holds foreign markup."""
    kind, _, field = where.partition(".")
    if where in PLAIN or field.rpartition(".")[2] in ("id", "key", "form_id", "query_string", "page_script_hash"):
        return False
    if kind in ("bidi_component", "graph_viz_chart"):  # set as textContent; quoted in its own language
        return False
    if kind == "plotly_chart":
        return IN_FIGURES.search(json.dumps(json.loads(text), ensure_ascii=False)) is not None if "{" in text else False
    if kind == "html":
        return IN_HTML.search(text) is not None
    return MARKUP.search(text) is not None


def test_the_markup_is_seen_where_it_is_not_escaped() -> None:
    from rsf_core.web.literal import literal

    assert MARKUP.search(HOSTILE) and not MARKUP.search(literal(HOSTILE))
    for part in re.split(r" (?=[!\[*:$<`])", HOSTILE):
        assert MARKUP.search(part) or part in (":material/bolt: %{y}",), part
        assert not MARKUP.search(literal(part)), part
    assert amiss("markdown.body", HOSTILE) and amiss("button.label", HOSTILE) and amiss("metric.delta", HOSTILE)
    assert (
        not amiss("text.body", HOSTILE)
        and not amiss("text_input.value", HOSTILE)
        and amiss("text_input.label", HOSTILE)
    )


def test_every_page_is_looked_at() -> None:
    missing = {url for url, *_ in navigation.PAGES} - PAGES.keys()
    assert not missing, (
        f"give each of {missing} a row in PAGES here, with the queries that it is opened by, and let `hostile` hold what it "
        "shows; a page of numbers alone has an empty list"
    )


@pytest.mark.parametrize("page", [page for page, queries in PAGES.items() if queries])
def test_every_page_draws_it_as_text(hostile: Project, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setattr(session, "_project", hostile)
    monkeypatch.setattr(Project, "comparison", lambda self, number=1: comparison())
    seen = 0
    for query in PAGES[page]:
        app = AppTest.from_file(str(SHELL), default_timeout=60)
        app.switch_page(f"../../pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = kept(hostile) if value == "kept" else value
        app.run()
        assert not app.exception, (query, app.exception)
        assert [(where, text) for where, text in drawn(app) if amiss(where, text)] == [], query
        seen += sum("127" in text for _, text in drawn(app, beside=False))
        seen += sum(
            "127" in str(frame.value.to_dict("list")) for frame in app.dataframe
        )  # sent as Arrow, and drawn as text
    assert seen, (
        "nothing hostile was drawn: let `hostile` hold what the page shows, or, where it shows numbers alone, empty "
        "its list in PAGES"
    )


def test_the_list_of_projects_draws_it_as_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the folder, the settings and the name of another process contain."""
    summary = Summary(1, HOSTILE, True, 12, Gain(HOSTILE, 1, 0.5, 0.4, 0.6))
    running = Running("r1-generate-1", 0.5, HOSTILE)
    made = (HOSTILE, tmp_path / "x", HOSTILE, HOSTILE, utc_now(), 1_000, summary)
    held: dict[str, Any] = {"pid": HOSTILE, "what": HOSTILE}
    entries = [Entry(*made), Entry("two", *made[1:], running), Entry("three", *made[1:], None, held, HOSTILE)]
    monkeypatch.setenv(session.FOLDER_VARIABLE, "")
    monkeypatch.setattr(session, "_project", None)
    monkeypatch.setattr(session, "workspace", lambda: tmp_path / HOSTILE)
    monkeypatch.setattr(session, "entries", lambda: entries)
    monkeypatch.setattr(session, "running", lambda name: running)
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.query_params["project"] = HOSTILE
    app.run()
    assert not app.exception, app.exception
    elements = list(drawn(app))
    assert [(where, text) for where, text in elements if amiss(where, text)] == []
    assert sum("127" in text for _, text in elements) > 5


def kept(project: Project) -> str:
    """An uploaded file whose name, headers and rows are hostile."""
    header = HOSTILE.replace(",", " ")
    rows = f'"{header}",reference\n"{HOSTILE}, once","{HOSTILE}"\n"{HOSTILE}, once","{HOSTILE}"\n'
    upload = project.imports.keep(f"{HOSTILE.replace('/', '_')}.csv", rows.encode())
    project.imports.start(upload, Columns(header, "reference"), 0.25)
    return upload


def test_every_figure_draws_it_as_text() -> None:
    values, counts = np.linspace(0, 1, 5), np.ones(4, np.int64)
    figures = [
        charts.outcomes(Outcomes(values, counts, counts, counts), HOSTILE),
        charts.shifts(Shifts(values, counts, counts, counts, counts), HOSTILE),
        charts.shares(values, values, (HOSTILE, HOSTILE)),
        charts.rounds([(HOSTILE, 0.5, 0.6)]),
        charts.training(HOSTILE, {1: 0.5}, {1: 0.4}, 3),
        charts.scores(values, [], [1, 1, 1, 1], HOSTILE),
        charts.scores(values, [1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1], HOSTILE),
        charts.correlations([HOSTILE[40:], HOSTILE[-70:]], np.eye(2)),
        charts.gains([comparison()], f"score: {HOSTILE}", percent=False),
    ]
    for figure in figures:
        drawn_text = figure.to_json()
        assert "onerror" in drawn_text and not IN_FIGURES.search(
            drawn_text.replace("%{y:", "").replace("%{y}\\u003", "")
        )
