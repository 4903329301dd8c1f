"""The API's description as a page: its commands name the page's own address, and are copied."""

from playwright.sync_api import expect

from tests.browser.conftest import Open, Serve


def test_a_command_is_copied_with_the_address_of_this_page(serve: Serve, visitor: Open) -> None:
    site = serve(prefix="/shop/photos")
    page = visitor(f"{site.url}docs", permissions=["clipboard-read", "clipboard-write"])
    command = page.locator(".command").first
    command.get_by_role("button").click()
    expect(command.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert site.url.rstrip("/") in copied
    assert copied.startswith("curl ")


def test_links_inside_the_page_have_targets(serve: Serve, visitor: Open) -> None:
    page = visitor(f"{serve().url}docs")
    missing = page.evaluate(
        """[...document.querySelectorAll("a[href^='#']")].map((link) => link.hash.slice(1))
        .filter((id) => !document.getElementById(id))"""
    )
    assert missing == []
