"""How Chromium is started, and its requests are intercepted."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route

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


def intercept(page: Page, url: str, handle: Callable[[Route], None]) -> None:
    """`page.route` for a page that is open: it is in force when this returns.

    Chromium answers that it intercepts before the open page knows: on a busy machine the page's next request got past it.
    """
    page.route(url, handle)
    page.route("**/intercepted", lambda route: route.fulfill(status=204))
    until(lambda: page.evaluate("async () => (await fetch('/intercepted')).status") == 204)
    page.unroute("**/intercepted")


def drop(route: Route) -> None:
    """The request fails, as where no server answers."""
    route.abort()
