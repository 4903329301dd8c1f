"""Bills of materials hold what the lock files hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from supply_chain.__main__ import main
from supply_chain.lock_files import DISTRIBUTED, locked_packages
from tests.supply_chain.tools import module

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    module("cyclonedx_py")
    folder = tmp_path_factory.mktemp("sbom")
    assert main(["sbom", "--output", str(folder)]) == 0
    paths = sorted(folder.iterdir())
    return {path.name.removesuffix(".cdx.json"): json.loads(path.read_text()) for path in paths}


def test_there_is_one_for_each_image_and_wheel(documents: dict[str, dict[str, Any]]) -> None:
    assert documents.keys() == {each.name for each in DISTRIBUTED}
    for name, document in documents.items():
        assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
        assert document["metadata"]["component"]["name"] == name


def test_every_locked_package_is_in_it(documents: dict[str, dict[str, Any]]) -> None:
    for each in DISTRIBUTED:
        components = documents[each.name]["components"]
        assert {component["name"] for component in components} == locked_packages(each.text())
        for component in components:
            assert component["purl"].startswith(f"pkg:pypi/{component['name']}@")
            assert component["licenses"][0]["expression"]
            hashes = component["externalReferences"][0]["hashes"]
            assert {found["alg"] for found in hashes} == {"SHA-256"}


def test_written_twice_they_are_equal(documents: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    assert main(["sbom", "--output", str(tmp_path)]) == 0
    for name, document in documents.items():
        assert json.loads((tmp_path / f"{name}.cdx.json").read_text()) == document
