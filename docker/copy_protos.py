"""Copy the generated message classes that the gateway needs from TensorFlow's packages.

`python docker/copy_protos.py SOURCE TARGET` copies the stubs of TensorFlow Serving and every
module of `tensorflow` and `tensorflow_serving` that they import, found by parsing the sources. It
copies neither the packages' `__init__` modules nor their metadata: in TARGET both are namespace
packages, which run no code.
"""

import argparse
import ast
import shutil
import tempfile
import zipfile
from pathlib import Path

ROOTS = (
    "tensorflow_serving.apis.get_model_metadata_pb2",
    "tensorflow_serving.apis.get_model_status_pb2",
    "tensorflow_serving.apis.model_service_pb2_grpc",
    "tensorflow_serving.apis.predict_pb2",
    "tensorflow_serving.apis.prediction_service_pb2_grpc",
)
PACKAGES = ("tensorflow", "tensorflow_serving")


def main(argv: list[str] | None = None) -> None:
    """Copy the modules; exit with status 1 and a message if one is missing."""
    parser = argparse.ArgumentParser(prog="docker/copy_protos.py", description=__doc__)
    help_ = "folder where both packages are installed, or with their wheels"
    parser.add_argument("source", type=Path, help=help_)
    parser.add_argument("target", type=Path, help="folder to copy to, created if missing")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        source = unpacked(arguments.source, Path(temporary))
        try:
            files = closure(source)
        except FileNotFoundError as error:
            parser.exit(
                1, f"{error.filename} is missing. Install requirements/protos.txt there first.\n"
            )
        for file in files:
            copy = arguments.target / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, copy)


def unpacked(source: Path, target: Path) -> Path:
    """Unpack the generated modules of a folder's wheels to target; return where the modules are."""
    wheels = sorted(source.glob("*.whl"))
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n.endswith(("_pb2.py", "_pb2_grpc.py"))]
            archive.extractall(target, names)
    return target if wheels else source


def closure(source: Path) -> list[Path]:
    """Return the files of `ROOTS` and of all they import from `PACKAGES`, relative and sorted.

    Raises:
        FileNotFoundError: an imported module is missing.
    """
    found: set[Path] = set()
    waiting = [_file(root) for root in ROOTS]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imports((source / file).read_text(encoding="utf-8"))
    return sorted(found)


def _imports(source: str) -> list[Path]:
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # Generated code imports whole modules, or all names of one for `import public`.
            names = [alias.name for alias in node.names]
            modules += [
                str(node.module) if name == "*" else f"{node.module}.{name}" for name in names
            ]
    return [_file(module) for module in modules if module.split(".")[0] in PACKAGES]


def _file(module: str) -> Path:
    return Path(*module.split(".")).with_suffix(".py")


if __name__ == "__main__":
    main()
