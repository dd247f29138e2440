"""Files as other programs write them: their separators, encodings and archives are read as intended, or named in an error."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import parse, recognise

JAPANESE = (
    "prompt,answer\n日本の首都はどこですか？,東京\n一番高い山は何ですか？,富士山\n好きな果物は何ですか？,りんご\n"
)
CHINESE = "prompt,answer\n中国的首都是哪里？,北京\n最高的山是什么？,珠穆朗玛峰\n你喜欢什么水果？,苹果\n"
RUSSIAN = "prompt,answer\nКакой город столица России?,Москва\nКак называется самая высокая гора?,Эверест\n"
GERMAN = "prompt,answer\nWas ist schöner?,4\n"


def read(path: Path, content: bytes | str) -> tuple[list[tuple[str, str | None]], list[str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file_format = recognise(path)
    assert file_format.text is not None, file_format.problem
    parsed = parse(path, file_format.text, file_format.reference, file_format.system, file_format.split)
    return [(row.text, row.reference) for row in parsed.rows], [str(problem) for problem in parsed.problems]


@pytest.mark.parametrize("sign", [":", "^", "~", "§", "\x01", "\x1f", "#"])
def test_a_rarer_sign_between_the_names_of_the_columns_is_found(tmp_path: Path, sign: str) -> None:
    rows, _ = read(tmp_path / "a.csv", f"prompt{sign}answer\nWhat is 2+2?{sign}4\nName a fruit{sign}apple\n")
    assert rows == [("What is 2+2?", "4"), ("Name a fruit", "apple")]


@pytest.mark.parametrize(
    "content",
    ["Task: add\nTask: subtract\nTask: divide\n", "prompt:a\nWhat is it?\nTwo: a:b\n", "C#\nF# please\nC# again\n"],
)
def test_a_sign_that_does_not_divide_every_row_divides_none(tmp_path: Path, content: str) -> None:
    rows, _ = read(tmp_path / "a.csv", content)
    assert rows == [(line, None) for line in content.splitlines()[1:]]


@pytest.mark.parametrize(
    "lines",
    [
        *(["Date/Time", "1/2"], ["input/output", "in/out"], ["Q&A", "R&D"], ["user@mail", "a@b"], ["a%b", "5%6"]),
        *(["Translate:hello", "Translate:bye"], ["Task:add", "Task:divide"], ["Note#one", "Note#two"]),
    ],
)
def test_a_sign_within_the_only_name_of_a_file_divides_nothing(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "a.csv").write_text("\n".join(lines))
    parsed = parse(tmp_path / "a.csv", lines[0])
    assert recognise(tmp_path / "a.csv").columns == (lines[0],)
    assert [row.text for row in parsed.rows] == lines[1:] and all(problem.kept for problem in parsed.problems)


@pytest.mark.parametrize(
    "text",
    [
        *("Le “film”est très bon, c’était génial à voir", "The “Matrix”is good", "Das „beste“Hotel für schöne Gäste"),
        *("movie•film €5 don’t", "naïve “film”x", "€5 for “a”b", "a•b c•d e•f g•h", "a”b", "ten‰of it", "a©b"),
    ],
)
def test_a_space_missing_beside_a_sign_of_printing_leaves_a_western_file_western(tmp_path: Path, text: str) -> None:
    content = f'prompt,answer\n"{text}",x\n'.encode("cp1252")
    assert read(tmp_path / "a.csv", content) == ([(text, "x")], [])
    assert recognise(tmp_path / "a.csv").describe().startswith("CSV with commas between the columns, Windows-1252")


@pytest.mark.parametrize("codec", ["cp850", "mac_roman"])
def test_a_file_of_dos_or_of_an_old_mac_is_guessed(tmp_path: Path, codec: str) -> None:
    rows = ["Wie heißt der schöne König von Österreich?,Böse Bären", "Können Sie die größte Höhle nennen?,möglich"]
    rows_read, _ = read(tmp_path / "a.csv", "\n".join(["prompt,answer", *rows]).encode(codec))
    assert [f"{text},{answer}" for text, answer in rows_read] == rows


def test_what_cannot_be_seen_around_a_name_and_marks_within_a_file_are_left_aside(tmp_path: Path) -> None:
    content = "\ufeffprompt\u200b,\u00a0answer\ufeff\nA b,1\n\ufeffprompt,answer\nC d,2\n"
    rows, problems = read(tmp_path / "a.csv", content)
    assert rows == [("A b", "1"), ("C d", "2")]
    assert problems == ["line 3: names the columns once more; it is left out"]
    rows, problems = read(tmp_path / "a.jsonl", '\ufeff{"prompt": "a b"}\n\ufeff{"prompt": "c d"}\n')
    assert (rows, problems) == ([("a b", None), ("c d", None)], [])


def test_a_row_that_only_begins_as_the_header_does_is_a_row(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "prompt,answer\nprompt,4\n") == ([("prompt", "4")], [])
    assert read(tmp_path / "b.csv", "prompt\nprompt\n") == ([("prompt", None)], [])


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("content", [GERMAN, CHINESE])
def test_wide_characters_are_read_without_a_mark_too(tmp_path: Path, codec: str, content: str) -> None:
    rows, problems = read(tmp_path / "a.csv", content.encode(codec))
    assert [f"{text},{answer}" for text, answer in rows] == content.splitlines()[1:] and not problems


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        *((JAPANESE, codec) for codec in ("iso2022_jp", "shift_jis", "euc_jp")),
        *((CHINESE, codec) for codec in ("hz", "gb18030")),
        *((RUSSIAN, codec) for codec in ("koi8_r", "cp1251", "cp866", "iso8859_5")),
        ("prompt,answer\n한국의 수도는 어디입니까?,서울\n", "iso2022_kr"),
    ],
)
def test_encodings_of_asia_and_russia_are_guessed(tmp_path: Path, content: str, codec: str) -> None:
    rows, _ = read(tmp_path / "a.csv", content.encode(codec))
    assert [f"{text},{answer}" for text, answer in rows] == content.splitlines()[1:]
    assert "guessed" in recognise(tmp_path / "a.csv").describe()


@pytest.mark.parametrize("text", ["a ~{b}~ c", "~{~} x", "\x1b[31mred\x1b[0m", "{~} ~{x~}"])
def test_braces_and_colours_of_a_terminal_are_no_chinese(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "a.csv", f"prompt,answer\n{text},4\n") == ([(text, "4")], [])


def packed() -> dict[str, bytes]:
    archive, table = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv", "prompt\nA b\n")
    pq.write_table(pa.table({"prompt": ["a b"]}), table)
    return {
        "packed by gzip: unpack": gzip.compress(b"prompt\nA b\n"),
        "packed by bzip2": bz2.compress(b"prompt\nA b\n"),
        "an archive": archive.getvalue(),
        "a Parquet file: let its name": table.getvalue(),
        "a PDF document": b"%PDF-1.4\n%\xe2\xe3\nobj\n",
        "an image": b"\x89PNG\r\n\x1a\n",
        "a web page": b"\n<!DOCTYPE html><html><body>prompt</body></html>",
        "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n",
    }


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl", "a.json"])
@pytest.mark.parametrize("message", packed())
def test_a_file_that_is_another_thing_is_refused_by_that(tmp_path: Path, name: str, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(packed()[message])
    with pytest.raises(PromptFileError, match=f"{name} is .*{message}"):
        recognise(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_a_pointer_is_named_whatever_the_file_should_be(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n")
    with pytest.raises(PromptFileError, match="git lfs pull"):
        recognise(tmp_path / name)


def test_prompts_that_mention_such_marks_are_prompts(tmp_path: Path) -> None:
    content = "prompt\n<html> is a tag\nPAR1 or PDF?\nversion https://git-lfs\n"
    assert [text for text, _ in read(tmp_path / "a.csv", content)[0]] == content.splitlines()[1:]


def test_zero_bytes_in_the_header_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"pro\0mpt,answer\nA b,4\nC d,5\nE f,6\nG h,7\n")
    with pytest.raises(PromptFileError, match="line 1: the header holds zero bytes"):
        recognise(tmp_path / "a.csv")


def test_bytes_of_parquet_that_are_text_are_read_as_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": pa.array(["été un".encode(), b"a b"])}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", (tmp_path / "a.parquet").read_bytes())[0] == [("été un", None), ("a b", None)]


def test_a_turkish_file_is_no_western_one_and_an_icelandic_one_is(tmp_path: Path) -> None:
    turkish = "soru,cevap\nTürkiye’nin başkenti neresidir?,Ankara\nKışın yağmur yağar mı?,evet\n"
    icelandic = "prompt,answer\nHver er höfuðborg Íslands og þar með stærsta borgin?,Reykjavík\n"
    for content, codec in ((turkish, "cp1254"), (icelandic, "cp1252")):
        first, *others = (tuple(line.split(",")) for line in content.splitlines()[1:])
        assert read(tmp_path / "a.csv", content.encode(codec))[0] == [first, *others]


def test_a_guessed_encoding_is_called_as_it_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(JAPANESE.encode("cp932"))
    assert "Shift JIS (guessed" in recognise(tmp_path / "a.csv").describe()


@pytest.mark.parametrize(
    ("first", "doubted"), [("Apples", True), ("prompts", False), ("Frage", False), ("messages", False)]
)
def test_a_first_line_without_a_usual_column_name_is_doubted_in_a_single_column(
    tmp_path: Path, first: str, doubted: bool
) -> None:
    rows, problems = read(tmp_path / "a.txt", f"{first}\nBananas\nCherries\n")
    assert [text for text, _ in rows] == ["Bananas", "Cherries"]
    assert [f"'{first}'" in problem for problem in problems] == [True] * doubted
