"""Bills of materials in CycloneDX's JSON format, one for each image and wheel.

CycloneDX's own tool writes them from the lock files, with versions and hashes; the licenses come
from `requirements/licenses.toml`. Nothing is installed for it, so CUDA's packages are in it too.
Source: https://cyclonedx.org/docs/1.6/json
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from supply_chain.licenses import Licenses
from supply_chain.lock_files import ROOT, Distributed


class SbomError(Exception):
    """The bill of materials can't be written; the message says why."""


def write_sbom(distributed: Distributed, licenses: Licenses, folder: Path) -> Path:
    """Write the bill of materials of one image or wheel, and return its path.

    Args:
        distributed: the image or wheel.
        licenses: of all locked packages.
        folder: where to write; made if there is none.

    Raises:
        OSError: the document can't be written.
        SbomError: CycloneDX's tool fails.
    """
    document = json.loads(_from_lock_files(distributed))
    document["metadata"]["component"]["name"] = distributed.name
    for component in document["components"]:
        _complete(component, licenses)
    text = json.dumps(document, indent=2)
    _validate(text)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{distributed.name}.cdx.json"
    path.write_text(text + "\n")
    return path


def _from_lock_files(distributed: Distributed) -> str:
    pyproject = ROOT / distributed.pyproject / "pyproject.toml"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible"]
    command += ["--no-validate", "--pyproject", str(pyproject), "-"]  # Validated when complete.
    done = subprocess.run(  # noqa: S603 - an installed tool, with our own arguments
        command, input=distributed.text(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SbomError(f"{distributed.name}: cyclonedx-py failed: {done.stderr.strip()}")
    return done.stdout


def _complete(component: dict[str, Any], licenses: Licenses) -> None:
    del component["description"]  # The line of the lock file, with its hashes again.
    component["licenses"] = [{"expression": licenses.packages[component["name"]]}]


def _validate(text: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SbomError(f"the document does not follow CycloneDX's schema: {error}")
