"""The Acceptance page in a real browser: M is dragged, taken from a mark, applied, undone and found in the history."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from playwright.sync_api import Page, expect

from rsf_core.project import Project
from tests.support.app_server import AppServer
from tests.support.browser import at_rest
from tests.support.seeding import add_candidates, add_scores, candidates, decide

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PROMPTS, EACH = 8, 12
ELL = np.random.default_rng(5).normal(0.0, 1.5, PROMPTS * EACH)


def make(folder: Path, task: Path, log_ratio: np.ndarray, log_m: float = 0.5) -> tuple[Path, pa.Table]:
    """A project whose first round has candidates with these log ratios; its folder and the rows of log_ratios."""
    with Project.create(folder, str(task), seed=1) as project:
        rows = candidates(PROMPTS, EACH)
        add_candidates(project.store, rows)
        add_scores(project.store, rows, {"sentiment": np.tanh(ELL)})
        table = decide(project.store, rows, log_ratio, log_m)
        return folder, table


@pytest.fixture
def scored(tmp_path: Path, small_task: Path) -> tuple[Path, pa.Table]:
    return make(tmp_path / "projects" / "scored", small_task, ELL)


@pytest.fixture
def tuner_app(page: Page, serve, scored) -> AppServer:
    server = serve(scored[0], RSF_REVIEWER="ann")
    page.goto(f"{server.url}/acceptance")
    expect(page.locator(".tuner .accepted")).not_to_be_empty()
    at_rest(page)  # what is dragged by its place stays there
    return server


def at(table: pa.Table, log_m: float) -> int:
    return int((table["critical_log_m"].to_numpy() > log_m).sum())


def log_m_shown(page: Page) -> float:
    return float(page.get_by_label("log M, exact").input_value())


def test_dragging_shows_the_exact_count_of_every_m_it_passes(page: Page, tuner_app, scored):
    box = page.locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 80, box["y"] + 100)
    page.mouse.down()
    seen = set()
    for step in range(12):
        page.mouse.move(box["x"] + 80 + step * (box["width"] - 160) / 12, box["y"] + 100, steps=2)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        log_m = log_m_shown(page)
        assert int(page.locator(".tuner .accepted").inner_text()) in {
            at(scored[1], log_m - 6e-4),
            at(scored[1], log_m),
            at(scored[1], log_m + 6e-4),  # the field shows three decimals
        }
        seen.add(log_m)
    page.mouse.up()
    assert len(seen) == 12
    expect(page.get_by_role("button", name="Apply this M")).to_be_enabled()


def test_m_is_applied_explicitly_undone_and_kept_in_the_history(page: Page, tuner_app: AppServer, scored):
    folder = str(tuner_app.folder)
    before = tuner_app.rsf("status", folder)["counts"]["accepted"]
    assert before == at(scored[1], 0.5)
    page.get_by_role("button", name="Largest ratio").click()
    expect(page.get_by_label("log M, exact")).to_have_value(f"{ELL.max():.3f}")
    assert tuner_app.rsf("status", folder)["counts"]["accepted"] == before  # it is not applied yet
    page.get_by_role("button", name="Apply this M").click()
    expect(page.get_by_text(re.compile("In force: log M = .* by ann"))).to_be_visible()
    assert tuner_app.rsf("status", folder)["counts"]["accepted"] == at(scored[1], ELL.max()) < before

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("In force: log M = 0.500")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert tuner_app.rsf("status", folder)["counts"]["accepted"] == before
    history = page.get_by_text("History of M (3)")
    history.click()
    grid = page.get_by_test_id("stExpander").filter(has=history).locator(".dvn-scroller")
    again = page.get_by_role("button", name=f"Try log M = {ELL.max():.3f} again")
    for _ in range(4):  # on a busy machine the expander may still move during the click, which then chooses another row
        grid.click(position={"x": 20, "y": 35 + 35 + 17})  # the checkbox of the second row
        with contextlib.suppress(AssertionError):
            expect(again).to_be_visible(timeout=10_000)
            break
    again.click()
    expect(page.get_by_role("button", name="Apply this M")).to_be_enabled()
    fields = page.get_by_label("log M, exact")
    expect(fields.last).to_have_value(f"{ELL.max():.3f}")
    expect(fields).to_have_count(1)
    expect(page.get_by_text("In force: log M = 0.500")).to_be_visible()


def test_the_keyboard_alone_moves_and_applies_m(page: Page, tuner_app: AppServer):
    slider = page.get_by_role("slider", name="log M in nats: further right is stricter")
    slider.focus()
    start = log_m_shown(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_label("log M, exact")).not_to_have_value(f"{start:.3f}")
    assert log_m_shown(page) > start
    apply = page.get_by_role("button", name="Apply this M")
    expect(apply).to_be_enabled()
    apply.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("In force: log M = 0.500")).to_have_count(0)


def test_the_other_scope_starts_at_as_many_accepted_and_is_applied_with_its_m(page: Page, tuner_app: AppServer):
    accepted = page.locator(".tuner .accepted").inner_text()
    page.get_by_role("radio", name="Per prompt", exact=True).click()
    expect(page.locator(".tuner .accepted")).to_have_text(accepted)
    page.get_by_role("button", name="Apply this M").click()
    expect(page.get_by_text(re.compile("In force: .* per prompt"))).to_be_visible()


def test_every_view_and_the_rule_comparison_open_without_an_error(page: Page, tuner_app: AppServer):
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=60_000)
    for name in ("By score", "By length", "By round", "By prompt"):
        page.get_by_role("radio", name=name, exact=True).click()
        expect(page.locator(".js-plotly-plot")).to_have_count(
            2, timeout=60_000
        )  # one is the bands; the previous figure fades
    page.get_by_text("Compare with other rules on the same candidates").click()
    page.get_by_text("How the scope changes each prompt's share").click()
    expect(page.get_by_text("Every rule keeps about as many candidates as rejection sampling does")).to_be_visible()
    expect(page.get_by_text(re.compile("Half of the accepted data comes from"))).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_where_nothing_can_be_accepted_the_page_says_why(page: Page, serve, tmp_path, small_task):
    folder, _ = make(tmp_path / "projects" / "hopeless", small_task, np.full(PROMPTS * EACH, -np.inf), 0.0)
    server = serve(folder)
    page.goto(f"{server.url}/acceptance")
    expect(page.get_by_text("None of the 96 candidates can be accepted by any M")).to_be_visible()
    expect(page.get_by_test_id("stMain")).not_to_contain_text("nan")
