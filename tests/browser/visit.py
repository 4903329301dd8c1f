"""A visit to the page that notes what must not happen: other hosts, errors, blocked content."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

LOCAL_SCHEMES = ("blob", "data")
TIMEOUT = 8_000  # milliseconds

# Chromium reports each response with an error status on the console; pages can't prevent it.
_EXPECTED = ("Failed to load resource",)


class Watcher:
    """Notes requests to other hosts, errors of scripts, and what the content policy blocks."""

    def __init__(self, page: Page, url: str) -> None:
        self._host = urlsplit(url).netloc
        self.complaints: list[str] = []
        page.on("request", self._check_host)
        page.on("console", self._check_message)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))

    def _check_host(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in LOCAL_SCHEMES and address.netloc != self._host:
            self.complaints.append(f"request to another host: {request.url}")

    def _check_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_EXPECTED):
            self.complaints.append(f"console: {message.text}")


@contextmanager
def visit(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """Open an address in a new profile; fail at the end if the watcher has a complaint.

    Args:
        browser: the browser.
        url: the address.
        options: of Playwright's `Browser.new_context`, such as `locale` and `viewport`.
    """
    with browser.new_context(reduced_motion="reduce", **options) as context:
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        watcher = Watcher(page, url)
        page.goto(url)
        yield page
        assert not watcher.complaints, watcher.complaints


def results(page: Page, state: str = "") -> Locator:
    """Return the photos in the list of results: all, or those waiting, done or failed."""
    return page.locator(f'#results article[data-state="{state}"]' if state else "#results article")
