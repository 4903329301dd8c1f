"""axe finds no violation of WCAG 2.2 AA in any state of the pages, light or dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from serving.gateway.api.api_keys import new_key
from tests.browser import uploads
from tests.browser.conftest import Open, Serve
from tests.browser.site import Models, Site
from tests.browser.visit import results

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# axe leaves out the one rule of WCAG 2.2 unless it is asked for.
_OPTIONS = {
    "runOnly": {"type": "tag", "values": _TAGS},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
# Dark colours change nothing that the other rules look at.
_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def check(page: Page) -> None:
    """Fail if axe finds a violation on the page as it is now, light or dark."""
    page.emulate_media(color_scheme="light")
    found = Axe().run(page, options=_OPTIONS)
    assert not found.response["violations"], found.generate_report()
    ran = [*found.response["passes"], *found.response["inapplicable"]]
    assert "target-size" in {rule["id"] for rule in ran}
    page.emulate_media(color_scheme="dark")
    found = Axe().run(page, options=_CONTRAST)
    assert not found.response["violations"], f"dark: {found.generate_report()}"


def _empty(page: Page, source: Models) -> None:
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)


def _waiting(page: Page, source: Models) -> None:
    source.answering.clear()
    uploads.pick(page, uploads.photo())
    expect(results(page, "waiting")).to_have_count(1)


def _done(page: Page, source: Models) -> None:
    uploads.pick(page, uploads.photo("a.jpg"), uploads.photo("b.jpg"), uploads.text_file())
    expect(results(page, "done")).to_have_count(2)
    expect(results(page, "failed")).to_have_count(1)
    for summary in page.locator("summary:visible").all():
        summary.click()


def _unrecognized(page: Page, source: Models) -> None:
    source.recognized = False
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)


STATES = {"empty": _empty, "waiting": _waiting, "done": _done, "unrecognized": _unrecognized}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page: Page, source: Models, state: str) -> None:
    reach: Callable[[Page, Models], None] = STATES[state]
    reach(page, source)
    check(page)


def test_axe_finds_nothing_in_russian_on_a_phone(source: Models, site: Site, visitor: Open) -> None:
    page = visitor(site.url, locale="ru", viewport={"width": 320, "height": 640})
    _done(page, source)
    check(page)


def test_axe_finds_nothing_while_the_server_is_down(page: Page, site: Site) -> None:
    site.stop()
    uploads.pick(page, uploads.photo())
    expect(page.get_by_role("alert")).to_contain_text("can't be reached")
    check(page)


def test_axe_finds_nothing_in_the_form_for_the_key(
    serve: Serve, visitor: Open, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(new_key()[1])
    page = visitor(serve(api_keys_file=tmp_path / "keys").url)
    expect(page.locator("#key")).to_be_visible()
    check(page)


@pytest.mark.parametrize("path", ["docs", "models/clothing"])
def test_axe_finds_nothing_on_the_other_pages(site: Site, visitor: Open, path: str) -> None:
    check(visitor(f"{site.url}{path}"))
