"""Validates objects that are not part of Kubernetes, by their authors' schemas.

The npm packages of kubernetes-models are generated from the CustomResourceDefinitions of each
project. Their types know every field, but no formats or bounds, and their classes the other way
round: so TypeScript checks the one, and node the other.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.k8s.manifests import ROOT, Manifest, missing, tool

# The packages of `npm_packages.txt`, by API group.
PACKAGES = {
    "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
    "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
}
INSTALLED = ROOT / "build" / "npm-k8s" / "node_modules"

TSC = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"]
TSC += ["--module", "nodenext", "--moduleResolution", "nodenext"]


def is_custom(manifest: Manifest) -> bool:
    return manifest["apiVersion"].partition("/")[0] in PACKAGES


def errors(manifests: Sequence[Manifest]) -> dict[int, str]:
    """Return what is wrong with the objects, by position; skip the test without the packages."""
    node = tool("node")
    if not INSTALLED.is_dir():
        missing("the npm packages of tests/k8s/npm_packages.txt")
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        (folder / "node_modules").symlink_to(INSTALLED)
        types = [_typed(number, manifest) for number, manifest in enumerate(manifests)]
        (folder / "objects.mts").write_text("\n".join(types))
        values = [_constructed(number, manifest) for number, manifest in enumerate(manifests)]
        (folder / "objects.mjs").write_text("\n".join(values))
        tsc = [node, str(INSTALLED / "typescript" / "bin" / "tsc"), *TSC, "objects.mts"]
        found = [
            ((line - 1) // 2, message)
            for line, message in _lines(r"^objects\.mts\((\d+),\d+\): (.*)$", _output(tsc, folder))
        ]
        found += _lines(r"^(\d+): (.*)$", _output([node, "objects.mjs"], folder))
    return {
        number: "; ".join(message for position, message in found if position == number)
        for number in sorted({number for number, _ in found})
    }


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0 or "objects.mts(" in output, output
    return output


def _lines(pattern: str, output: str) -> list[tuple[int, str]]:
    return [(int(number), message) for number, message in re.findall(pattern, output, re.M)]


def _module(manifest: Manifest) -> str:
    group = manifest["apiVersion"].partition("/")[0]
    return f"{PACKAGES[group]}/{manifest['apiVersion']}/{manifest['kind']}"


def _typed(number: int, manifest: Manifest) -> str:
    """Return two lines of TypeScript: what is wrong in the second one is about the object."""
    name = f"I{manifest['kind']}"
    imported = f"import type {{{name} as Type{number}}} from {json.dumps(_module(manifest))};"
    return f"{imported}\nexport const object{number}: Type{number} = {json.dumps(manifest)};"


def _constructed(number: int, manifest: Manifest) -> str:
    """Return JavaScript that writes the object's number and what is wrong with it."""
    name = manifest["kind"]
    return f"""
import {{{name} as Class{number}}} from {json.dumps(_module(manifest))};
try {{ new Class{number}({json.dumps(manifest)}).validate(); }}
catch (error) {{ console.log("{number}: " + error.message); }}"""
