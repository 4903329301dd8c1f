"""A server that goes and comes back, models that are not ready, and API keys."""

from pathlib import Path

from playwright.sync_api import Page, expect

from serving.gateway.api.api_keys import new_key
from serving.http_errors import ModelServerUnavailable
from tests.browser import uploads
from tests.browser.conftest import Open, Serve
from tests.browser.site import Models, Site
from tests.browser.visit import results


def test_the_server_goes_and_comes_back(page: Page, site: Site) -> None:
    uploads.pick(page, uploads.photo("before.jpg"))
    expect(results(page, "done")).to_have_count(1)
    site.stop()
    uploads.pick(page, uploads.photo("meanwhile.jpg"))
    expect(page.get_by_role("alert")).to_contain_text("can't be reached")
    expect(results(page, "waiting")).to_have_count(1)
    expect(results(page, "done")).to_have_count(1)  # What was there stays.
    site.start()
    expect(results(page, "done")).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(0)
    uploads.pick(page, uploads.photo("after.jpg"))
    expect(results(page, "done")).to_have_count(3)


def test_the_model_server_comes_later_than_the_page(
    source: Models, serve: Serve, visitor: Open
) -> None:
    source.failure = ModelServerUnavailable("It has not answered for a while.")
    page = visitor(serve().url)
    uploads.pick(page, uploads.photo())
    expect(page.get_by_text("It has not answered for a while.").first).to_be_visible()
    source.failure = None
    expect(results(page, "done")).to_have_count(1)


def test_keys_are_asked_for_and_kept_for_the_visit(
    serve: Serve, visitor: Open, tmp_path: Path
) -> None:
    key, line = new_key()
    (tmp_path / "keys").write_text(line)
    page = visitor(serve(api_keys_file=tmp_path / "keys").url)
    field = page.locator("#key")
    expect(field).to_be_visible()
    field.fill("wrong")
    field.press("Enter")
    expect(field).to_be_visible()
    expect(page.locator("#models").get_by_role("radio")).to_have_count(0)
    field.fill(key)
    field.press("Enter")
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    assert key not in page.content()
    page.reload()
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)


def test_photos_given_before_the_key_are_not_lost(
    serve: Serve, visitor: Open, tmp_path: Path
) -> None:
    key, line = new_key()
    (tmp_path / "keys").write_text(line)
    page = visitor(serve(api_keys_file=tmp_path / "keys").url)
    uploads.drop(page, uploads.photo())
    page.locator("#key").fill(key)
    page.locator("#key").press("Enter")
    expect(results(page, "done")).to_have_count(1)


def test_without_keys_none_is_asked_for(page: Page) -> None:
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    expect(page.locator("#key")).to_be_hidden()
