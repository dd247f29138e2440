"""A round whose candidates were all made elsewhere: the pages say which figures exist for them and which do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain import Action, Split
from rsf_core.domain.access import LOCAL
from rsf_core.project import Project
from rsf_core.project.exporting.request import Request, What
from rsf_core.store.records import ElsewhereCounts
from rsf_core.web import elsewhere, session, ui
from rsf_core.web.components import review_card
from tests.support.pages import SHELL

ALONE = (
    "The candidate of round 2 was made elsewhere. No proposal of this project drew it, so there is no log ratio, M, "
    "acceptance rate or automatic decision of it. People decide it in Review (0 accepted, 1 rejected, 0 not decided). It can "
    "be scored, edited, frozen, trained on with weight 1 and exported. Draw candidates to have an M and a rate."
)


@pytest.mark.parametrize(
    ("counts", "drawn", "words"),
    [
        (ElsewhereCounts(1, 1, 0, 1), 0, ALONE),
        (ElsewhereCounts(1200, 3, 5, 4), 0, "All 1,200 candidates of round 2 were made elsewhere. No proposal"),
        (ElsewhereCounts(3, 3, 2, 0), 0, "People decide them in Review (2 accepted, 0 rejected, 1 not decided)."),
        (
            ElsewhereCounts(1, 1, 0, 0),
            8,
            "1 candidate of round 2 was made elsewhere and is in none of the figures on this",
        ),
        (
            ElsewhereCounts(2, 1, 0, 0),
            8,
            "2 candidates of round 2 were made elsewhere and are in none of the figures on this",
        ),
    ],
)
def test_the_counts_are_described_in_words(counts: ElsewhereCounts, drawn: int, words: str) -> None:
    assert words in elsewhere.words(counts, 2, drawn)
    assert ("Draw candidates" in elsewhere.words(counts, 2, drawn)) == (drawn == 0)


@pytest.fixture
def imported(project: Project) -> Project:
    """A first round with one candidate, made elsewhere, and none drawn."""
    row = {"prompt": project.prompts(Split.TRAIN)[0].text, "completion": "A fine one."}
    upload = project.imports.keep("teacher.jsonl", json.dumps(row).encode())
    placing = project.candidate_imports.start_recognised(upload, "teacher")
    project.candidate_imports.add(upload, placing)
    return project


@pytest.mark.parametrize("page", ["overview", "acceptance"])
def test_the_pages_say_so_and_lead_to_review(imported: Project, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setattr(session, "_project", imported)
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page(f"../../pages/{page}.py").run()
    assert not app.exception
    (message,) = (info.value for info in app.info if "made elsewhere" in info.value)
    assert "no log ratio, M, acceptance rate or automatic decision of it" in message and "1 not decided" in message
    assert any(button.label == "Review them" for button in app.button)


def test_they_are_shown_in_review_and_decided_there(imported: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(session, "_project", imported)
    monkeypatch.setattr(review_card, "_component", lambda key, data: given.append(data))
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/review.py").run()
    assert not app.exception and not any("Generate candidates" in button.label for button in app.button)
    (data,) = given
    assert (data["round"], data["view"], data["editable"]) == (1, "pending", True)
    (one,) = imported.candidates_elsewhere()
    assert imported.review.queue(1, LOCAL).candidate_ids == (one.candidate_id,)


def test_the_way_to_review_leads_to_their_round(imported: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_project", imported)
    folders: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(ui, "go", lambda page, **query: folders.append((page, query)))
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/acceptance.py").run()
    next(button for button in app.button if button.label == "Review them").click().run()
    assert not app.exception and folders == [("review", {"round": "1"})]


def test_export_does_not_ask_for_candidates_or_scores_of_them(
    imported: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_project", imported)
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page("../../pages/export.py").run()
    assert not app.exception
    assert [button.label for button in app.button if button.key and button.key.startswith("go-")] == ["Go to Train"]


def test_they_are_exported_as_they_are_and_with_peoples_decisions(imported: Project, tmp_path: Path) -> None:
    made = imported.exports.write(Request(What.ALL), tmp_path / "all")
    (row,) = (json.loads(line) for line in (tmp_path / "all" / "train.jsonl").read_text("utf-8").splitlines())
    assert (made.rows, row["completion"][0]["content"], row["source"]) == (1, "A fine one.", "teacher")
    (one,) = imported.candidates_elsewhere()
    imported.store.add_override("first", one.candidate_id, Action.REJECT, "ann")
    made = imported.exports.write(Request(What.LABELS), tmp_path / "labels")
    (row,) = (json.loads(line) for line in (tmp_path / "labels" / "train.jsonl").read_text("utf-8").splitlines())
    assert (made.rows, row["label"], row["decided_by"]) == (1, False, "ann")
