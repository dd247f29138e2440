"""The Export page: a preview of an export, writing it, and the written ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rsf_core.domain import Action
from rsf_core.project import Project
from rsf_core.project.exporting.exports import Exports, Preview
from rsf_core.project.exporting.request import Request, What
from rsf_core.web import session
from tests.support.pages import page_of


def finish(project: Project) -> None:
    """Wait for the exports that are being written."""
    for state in project.exports.running():
        thread = project.exports._running[state.export_id].thread
        assert thread is not None
        thread.join(60)


def test_a_set_is_looked_at_written_and_found_again(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    (curated,) = [one for one in complete.curated_sets() if one.curated_id == "c1-1"]
    app = page_of("export")
    rows = curated.summary["samples"]
    assert app.metric[0].value == f"{rows:,}"
    shown = app.dataframe[0].value
    assert len(shown) == min(5, rows) and json.loads(shown["prompt"][0])[-1]["role"] == "user"
    (write,) = [button for button in app.button if button.label.startswith("Write ")]
    write.click().run()
    assert not app.exception
    finish(complete)
    app = page_of("export")
    (made,) = complete.exports.finished()
    assert made.rows == rows and f"{made.name[:8]}" in " ".join(one.value for one in app.markdown)
    next(button for button in app.button if button.label == "Delete").click().run()
    assert complete.exports.finished() == []


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        (("c1-1", "c1-1-random"), "c1-1"),
        (("c1-1", "c1-2", "c2-1"), "c1-2"),  # the newest set of the shown round
        (("c2-1", "c2-1-random", "c3-1-random"), "c2-1"),  # the shown round has none
    ],
)
def test_the_set_that_is_offered_first_is_of_this_round_and_no_control(
    complete: Project, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], offered: str
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    record = complete.curated_sets()[0]
    sets = [replace(record, curated_id=name, round=int(name[1]), seq=seq) for seq, name in enumerate(names)]
    monkeypatch.setattr(Project, "curated_sets", lambda self: sets)
    (box,) = [one for one in page_of("export").selectbox if one.label == "Curated set"]
    assert (box.value, box.options) == (offered, list(names[::-1]))


@pytest.mark.parametrize("what", What)
def test_the_page_counts_what_the_export_holds(complete: Project, monkeypatch: pytest.MonkeyPatch, what: What) -> None:
    monkeypatch.setattr(session, "_project", complete)
    counted = complete.exports.preview(Request(what, round_number=1)).counted
    app = page_of("export", what=what, format="csv")
    assert app.metric[0].value == f"{counted.rows:,}" and app.metric[1].value == f"{counted.prompts:,}"


def test_shapes_that_a_kind_does_not_have_are_not_offered(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    app = page_of("export", what="labels", shape="messages")
    assert app.query_params.get("shape") in (None, []) and app.dataframe[0].value["label"].notna().all()


def test_where_nothing_can_be_paired_it_says_so(complete: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", complete)
    for name in complete.ratios()["candidate_id"].to_pylist():
        complete.override(name, Action.ACCEPT)
    app = page_of("export", what="preference")
    assert app.metric[0].value == "0" and any("No prompt has both" in one.value for one in app.info)
    assert not [button for button in app.button if button.label.startswith("Write ")]


def test_before_there_are_candidates_it_says_what_to_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", project)
    for what in What:
        app = page_of("export", what=what)
        assert [button for button in app.button if button.label == "Generate candidates"], what


def test_pairs_at_random_have_a_seed_that_is_kept_in_the_address(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", complete)
    asked: list[Request] = []
    usual = Exports.preview

    def preview(self: Exports, request: Request) -> Preview:
        asked.append(request)
        return usual(self, request)

    monkeypatch.setattr(Exports, "preview", preview)
    app = page_of("export", what="preference", pairing="random", seed="7")
    assert asked[-1].seed == 7 and next(one for one in app.number_input if one.label == "Seed").value == 7
    next(one for one in app.number_input if one.label == "Seed").set_value(11).run()
    assert asked[-1].seed == 11 and app.query_params["seed"] == "11"
    for given in ("-1", "x", "99999999999999", "²", "9" * 5_000):
        page_of("export", what="preference", pairing="random", seed=given)
        assert asked[-1].seed == 0
    app = page_of("export", what="preference", pairing="reward", seed="7")
    assert asked[-1].seed == 0 and not [one for one in app.number_input if one.label == "Seed"]
