"""The shape of the tree: which part may import which, and how long a file may be."""

import ast
import functools
import graphlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("client", "serving", "training", "demo", "supply_chain")
MAX_LINES = 250

_SHARED = {"photos", "repository", "tls", "deadline", "http_errors", "protos", "repeating_thread"}

TRAINING: list[set[str]] = [
    {"__main__"},
    {"commands", "python_api"},
    {"experiments"},
    {"judging", "labelling", "pipeline"},
    {"publishing", "report"},
    {"runs", "trust"},
    {"fitting", "metrics", "recipes"},
    {"networks"},
    {"data"},
    {"overrides", "recipe_file"},
    {"recipe"},
    {"job_manifest", "termination_message"},
    {"backends", "downloads", "json_files", "model_cards", "settings"},
    {"cache_folder", "console", "errors", "progress_bars", "provenance", "threads"},
]
"""The parts of training/ in layers: a part may import those of the layers below its own."""

DIRECTIONS: dict[str, dict[str, set[str]]] = {
    "serving": {
        "__main__": {"gateway", "repository", "tls"},
        "gateway": _SHARED,
        "model_server": {"repository", "tls", "protos"},
        "local": {"repeating_thread", "repository"},
        "sizing": set(),
        "photos": {"deadline", "http_errors"},
        "repository": set(),
        "tls": set(),
        "deadline": {"http_errors"},
        "http_errors": set(),
        "protos": set(),
        "repeating_thread": set(),
        "former_commands": set(),
    },
    "serving.gateway": {
        "server": {"app", "api", "model_client", "model_names", "settings", "telemetry"},
        "app": {"api", "inference", "model_names", "settings", "telemetry"},
        "api": {"inference", "model_client", "settings", "telemetry"},
        "inference": {"model_client", "telemetry"},
        "model_client": {"telemetry"},
        "model_names": set(),
        "telemetry": set(),
        "settings": set(),
    },
    "training": {
        part: {below for layer in TRAINING[index + 1 :] for below in layer}
        for index, layer in enumerate(TRAINING)
        for part in layer
    },
}
"""For each part of a package the parts of the same package that it may import.

A new part needs a line here; docs/architecture.md shows the same as a picture."""

OUTSIDE: dict[str, set[str]] = {
    "client": set(),
    "serving": set(),
    "training": {"serving.photos", "serving.repository", "serving.tls", "serving.protos"},
    "demo": {"client", "serving.local", "serving.repository", "serving.http_errors"},
    "supply_chain": set(),
}
"""What each package may import from the other packages."""


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def name_of(file: Path) -> str:
    """Return the dotted name of the module in a file."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> Iterator[str]:
    """Yield the full names of all that a file imports, also inside functions."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join([*_parents(file, node.level), *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _parents(file: Path, level: int) -> tuple[str, ...]:
    """Return the package that a relative import with this many dots starts from."""
    return file.relative_to(ROOT).parts[:-level] if level else ()


def within(name: str, packages: Iterable[str]) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def importers(folder: str, *modules: str) -> list[str]:
    """Return the files of a folder that import one of the modules or something in it."""
    return [
        str(file.relative_to(ROOT))
        for file in sources(folder)
        if any(within(name, modules) for name in imports(file))
    ]


def part_of(package: str, name: str) -> str:
    """Return the part of a package that a dotted name belongs to; "" for the package itself."""
    return name.removeprefix(package).lstrip(".").partition(".")[0]


@pytest.mark.parametrize("package", DIRECTIONS)
def test_parts_import_each_other_only_in_the_directions_given(package: str) -> None:
    allowed = DIRECTIONS[package]
    wrong = []
    for file in sources(package.replace(".", "/")):
        part = part_of(package, name_of(file))
        for name in sorted(set(imports(file))):
            other = part_of(package, name) if within(name, [package]) else part
            if part and other not in {part, *allowed.get(part, set())}:
                wrong.append(f"{file.relative_to(ROOT)} imports {name}: {part} may not")
    assert not wrong


@pytest.mark.parametrize("package", DIRECTIONS)
def test_every_part_has_its_directions(package: str) -> None:
    parts = {part_of(package, name_of(file)) for file in sources(package.replace(".", "/"))}
    assert parts - {""} == set(DIRECTIONS[package])


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_others_share(package: str) -> None:
    others = set(PACKAGES) - {package}
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sources(package)
        for name in sorted(set(imports(file)))
        if within(name, others) and not within(name, OUTSIDE[package])
    ]
    assert not wrong


def test_there_are_no_import_cycles() -> None:
    files = {name_of(file): file for package in PACKAGES for file in sources(package)}
    graph = {module: _modules(imports(file), files) - {module} for module, file in files.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail("import cycle: " + " imports ".join(reversed(error.args[1])))


def _modules(names: Iterable[str], known: Iterable[str]) -> set[str]:
    """Return which of the known modules the imported names are, or are defined in."""
    found = set()
    for name in names:
        while name and name not in known:
            name = name.rpartition(".")[0]
        found.add(name)
    return found - {""}


def test_only_training_and_the_model_server_import_tensorflow() -> None:
    found = importers("serving", "tensorflow", "keras")
    assert [file for file in found if "/model_server/" not in file] == ["serving/protos.py"]
    assert not importers("client", "tensorflow", "keras")


def test_inference_knows_neither_flask_nor_grpc() -> None:
    assert not importers("serving/gateway/inference", "flask", "werkzeug", "grpc")
    assert not importers("serving/gateway/model_client", "flask", "werkzeug")


DECODING = {
    *("open", "frombytes", "Parser", "draft"),  # Pillow's; of `Image` and `ImageFile` alone.
    *("decode_image", "decode_jpeg", "decode_png", "decode_bmp", "decode_gif"),
    *("load_img", "image_dataset_from_directory", "ImageDataGenerator", "imread", "imdecode"),
}
"""Attributes that turn an encoded photo into pixels."""

OF_PILLOW_ALONE = {"open": {"Image"}, "frombytes": {"Image"}, "Parser": {"ImageFile"}}


def decodings(file: Path) -> Iterator[str]:
    """Yield the names that a file uses to turn an encoded photo into pixels."""
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
        "serving/photos/preparation.py": ["draft", "open"],
        "training/data/augmentation.py": ["open"],  # Of prepared pixels that it has encoded itself.
    }
    for other in ("cv2", "imageio", "skimage", "torchvision", "pyvips", "matplotlib.image"):
        assert not importers("serving", other)
        assert not importers("training", other)


def test_only_preparations_and_augmentation_resize() -> None:
    # The heat map is made of pixels that are prepared already, for people to look at.
    resizing = users(["serving"], "resize") - {"serving/gateway/api/heat_map.py"}
    assert {Path(file).parts[1] for file in resizing} == {"photos"}
    assert users(["training"], "resize") <= {"training/data/augmentation.py"}
    # Pictures for people, in the cards of models.
    assert users(["serving", "training"], "thumbnail") <= {"training/publishing/mistakes.py"}


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "benchmarks"])
def test_files_are_short(folder: str) -> None:
    lengths = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in sources(folder)}
    assert not {file: lines for file, lines in lengths.items() if lines > MAX_LINES}
