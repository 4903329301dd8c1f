"""The page's languages: chosen by the browser or the reader, and one file for each."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serving.gateway.api import languages
from tests.browser import uploads
from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.visit import results

SHIRT = {"en": "T-shirt/top", "ru": "Футболка"}


def shown_language(page: Page) -> str:
    return page.locator("html").get_attribute("lang") or ""


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en-GB", "en"), ("ru-RU", "ru"), ("fr-FR", "en")],
)
def test_the_browser_s_language(site: Site, visitor: Open, locale: str, language: str) -> None:
    page = visitor(site.url, locale=locale)
    assert shown_language(page) == language
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    expect(results(page).locator(".best")).to_contain_text(SHIRT[language], ignore_case=True)
    expect(results(page).locator(".bars li").first).to_contain_text(
        SHIRT[language], ignore_case=True
    )


def switch(page: Page, language: str) -> None:
    """Use the page's switch of languages, a list or links."""
    control = page.locator("#language")
    if control.evaluate("element => element.tagName") == "SELECT":
        control.select_option(language)
    else:
        control.locator(f"[lang={language}]").click()


def test_the_switch_keeps_the_photos(page: Page) -> None:
    uploads.pick(page, uploads.photo("a.jpg"), uploads.photo("b.jpg"))
    expect(results(page, "done")).to_have_count(2)
    switch(page, "ru")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(results(page, "done")).to_have_count(2)
    best = results(page).locator(".best")
    for index in (0, 1):
        expect(best.nth(index)).to_contain_text(SHIRT["ru"], ignore_case=True)
    uploads.pick(page, uploads.photo("c.jpg"))
    expect(results(page, "done")).to_have_count(3)


def test_the_chosen_language_stays(page: Page) -> None:
    switch(page, "ru")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def test_every_language_has_the_same_texts() -> None:
    texts = {
        file.stem: json.loads(file.read_text("utf-8")) for file in languages.FOLDER.glob("*.json")
    }
    assert {"en", "ru"} <= set(texts)
    for code, words in texts.items():
        assert words.keys() == texts["en"].keys(), code


def test_a_third_language_is_a_file_and_nothing_more(
    site: Site, visitor: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "languages"
    shutil.copytree(languages.FOLDER, folder)
    monkeypatch.setattr(languages, "FOLDER", folder)
    words = {"_name": "Esperanto", "_classes": {"T-shirt/top": "T-ĉemizo"}, "choose": "Elektu"}
    (folder / "eo.json").write_text(json.dumps(words), "utf-8")
    page = visitor(site.url, locale="eo")
    assert shown_language(page) == "eo"
    expect(page.locator("#language")).to_contain_text("Esperanto")
    expect(page.locator("main")).to_contain_text("Elektu")
    uploads.pick(page, uploads.photo())
    expect(results(page).locator(".best")).to_contain_text("T-ĉemizo")
