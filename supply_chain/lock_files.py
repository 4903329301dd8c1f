"""The lock files in `requirements/`, and which of them belong to what is distributed."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements"

_LOCKED = re.compile(r"^([a-z0-9._-]+)==", re.MULTILINE)


@dataclass(frozen=True)
class Distributed:
    """Something that is distributed: an image, or a wheel with what it needs.

    Attributes:
        name: of its bill of materials.
        lock_files: names in `requirements/`; all that is in one of them is distributed.
        pyproject: the folder with the `pyproject.toml` of the distribution.
    """

    name: str
    lock_files: tuple[str, ...]
    pyproject: str

    def text(self) -> str:
        """Return the contents of its lock files."""
        return "".join((REQUIREMENTS / f"{name}.txt").read_text() for name in self.lock_files)


DISTRIBUTED = (
    Distributed("photolabel", ("client",), "client"),
    Distributed("photolabel-serve", ("serve", "protos"), "packaging/serving"),
    Distributed("photolabel-train", ("train-gpu",), "packaging/training"),
    Distributed("photolabel-train-cpu", ("train",), "packaging/training"),
    Distributed("photolabel-train-jax", ("train-jax",), "packaging/training"),
)


def locked_packages(text: str) -> set[str]:
    """Return the names of the packages in the text of a lock file."""
    return set(_LOCKED.findall(text))


def all_locked() -> dict[str, set[str]]:
    """Return the lock files in which each package is."""
    found: dict[str, set[str]] = {}
    for path in sorted(REQUIREMENTS.glob("*.txt")):
        for package in locked_packages(path.read_text()):
            found.setdefault(package, set()).add(path.name)
    return found
