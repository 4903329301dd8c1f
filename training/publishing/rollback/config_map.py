"""A text file in a ConfigMap of Kubernetes, read and written by `kubectl`."""

import json
import re
import subprocess
from typing import Any

from training.errors import TrainingError, UsageError
from training.publishing.rollback.text_file import Edit

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_ATTEMPTS = 5  # Each fails only if somebody else has just changed the ConfigMap.
_SECONDS = 60.0
_CONFLICT = "(Conflict)"


class ConfigMapFile:
    """A file in a ConfigMap.

    A change fails if the ConfigMap has changed since it was read (its `resourceVersion`): it is
    read again then.
    """

    def __init__(self, reference: str, key: str, option: str = "--config-map") -> None:
        """Take `[NAMESPACE/]NAME` of the ConfigMap.

        Args:
            reference: the ConfigMap.
            key: name of the file in it.
            option: which has the reference, for errors.

        Raises:
            UsageError: the reference is something else.
        """
        namespace, slash, config_map = reference.rpartition("/")
        if not all(map(_NAME.fullmatch, [config_map, *([namespace] if slash else [])])):
            raise UsageError(f"{option} is [NAMESPACE/]NAME, not {reference!r}")
        self._reference = f"ConfigMap {reference}"
        self._config_map = config_map
        self._key = key
        self._namespace = ["--namespace", namespace] if namespace else []

    def __str__(self) -> str:
        return self._reference

    def read(self) -> str:
        """Return the text; raise TrainingError if it can't be read."""
        return str(self._get()["data"][self._key])

    def edit(self, edit: Edit) -> None:
        """Replace the text, and leave the rest of the ConfigMap as it is."""
        for attempt in range(_ATTEMPTS):
            found = self._get()
            old = found["data"][self._key]
            text = edit(old)
            if text == old:
                return
            found["data"][self._key] = text
            done = self._replace(found)
            if not done.returncode:
                return
            if _CONFLICT not in done.stderr or attempt == _ATTEMPTS - 1:
                raise TrainingError(f"the {self._reference} is unchanged: {_reason(done)}")

    def _get(self) -> dict[str, Any]:
        done = self._kubectl("get", "configmap", self._config_map, "--output", "json")
        if done.returncode:
            raise TrainingError(f"cannot read the {self._reference}: {_reason(done)}")
        try:
            found = dict(json.loads(done.stdout))
        except (ValueError, TypeError, RecursionError) as error:
            raise TrainingError(f"kubectl did not print the {self._reference} ({error})") from error
        data = found.get("data")
        if not isinstance(data, dict) or not isinstance(data.get(self._key), str):
            raise TrainingError(f"the {self._reference} has no file {self._key}")
        return found

    def _replace(self, config_map: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        # kubectl would download the server's schema to validate what has come from the server.
        words = ("replace", "--validate=false", "--filename", "-")
        return self._kubectl(*words, given=json.dumps(config_map))

    def _kubectl(self, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        command = ["kubectl", *self._namespace, *words]
        try:
            return subprocess.run(  # noqa: S603 - no shell
                command,
                input=given,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise TrainingError("kubectl is not on the PATH: install it") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TrainingError(f"kubectl failed ({error})") from error


def _reason(done: "subprocess.CompletedProcess[str]") -> str:
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"kubectl ended with status {done.returncode}"
