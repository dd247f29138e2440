"""The Prompts page shows the turns of a conversation, and a person can write them there."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain.errors import PromptError
from rsf_core.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.prompts.parsing import Columns
from rsf_core.rounds.prompt_lengths import LengthsState
from rsf_core.web import session, turns
from tests.support.pages import page_of

TURNS = ("I am <b>Ann</b>.", "Hello Ann.")


def prompts_page(project: Project, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setattr(session, "_project", project)
    return page_of("prompts", **query)


def test_a_conversation_is_written_by_hand_and_half_an_exchange_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = prompts_page(project, monkeypatch)
    areas = {area.label: area for area in app.text_area}
    areas["Prompt"].set_value("Who am I?")
    areas["User, turn 1"].set_value(TURNS[0])
    next(button for button in app.button if button.label == "Add prompt").click().run()
    assert [error.value for error in app.error if "turn 2 is empty" in str(error.value)]
    areas = {area.label: area for area in app.text_area}
    areas["Prompt"].set_value("Who am I?")
    areas["User, turn 1"].set_value(TURNS[0])
    areas["Assistant, turn 2"].set_value(TURNS[1])
    next(button for button in app.button if button.label == "Add prompt").click().run()
    assert not app.exception
    assert (project.prompts()[-1].text, project.prompts()[-1].earlier) == ("Who am I?", TURNS)
    (listed,) = [row for row in app.dataframe[0].value.to_dict("records") if row["prompt"] == "Who am I?"]
    assert listed["earlier turns"] == "2 · user: I am <b>Ann</b>. · assistant: Hello Ann."


def test_the_preview_of_a_file_shows_each_turn_as_literal_text_under_who_speaks(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project.prompt_lengths, "check", lambda placing: LengthsState(fits=1))
    messages = [{"role": r, "content": c} for r, c in zip(("user", "assistant", "user"), (*TURNS, "Who?"), strict=True)]
    upload = project.imports.keep("a.jsonl", json.dumps({"messages": messages}).encode())
    project.imports.start(upload, Columns("messages"), 0.25)
    app = prompts_page(project, monkeypatch, **{"import": upload})
    assert [c.value for c in app.caption if c.value in ("user", "assistant", "system")] == ["user", "assistant", "user"]
    shown = " ".join(str(element.proto.body) for element in app.get("html"))
    assert "I am &lt;b&gt;Ann&lt;/b&gt;." in shown and "<b>Ann" not in shown


@pytest.mark.parametrize(
    ("texts", "turns_shown"),
    [
        (["", ""], ()),
        (["a", "b", "", " "], ("a", "b")),
        (["", "", "c", "d", "", ""], ("c", "d")),
        ([" a ", "b\n"], ("a", "b")),
    ],
)
def test_an_exchange_that_was_emptied_is_taken_out(texts: list[str], turns_shown: tuple[str, ...]) -> None:
    assert turns.from_texts(texts) == turns_shown
    assert PromptRow("x", earlier=turns.from_texts(texts)).earlier == turns_shown


@pytest.mark.parametrize(("texts", "number"), [(["a", ""], 2), (["", "b"], 1), (["a", "b", "", "d"], 3)])
def test_half_an_exchange_is_named(texts: list[str], number: int) -> None:
    with pytest.raises(PromptError, match=f"turn {number} is empty"):
        turns.from_texts(texts)


def test_a_file_is_read_as_a_person_chooses_on_the_page_and_its_problems_are_a_download(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project.prompt_lengths, "check", lambda placing: LengthsState(fits=1, shown=("<|x|>Say b",)))
    upload = project.imports.keep("p.csv", "text;more\nSay grün.;a\nSay b\n".encode("cp1252"))
    app = prompts_page(project, monkeypatch, **{"import": upload})
    boxes = {box.label: box for box in app.selectbox}
    assert boxes["Encoding"].options[0] == "as found: Windows-1252"
    assert boxes["Column separator"].options[0] == "as found: semicolons"
    assert "line 3: has 1 field where the header has 2" in [text.value for text in app.text]
    assert [button.proto.label for button in app.get("download_button")] == ["All of them as CSV"]
    assert "&lt;|x|&gt;Say b" in " ".join(str(element.proto.body) for element in app.get("html"))
    boxes["Encoding"].select("Windows-1251 (Cyrillic)")
    boxes["Column separator"].select("vertical bars").run()
    assert not app.exception
    assert any("CSV with vertical bars between the columns, Windows-1251" in str(text.value) for text in app.text)
