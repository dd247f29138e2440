"""A whole round by clicks alone, with a tiny model, in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from tests.support.review_card import settled
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
JOB = 180_000


def open_page(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_text(name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(name if name != "Overview" else r"Round \d"))


def test_a_first_visit_makes_a_project_and_one_round_goes_through_by_clicks(page, serve, tiny_model, tmp_path):
    server = serve(RSF_MODEL=str(tiny_model))
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()

    page.get_by_role("button", name="Generate candidates").click()
    train = page.get_by_role("button", name=re.compile(r"Fine-tune on \d+ accepted"))
    expect(train).to_be_visible(timeout=JOB)

    open_page(page, "Acceptance")
    expect(page.locator(".tuner .accepted")).not_to_be_empty()
    expect(page.get_by_text("In force: log M")).to_be_visible()

    open_page(page, "Review")
    expect(page.locator(".focus .completion")).not_to_be_empty()
    page.get_by_role("button", name=re.compile("^Accept")).first.click()
    page.get_by_role("button", name=re.compile("^Undo")).click()
    page.keyboard.press("x")
    settled(page)
    assert server.rsf("status", str(server.folder))["counts"]["overridden"] == 1

    open_page(page, "Train")
    page.get_by_role("button", name="Freeze and fine-tune").click()
    expect(page.get_by_text(re.compile("Held-out comparison"))).to_be_visible(timeout=JOB)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSONL").click()
    rows = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert rows
    assert all(row["completion"][0]["role"] == "assistant" and row["token_ids"] for row in rows)
    with page.expect_download() as download:
        page.get_by_role("button", name="Parquet").click()
    assert pq.read_table(download.value.path()).num_rows == len(rows)

    open_page(page, "Overview")
    expect(page.get_by_role("button", name="Start round 2")).to_be_visible()
    expect(page.get_by_text("round 1 against the base")).to_be_visible()


def test_killing_the_owner_while_it_generates_loses_and_doubles_no_candidate(page, serve, tiny_model):
    server = serve(RSF_MODEL=str(tiny_model))
    folder = str(server.folder)
    server.rsf("set", folder, "generate.candidates", "32")
    server.rsf("set", folder, "generate.prompts", "100")
    page.goto(server.url)
    page.get_by_role("button", name="Generate candidates").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    until(lambda: server.rsf("status", folder)["counts"]["candidates"] > 0)
    server.kill()

    server.start()
    page.goto(server.url)
    expect(page.get_by_role("button", name=re.compile(r"Fine-tune on \d+ accepted"))).to_be_visible(timeout=JOB)
    counts = server.rsf("status", folder)["counts"]
    assert counts["candidates"] == counts["decided"] == 3200
    page.get_by_role("button", name=re.compile("Fine-tune on")).click()
    expect(page.get_by_role("button", name="Start round 2")).to_be_visible(timeout=2 * JOB)
    server.stop()

    import duckdb

    with duckdb.connect(str(server.folder / "rsf.duckdb"), read_only=True) as database:
        assert database.execute("SELECT count(*), count(DISTINCT candidate_id) FROM candidates").fetchall() == [
            (3200, 3200)
        ]


def test_cancel_keeps_what_is_finished_and_resume_completes_it(page, serve, tiny_model):
    server = serve(RSF_MODEL=str(tiny_model))
    folder = str(server.folder)
    server.rsf("set", folder, "generate.candidates", "32")
    server.rsf("set", folder, "generate.prompts", "100")
    page.goto(f"{server.url}/generate")
    page.get_by_role("button", name="Generate candidates").click()
    segments = server.folder / "spool" / "r1-generate-1"  # calling rsf would take as long as much of the job
    until(lambda: any(segments.glob("*.parquet")), JOB / 1000)
    page.get_by_role("button", name="Cancel").click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=JOB)
    kept = server.rsf("status", folder)["counts"]["candidates"]
    assert 0 < kept < 3200
    page.reload()
    resume.click()
    expect(page.get_by_role("button", name="Choose M")).to_be_visible(timeout=JOB)
    assert server.rsf("status", folder)["counts"]["candidates"] == 3200
