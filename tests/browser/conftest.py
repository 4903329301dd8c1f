"""One browser for these tests, and a gateway for each of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import MISSING, chromium
from tests.browser.site import Models, Site, models
from tests.browser.visit import TIMEOUT, visit

Open = Callable[..., Page]
Serve = Callable[..., Site]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run the browser until the last of these tests; Playwright's event loop disturbs others."""
    with chromium() as running:
        if running is None:
            pytest.skip(MISSING)
        expect.set_options(timeout=TIMEOUT)
        yield running


@pytest.fixture
def source() -> Models:
    return models()


@pytest.fixture
def serve(source: Models) -> Iterator[Serve]:
    """Start gateways with given settings."""
    with ExitStack() as running:

        def start(prefix: str = "", **settings: Any) -> Site:
            site = Site(source, prefix, **settings)
            running.callback(site.stop)
            return site

        yield start


@pytest.fixture
def site(serve: Serve) -> Site:
    return serve()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Open]:
    """Open addresses with given options of the browser."""
    with ExitStack() as opened:
        yield lambda url, **options: opened.enter_context(visit(browser, url, **options))


@pytest.fixture
def page(site: Site, visitor: Open) -> Page:
    """Open the page."""
    return visitor(site.url)
