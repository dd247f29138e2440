"""The Export page in a browser: from choosing an export to downloading its file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rsf_core.project.exporting.request import Shape, What
from rsf_core.project.exporting.schemas import schema
from tests.support.app_server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_what_is_chosen_is_written_and_taken_home(
    page: Page, serve: Callable[[Path], AppServer], review: Callable[..., Path]
) -> None:
    server = serve(review(("=1+1", "<b>bold</b>")))
    page.goto(f"{server.url}/export")
    page.get_by_role("radio", name="Everything").click()
    page.get_by_role("radio", name="CSV").click()
    page.get_by_role("button", name="Write ").click()
    offered = page.get_by_test_id("stDownloadButton").get_by_role("button")
    expect(offered).to_have_count(2)
    expect(page).to_have_url(re.compile(r"[?&]what=all\b"))
    expect(page).to_have_url(re.compile(r"[?&]format=csv\b"))
    with page.expect_download() as download:
        offered.first.click()
    assert download.value.suggested_filename.endswith(".csv")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline="")))
    assert list(rows[0]) == schema(What.ALL, Shape.PLAIN).names
    assert [row["completion"] for row in rows[:2]] == ["'=1+1", "<b>bold</b>"]
    with page.expect_download() as download:
        offered.last.click()
    assert Path(download.value.path()).read_text("utf-8").startswith("---\npretty_name: ")
