"""What waits in the browser is sent in the order in which it was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import rsf_core.web

SCRIPT = Path(rsf_core.web.__file__).parent / "components/review_card/outbox.js"
# Nobody answers, so that all wait; then a new visit finds what was left, with what it says itself.
SAY = """([moved, names]) => {
  const real = Date.now;
  const outbox = Outbox.of("project", "ann");
  outbox.send = () => {};
  for (const [at, name] of names.entries()) {
    Date.now = () => real() + 3600_000 * moved[at];
    outbox.add({ act: name, kind: "undo", round: 1, candidates: [] });
  }
  outboxes.clear();
  const later = Outbox.of("project", "ann");
  return later.acts.map((act) => act.act);
}"""


@pytest.mark.parametrize("moved", [[0, 0, 0, 0], [0, -1, -2, -3], [0, 1, 0, 1], [0, -1, 1, -1]])
def test_the_order_of_what_was_said_outlives_the_clock_and_a_reload(browser: Browser, moved: list[int]) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.route("**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        names = ["one", "two", "three", "four"]
        said: Any = None
        for visit in (1, 2):
            page.goto("http://outbox.test/")
            page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
            said = page.evaluate(SAY, [[hours - visit for hours in moved], [f"{visit} {name}" for name in names]])
        assert said == [f"{visit} {name}" for visit in (1, 2) for name in names]
    finally:
        context.close()
