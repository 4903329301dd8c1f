"""A preparation is one new file, and a name is given only once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serving.photos import PREPARATIONS
from serving.photos.registry import preparation

ROOT = Path(__file__).parents[3]
_NEW = """
from serving.photos.registry import preparation

@preparation("mirrored/3", needs_colour=True)
def mirrored(photo, width, height):
    return photo.resize((width, height))
"""
_SHOW = """
from serving.photos import PREPARATIONS
print(*sorted(PREPARATIONS), PREPARATIONS["mirrored/3"].needs_colour)
"""


def test_every_preparation_has_the_module_of_its_name() -> None:
    modules = {file.stem for file in (ROOT / "serving/photos").glob("*_v*.py")}
    assert {name.replace("/", "_v") for name in PREPARATIONS} == modules


def test_a_new_preparation_is_one_new_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "serving/photos", tmp_path / "serving/photos")
    for name in ("deadline.py", "http_errors.py"):
        shutil.copy(ROOT / "serving" / name, tmp_path / "serving")
    (tmp_path / "serving/photos/mirrored_v3.py").write_text(_NEW)
    shown = subprocess.check_output([sys.executable, "-c", _SHOW], cwd=tmp_path, text=True)
    assert shown.split() == [*sorted([*PREPARATIONS, "mirrored/3"]), "True"]


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="squash/1"):
        preparation("squash/1")(lambda photo, *_: photo)
