"""The owner writes the guide, everybody reads it, and whoever has not read a change is notified."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain.access import person
from rsf_core.domain.errors import GuideError
from rsf_core.project.commands import execute
from rsf_core.project.guide_book import LONGEST, GuideBook
from rsf_core.store.store import Store


@pytest.fixture
def book(store: Store) -> GuideBook:
    return GuideBook(store)


def test_a_guide_is_saved_as_a_version_and_an_equal_text_makes_no_new_one(book: GuideBook) -> None:
    assert book.current() is None
    assert book.save("# Accept\r\nwhat is kind\n", "first  try", person("ann")) == 1
    assert book.save("# Accept\nwhat is kind", author=person("ben")) == 1
    guide = book.current()
    assert guide is not None and (guide.text, guide.reason, guide.author) == (
        "# Accept\nwhat is kind",
        "first try",
        "ann",
    )
    assert book.save("other", author=person("ben")) == 2
    assert [one.author for one in book.versions()] == ["ben", "ann"]


def test_an_empty_text_takes_the_guide_away_and_the_versions_stay(book: GuideBook) -> None:
    assert book.save("  ") == 0  # there was no guide
    book.save("a")
    assert book.save("") == 2
    assert book.current() is None and book.unread(person("ann")) is None and len(book.versions()) == 2


def test_reviewers_who_have_not_read_the_newest_see_which_they_have_read(book: GuideBook) -> None:
    book.save("a", author=person("ann"))
    assert book.unread(person("ann")) is None  # ann wrote it
    first = book.unread(person("ben"))
    assert first is not None and (first.guide.version, first.read) == (1, 0)
    book.read(1, person("ben"))
    assert book.unread(person("ben")) is None
    book.save("b", author=person("ann"))
    again = book.unread(person("ben"))
    assert again is not None and (again.guide.version, again.read) == (2, 1)
    book.read(2, person("ben"))
    book.read(1, person("ben"))  # an old tab: version 2 stays read
    assert book.unread(person("ben")) is None and book.unread(person("cleo")) is not None


@pytest.mark.parametrize("version", [-1, 0, 2])
def test_a_version_that_is_not_there_cannot_be_read(book: GuideBook, version: int) -> None:
    book.save("a")
    with pytest.raises(GuideError, match=f"no version {version} of the guide: the newest is 1"):
        book.read(version, person("ben"))


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("x" * (LONGEST + 1), "", r"100,001 characters: shorten it to 100,000"),
        ("a", "y" * 501, "reason of a change has 501"),
        ("a\0b", "", "the guide holds a character that is not text"),
        ("a", "\ud800", "the reason holds a character that is not text"),
    ],
)
def test_what_cannot_be_kept_is_refused(book: GuideBook, text: str, reason: str, words: str) -> None:
    with pytest.raises(GuideError, match=words):
        book.save(text, reason)
    assert book.versions() == []


def test_the_longest_guide_is_kept_whole(book: GuideBook) -> None:
    text = "é🎉" * (LONGEST // 2)
    book.save(text)
    guide = book.current()
    assert guide is not None and guide.text == text


def test_a_command_saves_and_shows_it(tmp_path: Path, small_task: Path) -> None:
    from rsf_core.project import Project

    with Project.create(tmp_path / "p", str(small_task), seed=1) as project:
        assert execute(project, "guide", {}) == {"guide": None, "versions": []}
        assert execute(project, "save_guide", {"text": "be kind", "reason": "why", "author": "ann"}) == 1
        guide = execute(project, "guide", {})
        assert guide["guide"]["text"] == "be kind" and guide["versions"][0]["reason"] == "why"
