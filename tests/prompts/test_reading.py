"""A text file is read as a person chooses: in another encoding, with another separator between its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import parse, recognise
from rsf_core.prompts.encodings import ENCODINGS
from rsf_core.prompts.files import Reading


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_to_choose_reads_what_was_written_in_it(tmp_path: Path, name: str) -> None:
    letters = {"cp1251": "жук", "koi8-r": "жук", "cp1253": "ωμέγα", "cp1254": "ığdır", "cp1250": "řeka"}
    east = dict.fromkeys(("cp932", "euc-jp", "gb18030", "cp950"), "東京") | {"cp949": "서울"}
    word = (letters | east).get(ENCODINGS[name], "grün")
    path = tmp_path / "p.csv"
    path.write_bytes(f"text,reference\nSay {word}.,{word}\n".encode(ENCODINGS[name]))
    reading = Reading(name)
    assert recognise(path, reading).layout.encoding is not None
    (row,) = parse(path, "text", "reference", reading=reading).rows
    assert (row.text, row.reference) == (f"Say {word}.", word)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "~", "·"])
def test_another_sign_between_the_columns_makes_other_columns(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"text{sign}other\nSay a.{sign}x\n", encoding="utf-8")
    assert "text" in recognise(path, Reading(delimiter=sign)).columns
    assert [row.text for row in parse(path, "text", reading=Reading(delimiter=sign)).rows] == ["Say a."]


def test_a_wrong_choice_is_reported_by_row_and_changes_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes("text\nSay grün.\nSay a.\n".encode("cp1252"))
    parsed = parse(path, "text", reading=Reading("UTF-8"))
    assert [row.text for row in parsed.rows] == ["Say a."] and "is not UTF-8" in str(parsed.problems[0])
    assert [row.text for row in parse(path, "text").rows] == ["Say grün.", "Say a."]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"encoding": "utf-7"}, "not an encoding to choose"),
        *(({"delimiter": d}, "cannot stand") for d in ("", "ab", '"', "\n")),
    ],
)
def test_what_cannot_be_chosen_is_refused(chosen: dict[str, str], message: str) -> None:
    with pytest.raises(PromptFileError, match=message):
        Reading(**chosen)
