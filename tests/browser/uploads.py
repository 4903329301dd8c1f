"""Files that tests give to the page, as a person picks, drops and pastes them."""

import base64
import functools
from dataclasses import dataclass

from playwright.sync_api import FilePayload, Page

from tests.drawing import encode, encoded_photo
from tests.drawing import photo as drawn

# Page scripts can't set the files of an input, but may make a DataTransfer with files.
_TRANSFER = """files => {
  const transfer = new DataTransfer();
  for (const { name, type, data } of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  return transfer;
}"""
_PASTE = """transfer => document.body.dispatchEvent(
  new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }))"""


@dataclass(frozen=True)
class Upload:
    """A file: its name, its media type, its bytes."""

    name: str
    type: str
    data: bytes


@functools.cache
def photo(name: str = "shirt.jpg", size: tuple[int, int] = (60, 80)) -> Upload:
    """Return a drawn photo."""
    return Upload(name, "image/jpeg", encoded_photo("JPEG", size))


@functools.cache
def phone_photo() -> Upload:
    """Return a photo of 12 megapixels."""
    return Upload("phone.jpg", "image/jpeg", encode(drawn().resize((3000, 4000)), "JPEG"))


def damaged_photo() -> Upload:
    """Return the first third of a photo."""
    whole = photo(size=(600, 800)).data
    return Upload("damaged.jpg", "image/jpeg", whole[: len(whole) // 3])


def text_file() -> Upload:
    """Return a file that is not a photo."""
    return Upload("notes.jpg", "image/jpeg", b"not a photo at all\n" * 9)


def pick(page: Page, *uploads: Upload) -> None:
    """Choose files in the browser's dialog."""
    page.locator("#file").set_input_files(
        [FilePayload(name=each.name, mimeType=each.type, buffer=each.data) for each in uploads]
    )


def drop(page: Page, *uploads: Upload) -> None:
    """Drag files over the page and let them go."""
    transfer = page.evaluate_handle(_TRANSFER, _sent(uploads))
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", event, {"dataTransfer": transfer})


def paste(page: Page, *uploads: Upload) -> None:
    """Paste files from the clipboard."""
    page.evaluate(_PASTE, page.evaluate_handle(_TRANSFER, _sent(uploads)))


def _sent(uploads: tuple[Upload, ...]) -> list[dict[str, str]]:
    return [
        {"name": each.name, "type": each.type, "data": base64.b64encode(each.data).decode()}
        for each in uploads
    ]
