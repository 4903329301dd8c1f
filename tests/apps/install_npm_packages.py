"""Installs the npm packages of `npm_packages.txt` into `build/npm`: `make test-apps` runs it.

`make test-k8s` runs it with another list and folder: `LIST FOLDER`. Each line has a name, a version
and the hash of the package, as in npm's own lock file, which would also hold the address of a
registry. To update: `npm install --save-exact openapi-typescript openapi-fetch typescript@5`, for
`tests/k8s` with those that `tests/k8s/custom_resources.py` names, in an empty folder, and take the
same of its `package-lock.json`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).with_name("npm_packages.txt")
FOLDER = Path(__file__).parents[2] / "build" / "npm"
INSTALLED = FOLDER / "node_modules"


def main(listed: Path = PACKAGES, folder: Path = FOLDER) -> None:
    """Write npm's files, and let it install exactly what they say."""
    root: dict[str, Any] = {"name": "apps", "version": "1.0.0", "dependencies": {}}
    packages: dict[str, Any] = {"": root}
    for line in listed.read_text().splitlines():
        name, version, integrity = line.split()
        root["dependencies"][name] = version
        packages[f"node_modules/{name}"] = {"version": version, "integrity": integrity}
    lock = {"name": "apps", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({**root, "private": True}))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
