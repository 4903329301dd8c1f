"""The page of a model: reached from the first page, and readable without JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serving.gateway.api.api_keys import new_key
from tests.browser.conftest import Open, Serve
from tests.browser.site import GARMENTS, Models, Site


def test_the_first_page_leads_to_the_model_and_back(page: Page) -> None:
    page.get_by_role("radio", name="clothing").check()
    page.locator("#version").select_option("1")
    page.get_by_role("link", name="About this model").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("clothing")
    expect(page.locator("header")).to_contain_text("version 1")
    page.get_by_role("link", name="Classify photos").click()
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)


@pytest.mark.parametrize("scripts", [True, False])
def test_it_shows_the_card(site: Site, visitor: Open, scripts: bool) -> None:
    page = visitor(f"{site.url}models/clothing", java_script_enabled=scripts, locale="en")
    card = site.models.models["clothing"][0].card
    accuracy = f"{card['metrics']['test']['accuracy']:.1%}"
    expect(page.locator("main")).to_contain_text(f"It is right on {accuracy} of 10,000 test photos")
    confusion = page.locator("table.confusion tbody tr")
    expect(confusion).to_have_count(len(GARMENTS))
    expect(page.locator(".mistakes img").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("It knows nothing else")


def test_it_speaks_russian_and_keeps_the_version(site: Site, visitor: Open) -> None:
    page = visitor(f"{site.url}models/clothing?version=1", locale="en")
    page.get_by_role("link", name="Русский").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("main")).to_contain_text("утболка")
    assert "version=1" in page.url


def test_an_empty_card_is_no_error(source: Models, site: Site, visitor: Open) -> None:
    page = visitor(f"{site.url}models/cats-dogs")
    expect(page.get_by_role("heading", level=1)).to_contain_text("cats-dogs")


def test_pictures_of_mistakes_have_their_pixels(site: Site, visitor: Open) -> None:
    page = visitor(f"{site.url}models/clothing")
    broken = page.evaluate(
        "[...document.images].filter((each) => !each.complete || !each.naturalWidth).length"
    )
    assert broken == 0


@pytest.mark.parametrize("path", ["models/nothing", "models/clothing?version=99"])
def test_an_unknown_model_is_a_page_in_words(site: Site, visitor: Open, path: str) -> None:
    page = visitor(f"{site.url}{path}")
    expect(page.get_by_role("heading", level=1)).not_to_be_empty()
    expect(page.get_by_role("link").first).to_be_visible()


def test_where_keys_are_needed_the_page_says_so(
    serve: Serve, visitor: Open, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(new_key()[1])
    site = serve(api_keys_file=tmp_path / "keys")
    page = visitor(f"{site.url}models/clothing", locale="en")
    expect(page.locator("body")).to_contain_text("key")
    expect(page.locator("body")).not_to_contain_text("94.2%")
