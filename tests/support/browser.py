"""Starts Chromium, waits for its pages and intercepts its requests."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Error, Locator, Page, Route
from playwright.sync_api import TimeoutError as WaitedInVain
from playwright.sync_api._generated import LocatorAssertions

from tests.support.waiting import until

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Streamlit animates also where a page asks for reduced motion: an expander opens over half a second. A control in it that is
# pressed meanwhile moves, so that on a busy machine the mouse button was released beside it: it was focused, not clicked.
SHORT_ANIMATIONS = """
const animate = Element.prototype.animate;
Element.prototype.animate = function (frames, options) {
  return animate.call(this, frames, {...options, duration: 1});
};
const style = new CSSStyleSheet();
style.replaceSync("*, *::before, *::after { transition-duration: 0s !important; transition-delay: 0s !important; " +
  "animation-duration: 1ms !important; animation-delay: 0s !important; }");
document.adoptedStyleSheets.push(style);
"""

ONE_OF_TWO_SECONDS = 20.0
REST_SECONDS = 20.0
_AT_REST = """() => {
  const app = document.querySelector('.stApp');  // none on a page that is not Streamlit's
  return !app || !['running', 'rerunRequested', 'stopRequested'].includes(app.dataset.testScriptState);
}"""


def patient() -> None:
    """Make Playwright as patient as a person, where it fails at once or clicks at once.

    While a page is redrawn, Streamlit briefly shows an element at its old and its new place: calls of a locator wait while it
    matches twice. What stands below moves meanwhile, and what is typed may be drawn over: a click, and typing, waits until the
    page is at rest."""
    for name in ("click", "evaluate", "fill", "focus", "inner_text", "input_value", "press", "set_input_files", "type"):
        setattr(Locator, name, _waiting_for_one(getattr(Locator, name)))
    for name in ("click", "fill", "press", "set_input_files", "type"):
        setattr(Locator, name, _at_rest_first(getattr(Locator, name)))
    for name in dir(LocatorAssertions):
        if name.startswith(("to_", "not_to_")):
            setattr(LocatorAssertions, name, _waiting_for_one(getattr(LocatorAssertions, name)))


def at_rest(page: Page) -> None:
    """Wait until the server does not run the page, or for `REST_SECONDS`: a person does not wait for ever either."""
    with contextlib.suppress(WaitedInVain):
        page.wait_for_function(_AT_REST, timeout=1000 * REST_SECONDS)


def _at_rest_first(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wait(locator: Locator, *arguments: Any, **options: Any) -> Any:
        at_rest(locator.page)
        return call(locator, *arguments, **options)

    return wait


def _waiting_for_one(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wait(*arguments: Any, **options: Any) -> Any:
        give_up = time.monotonic() + ONE_OF_TWO_SECONDS
        while True:
            try:
                return call(*arguments, **options)
            except (Error, AssertionError) as error:
                if "strict mode violation" not in str(error) or time.monotonic() > give_up:
                    raise
            time.sleep(0.05)

    return wait


def intercept(page: Page, url: str, handle: Callable[[Route], None]) -> None:
    """`page.route` for an open page, in force when this returns.

    Chromium confirms the interception before the open page knows of it: on a busy machine the page's next request got past it.
    """
    page.route(url, handle)
    page.route("**/intercepted", lambda route: route.fulfill(status=204))
    until(lambda: page.evaluate("async () => (await fetch('/intercepted')).status") == 204)
    page.unroute("**/intercepted")


def drop(route: Route) -> None:
    """Let the request fail, as if no server answered."""
    route.abort()
