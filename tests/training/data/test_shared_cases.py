"""The folders of `../shared/cases`, made of real photos, where they are at hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.data.loaders.test_image_folders import load

SHARED = Path(__file__).parents[4] / "shared"
SCRIPT = SHARED / "cases" / "folders_as_people_have_them.py"
ARCHIVE = SHARED / "data" / "dogs-vs-cats" / "train.zip"

FROM_TRAINING = "no photos for validation: 15% of the training photos are used for it"
REFUSED = "60 of 60 photos are {0}, which the gateway refuses by default: start it with" + (
    " PHOTOLABEL_FORMATS=JPEG,PNG,WEBP,{0}"
)
NOTES = {
    "kaggle": FROM_TRAINING,
    "capitals": "",
    "tutorial": FROM_TRAINING,
    "intel": FROM_TRAINING,
    "images": FROM_TRAINING,
    "roboflow": "",
    "synology": "left out 60 files: 60 in @eaDir",
    "deleted": "left out 10 files: 10 in #recycle",
    "unzipped": "left out 1 file: 1 in __MACOSX",
    "store": "",
    "linked": "",
    "dangling": "",
    "all_bmp": REFUSED.format("BMP"),
    "all_gif": REFUSED.format("GIF"),
    "all_tiff": REFUSED.format("TIFF"),
}


@pytest.mark.integration
@pytest.mark.skipif(not (SCRIPT.is_file() and ARCHIVE.is_file()), reason=f"there is no {SCRIPT}")
def test_folders_as_people_have_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCRIPT, ARCHIVE, tmp_path / "cases"], check=True)

    for name, line in NOTES.items():
        data = load(tmp_path / "cases" / name)

        assert data.labels == ("cats", "dogs")
        assert sum(map(len, data.splits)) == 60
        assert data.notes == ((line,) if line else ()), name
        faults = {fault.partition(": ")[2] for fault in data.damaged}
        if name == "linked":
            assert len(data.damaged) == 20
            assert all(fault.startswith("a copy of ") for fault in faults)
        elif name == "dangling":
            dead = "it can't be read (the link leads to /nowhere/a.jpg, which does not exist)"
            assert faults == {dead}
        else:
            assert not faults
