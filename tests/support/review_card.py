"""The review card in a browser: opened, keyed, and how it is handled in the database."""

from __future__ import annotations

import re

import duckdb
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer

PROMPTS, EACH = 8, 20  # candidates of each, in the project that is reviewed


def said(server: AppServer) -> list[tuple[str, str, str]]:
    """Every override as it was stored, in order: candidate, action, reviewer. Ends the server."""
    server.stop()
    with duckdb.connect(str(server.folder / "rsf.duckdb"), read_only=True) as database:
        return database.execute("SELECT candidate_id, action, reviewer FROM overrides ORDER BY seq").fetchall()


def open_card(page: Page, server: AppServer, query: str = "", who: str | None = None) -> None:
    """Open the card, as `who` where the address names somebody: that speaks for nobody until it is said."""
    page.goto(f"{server.url}/review{query}" + (f"&reviewer={who}" if who else ""))
    if who is not None:
        page.get_by_role("button", name="Use this name").click()
        expect(page.locator(f'input[aria-label="Reviewer"][value="{who}"]')).to_have_count(1)
        expect(page).to_have_url(re.compile("[?&]seal="))
        # Loaded anew, which keeps who speaks: the card is this person's from its first key on, and not where the one was
        # that it showed before.
        page.goto(re.sub(r"(?<=[?&])at=[^&]*&?", "", page.url))
    expect(page.locator(".focus .completion")).not_to_be_empty()


def settled(page: Page) -> None:
    expect(page.locator(".unsent")).to_have_text("", timeout=20_000)


PRESS = """async (keys) => {
  for (const key of keys) {  // one every 16 ms
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true}));
    await new Promise((done) => setTimeout(done, 16));
  }
}"""
