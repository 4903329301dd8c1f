"""The shape of the tree: which part may import which, and how long a file may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("client", "serving", "training", "demo")
MAX_LINES = 250


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Yield the full names of all modules that a file imports, those inside functions too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(folder: str, *modules: str) -> list[str]:
    """Return the files of a folder that import one of the modules or something in it."""
    prefixes = tuple(f"{module}." for module in modules)
    return [
        str(file.relative_to(ROOT))
        for file in sources(folder)
        if any(f"{name}.".startswith(prefixes) for name in imports(file))
    ]


def test_the_client_imports_nothing_of_ours() -> None:
    assert not importers("client", "serving", "training", "demo")


def test_serving_does_not_import_training() -> None:
    assert not importers("serving", "training", "demo")


def test_training_shares_only_photos_and_versions_with_serving() -> None:
    assert not importers("training", "serving.app", "serving.routes", "serving.classification")


def test_only_training_and_the_embedded_server_import_tensorflow() -> None:
    found = importers("serving", "tensorflow", "tensorflow_serving", "keras")
    assert [file for file in found if "/embedded/" not in file] == ["serving/protos.py"]
    assert not importers("client", "tensorflow", "keras")


def test_there_is_one_way_from_photo_to_pixels() -> None:
    decoders = [
        str(file.relative_to(ROOT))
        for folder in ("serving", "training")
        for file in sources(folder)
        if "Image.open(" in file.read_text("utf-8")
    ]
    assert decoders == ["serving/photos.py"]


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "benchmarks"])
def test_files_are_short(folder: str) -> None:
    long = [
        str(f.relative_to(ROOT))
        for f in sources(folder)
        if len(f.read_text().splitlines()) > MAX_LINES
    ]
    assert not long
