"""Copy the generated message classes that the gateway needs from an installation of TensorFlow.

`python docker/copy_protos.py SITE_PACKAGES TARGET` copies the stubs of TensorFlow Serving and every
module of `tensorflow` and `tensorflow_serving` that they import, found by parsing the sources. It
copies neither the packages' `__init__` modules nor their metadata: in TARGET both are namespace
packages, which run no code.
"""

import argparse
import ast
import shutil
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
    parser.add_argument("site_packages", type=Path, help="where both packages are installed")
    parser.add_argument("target", type=Path, help="folder to copy to, created if missing")
    arguments = parser.parse_args(argv)
    try:
        files = closure(arguments.site_packages)
    except FileNotFoundError as error:
        parser.exit(
            1, f"{error.filename} is missing. Install requirements/protos.txt there first.\n"
        )
    for file in files:
        copy = arguments.target / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arguments.site_packages / file, copy)


def closure(site_packages: Path) -> list[Path]:
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
            waiting += _imports((site_packages / file).read_text(encoding="utf-8"))
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
