"""The Prompts page names prompts that the model cannot take, in an uploaded file and in the project."""

from __future__ import annotations

import pytest

from rsf_core.domain import Split
from rsf_core.domain.results import LeftOutLengths
from rsf_core.project import Project
from rsf_core.prompts.parsing import Columns
from rsf_core.rounds import prompt_lengths
from rsf_core.rounds.prompt_lengths import LengthsState
from rsf_core.store.records import Fit
from rsf_core.web import session
from tests.support.pages import page_of, words_of

FILE = b'{"text": "Name a colour."}\n'


@pytest.fixture
def shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(session, "_project", project)
    return project


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (LengthsState(message="1 of 2 prompts"), "Checking whether they fit the model: 1 of 2 prompts"),
        (LengthsState(fits=7), "All 7 fit the model"),
        (LengthsState("", None, 5, 9, 1, ("line 3 has 9",)), "does not take 10 of them: 9 too long, 1 refused"),
        (LengthsState("", None, 5, 9, 1, ("line 3 has 9",)), "and 9 more"),
        (
            LengthsState(problem=prompt_lengths.NO_FOLDER),
            "Not checked whether they fit the model: the model is fetched",
        ),
    ],
)
def test_of_a_file_on_its_way_in(
    shown: Project, monkeypatch: pytest.MonkeyPatch, lengths: LengthsState, words: str
) -> None:
    monkeypatch.setattr(shown.prompt_lengths, "check", lambda placing: lengths)
    upload = shown.imports.keep("a.jsonl", FILE)
    shown.imports.start(upload, Columns("text"), 0.25)
    app = page_of("prompts", **{"import": upload})
    assert words in words_of(app)
    assert [button.disabled for button in app.button if button.key == "import-add"] == [False]
    assert not [button for button in app.button if button.key == "lengths-again"]


def test_of_those_that_are_there_and_only_these_where_asked(jobs_in_threads: None, shown: Project) -> None:
    assert "does not take" not in words_of(page_of("prompts"))
    row = shown.store.prompt_book.add([("Name a colour.", None, None, Split.TRAIN)], "x")
    lengths = LeftOutLengths(most=1024, prefix=None, prompts=((row[0], 1020, None), (1, None, "no"), (2, 12, None)))
    shown.generate()
    shown.wait()
    shown.prompt_lengths.keep_of_job(lengths)
    app = page_of("prompts")
    assert "does not take 2 of the prompts: 1 too long" in words_of(app) and "1 refused" in words_of(app)
    app.selectbox(key="prompts-fit").set_value(Fit.TOO_LONG).run()
    assert "1 prompt, page 1 of 1" in words_of(app)
    assert list(app.dataframe[0].value["no."]) == row
