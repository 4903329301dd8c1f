"""WCAG 2.2 AA: no violation that axe finds in any state, and all of it works by keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
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


def check(page: Page) -> None:
    """Fail if axe finds a violation on the page as it is now, light or dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page, options=_OPTIONS)
        ran = [*found.response["passes"], *found.response["inapplicable"]]
        assert not found.response["violations"], f"{scheme}: {found.generate_report()}"
        assert "target-size" in {rule["id"] for rule in ran}


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


def test_axe_finds_nothing_in_russian_on_a_phone(
    source: Models, site: Site, visitor: Open
) -> None:
    page = visitor(site.url, locale="ru", viewport={"width": 320, "height": 640})
    _done(page, source)
    check(page)


def test_axe_finds_nothing_while_the_server_is_down(page: Page, site: Site) -> None:
    site.stop()
    uploads.pick(page, uploads.photo())
    expect(results(page, "failed")).to_have_count(1)
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


def test_screen_readers_get_names_and_news(page: Page) -> None:
    uploads.pick(page, uploads.photo())
    expect(page.get_by_role("status").filter(has_text="T-shirt/top")).to_have_count(1)
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("radio", name="clothing")).to_be_checked()
    for role in ("button", "link", "radio", "textbox", "combobox", "img", "article"):
        for each in page.get_by_role(role).all():  # type: ignore[arg-type]
            named = each.aria_snapshot().splitlines()[0]
            assert '"' in named or ":" in named.removesuffix(":"), named


def test_everything_works_by_keyboard(page: Page) -> None:
    expect(page.locator("#models").get_by_role("radio")).to_have_count(2)
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    focusable = page.evaluate(
        """[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled
          && !(each.type === "radio" && !each.checked)).length"""
    )
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(focusable):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(_FOCUSED))
    assert all(each["shown"] for each in reached), [each for each in reached if not each["shown"]]
    assert len({each["what"] for each in reached}) == focusable
    tops = [each["top"] for each in reached]
    assert tops[0] < tops[-1]


def test_the_model_is_chosen_by_keyboard(page: Page) -> None:
    uploads.pick(page, uploads.photo())
    expect(results(page, "done")).to_have_count(1)
    page.get_by_role("radio", name="clothing").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="cats-dogs")).to_be_checked()
    expect(results(page).locator(".best")).to_contain_text("cat")


# The outline may be drawn by the element itself or, for hidden inputs, by its label.
_FOCUSED = """(() => {
  const focused = document.activeElement;
  const outlined = (each) => each && getComputedStyle(each).outlineStyle !== "none"
    && parseFloat(getComputedStyle(each).outlineWidth) >= 2;
  const near = [focused, focused.nextElementSibling, focused.parentElement, focused.closest("label")];
  const all = [...document.querySelectorAll("*")];
  return { what: all.indexOf(focused), tag: focused.outerHTML.slice(0, 120),
    shown: near.some(outlined), top: focused.getBoundingClientRect().top + scrollY };
})()"""
