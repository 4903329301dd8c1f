"""What tests read of a page."""

from html.parser import HTMLParser
from pathlib import Path

from tests.training.report.run_folders import Addresses

_VOID = {"meta", "img", "br", "source", "link"}
_IMPLIED = {"tr", "th", "td"}  # Their end tags may be left out.


class Structure(HTMLParser):
    """Collects the elements of a page that are not closed, its ids, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.text += " " if tag in _IMPLIED else ""
        if tag not in _VOID | _IMPLIED:
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += "" if "style" in self.open or "title" in self.open else data

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag in _IMPLIED:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def check_page(page: Path) -> str:
    """Check that a page is well-formed, self-contained and small; return its text."""
    source = page.read_text("utf-8")
    assert len(source.encode()) < 400_000
    structure, read = Structure(), Addresses()
    structure.feed(source)
    read.feed(source)
    assert not structure.open
    assert not structure.wrong
    assert len(structure.ids) == len(set(structure.ids))
    # Pictures refer to their own parts alone.
    assert not read.found
    assert {part[1:] for part in references(source)} <= set(structure.ids)
    assert "@import" not in source
    return " ".join(structure.text.split())


def references(source: str) -> list[str]:
    """Return what `url()` and links inside pictures refer to."""
    found = [part.partition(")")[0] for part in source.split("url(")[1:]]
    return found + [part.partition('"')[0] for part in source.split('xlink:href="')[1:]]
