"""Screens from 320 pixels to 4K, colours, motion, a path prefix, and no JavaScript."""

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser import uploads
from tests.browser.conftest import Open, Serve
from tests.browser.site import Models, Site
from tests.browser.visit import results

LONG_NAME = f"{'holiday' * 20}.jpg"
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_BACKGROUND = """["html", "body"].map(
  (name) => getComputedStyle(document.querySelector(name)).backgroundColor).join()"""
_MOVING = """[...document.querySelectorAll("*")].map((each) => getComputedStyle(each)).filter(
  (style) => parseFloat(style.transitionDuration) > 0.01
    || (style.animationName !== "none" && parseFloat(style.animationDuration) > 0.01)).length"""


@pytest.mark.parametrize(("width", "locale"), [(320, "en"), (320, "ru"), (3840, "en")])
def test_no_screen_scrolls_sideways(
    source: Models, site: Site, visitor: Open, width: int, locale: str
) -> None:
    page = visitor(site.url, viewport={"width": width, "height": 800}, locale=locale)
    assert page.evaluate(_OVERFLOW) == 0
    source.recognized = False
    uploads.pick(page, uploads.photo(LONG_NAME), uploads.photo(), uploads.text_file())
    expect(results(page, "done")).to_have_count(2)
    expect(results(page, "failed")).to_have_count(1)
    for summary in page.locator("summary:visible").all():
        summary.click()
    assert page.evaluate(_OVERFLOW) == 0
    for file in page.locator("#results article").all():
        box = file.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("path", ["models/clothing", "docs"])
def test_the_other_pages_fit_a_phone(site: Site, visitor: Open, path: str) -> None:
    page = visitor(f"{site.url}{path}", viewport={"width": 320, "height": 800})
    assert page.evaluate(_OVERFLOW) == 0


def test_dark_and_light_follow_the_system(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    light = page.evaluate(_BACKGROUND)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(_BACKGROUND) != light


def test_nothing_moves_where_people_want_no_motion(page: Page) -> None:
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate(_MOVING) == 0


def test_under_a_path_prefix(serve: Serve, visitor: Open) -> None:
    page = visitor(serve(prefix="/shop/photos").url)
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    expect(page.locator("body")).to_contain_text("/shop/photos/v1/models/clothing")
    refused: list[str] = []

    def note(response: Response) -> None:
        if response.status >= 400:
            refused.append(response.url)

    page.on("response", note)
    page.reload()
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)
    assert not refused
    address = page.url
    for link in page.locator("a[href]").all():
        target = link.evaluate("link => link.href")
        assert target.startswith(address), target
        assert page.request.get(target).ok, target


def test_without_javascript_the_page_says_what_to_do(site: Site, visitor: Open) -> None:
    page = visitor(site.url, java_script_enabled=False)
    assert "This page needs JavaScript" in page.inner_text("body")
    assert "curl" in page.inner_text("body")
