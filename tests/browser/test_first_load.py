"""What the page weighs: everything that a first visit loads, uncompressed."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.site import Site

MAX_BYTES = 60_000


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_first_load_is_small(site: Site, visitor: Open, language: str) -> None:
    page = visitor(f"{site.url}openapi.json", locale=language)
    loaded: set[str] = set()
    page.on("request", lambda request: loaded.add(request.url))
    page.goto(site.url)
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)
    sizes = {
        url.removeprefix(site.url): len(page.request.get(url).body())
        for url in loaded
        if url != f"{site.url}v1/models"
    }
    assert f"web/languages/{language}.json" in sizes
    assert sum(sizes.values()) <= MAX_BYTES, sizes
