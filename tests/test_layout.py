"""The shape of the tree: which part may import which, and how long a file may be."""

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("client", "serving", "training", "demo")
MAX_LINES = 250


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def imports(file: Path) -> Iterator[str]:
    """Yield the full names of all modules that a file imports, those inside functions too."""
    for node in ast.walk(tree(file)):
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
    assert not importers(
        "training",
        "serving.gateway.app",
        "serving.gateway.api.routes",
        "serving.gateway.inference.classifier",
    )


def test_only_training_and_the_embedded_server_import_tensorflow() -> None:
    found = importers("serving", "tensorflow", "tensorflow_serving", "keras")
    assert [file for file in found if "/model_server/" not in file] == ["serving/protos.py"]
    assert not importers("client", "tensorflow", "keras")


DECODING = {
    *("open", "frombytes", "Parser", "draft"),  # Pillow's; of `Image` and `ImageFile` alone.
    *("decode_image", "decode_jpeg", "decode_png", "decode_bmp", "decode_gif"),
    *("load_img", "image_dataset_from_directory", "ImageDataGenerator", "imread", "imdecode"),
}
"""Attributes that make pixels of an encoded photo."""

OF_PILLOW_ALONE = {"open": {"Image"}, "frombytes": {"Image"}, "Parser": {"ImageFile"}}


def decodings(file: Path) -> Iterator[str]:
    """Yield what a file uses to make pixels of an encoded photo."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute) and node.attr in DECODING:
            owners = OF_PILLOW_ALONE.get(node.attr)
            if owners is None or (isinstance(node.value, ast.Name) and node.value.id in owners):
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("PIL"):
            yield from (alias.name for alias in node.names if alias.name in DECODING)


def users(folders: Iterable[str], attribute: str) -> set[str]:
    """Return the files that use an attribute of this name."""
    return {
        str(file.relative_to(ROOT))
        for folder in folders
        for file in sources(folder)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Attribute) and node.attr == attribute
    }


def test_there_is_one_way_from_photo_to_pixels() -> None:
    files = [*sources("serving"), *sources("training")]
    found = {str(file.relative_to(ROOT)): sorted(decodings(file)) for file in files}
    assert {file: used for file, used in found.items() if used} == {
        "serving/photos/preparation.py": ["draft", "open"]
    }
    for other in ("cv2", "imageio", "skimage", "torchvision", "pyvips", "matplotlib.image"):
        assert not importers("serving", other)
        assert not importers("training", other)


def test_only_preparations_and_augmentation_resize() -> None:
    # What photos.py imports belongs to it.
    own = {
        "serving/photos/preparation.py",
        *(f"{n.replace('.', '/')}.py" for n in modules_of("serving/photos/preparation.py")),
    }
    shown = {
        "serving/gateway/api/heat_map.py"
    }  # What people look at, made of pixels that are prepared.
    assert users(["serving"], "resize") <= own | shown
    assert users(["training"], "resize") <= {"training/data/augmentation.py"}
    assert not users(["serving", "training"], "thumbnail")


def test_nothing_but_its_public_names_is_used_of_photos() -> None:
    used = {
        name
        for folder in ("serving", "training", "demo", "benchmarks")
        for file in sources(folder)
        for name in imports(file)
        if name.startswith("serving.photos.preparation.")
    }
    assert used <= {
        f"serving.photos.preparation.{name}" for name in ("prepare", "PREPARATIONS", "Shape")
    }


def modules_of(file: str) -> set[str]:
    """Return our modules that a file imports from, and those that these do."""
    found: set[str] = set()
    waiting = [file]
    while waiting:
        for name in imports(ROOT / waiting.pop()):
            module = name.rpartition(".")[0]
            path = ROOT / f"{module.replace('.', '/')}.py"
            if module.startswith("serving.") and module not in found and path.is_file():
                found.add(module)
                waiting.append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "benchmarks"])
def test_files_are_short(folder: str) -> None:
    long = [
        str(f.relative_to(ROOT))
        for f in sources(folder)
        if len(f.read_text().splitlines()) > MAX_LINES
    ]
    assert not long
