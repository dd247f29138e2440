"""The accessibility faults of a card, by the rules of axe-core."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
_RUN = """async () => {
  const card = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).find((r) => r?.querySelector('.card'));
  const found = await axe.run(card.querySelector('.card'), {resultTypes: ['violations']});
  return {
    passes: found.passes.length,
    wrong: found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | ')}`),
  };
}"""


def violations(page: Page) -> list[str]:
    """The rules that the card on the page breaks, each with the place and the reason."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    problems = page.evaluate(_RUN)
    assert problems["passes"] > 10, "rules that found nothing to look at say nothing"
    return list(problems["wrong"])
