"""The languages of the pages: one JSON file each in `languages/`, found when it is there.

A file holds texts by their keys, with `{names}` where values go. `_name` is the language's own
name, and `_classes` translates the labels of models. What a file lacks, and what it can't fill in,
is shown in English.
"""

import functools
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Request

FOLDER = Path(__file__).parents[1] / "languages"
ENGLISH = "en"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Language:
    """A language of the pages.

    Attributes:
        code: as in HTML's `lang`, such as `en`.
        texts: the texts by their keys, those that the file lacks in English.
        classes: the names of classes, by the labels of models.
    """

    code: str
    texts: dict[str, str]
    classes: dict[str, str]

    @property
    def name(self) -> str:
        """The language's own name."""
        return self.texts["_name"]

    def text(self, key: str, **values: object) -> str:
        """Return a text with its values filled in."""
        return self.texts[key].format_map(values)

    def class_name(self, label: str) -> str:
        """Return the name of a class; a label that has none stands for itself."""
        return self.classes.get(label, label)

    def document(self) -> dict[str, Any]:
        """Return what the scripts of the page need, in the form of a file."""
        texts = {key: each for key, each in self.texts.items() if not key.startswith("model_")}
        return {**texts, "_classes": self.classes}


def languages() -> list[Language]:
    """Return all languages, English first."""
    codes = sorted({file.stem for file in FOLDER.glob("*.json")} - {ENGLISH})
    found = (find_language(code) for code in [ENGLISH, *codes])
    return [each for each in found if each is not None]


def language(request: Request) -> Language:
    """Return the language of a response: `?lang=`, else the best for `Accept-Language`."""
    offered = {each.code: each for each in languages()}
    code = request.args.get("lang")
    if code not in offered:
        code = request.accept_languages.best_match(offered, ENGLISH)
    return offered[code or ENGLISH]


def find_language(code: str) -> Language | None:
    """Return a language; None if there is no valid file for it."""
    file = FOLDER / f"{code}.json"
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError:
        return None


@functools.lru_cache(maxsize=32)
def _read(file: Path, changed: int) -> Language | None:
    try:
        found = json.loads(file.read_text("utf-8"))
        classes = dict(found.pop("_classes", {}))
        texts = {"_name": file.stem, **found}
    except (ValueError, TypeError, AttributeError) as error:
        log.error("the language file %s is invalid and left out: %s", file, error)
        return None
    english = None if file.stem == ENGLISH else find_language(ENGLISH)
    if english:
        usable = {key: text for key, text in texts.items() if _fits(text, english.texts.get(key))}
        if len(usable) < len(texts):
            left_out = ", ".join(sorted(set(texts) - set(usable)))
            log.error("the language file %s has texts that are left out: %s", file, left_out)
        texts = {**english.texts, **usable}
        classes = {label: name for label, name in classes.items() if isinstance(name, str)}
    return Language(file.stem, texts, classes)


def _fits(text: object, english: str | None) -> bool:
    """Return whether a text can be filled in with the values of its English one."""
    if not isinstance(text, str):
        return False
    values = re.findall(r"{\w+}", text)
    rest = re.sub(r"{\w+}", "", text)
    return set(values) <= set(re.findall(r"{\w+}", english or "")) and not set(rest) & set("{}")
