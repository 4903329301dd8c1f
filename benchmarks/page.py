"""The web page in a real Chromium: bytes of its first load, and seconds until a photo's bars show.

Run: python -m benchmarks.page [--photos 20]

Starts the model server with the starter models and a gateway. The bytes are the browser's own count
(Chromium's network events, headers included). The time runs inside of the page, from the event of a
photo being dropped to the frame after its bars are in the document. Fails if the page asks another
host for something.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table

from tests.browser.chromium import MISSING, chromium
from tests.browser.uploads import drop, photo
from tests.browser.visit import visit
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready

MODELS = ("clothing", "cats-dogs")
SIZE = (600, 800)

# Bars count as painted in the frame after they are in the document.
_MEASURE = """() => {
  window.painted = [];
  let dropped = 0;
  const bars = () => document.querySelectorAll(".bars li").length;
  document.addEventListener("drop", () => {
    dropped = performance.now();
    const before = bars();
    const watching = new MutationObserver(() => {
      if (bars() <= before) return;
      watching.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(
        () => window.painted.push(performance.now() - dropped)));
    });
    watching.observe(document.body, { childList: true, subtree: true });
  }, { capture: true });
}"""


def main() -> int:
    """Measure and print a table; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=20, help="for each model (default: 20)")
    photos = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        if browser is None:
            print(MISSING, file=sys.stderr)
            return 1
        folder = Path(temporary)
        with (
            model_server(STARTERS, folder / "model-server.log") as (_, address),
            gateway(address, folder / "gateway.log") as (_, url),
        ):
            wait_until_ready(url)
            _print(browser, f"{url}/", photos)
    return 0


def _print(browser: Browser, url: str, photos: int) -> None:
    console = Console()
    for language in ("en", "ru"):
        files = _first_load(browser, url, language)
        table = Table(f"first load ({language})", "transferred, bytes", "content, bytes")
        for address, (transferred, content) in files.items():
            table.add_row(address.removeprefix(url.rstrip("/")), f"{transferred:,}", f"{content:,}")
        transferred, content = (sum(column) for column in zip(*files.values(), strict=True))
        table.add_row("in all", f"{transferred:,}", f"{content:,}")
        console.print(table)
    for model in MODELS:
        times = _dropped_to_painted(browser, url, model, photos)
        console.print(
            f"{model}: photo dropped → bars painted: {statistics.median(times):.0f} ms"
            f" (median of {len(times)}, {min(times):.0f} to {max(times):.0f})"
        )


def _first_load(browser: Browser, url: str, language: str) -> dict[str, tuple[int, int]]:
    """Return for each address the bytes received and the bytes of its content."""
    with browser.new_context(locale=language) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        addresses: dict[str, str] = {}
        received: dict[str, list[int]] = {}

        def on_response(event: dict[str, Any]) -> None:
            addresses[event["requestId"]] = event["response"]["url"]

        def on_data(event: dict[str, Any]) -> None:
            received.setdefault(event["requestId"], [0, 0])[1] += event["dataLength"]

        def on_end(event: dict[str, Any]) -> None:
            received.setdefault(event["requestId"], [0, 0])[0] += int(event["encodedDataLength"])

        session.on("Network.responseReceived", on_response)
        session.on("Network.dataReceived", on_data)
        session.on("Network.loadingFinished", on_end)
        session.send("Network.enable")
        page.goto(url, wait_until="networkidle")
        elsewhere = [each for each in addresses.values() if not each.startswith((url, "data:"))]
        assert not elsewhere, f"requests to other hosts: {elsewhere}"
        return {addresses[each]: (sizes[0], sizes[1]) for each, sizes in received.items()}


def _dropped_to_painted(browser: Browser, url: str, model: str, photos: int) -> list[float]:
    """Return milliseconds, of photos after the first, which warms the way."""
    with visit(browser, url) as page:
        page.get_by_role("radio", name=model).check(force=True)
        page.evaluate(_MEASURE)
        for count in range(1, photos + 2):
            drop(page, photo(f"{count}.jpg", SIZE))
            _wait(page, count)
        times: list[float] = page.evaluate("window.painted")
        return times[1:]


def _wait(page: Page, count: int) -> None:
    while page.evaluate("window.painted.length") < count:
        page.wait_for_timeout(20)


if __name__ == "__main__":
    sys.exit(main())
