"""The page on which a person sorts photos: one file that needs no server and no network.

It saves a list of photos, `photos.csv`, as `training.data.photo_lists` reads it.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from serving.repository.atomic_write import atomic_write
from training.console import counted
from training.errors import explained
from training.labelling.candidates import Candidate
from training.labelling.collected import MARK, PAGE
from training.report.templates import environment


def write_page(
    folder: Path,
    model: str,
    photos: Sequence[Candidate],
    labels: Sequence[str],
    listed: Sequence[tuple[str, str]],
) -> Path:
    """Write the page, in place of an earlier one, and return its path.

    Args:
        folder: where photos are collected.
        model: the name of the model.
        photos: to sort; at least one.
        labels: all that can be chosen; `other` last.
        listed: path and label of what was sorted earlier, which the page saves again.

    Raises:
        TrainingError: it can't be written.
    """
    templates = environment("training.labelling")
    style, script = (templates.get_template(name).render() for name in ("page.css", "page.js"))
    data = {
        "model": model,
        "labels": list(labels),
        "earlier": [list(pair) for pair in listed],
        "photos": [_entry(photo) for photo in photos],
    }
    text = templates.get_template("page.html").render(
        title=f"{counted(len(photos), 'photo')} to sort for {model}",
        mark=MARK,
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        data=data,
    )
    path = folder / PAGE
    with explained(f"cannot write {path}", "free some space"), atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8")
    return path


def _entry(photo: Candidate) -> dict[str, object]:
    answer = photo.answer
    return {
        "content": photo.content[:16],
        "path": str(photo.path),
        "image": answer.image,
        "guess": answer.guess,
        "probability": answer.probability,
        "recognized": answer.recognized,
        "picture": base64.b64encode(photo.picture).decode(),
    }


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
