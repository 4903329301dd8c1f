"""The page of docs/apps.md, in a real Chromium, on another origin than the gateway."""

import base64
import html
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.apps.gateway import example, model_server, small_gateway
from tests.drawing import encoded_photo

pytestmark = pytest.mark.integration

HEADLESS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# What somebody does who picks files.
PICK = """<script type="module">
  const bytes = Uint8Array.from(atob("PHOTO"), (letter) => letter.charCodeAt(0));
  const picked = new DataTransfer();
  for (const name of ["a.jpg", "b.jpg"]) picked.items.add(new File([bytes], name));
  document.querySelector("input").files = picked.files;
  document.querySelector("input").dispatchEvent(new Event("change"));
</script>"""


@pytest.fixture
def chromium() -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if "REQUIRE_APP_TOOLS" in os.environ:
            pytest.fail("Chromium is missing")
        pytest.skip("Chromium is not installed")
    return program


@contextmanager
def shop() -> Iterator[tuple[str, dict[str, str]]]:
    """Serve pages that the caller sets; yield the origin and the pages."""
    pages: dict[str, str] = {}
    app = Flask("shop")
    app.add_url_rule("/<name>", view_func=lambda name: pages[name])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pages
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("photo", "allowed", "shown"),
    [
        (encoded_photo(), True, "a.jpg: shirt, b.jpg: shirt"),
        (b"text", True, "415: 2 of 2 photos are bad, so none was classified: a.jpg, b.jpg."),
        (encoded_photo(), False, "Failed to fetch"),
    ],
    ids=["answer", "problem", "other origin"],
)
def test_the_page_of_the_docs(
    chromium: str, tmp_path: Path, photo: bytes, allowed: bool, shown: str
) -> None:
    with shop() as (origin, pages):
        allowed_origin = origin if allowed else "https://elsewhere.example"
        with small_gateway(model_server(), cors_origins=allowed_origin) as url:
            page = example("html", "<output>", url)
            pages["page"] = page + PICK.replace("PHOTO", base64.b64encode(photo).decode())
            printed = subprocess.run(
                [
                    *(chromium, *HEADLESS, f"--user-data-dir={tmp_path}"),
                    *("--virtual-time-budget=5000", "--dump-dom", f"{origin}/page"),
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            ).stdout
    [output] = re.findall("<output>(.*)</output>", printed)
    assert html.unescape(output) == shown
