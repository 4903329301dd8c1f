"""A stand-in for `kubectl` that keeps a ConfigMap in a file and checks its `resourceVersion`.

It is run with the folder of the file as PHOTOLABEL_TEST_CLUSTER. A file `edits` there says how many
of the next reads are followed by an edit of somebody else.
"""

import json
import os
import sys
from pathlib import Path

NOT_FOUND = 'Error from server (NotFound): configmaps "{}" not found'
CONFLICT = (
    'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on'
    ' configmaps "{}": the object has been modified; please apply your changes to the latest'
    " version and try again"
)


def main(words: list[str], cluster: Path) -> str | None:
    """Perform a command; return the error, if there is one."""
    namespace = "default"
    if words[0] == "--namespace":
        namespace, words = words[1], words[2:]
    if words[:2] == ["get", "configmap"] and words[3:] == ["--output", "json"]:
        file = cluster / f"{namespace}-{words[2]}.json"
        if not file.exists():
            return NOT_FOUND.format(words[2])
        sys.stdout.write(file.read_text())
        _edit_afterwards(cluster, file)
        return None
    if words == ["replace", "--validate=false", "--filename", "-"]:
        given = json.load(sys.stdin)
        name = given["metadata"]["name"]
        file = cluster / f"{namespace}-{name}.json"
        if _version(json.loads(file.read_text())) != _version(given):
            return CONFLICT.format(name)
        file.write_text(json.dumps(_next(given)))
        return None
    return f"error: unknown command {words}"


def _edit_afterwards(cluster: Path, file: Path) -> None:
    edits = cluster / "edits"
    left = int(edits.read_text()) if edits.exists() else 0
    if left:
        edits.write_text(str(left - 1))
        file.write_text(json.dumps(_next(json.loads(file.read_text()))))


def _version(config_map: dict[str, dict[str, str]]) -> str:
    return config_map["metadata"]["resourceVersion"]


def _next(config_map: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    version = str(int(_version(config_map)) + 1)
    return {**config_map, "metadata": {**config_map["metadata"], "resourceVersion": version}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(os.environ["PHOTOLABEL_TEST_CLUSTER"])))
