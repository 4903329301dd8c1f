"""The gateway's image contains the generated message classes and nothing else of TensorFlow."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.k8s.manifests import ROOT

SCRIPT = ROOT / "docker" / "copy_protos.py"


def _site_packages() -> Path:
    for folder in map(Path, sys.path):
        if (folder / "tensorflow_serving" / "apis").is_dir():
            return folder
    pytest.fail("tensorflow-serving-api is not installed: make test installs it")


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the image's site-packages: the copies, protobuf and gRPC."""
    target = tmp_path_factory.mktemp("image")
    installed = _site_packages()
    done = _run(installed, target)
    assert done.returncode == 0, done.stderr
    for package in ("google", "grpc", "typing_extensions.py"):
        (target / package).symlink_to(installed / package)
    return target


def _isolated(image: Path, code: str) -> str:
    """Run code with only the standard library, the image's packages and the project."""
    start = f"import sys; sys.path += [{str(image)!r}, {str(ROOT)!r}]\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", start + code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module", ["tensorflow_serving.apis.model_service_pb2_grpc", "serving.protos"]
)
def test_stubs_import_without_the_runtime(image: Path, module: str) -> None:
    code = f"""
import {module}
for name, loaded in sys.modules.items():
    # Packages without code have no file.
    if name.split(".")[0] == "tensorflow" and getattr(loaded, "__file__", None):
        print(name)
"""
    loaded = _isolated(image, code).split()
    assert "tensorflow.core.protobuf.error_codes_pb2" in loaded
    assert all(name.endswith("_pb2") for name in loaded)


def test_messages_survive_serialization(image: Path) -> None:
    code = """
from serving.protos import PredictRequest
request = PredictRequest()
request.model_spec.name = "clothing"
request.inputs["image"].tensor_content = b"pixels"
copy = PredictRequest.FromString(request.SerializeToString())
print(copy.model_spec.name, copy.inputs["image"].tensor_content.decode())
"""
    assert _isolated(image, code).split() == ["clothing", "pixels"]


def test_only_generated_modules_are_copied(image: Path) -> None:
    files = [
        file.relative_to(image)
        for package in ("tensorflow", "tensorflow_serving")
        for file in (image / package).rglob("*")
        if file.is_file()
    ]
    assert 30 < len(files) < 50
    assert all(file.name.endswith(("_pb2.py", "_pb2_grpc.py")) for file in files)
    assert not list(image.glob("*-info"))


def test_modules_of_wheels_are_the_same(image: Path, tmp_path: Path) -> None:
    installed = _site_packages()
    for package in ("tensorflow", "tensorflow_serving"):
        with zipfile.ZipFile(tmp_path / f"{package}-1-py3-none-any.whl", "w") as wheel:
            for file in [
                installed / package / "__init__.py",
                *(installed / package).rglob("*_pb2*.py"),
            ]:
                if file.is_file():
                    wheel.write(file, file.relative_to(installed))
    done = _run(tmp_path, tmp_path / "target")
    assert done.returncode == 0, done.stderr
    for copied in (file for file in (tmp_path / "target").rglob("*") if file.is_file()):
        name = copied.relative_to(tmp_path / "target")
        assert copied.read_bytes() == (image / name).read_bytes()
    assert len(list((tmp_path / "target").rglob("*.py"))) == len(
        list(image.glob("tensorflow*/**/*.py"))
    )


def test_missing_packages_are_named(tmp_path: Path) -> None:
    done = _run(tmp_path, tmp_path / "target")
    assert done.returncode == 1
    assert "requirements/protos.txt" in done.stderr
    assert "Traceback" not in done.stderr
