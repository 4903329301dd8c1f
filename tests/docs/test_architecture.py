"""Every file and package named in the docs for developers exists."""

import re

import pytest

from tests.docs.commands import ROOT

_PATH = re.compile(r"`([\w./-]+/[\w.-]*)`")
_NAME = re.compile(r"`(\w+\.py)`")
_FOLDERS = ("benchmarks", "client", "docs", "serving", "tests", "training")


@pytest.mark.parametrize("document", ["architecture.md", "development.md"])
def test_every_named_path_exists(document: str) -> None:
    text = (ROOT / "docs" / document).read_text("utf-8")
    paths = {path for path in _PATH.findall(text) if path.startswith(_FOLDERS)}
    examples = {path for path in paths if "NAME" in path}  # Such as `serving/photos/NAME_v1.py`.
    assert paths - examples
    assert not [path for path in sorted(paths - examples) if not (ROOT / path).exists()]


def test_every_module_named_without_its_folder_exists() -> None:
    """`connection.py` after `serving/gateway/server/worker.py` is a module of the same package."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    missing = []
    for line in text.splitlines():
        folders = {(ROOT / path).parent for path in _PATH.findall(line) if path.endswith(".py")}
        for name in _NAME.findall(line):
            if folders and not any((folder / name).exists() for folder in folders):
                missing.append(name)
    assert not missing
