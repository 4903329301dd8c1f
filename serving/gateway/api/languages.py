"""The languages of the pages: one JSON file each in `serving/gateway/languages/`.

A file holds texts by key, with `{placeholders}`; `_name` is the language's own name, `_classes`
has the names of classes. What a language lacks is shown in English.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Request

FOLDER = Path(__file__).parents[1] / "languages"
ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """A language by its code, such as `ru`, with the content of its file."""

    code: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called by those who speak it."""
        return str(self.content["_name"])

    def text(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled in."""
        found = self.content.get(key) or languages()[ENGLISH].content[key]
        return str(found).format(**values)

    def class_name(self, label: str) -> str:
        """Return the name of a class, or the label itself."""
        return str(self.content.get("_classes", {}).get(label, label))


@functools.cache
def languages() -> dict[str, Language]:
    """Return all languages by their codes, read once."""
    files = sorted(FOLDER.glob("*.json"))
    return {file.stem: Language(file.stem, json.loads(file.read_text("utf-8"))) for file in files}


def language(request: Request) -> Language:
    """Return the language of a request: `?lang=`, else the best of `Accept-Language`."""
    known = languages()
    asked = request.args.get("lang")
    if asked not in known:
        asked = request.accept_languages.best_match(known, ENGLISH)
    return known[asked or ENGLISH]
