"""Recipes in files that are not part of the project: `--recipe path/to/recipe.py`.

Studies (`training.experiments.studies`) are read from files likewise.
"""

import ast
import functools
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from training.errors import TrainingError, UsageError
from training.provenance import text_digest
from training.recipe import Recipe

_OURS = ("training", "serving")
_beside: set[str] = set()  # Modules that recipe files have imported from their own folders.

Described = TypeVar("Described")


def read_recipe(path: Path) -> Recipe:
    """Run a file that has `RECIPE = Recipe(...)` and return that.

    The file may register a data set, define a network, and import modules from its own folder.

    Raises:
        UsageError: there is no such file, it has no recipe, or running it fails.
    """
    return _read(path.resolve())


@functools.cache  # So that a command that names a file twice has its classes once.
def _read(path: Path) -> Recipe:
    for name in _beside:  # Another file's modules may have the same names.
        sys.modules.pop(name, None)
    _beside.clear()
    before = set(sys.modules)
    recipe = described_in(path, Recipe)
    loaded = _own_modules(path.parent, set(sys.modules) - before)
    sources = {path, *loaded, *_imported_later(path)}
    digest = hashlib.sha256("".join(map(_digest, sorted(sources))).encode()).hexdigest()
    return replace(recipe, file=str(path), file_digest=digest)


def described_in(path: Path, kind: type[Described]) -> Described:
    """Run a file that has `RECIPE = Recipe(...)`, or a `STUDY`, and return that.

    Raises:
        UsageError: there is no such file, it has no object of this kind, or running it fails.
    """
    name = kind.__name__.upper()
    found = getattr(_run(path, kind.__name__.lower()), name, None)
    if not isinstance(found, kind):
        what = f"no {name}" if found is None else f"a {name} of type {type(found).__name__}"
        raise UsageError(f"{path} has {what}: it needs {name} = {kind.__name__}(...)")
    return found


def _digest(source: Path) -> str:
    content = source.read_bytes()
    try:
        return text_digest(content)
    except (SyntaxError, ValueError):  # It is compiled, or not imported yet.
        return hashlib.sha256(content).hexdigest()


def _run(path: Path, what: str) -> object:
    name = f"{what}_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not spec or not spec.loader or not path.is_file():
        raise UsageError(f"there is no {what} file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Where classes of the file are looked for.
    sys.path.insert(0, str(path.parent))  # Stays, for what a network imports when it is built.
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.path.remove(str(path.parent))
        raise UsageError(f"{_position(path, error)}: {_reason(error)}") from error
    return module


def _position(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}, line {lines[-1]}" if lines else str(path)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    return text if isinstance(error, TrainingError) else f"{type(error).__name__}: {text}"


def _own_modules(folder: Path, names: set[str]) -> set[Path]:
    """Note and return the modules that come from the recipe's folder."""
    found = set()
    for name in names:
        source = Path(getattr(sys.modules[name], "__file__", None) or "/")
        mine = source.is_relative_to(folder) and "site-packages" not in source.parts
        if mine and name.partition(".")[0] not in _OURS:
            found.add(source)
            _beside.add(name)
    return found


def _imported_later(path: Path) -> set[Path]:
    """Return the modules in the recipe's folder that it or they import, also within functions."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        source = waiting.pop()
        for module in _imports(source, path.parent):
            for file in (module.with_suffix(".py"), module / "__init__.py"):
                if file.is_file() and file not in found:
                    found.add(file)
                    waiting.append(file)
    return found


def _imports(source: Path, folder: Path) -> Iterator[Path]:
    """Yield where the imports of a module, and the packages they are in, would be in a folder."""
    try:
        tree = ast.parse(source.read_bytes())
    except (SyntaxError, ValueError):  # Only an error once it is imported.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            beside, names = folder, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            beside = source.parents[node.level - 1] if node.level else folder
            names = [f"{node.module or ''}.{alias.name}".lstrip(".") for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in names):
            if parts[0] not in _OURS:
                yield from (beside.joinpath(*parts[:end]) for end in range(1, len(parts) + 1))
