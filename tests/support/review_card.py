"""The review card in a browser: opening it, pressing keys, and the acts that it stored."""

from __future__ import annotations

import re

import duckdb
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer

PROMPTS, EACH = 8, 20  # prompts, and candidates of each, in the reviewed project


def stored_overrides(server: AppServer) -> list[tuple[str, str, str]]:
    """Every stored override in order: candidate, action, reviewer. Ends the server."""
    server.stop()
    with duckdb.connect(str(server.folder / "rsf.duckdb"), read_only=True) as database:
        return database.execute("SELECT candidate_id, action, reviewer FROM overrides ORDER BY seq").fetchall()


def open_card(page: Page, server: AppServer, query: str = "", who: str | None = None) -> None:
    """Open the card; with `who`, as that reviewer: the address alone does not say who is reviewing."""
    page.goto(f"{server.url}/review{query}" + (f"&reviewer={who}" if who else ""))
    if who is not None:
        page.get_by_role("button", name="Use this name").click()
        expect(page.locator(f'input[aria-label="Reviewer"][value="{who}"]')).to_have_count(1)
        expect(page).to_have_url(re.compile("[?&]seal="))
        # Reloading keeps the reviewer: the card is this person's from the first key on, and does not continue at the place
        # of the reviewer before.
        page.goto(re.sub(r"(?<=[?&])at=[^&]*&?", "", page.url))
    expect(page.locator(".focus .completion")).not_to_be_empty()


_ALL_SENT = """() => {  // the card says so one frame later, and of an undo only if it fails
  const outboxes = [...(globalThis.rsfOutboxes?.values() ?? [])];
  return outboxes.length > 0 && outboxes.every((outbox) => !outbox.acts.length);
}"""


def settled(page: Page) -> None:
    """Wait until the server has all that was decided, and the card says so."""
    page.wait_for_function(_ALL_SENT)
    expect(page.locator(".unsent")).to_have_text("")


SCHEMES = ("light", "dark")
_IN_SCHEME = """(scheme) => {
  const [r, g, b] = getComputedStyle(document.querySelector('.stApp')).backgroundColor.match(/\\d+/g).map(Number);
  return scheme === (r + g + b < 3 * 128 ? 'dark' : 'light');
}"""


def to_scheme(page: Page, scheme: str) -> None:
    """Ask for light or dark colours, as a person's system does, and wait until the app has them."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.wait_for_function(_IN_SCHEME, arg=scheme)


PRESS = """async (keys) => {
  for (const key of keys) {  // one every 16 ms
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true}));
    await new Promise((done) => setTimeout(done, 16));
  }
}"""
