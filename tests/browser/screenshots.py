"""Takes the pictures of the pages that the docs show.

Run: python -m tests.browser.screenshots [--out docs/images]

It starts the model server with the starter models and a gateway, gives the page garments that the
project draws itself and the photo of a cat from `make demo`, and writes PNGs with 256 colours.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from demo import samples
from demo.garments import GARMENTS, draw
from tests.browser.chromium import MISSING, chromium
from tests.browser.uploads import Upload, drop
from tests.browser.visit import results, visit
from tests.drawing import encode
from tests.e2e.processes import ROOT, STARTERS, gateway, model_server, wait_until_ready

WIDE = {"width": 1280, "height": 860}
NARROW = {"width": 390, "height": 844}
SHOWN = ("Dress", "Ankle boot")


def main() -> int:
    """Take all pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "images", help="(default: docs/images)"
    )
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        if browser is None:
            print(MISSING, file=sys.stderr)
            return 1
        logs = Path(temporary)
        with (
            model_server(STARTERS, logs / "model-server.log") as (_, address),
            gateway(address, logs / "gateway.log") as (_, url),
        ):
            wait_until_ready(url)
            _take_all(browser, url, folder)
    return 0


def _take_all(browser: Browser, url: str, folder: Path) -> None:
    photos = [*_garments(SHOWN), _cat()]  # The model of garments does not recognize a cat.
    for name, scheme in (("page", "light"), ("page-dark", "dark")):
        with visit(browser, f"{url}/", viewport=WIDE, color_scheme=scheme, locale="en") as page:
            _show(page, photos)
            _open_view(page, photos[1])
            _save(page, folder / f"{name}.png")
    with visit(browser, f"{url}/", viewport=NARROW, locale="ru", device_scale_factor=1.5) as page:
        page.get_by_role("radio", name="cats-dogs").check(force=True)
        _show(page, [_cat()])
        _save(page, folder / "page-narrow-russian.png")
    with visit(browser, f"{url}/models/clothing", viewport=WIDE, locale="en") as page:
        _save(page, folder / "model.png")


def _garments(labels: Sequence[str]) -> list[Upload]:
    drawn = {garment.label: garment for garment in GARMENTS}
    return [
        Upload(f"{label.lower().replace(' ', '-')}.jpg", "image/jpeg", _jpeg(draw(drawn[label])))
        for label in labels
    ]


def _cat() -> Upload:
    """Return the photo of the cat Chelsea by Stéfan van der Walt (CC0), from scikit-image."""
    sample = next(samples.cats())
    return Upload(sample.name, "image/png", sample.encoded)


def _jpeg(image: Image.Image) -> bytes:
    return encode(image, "JPEG", quality=92)


def _show(page: Page, photos: Sequence[Upload]) -> None:
    drop(page, *photos)
    expect(results(page, "done")).to_have_count(len(photos))
    page.wait_for_load_state("networkidle")


def _open_view(page: Page, shown: Upload) -> None:
    """Show what the model was given of a photo, and the heat map."""
    view = results(page).filter(has_text=shown.name).locator(".view")
    view.locator("summary").click()
    expect(view.locator("canvas.heat")).to_be_visible()
    page.mouse.move(0, 0)


def _save(page: Page, file: Path) -> None:
    taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    taken.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file}: {taken.width}×{taken.height}, {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
