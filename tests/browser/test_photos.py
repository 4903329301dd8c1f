"""Photos come to the page in every way, and each gets its result."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import uploads
from tests.browser.conftest import Open, Serve
from tests.browser.site import Models, Site
from tests.browser.visit import results

WAYS = {"picked": uploads.pick, "dropped": uploads.drop, "pasted": uploads.paste}


@pytest.mark.parametrize("way", WAYS)
def test_a_photo_is_classified(page: Page, source: Models, way: str) -> None:
    WAYS[way](page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    result = results(page)
    expect(result).to_contain_text("shirt.jpg")
    expect(result.locator(".best")).to_contain_text("T-shirt/top")
    bars = result.locator(".bars li")
    expect(bars.first).to_contain_text("T-shirt/top")
    expect(bars.first).to_contain_text(re.compile(r"18[.,]2\s?%"))
    assert len(source.predicted) == 1


def test_the_bars_are_sorted(page: Page) -> None:
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    bars = results(page).locator(".bars li")
    percents = [
        float(each) for each in re.findall(r"[\d.]+(?=\s?%)", " ".join(bars.all_inner_texts()))
    ]
    assert percents == sorted(percents, reverse=True)
    assert len(percents) >= 3


def test_a_bad_file_spoils_no_other(page: Page) -> None:
    files = (
        uploads.photo("a.jpg"),
        uploads.text_file(),
        uploads.photo("b.jpg"),
        uploads.damaged_photo(),
    )
    uploads.drop(page, *files)
    expect(results(page, "done")).to_have_count(2)
    expect(results(page, "failed")).to_have_count(2)
    for name in ("notes.jpg", "damaged.jpg"):
        failed = results(page, "failed").filter(has_text=name)
        expect(failed.locator(".problem")).not_to_be_empty()
        expect(failed).not_to_contain_text("%")
    for name in ("a.jpg", "b.jpg"):
        expect(results(page, "done").filter(has_text=name)).to_have_count(1)


def test_an_empty_file(page: Page, source: Models) -> None:
    uploads.drop(page, uploads.Upload("empty.jpg", "image/jpeg", b""))
    expect(results(page, "failed").locator(".problem")).to_contain_text("The file is empty")
    assert not source.predicted


def test_a_problem_is_told_in_the_api_s_own_words(page: Page, site: Site) -> None:
    said = page.request.post(
        f"{site.url}v1/models/clothing:classify", data=uploads.text_file().data
    ).json()
    uploads.pick(page, uploads.text_file())
    expect(results(page, "failed").locator(".problem")).to_contain_text(said["detail"])


def test_photos_from_a_phone(page: Page, source: Models) -> None:
    uploads.pick(page, uploads.phone_photo())
    expect(results(page, "done")).to_have_count(1)


def test_too_many_bytes(serve: Serve, visitor: Open) -> None:
    page = visitor(serve(max_body_bytes=1_000_000).url)
    uploads.pick(page, uploads.photo(), uploads.Upload("long.jpg", "image/jpeg", bytes(2_000_000)))
    expect(results(page, "failed").filter(has_text="long.jpg")).to_have_count(1)
    expect(results(page, "done")).to_have_count(1)


def test_an_unrecognized_photo_has_no_loud_percentage(page: Page, source: Models) -> None:
    source.recognized = False
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    expect(results(page).locator(".doubt")).to_be_visible()
    expect(results(page).locator(".best")).to_have_text("Not recognized")
    source.recognized = True
    uploads.pick(page, uploads.photo("other.jpg"))
    expect(results(page, "done")).to_have_count(2)
    expect(page.locator("#results .doubt:visible")).to_have_count(1)


def test_another_model_classifies_the_same_photos(page: Page, source: Models) -> None:
    uploads.pick(page, uploads.photo("a.jpg"), uploads.photo("b.jpg", (90, 60)))
    expect(results(page, "done")).to_have_count(2)
    page.get_by_role("radio", name="cats-dogs").check()
    for name in ("a.jpg", "b.jpg"):
        result = results(page, "done").filter(has_text=name)
        expect(result.locator(".best")).to_contain_text("cat")


def test_an_older_version_classifies(page: Page, source: Models) -> None:
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    page.locator("#version").select_option("1")
    expect(results(page, "done")).to_have_count(1)
    expect(results(page)).to_contain_text("1")
    page.wait_for_timeout(200)
    assert source.predicted[-1][0].version == 1


def test_what_the_model_was_given(page: Page, source: Models) -> None:
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    view = results(page).locator(".view")
    view.locator("summary").click()
    pixels = view.locator("canvas.pixels")
    expect(pixels).to_be_visible()
    assert pixels.evaluate("canvas => [canvas.width, canvas.height]") == [28, 28]
    expect(view.get_by_role("slider")).to_be_visible()
    expect(view.locator("canvas.heat")).to_be_visible()
    opaque = view.locator("canvas.heat").evaluate("heat => getComputedStyle(heat).opacity")
    view.get_by_role("slider").fill("5")
    assert view.locator("canvas.heat").evaluate("heat => getComputedStyle(heat).opacity") < opaque
    assert len(source.explained) == 1


def test_photos_are_removed(page: Page) -> None:
    uploads.pick(page, uploads.photo("a.jpg"), uploads.photo("b.jpg"))
    expect(results(page, "done")).to_have_count(2)
    page.get_by_role("button", name="Remove a.jpg").click()
    expect(results(page)).to_have_count(1)
    expect(results(page)).to_contain_text("b.jpg")
    page.get_by_role("button", name="Clear all").click()
    expect(results(page)).to_have_count(0)
