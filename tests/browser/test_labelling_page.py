"""The page that `python -m training collect` makes, opened from disk."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_axe import check
from tests.training.labelling.bulk_run import row, write_run
from training.__main__ import main
from training.data.photo_lists import read_photo_list

NAMES = ["1.jpg", '2, "two" <b>.jpg', "3.jpg", "4.jpg"]


def collected(folder: Path) -> str:
    """Return the address of a page with four photos."""
    shares = ((0.5, 0.4, 0.1), (0.2, 0.7, 0.1), (0.1, 0.1, 0.8), (0.9, 0.1, 0))
    rows = [row(name, *each) for name, each in zip(NAMES, shares, strict=True)]
    results = write_run(folder, [*rows[:1], {**rows[1], "recognized": False}, *rows[2:]])
    words = ["--results", str(results), "--output", str(folder / "out")]
    assert main(["collect", "clothing", str(folder / "photos"), *words]) == 0
    return (folder / "out/index.html").as_uri()


def chosen(page: Page) -> list[str]:
    return page.locator(".label").all_inner_texts()


def test_labels_are_chosen_with_keys_and_clicks_and_saved(tmp_path: Path, visitor: Open) -> None:
    address = collected(tmp_path)
    page = visitor(address)
    expect(page.locator("#about")).to_have_text('2, "two" <b>.jpg: Coat 70%, not recognized')

    page.keyboard.press("Enter")  # The guess.
    page.keyboard.press("0")
    page.keyboard.press("1")
    page.keyboard.press("Delete")
    page.get_by_role("option").last.click()
    page.get_by_role("button", name="T-shirt/top").click()
    expect(page.locator("#count")).to_have_text("4 of 4 sorted")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    expect(page.locator("#count")).to_have_text("3 of 4 sorted")
    assert chosen(page) == ["Coat", "other", "", "T-shirt/top"]

    check(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="Save photos.csv").click()
    assert download.value.suggested_filename == "photos.csv"
    download.value.save_as(tmp_path / "list/photos.csv")
    listed = {
        Path(each.source.path).name: each.label
        for each in read_photo_list(tmp_path / "list/photos.csv")
    }
    assert listed == {NAMES[1]: "Coat", "1.jpg": "other", "4.jpg": "T-shirt/top"}

    page.reload()
    assert chosen(page) == ["Coat", "other", "", "T-shirt/top"], "choices outlast the page"
