"""The code that a run uses: a digest of the sources, since containers have no git."""

import ast
import hashlib
import subprocess
from functools import cache
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
_SOURCES = ("training/**/*.py", "serving/photos/**/*.py")
_ARGUMENTS = "training/commands/"  # Parsing the command line does not affect weights.


@cache
def source_digest(module: str) -> str:
    """Return the SHA-256 (hexadecimal) of what the code of one of the project's modules does.

    Comments, docstrings and formatting are not part of it.
    """
    tree = ast.parse(_PROJECT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


@cache
def code_digest() -> str:
    """Return the SHA-256 (hexadecimal) of all sources that affect a run's weights.

    The files are read once, at the first call: later changes do not run in this process.
    """
    names = {
        path.relative_to(_PROJECT).as_posix()
        for pattern in _SOURCES
        for path in _PROJECT.glob(pattern)
    }
    digest = hashlib.sha256()
    for name in sorted(name for name in names if not name.startswith(_ARGUMENTS)):
        content = hashlib.sha256((_PROJECT / name).read_bytes()).hexdigest()
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def commit() -> str | None:
    """Return the git commit of this code, with `+` if files differ from it; None without git."""
    if not (_PROJECT / ".git").exists():
        return None
    try:
        found = _git("rev-parse", "HEAD")
        return found + ("+" if _git("status", "--porcelain", "--", *_SOURCES) else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(_PROJECT), "--glob-pathspecs", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 -- fixed arguments
    return result.stdout.strip()
