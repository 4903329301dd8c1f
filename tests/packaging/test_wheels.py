"""The wheels: what they put into an environment, and that it works away from the tree."""

import email
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = {
    "photolabel": ROOT / "client",
    "photolabel_serving": ROOT / "packaging" / "serving",
    "photolabel_training": ROOT / "packaging" / "training",
}
CODE = {
    "photolabel": {"photolabel": ROOT / "client"},
    "photolabel_serving": {"photolabel_serving/serving": ROOT / "serving"},
    "photolabel_training": {
        "photolabel_training/serving": ROOT / "serving",
        "photolabel_training/training": ROOT / "training",
    },
}
"""Which folder of the tree each folder of a wheel holds."""

OF_PIP = {"LICENSE", "README.md", "pyproject.toml", "setup.cfg"}
# Training uses none of them.
NOT_FOR_TRAINING = ("gateway/languages", "gateway/static", "gateway/templates")

pytestmark = pytest.mark.integration


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, zipfile.Path]:
    """Build all wheels; return each by the name of its top-level package."""
    folder = tmp_path_factory.mktemp("wheels")
    pip(
        *("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder),
        *PROJECTS.values(),
    )
    return {name: zipfile.Path(next(folder.glob(f"{name}-*.whl"))) for name in PROJECTS}


@pytest.fixture(scope="module")
def installed(wheels: dict[str, zipfile.Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install all wheels, without what they depend on, into one folder."""
    folder = tmp_path_factory.mktemp("installed")
    files = [str(wheel.root.filename) for wheel in wheels.values()]
    pip("install", "--no-deps", "--no-index", "--target", folder, *files)
    return folder


def run(installed: Path, *command: str) -> str:
    """Run a command away from the tree, with the wheels and the packages of the environment."""
    program = installed / "bin" / command[0]
    done = subprocess.run(
        [sys.executable, str(program) if program.exists() else command[0], *command[1:]],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_of(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*"):
        path = file.relative_to(folder)
        if file.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path):
            yield str(path)


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_has_one_top_level_package(name: str, wheels: dict[str, zipfile.Path]) -> None:
    found = {each.name for each in wheels[name].iterdir()}
    assert {each for each in found if not each.endswith(".dist-info")} == {name}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_has_all_files_and_its_licence(name: str, wheels: dict[str, zipfile.Path]) -> None:
    names = wheels[name].root.namelist()
    assert any(each.endswith(".dist-info/licenses/LICENSE") for each in names)
    for inside, folder in CODE[name].items():
        wanted = set(files_of(folder)) - OF_PIP
        if inside == "photolabel_training/serving":
            wanted = {each for each in wanted if not each.startswith(NOT_FOR_TRAINING)}
        assert wanted <= {each.removeprefix(f"{inside}/") for each in names}


def test_the_client_depends_on_little(wheels: dict[str, zipfile.Path]) -> None:
    (folder,) = (each for each in wheels["photolabel"].iterdir() if "dist-info" in each.name)
    metadata = email.message_from_string((folder / "METADATA").read_text("utf-8"))
    needed = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert {each.split("<")[0].split(">")[0] for each in needed} == {
        "requests[socks]",
        "rich",
        "shtab",
    }
    assert set(metadata.get_all("Provides-Extra", [])) == {"images", "parquet", "ray"}


def test_the_installed_client_works(installed: Path) -> None:
    code = """
import sys
import photolabel
print(photolabel.__file__)
print(*{"client", "serving", "training", "tensorflow", "flask"} & set(sys.modules))
"""
    where, loaded = run(installed, "-c", code).split("\n")[:2]
    assert where == str(installed / "photolabel" / "__init__.py")
    assert not loaded
    assert "classify" in run(installed, "photolabel", "--help")


def test_the_installed_commands_of_serving_work(installed: Path) -> None:
    assert "PHOTOLABEL_BIND" in run(installed, "photolabel-gateway", "--help")
    assert "--model_config_file" in run(installed, "photolabel-model-server", "--help")
    assert "--models" in run(installed, "photolabel-serve", "--help")


def test_the_installed_sandbox_prepares_a_photo(installed: Path) -> None:
    """It is a process of its own, which has to find `serving` as well."""
    code = f"""
import sys
sys.path.insert(0, {str(installed / "photolabel_serving")!r})
import io
from PIL import Image
from serving.deadline import Deadline
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.worker_or_sandbox import PhotoPreparer
file = io.BytesIO()
Image.new("RGB", (50, 40), "red").save(file, "BMP")
preparer = PhotoPreparer(PhotoLimits(formats=("BMP",)))
print(preparer.prepare(file.getvalue(), "squash/1", (15, 15, 3), Deadline(60)).shape)
preparer.close()
"""
    assert run(installed, "-c", code) == "(15, 15, 3)\n"


def test_the_installed_command_of_training_works(installed: Path) -> None:
    assert "clothing" in run(installed, "photolabel-training", "recipes")
