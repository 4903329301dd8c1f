"""All of the page works by keyboard, and screen readers get names and news."""

from playwright.sync_api import Page, expect

from tests.browser import uploads
from tests.browser.visit import results

# The outline may be drawn by the element itself or, for hidden inputs, by its label.
_FOCUSED = """(() => {
  const focused = document.activeElement;
  const outlined = (each) => each && getComputedStyle(each).outlineStyle !== "none"
    && parseFloat(getComputedStyle(each).outlineWidth) >= 2;
  const near = [focused, focused.nextElementSibling, focused.parentElement,
    focused.closest("label")];
  const all = [...document.querySelectorAll("*")];
  return { what: all.indexOf(focused), tag: focused.outerHTML.slice(0, 120),
    shown: near.some(outlined), top: focused.getBoundingClientRect().top + scrollY };
})()"""


def test_screen_readers_get_names_and_news(page: Page) -> None:
    uploads.pick(page, uploads.photo())
    expect(page.get_by_role("status").filter(has_text="T-shirt/top")).to_have_count(1)
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("radio", name="clothing")).to_be_checked()
    for role in ("button", "link", "radio", "textbox", "combobox", "img", "article"):
        for each in page.get_by_role(role).all():
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
