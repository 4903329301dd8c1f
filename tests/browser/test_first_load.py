"""What the page weighs: everything that a first visit loads, uncompressed."""

from playwright.sync_api import Response, expect

from tests.browser.conftest import Open
from tests.browser.site import Site

MAX_BYTES = 60_000


def test_the_first_load_is_small(site: Site, visitor: Open) -> None:
    page = visitor(f"{site.url}docs")
    loaded: list[Response] = []
    page.on("response", lambda response: loaded.append(response))
    page.goto(site.url)
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)
    sizes = {each.url.removeprefix(site.url): len(each.body()) for each in loaded}
    assert "" in sizes
    assert sum(sizes.values()) <= MAX_BYTES, sizes
