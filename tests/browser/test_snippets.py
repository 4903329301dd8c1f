"""The lines of code below the results: they name this page's address, and work when copied."""

import base64
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import uploads
from tests.browser.conftest import Open, Serve
from tests.browser.site import Models


@pytest.fixture
def opened(serve: Serve, visitor: Open) -> Page:
    page = visitor(serve(prefix="/shop").url, permissions=["clipboard-read", "clipboard-write"])
    page.locator("footer summary").click()
    return page


def copied(page: Page, title: str) -> str:
    snippet = page.locator(".snippet").filter(has_text=title).first
    snippet.get_by_role("button").click()
    expect(snippet.get_by_role("button")).to_have_text("Copied")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_curl_classifies_when_it_is_copied(opened: Page, source: Models, tmp_path: Path) -> None:
    opened.locator("#version").select_option("1")
    line = copied(opened, "curl")
    (tmp_path / "photo.jpg").write_bytes(uploads.photo().data)
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert "predictions" in done.stdout, done.stdout
    assert source.predicted[-1][0].version == 1


def test_javascript_classifies_when_it_is_run(opened: Page) -> None:
    opened.get_by_role("radio", name="cats-dogs").check()
    program = f"""async (encoded) => {{
      const photo = new Blob([Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))]);
      {copied(opened, "JavaScript")}
      return label;
    }}"""
    photo = base64.b64encode(uploads.photo().data).decode()
    assert opened.evaluate(program, photo) == "cat"


def test_python_is_copied_with_this_address(opened: Page) -> None:
    code = copied(opened, "Python")
    assert opened.url.rstrip("/") in code
    compile(code, "<snippet>", "exec")
