"""Labels by the names of folders, which can't have all characters that labels have."""

import re
import unicodedata
from collections.abc import Sequence

OTHER = "other"
"""The folder of photos that show none of the classes."""


def label_index(name: str, labels: Sequence[str]) -> int | None:
    """Return the index of the label that a folder or a list names; None if there is none.

    Names may differ from labels in case, in characters other than letters and digits, and in the
    ending of the plural: `T-shirt_top` is T-shirt/top, `cats` is cat, `dresses` is Dress. If
    several labels differ from each other in that alone, only their exact names count.
    """
    for form in (_composed, _plain, _singular, _singular_es):
        found = [index for index, label in enumerate(labels) if form(label) == form(name)]
        if found and form(name):
            return found[0] if len(found) == 1 else None
    return None


def is_other(name: str, labels: Sequence[str]) -> bool:
    """Whether a folder has photos of none of the classes: its name is `other`, and no label's."""
    return label_index(name, labels) is None and label_index(name, [OTHER]) == 0


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", _composed(name)).strip().casefold()


def _singular(name: str) -> str:
    return _plain(name).removesuffix("s")


def _singular_es(name: str) -> str:
    return _plain(name).removesuffix("es")
