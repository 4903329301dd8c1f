"""The code that a run uses: digests of the sources, since containers have no git.

A digest is of what the code does: comments, docstrings, formatting, annotations and the texts of
errors are not part of it.
"""

import ast
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
_PACKAGES = ("training", "serving")

# They refuse, report or write. No pixel, weight or figure depends on them.
_WITHOUT_EFFECT = (
    "serving.http_errors",
    "serving.photos.errors",
    "serving.photos.formats_and_limits",
    "serving.photos.headers",
    "serving.repository",
    "training.array_files",
    "training.console",
    "training.downloads",
    "training.errors",
    "training.fitting.interruption",
    "training.json_files",
    "training.model_cards",
    "training.progress_bars",
)

_QUOTES = ("'", '"', '"""', "'''")


def source_digest(module: str) -> str:
    """Return the SHA-256 (hexadecimal) of what the code of one of the project's modules does."""
    return text_digest(_content(module))


@cache
def text_digest(source: bytes) -> str:
    """Return the SHA-256 (hexadecimal) of what the source text of a module does."""
    return hashlib.sha256(ast.unparse(_effective(source)).encode()).hexdigest()


def code_digest(modules: Iterable[str]) -> str:
    """Return the SHA-256 (hexadecimal) of modules and of all that they import of the project.

    Imports by computed names are not followed: name those modules too. Modules of no effect on
    weights and figures are left out, and so are names of modules outside the project.
    """
    lines = (f"{name} {source_digest(name)}\n" for name in sorted(imported(modules)))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def imported(modules: Iterable[str]) -> set[str]:
    """Return the names of the modules that `code_digest` covers."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        parts = waiting.pop().split(".")
        # Importing a module runs the packages that it is in.
        for name in (".".join(parts[: index + 1]) for index in range(len(parts))):
            if name not in found and parts[0] in _PACKAGES and _counts(name):
                found.add(name)
                waiting += _imports(_content(name))
    return found


def commit() -> str | None:
    """Return the git commit of this code, with `+` if files differ from it; None without git."""
    if not (_PROJECT / ".git").exists():
        return None
    try:
        found = _git("rev-parse", "HEAD")
        return found + ("+" if _git("status", "--porcelain", "--", *_PACKAGES) else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _file(module: str) -> Path:
    path = _PROJECT.joinpath(*module.split("."))
    package = path / "__init__.py"  # Switching branches may leave a folder behind without it.
    return package if package.is_file() else path.with_suffix(".py")


def _counts(name: str) -> bool:
    """Whether a name is that of a module, rather than of something in it, and has an effect."""
    without = any(f"{name}.".startswith(f"{module}.") for module in _WITHOUT_EFFECT)
    return _file(name).is_file() and not without


@cache
def _imports(source: bytes) -> tuple[str, ...]:
    return tuple(_imported_names(_effective(source)))


def _imported_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _content(module: str) -> bytes:
    """Read a module's file, once: later changes do not run in this process."""
    return _file(module).read_bytes()


@cache
def _effective(source: bytes) -> ast.AST:
    tree: ast.AST = _Effective().visit(ast.parse(source))
    return tree


class _Effective(ast.NodeTransformer):
    """Removes from a module what does not change its effect.

    The bounds in a settings class's annotations only refuse values; those that pass are part of a
    run's key themselves.
    """

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        checker = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if checker and not node.orelse else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Write a formatted string in quotes that it does not contain.

        Python 3.11 does this, but later versions do not: the digest would depend on the version.
        """
        parts = [_part(self.visit(each)) for each in node.values]
        quotes = (each for each in _QUOTES if not any(each in part for part in parts))
        quote = next(quotes, _QUOTES[0])
        return ast.Name(f"f{quote}{''.join(parts)}{quote}")  # Names are written as they are.

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)
        if isinstance(node.format_spec, ast.JoinedStr):
            node.format_spec.values = [self.visit(each) for each in node.format_spec.values]
        return node


def _part(value: ast.AST) -> str:
    """Return the source text of a part of a formatted string."""
    if not isinstance(value, ast.Constant):
        return ast.unparse(value)
    text = str(value.value).replace("{", "{{").replace("}", "}}")
    return "".join(each if _is_plain(each) else _escaped(each) for each in text)


def _is_plain(character: str) -> bool:
    return character.isprintable() and character != "\\"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _git(*arguments: str) -> str:
    # Without the lock of the index, which would stay behind if this process is killed meanwhile.
    command = ["git", "--no-optional-locks", "-C", str(_PROJECT), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 -- fixed arguments
    return result.stdout.strip()
