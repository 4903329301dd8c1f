"""The fenced code blocks of README and docs, and whether tests run them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNNABLE = {"sh", "python"}
# tests/apps runs those in HTML, JavaScript and TypeScript, where the programs are installed.
UNRUNNABLE_FORMS = {"text", "csv", "json", "yaml", "http", "js", "ts", "html", ""}

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+?) -->\n+)?^```(?P<form>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its location, its language, its text, and why it is not run."""

    location: str
    form: str
    text: str
    why_not_run: str | None


def documents() -> list[Path]:
    """Return README and all docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> list[Block]:
    """Return all fenced blocks of all documents, in order."""
    found = []
    for document in documents():
        content = document.read_text("utf-8")
        for match in _BLOCK.finditer(content):
            line = content.count("\n", 0, match.start("form")) + 1
            location = f"{document.relative_to(ROOT)}:{line}"
            found.append(Block(location, match["form"], match["text"], match["why"]))
    return found


def links() -> list[tuple[str, Path, str]]:
    """Return the relative links of all documents: document, path, and anchor without its `#`."""
    found = []
    for document in documents():
        text = _BLOCK.sub("", document.read_text("utf-8"))
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text):
            path = document.parent / target if target else document
            found.append((str(document.relative_to(ROOT)), path, anchor))
    return found


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    text = _BLOCK.sub("", document.read_text("utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
